// A gSPI chip of a few registers, that writes down what happens to it, and random transactions for it.

import type { GspiSlave } from '../../chips/cyw43/gspi-slave.js';
import type { SeededRandom } from '../../sim/random.js';

const REGISTERS = 16;
export const STATUS = 0x5a5a5a00;

/** Its commands are those of the CYW43439 in 32-bit order; a word behind the length is a status. */
export class FakeSlave implements GspiSlave {
  readonly registers = new Uint32Array(REGISTERS);
  readonly log: string[] = [];
  interrupt: 0 | 1 = 0;
  onInterrupt: ((level: 0 | 1) => void) | null = null;
  private command: number | null = null;
  private at = 0;
  private left = 0;

  setPower(level: 0 | 1): void {
    this.log.push(`power ${level}`);
  }

  select(): void {
    this.log.push('select');
    this.command = null;
  }

  wordIn(word: number): void {
    this.log.push(`in ${(word >>> 0).toString(16)}`);
    if (this.command === null) {
      this.command = word;
      this.at = (word >>> 13) & (REGISTERS - 1);
      this.left = (word & 0x7ff) / 4;
    } else this.registers[this.at++ % REGISTERS] = word;
  }

  wordOut(): number {
    const word = this.left-- > 0 ? this.registers[this.at++ % REGISTERS]! : STATUS;
    this.log.push(`out ${word.toString(16)}`);
    return word;
  }

  deselect(): void {
    this.log.push('deselect');
  }

  partial(bits: number): void {
    this.log.push(`partial ${bits}`);
  }

  setInterrupt(level: 0 | 1): void {
    this.interrupt = level;
    this.onInterrupt?.(level);
  }
}

export interface Transaction {
  out: number[];
  in: number;
}

export function command(write: boolean, register: number, words: number): number {
  return ((write ? 0x80000000 : 0) | (register << 13) | (4 * words)) >>> 0;
}

/** Writes and reads, some with the status behind them. */
export function randomTransactions(random: SeededRandom, count: number): Transaction[] {
  return Array.from({ length: count }, () => {
    const words = 1 + random.below(random.below(4) ? 3 : 9);
    const register = random.below(REGISTERS);
    const status = random.below(2);
    if (random.below(2)) {
      const data = Array.from({ length: words }, () => random.next32() >>> 0);
      return { out: [command(true, register, words), ...data], in: status };
    }
    return { out: [command(false, register, words)], in: words + status };
  });
}

/** The words that the PIO program takes for it. */
export function programWords(transactions: Transaction[]): number[] {
  return transactions.flatMap(({ out, in: words }) => [
    (((32 * out.length - 1) << 16) | (words && 32 * words - 1)) >>> 0,
    ...out,
  ]);
}
