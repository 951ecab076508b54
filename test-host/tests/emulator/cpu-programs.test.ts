// Programs rather than single instructions: branches, loops, calls, interrupts, code that changes, and the ways to end a run.

import assert from 'node:assert/strict';
import { FLASH_BASE, RAM_BASE } from '../../emulator/cpu/memory.js';
import { SeededRandom } from '../../sim/random.js';
import { CODE, CpuPair, STACK } from './cpu-pair.js';

const RAM_CODE = RAM_BASE + 0x8000;
const DATA = RAM_BASE + 0x4000;
const HANDLER = FLASH_BASE + 0x800;
const TIMER = 0x40054000;
const COUNTER = RAM_BASE + 0x100;

const NOP = 0xbf00;
const WFI = 0xbf30;
const BX_LR = 0x4770;
const HERE = 0xe7fe;

const BLOCKS = 48;
/** Halfwords of a random block. */
const ROOM = 16;

/** BL from one address to another. */
function call(from: number, to: number): [number, number] {
  const offset = to - from - 4;
  const s = offset < 0 ? 1 : 0;
  const j1 = ((offset >> 23) & 1) ^ s ^ 1;
  const j2 = ((offset >> 22) & 1) ^ s ^ 1;
  return [
    0xf000 | (s << 10) | ((offset >> 12) & 0x3ff),
    0xd000 | (j1 << 13) | (j2 << 11) | ((offset >> 1) & 0x7ff),
  ];
}

/** An instruction that writes r0–r5 and flags only; stores go to where r7 points. */
function plain(random: SeededRandom): number[] {
  const d = random.below(6);
  const n = random.below(6);
  const m = random.below(6);
  switch (random.below(13)) {
    case 0:
      return [(random.below(3) << 11) | (random.below(32) << 6) | (m << 3) | d];
    case 1:
      return [0x1800 | (random.below(4) << 9) | (m << 6) | (n << 3) | d];
    case 2:
      return [0x2000 | (random.below(4) << 11) | (d << 8) | random.below(256)];
    case 3:
    case 4:
      return [0x4000 | (random.below(16) << 6) | (m << 3) | d];
    case 5:
      return [0x4280 | (m << 3) | d];
    case 6: {
      const store = [0x6000, 0x7000, 0x8000][random.below(3)]!;
      return [store | (random.below(2) << 11) | (random.below(32) << 6) | (7 << 3) | d];
    }
    case 7:
      return [0xb200 | (random.below(4) << 6) | (m << 3) | d];
    case 8: {
      const list = random.below(64);
      // STM with r7 in its list leaves r7 as it is; behind LDM it is set back.
      return random.below(2) ? [0xc780 | list] : [0xcf00 | list, 0x3f00 | (4 * bits(list))];
    }
    case 9:
      return [0x4684 | (m << 3), 0x4660 | d, 0x4460 | d];
    case 10: {
      const list = random.below(64) | 16;
      return [0xb400 | list, 0x9800 | (d << 8), 0xb000 | bits(list)];
    }
    case 11:
      return [[0xb672], [0xb662], [0xf3bf, 0x8f5f], [0xf3ef, 0x8000 | (d << 8)], [0xf380 | m, 0x8800]][
        random.below(5)
      ]!;
    default:
      return [NOP];
  }
}

/** Registers in a list. */
function bits(list: number): number {
  let n = 0;
  for (let rest = list; rest; rest >>= 1) n += rest & 1;
  return n;
}

/** Blocks of random instructions at fixed places, each of which goes on at a random block in one of many ways. */
function randomProgram(random: SeededRandom, at: number): number[] {
  const code: number[] = [];
  for (let b = 0; b < BLOCKS; b++) {
    const start = at + b * ROOM * 2;
    const block: number[] = [];
    while (block.length < 3 + random.below(4)) block.push(...plain(random));
    const here = (): number => start + block.length * 2;
    const to = at + random.below(BLOCKS) * ROOM * 2;
    const near = at + Math.min(Math.max(b + random.below(7) - 3, 0), BLOCKS - 1) * ROOM * 2;
    const ahead = at + Math.min(b + 1 + random.below(8), BLOCKS - 1) * ROOM * 2;
    const computed = ahead > here() + 8;
    switch (random.below(computed ? 6 : 2)) {
      case 0:
        block.push(0xd000 | (random.below(14) << 8) | (((near - here() - 4) >> 1) & 255));
        break;
      case 1:
        block.push(...call(here(), to));
        break;
      default:
        // ADR needs an aligned place; r6 holds the target.
        if (here() & 2) block.push(NOP);
        block.push(0xa600 | ((ahead - here() - 4) >> 2));
        block.push(...[[0x3601, 0x4730], [0x47b0], [0x46b7], [0x3601, 0xb440, 0xbd00]][random.below(4)]!);
        break;
    }
    block.push(0xe000 | (((to - here() - 4) >> 1) & 0x7ff));
    assert.ok(block.length <= ROOM);
    while (block.length < ROOM) block.push(NOP);
    code.push(...block);
  }
  return code;
}

