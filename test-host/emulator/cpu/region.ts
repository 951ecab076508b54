// Finds the piece of a program that is translated as one: the basic blocks that direct branches reach from an entry, and
// those behind the calls among them, up to a size.

import { decode, endsBlock } from './decode.js';
import type { Instruction } from './decode.js';

export interface Block {
  address: number;
  instructions: Instruction[];
  /** Where it goes on when its last instruction does not decide that. */
  next: number;
  /** The region can be entered here. */
  entry: boolean;
}

export interface Region {
  /** By address. */
  blocks: Block[];
  /** Bytes read for it: code and literals. */
  from: number;
  to: number;
}

export interface RegionLimits {
  /** Instructions of a region; the block that exceeds it is the last one. */
  region: number;
  /** Instructions of a block. */
  block: number;
}

export type ReadHalfword = (address: number) => number;

class Explorer {
  private readonly instructions = new Map<number, Instruction>();
  private readonly leaders = new Set<number>();
  private readonly entries = new Set<number>();

  constructor(
    private readonly read: ReadHalfword,
    private readonly limits: RegionLimits,
  ) {}

  private decodeAt(address: number): Instruction {
    return decode(address, this.read(address), this.read(address + 2));
  }

  private explore(start: number): void {
    const queue = [start];
    this.entries.add(start);
    const lead = (address: number): void => {
      if (this.leaders.has(address)) return;
      this.leaders.add(address);
      queue.push(address);
    };
    lead(start);
    queue.shift();
    for (let at: number | undefined = start; at !== undefined; at = queue.shift()) {
      if (this.instructions.size >= this.limits.region) return;
      let address = at;
      for (let n = 0; !this.instructions.has(address); n++) {
        if (n === this.limits.block) {
          lead(address);
          break;
        }
        const i = this.decodeAt(address);
        this.instructions.set(address, i);
        address += i.length;
        const { operation } = i;
        if (operation.kind === 'branch' || operation.kind === 'branchIf') {
          lead(operation.target);
          if (operation.target <= i.address) this.entries.add(operation.target);
        }
        if (operation.kind === 'branchIf') lead(address);
        if (operation.kind === 'call' || operation.kind === 'callRegister') {
          lead(address);
          this.entries.add(address);
        }
        if (endsBlock(operation)) break;
      }
    }
  }

  private block(address: number): Block {
    const instructions: Instruction[] = [];
    let next = address;
    for (;;) {
      const i = this.instructions.get(next);
      if (i === undefined) break;
      instructions.push(i);
      next += i.length;
      if (endsBlock(i.operation) || this.leaders.has(next) || instructions.length === this.limits.block)
        break;
    }
    return { address, instructions, next, entry: this.entries.has(address) };
  }

  region(start: number): Region {
    this.explore(start);
    const blocks = [];
    let from = start;
    let to = start;
    for (const leader of [...this.leaders].sort((a, b) => a - b)) {
      if (!this.instructions.has(leader)) continue;
      const block = this.block(leader);
      blocks.push(block);
      from = Math.min(from, leader);
      to = Math.max(to, block.next);
      for (const { operation } of block.instructions) {
        if (operation.kind !== 'load' || !('constant' in operation.base)) continue;
        to = Math.max(to, operation.base.constant + 4);
      }
    }
    return { blocks, from, to };
  }
}

/** The region entered at `start`, of the code that `read` gives. */
export function findRegion(start: number, read: ReadHalfword, limits: RegionLimits): Region {
  return new Explorer(read, limits).region(start);
}