/** Registers to begin with; the same on both. */
function begin(pair: CpuPair, random: SeededRandom, at: number): void {
  const registers = Array.from({ length: 13 }, () => random.next32());
  registers[6] = at;
  registers[7] = DATA;
  pair.both(({ core }) => {
    core.registers.set(registers);
    core.SP = STACK;
    core.LR = at | 1;
    core.PC = at;
  });
}

/** All exceptions go to a handler that clears the timer's alarm, sets it 3 µs ahead and counts. */
function placeHandler(pair: CpuPair): void {
  const vectors = Array.from({ length: 96 }, (_, i) => (i & 1 ? HANDLER >>> 16 : (HANDLER & 0xffff) | 1));
  pair.place(FLASH_BASE, vectors);
  const literals = [TIMER, COUNTER].flatMap((word) => [word & 0xffff, word >>> 16]);
  pair.place(HANDLER, [
    ...[0x4805, 0x2101, 0x6341, 0x6a81, 0x3103, 0x6101],
    ...[0x4a03, 0x6813, 0x3301, 0x6013, BX_LR, NOP],
    ...literals,
  ]);
  pair.both((chip) => {
    chip.writeUint32(TIMER + 0x38, 1);
    chip.core.enabledInterrupts = 1;
    chip.writeUint32(TIMER + 0x10, 5);
  });
}

function runRandomly(pair: CpuPair, random: SeededRandom, note: string): void {
  for (let i = 0; i < 60; i++) pair.run(1 + random.below(random.below(3) ? 2000 : 20), `${note}, run ${i}`);
}

describe('FastCpu: programs', () => {
  for (const [where, at] of [
    ['flash', CODE],
    ['RAM', RAM_CODE],
  ] as const) {
    it(`runs random branches, calls and loops in ${where}, and stops where the interpreter stops`, () => {
      for (let seed = 1; seed <= 12; seed++) {
        const random = new SeededRandom(seed);
        const pair = new CpuPair(
          seed & 1 ? { hot: 1, batch: 1 } : { hot: 4, batch: 3, patience: 50, region: 20, block: 6 },
        );
        placeHandler(pair);
        pair.both(({ core }) => (core.enabledInterrupts = 0));
        pair.place(at, randomProgram(random, at));
        begin(pair, random, at);
        runRandomly(pair, random, `seed ${seed}`);
      }
    });
  }

  it('takes interrupts of the timer between the same instructions', () => {
    let taken = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const random = new SeededRandom(seed + 100);
      const pair = new CpuPair();
      placeHandler(pair);
      pair.place(CODE, randomProgram(random, CODE));
      begin(pair, random, CODE);
      runRandomly(pair, random, `seed ${seed}`);
      taken += pair.translated.readUint32(COUNTER);
    }
    assert.ok(taken > 500);
  });

  it('waits in WFI until the interrupt', () => {
    const pair = new CpuPair();
    placeHandler(pair);
    pair.place(CODE, [WFI, 0x3001, 0xe7fc]);
    for (let i = 0; i < 50; i++) pair.run(200);
    assert.ok(pair.translated.core.registers[0]! > 10);
  });

  it('ends at every limit of a loop exactly', () => {
    const pair = new CpuPair();
    // ADDS r0, #1; LDR r1, [r7]; PUSH {r0-r3}; ADD SP, #16; BNE
    pair.place(CODE, [0x3001, 0x6839, 0xb40f, 0xb004, 0xd1fa, HERE]);
    pair.both(({ core }) => (core.registers[7] = DATA));
    for (let cycles = 1; cycles < 150; cycles++) pair.run(cycles, `${cycles} cycles`);
  });

  it('reads a counter that peripherals derive from the cycles', () => {
    const pair = new CpuPair();
    // loop: LDR r1, [r0, #0x28]; ADDS r2, r2, r1; NOP; B loop
    pair.place(CODE, [0x6a81, 0x1852, NOP, 0xe7fb]);
    pair.both(({ core }) => (core.registers[0] = TIMER));
    for (let i = 0; i < 20; i++) pair.run(997);
    assert.ok(pair.translated.core.registers[2]! > 1000);
  });

  it('notices code in RAM that changed, from outside and by the program itself', () => {
    const pair = new CpuPair();
    // loop: MOVS r0, #1; ADDS r1, r1, r0; B loop
    pair.place(RAM_CODE, [0x2001, 0x1809, 0xe7fc]);
    pair.both(({ core }) => (core.PC = RAM_CODE));
    for (let i = 0; i < 5; i++) {
      pair.run(100);
      pair.place(RAM_CODE, [0x2002 + i]);
    }
    // loop: STRH r3, [r2, #8]; ADDS r3, #1; B next; next: MOVS r0, #n; B loop
    pair.place(RAM_CODE + 0x100, [0x8113, 0x3301, 0xe7ff, NOP, 0x2000, 0x1809, 0xe7f8]);
    pair.both(({ core }) => {
      core.PC = RAM_CODE + 0x100;
      core.registers[2] = RAM_CODE + 0x100;
      core.registers[3] = 0x2000;
    });
    for (let i = 0; i < 20; i++) pair.run(90);
    assert.ok(pair.translated.core.registers[0]! > 50);
  });

  it('forgets flash that is invalidated, and only that', () => {
    const pair = new CpuPair();
    pair.place(CODE, [0x2001, HERE]);
    const r0 = (): number => {
      pair.translated.core.PC = CODE;
      pair.cpu.run(pair.translated.core.cycles + 100);
      return pair.translated.core.registers[0]!;
    };
    for (let i = 0; i < 3; i++) assert.equal(r0(), 1);
    pair.place(CODE, [0x2002]);
    pair.cpu.invalidate(CODE + 0x1000, CODE + 0x2000);
    assert.equal(r0(), 1);
    pair.cpu.invalidate(CODE, CODE + 2);
    for (let i = 0; i < 3; i++) assert.equal(r0(), 2);
    pair.place(CODE, [0x2003]);
    pair.cpu.invalidate(CODE - FLASH_BASE, CODE - FLASH_BASE + 4096);
    assert.equal(r0(), 3);
    pair.place(CODE, [0x2004]);
    pair.cpu.invalidate();
    assert.equal(r0(), 4);
  });

  it('lets a breakpoint’s handler change registers, time and place', () => {
    const pair = new CpuPair();
    // loop: ADDS r0, #1; BKPT 5; ADDS r1, #1; B loop
    pair.place(CODE, [0x3001, 0xbe05, 0x3101, 0xe7fb]);
    pair.both((chip) => {
      chip.onBreak = (code) => {
        chip.core.registers[2]! += code;
        chip.core.cycles += 30;
        if (chip.core.registers[2]! % 3 === 0) chip.core.PC = CODE;
      };
    });
    for (let i = 0; i < 50; i++) pair.run(100);
    assert.ok(pair.translated.core.registers[2]! > 100);
  });

  it('stops behind the access whose callback asks for it', () => {
    const { cpu, translated: chip } = new CpuPair();
    // loop: ADDS r1, #1; STR r1, [r0, #0x10] (GPIO_OUT); ADDS r2, #1; B loop
    [0x3101, 0x6101, 0x3201, 0xe7fb].forEach((op, i) =>
      chip.flashView.setUint16(CODE - FLASH_BASE + 2 * i, op, true),
    );
    const { core } = chip;
    core.registers[0] = 0xd0000000;
    core.PC = CODE;
    chip.writeUint32(0xd0000020, 1);
    chip.writeUint32(0x40014004, 5);
    let writes = 0;
    chip.gpio[0]!.addListener(() => {
      writes++;
      cpu.stop();
    });
    for (let i = 1; i <= 20; i++) {
      cpu.run(core.cycles + 1e6);
      assert.equal(writes, i);
      assert.equal(core.PC, CODE + 4);
    }
    assert.equal(core.registers[1], 20);
  });

  it('tells the lowest stack pointer', () => {
    const random = new SeededRandom(5);
    const pair = new CpuPair();
    const words = Array.from({ length: 40 }, () => [0xb400, 0xb080][random.below(2)]! | random.below(64));
    pair.place(CODE, [...words, HERE]);
    for (let pass = 0; pass < 3; pass++) {
      pair.lowestSp = 0xffffffff;
      pair.cpu.lowestSp = 0xffffffff;
      pair.both(({ core }) => {
        core.SP = STACK;
        core.PC = CODE;
      });
      pair.run(1000);
      assert.equal(pair.cpu.lowestSp, pair.lowestSp);
      assert.equal(pair.cpu.lowestSp, pair.translated.core.SP);
    }
  });
});
