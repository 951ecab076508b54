// The model of a PIO block: each instruction by what it does and how many cycles it takes, FIFOs, shifting, clock, pins.
// Encodings and rules: RP2040 datasheet, 3.4 to 3.7.

import assert from 'node:assert/strict';
import { PioBlock } from '../../chips/pio/block.js';
import {
  ADDR,
  CLKDIV,
  CTRL,
  EXECCTRL,
  FDEBUG,
  FSTAT,
  INPUT_SYNC_BYPASS,
  INSTR,
  INSTR_MEM0,
  IRQ,
  IRQ0_INTE,
  PINCTRL,
  RXF0,
  SHIFTCTRL,
  SM0_CLKDIV,
  SM_STRIDE,
  TXF0,
} from '../../chips/pio/registers.js';
import { SeededRandom } from '../../sim/random.js';

const FLEVEL = 0x00c;
const RIGHT = (1 << 18) | (1 << 19);
const AUTOPUSH = 1 << 16;
const AUTOPULL = 1 << 17;

class Bench {
  now = 0;
  readonly block = new PioBlock({ now: () => this.now, pinsChanged: () => {} });

  constructor() {
    this.block.write(INPUT_SYNC_BYPASS, 0xffffffff);
  }

  set pins(levels: number) {
    this.block.setInputs(levels);
  }

  /** Loads a program that wraps at its end, and lets state machine 0 run it. */
  run(program: number[], cycles: number, shift = RIGHT): this {
    this.load(program, shift);
    this.block.write(CTRL, 1);
    return this.pass(cycles);
  }

  load(program: number[], shift = RIGHT): void {
    program.forEach((word, i) => this.block.write(INSTR_MEM0 + 4 * i, word));
    this.block.write(SM0_CLKDIV + EXECCTRL, (program.length - 1) << 12);
    this.block.write(SM0_CLKDIV + SHIFTCTRL, shift);
  }

  pass(cycles: number): this {
    this.now += cycles;
    this.block.advance();
    return this;
  }

  put(...words: number[]): void {
    for (const word of words) this.block.write(TXF0, word);
  }

  get(): number {
    return this.block.read(RXF0)!;
  }

  get pc(): number {
    return this.block.read(SM0_CLKDIV + ADDR)!;
  }

  get sm(): PioBlock['machines'][0] {
    return this.block.machines[0]!;
  }
}

describe('emulator: PIO', () => {
  let b: Bench;
  beforeEach(() => (b = new Bench()));

  describe('jmp', () => {
    it('goes always, and on X and Y being zero', () => {
      assert.equal(b.run([0x0005], 1).pc, 5);
      for (const [code, x, y, taken] of [
        [0x0025, 0, 1, true],
        [0x0025, 1, 0, false],
        [0x0065, 1, 0, true],
        [0x0065, 0, 1, false],
        [0x00a5, 1, 2, true],
        [0x00a5, 2, 2, false],
      ] as const) {
        b = new Bench();
        b.load([code, 0xa042]);
        b.sm.x = x;
        b.sm.y = y;
        b.block.write(CTRL, 1);
        assert.equal(b.pass(1).pc, taken ? 5 : 1, `${code.toString(16)} ${x} ${y}`);
      }
    });

    it('looks at X or Y before it counts it down, and counts on below zero', () => {
      for (const [code, name] of [
        [0x0045, 'x'],
        [0x0085, 'y'],
      ] as const) {
        b = new Bench();
        b.load([code, 0xa042]);
        b.sm[name] = 1;
        b.block.write(CTRL, 1);
        assert.deepEqual([b.pass(1).pc, b.sm[name]], [5, 0]);
        b.block.write(SM0_CLKDIV + INSTR, code);
        assert.deepEqual(
          [b.sm[name], b.pc],
          [0xffffffff, 5],
          'an injected jump not taken stays where it was',
        );
      }
    });

    it('looks at a pin and at the output shift register', () => {
      b.block.write(SM0_CLKDIV + EXECCTRL, 7 << 24);
      for (const level of [0, 1]) {
        b.pins = level << 7;
        b.block.write(SM0_CLKDIV + INSTR, 0x0000);
        b.block.write(SM0_CLKDIV + INSTR, 0x00c5);
        assert.equal(b.pc, level ? 5 : 0);
      }
      b.block.write(SM0_CLKDIV + INSTR, 0x0000);
      b.block.write(SM0_CLKDIV + INSTR, 0x00e9);
      assert.equal(b.pc, 0, 'empty after a reset');
      b.block.write(SM0_CLKDIV + INSTR, 0xa0e1);
      b.block.write(SM0_CLKDIV + INSTR, 0x00e9);
      assert.equal(b.pc, 9);
    });
  });

  it('wait: for pins and for flags, which it clears', () => {
    b.block.write(SM0_CLKDIV + PINCTRL, 4 << 15);
    b.run([0x2083, 0x20a1, 0x20c2, 0x2003], 5);
    assert.equal(b.pc, 0);
    b.pins = 1 << 3;
    assert.equal(b.pass(1).pc, 1);
    b.pins = (1 << 3) | (1 << 5);
    assert.equal(b.pass(1).pc, 2);
    b.block.write(0x034, 1 << 2);
    assert.equal(b.pass(1).pc, 3);
    assert.equal(b.block.read(IRQ), 0);
    assert.equal(b.pass(1000).pc, 3);
  });

  it('in: shifts either way, and counts', () => {
    b.load([0], RIGHT);
    b.sm.x = 0b101;
    b.block.write(SM0_CLKDIV + INSTR, 0x4023);
    assert.deepEqual([b.sm.isr, b.sm.isrCount], [0xa0000000, 3]);
    b.block.write(SM0_CLKDIV + INSTR, 0x4061);
    assert.equal(b.sm.isr, 0x50000000);
    b.block.write(SM0_CLKDIV + SHIFTCTRL, 0);
    b.block.write(SM0_CLKDIV + INSTR, 0x4023);
    assert.deepEqual([b.sm.isr, b.sm.isrCount], [0x80000005, 7]);
    b.block.write(SM0_CLKDIV + INSTR, 0x4020);
    assert.deepEqual([b.sm.isr, b.sm.isrCount], [5, 32]);
  });

  it('in: pushes by itself at the threshold, and waits for room', () => {
    b.run([0xe025, 0x4030], 2, RIGHT | AUTOPUSH | (16 << 20));
    assert.deepEqual([b.block.read(FLEVEL)! >> 4, b.sm.isrCount], [1, 0]);
    b.pass(100);
    assert.equal(b.block.read(FLEVEL)! >> 4, 4);
    assert.equal(b.block.read(FDEBUG)! & 1, 1);
    assert.equal(b.get(), 5 << 16);
    b.pass(1);
    assert.equal(b.block.read(FLEVEL)! >> 4, 4, 'what waited came once');
  });

  it('out: shifts either way, to registers, PC and execution', () => {
    b.load([0]);
    b.sm.osr = 0x80000123;
    b.block.write(SM0_CLKDIV + INSTR, 0x6024);
    assert.deepEqual([b.sm.x, b.sm.osr], [3, 0x08000012]);
    b.block.write(SM0_CLKDIV + INSTR, 0x60a5);
    assert.equal(b.pc, 0x12);
    b.block.write(SM0_CLKDIV + INSTR, 0x60c0);
    assert.deepEqual([b.sm.isr, b.sm.isrCount], [0x400000, 32]);
    b.block.write(SM0_CLKDIV + SHIFTCTRL, 0);
    b.sm.osr = 0xe0440000;
    b.block.write(SM0_CLKDIV + INSTR, 0x60f0);
    b.block.write(CTRL, 1);
    b.pass(1);
    assert.equal(b.sm.y, 4, 'the word that was shifted out has been executed');
    assert.equal(b.pc, 0x12);
  });

  it('out: with autopull takes a word per threshold, and none when there is none', () => {
    b.put(0x44332211, 0x88776655);
    b.run([0x6048], 1, RIGHT | AUTOPULL);
    assert.equal(b.sm.osr, 0x44332211, 'refilled in the first cycle');
    const seen: number[] = [];
    for (let i = 0; i < 8; i++) seen.push(b.pass(1).sm.y);
    assert.deepEqual(seen, [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
    b.pass(50);
    assert.ok(b.sm.stalled);
    assert.equal(b.block.read(FDEBUG)! >>> 24, 1);
    b.block.write(FDEBUG, 1 << 24);
    assert.equal(b.block.read(FDEBUG)! >>> 24, 0);
  });

  it('push: waits or loses; only when full where it says so', () => {
    b.run([0x8020], 10);
    assert.equal(b.block.read(FLEVEL)! >> 4, 4);
    assert.ok(b.sm.stalled);
    b = new Bench();
    b.run([0x8000], 10);
    assert.ok(!b.sm.stalled);
    assert.equal(b.block.read(FDEBUG)! & 1, 1);
    b = new Bench();
    b.run([0x8060], 10);
    assert.equal(b.block.read(FLEVEL)! >> 4, 0);
  });

  it('pull: waits, or takes X', () => {
    b.run([0x80a0, 0xa027], 10);
    assert.equal(b.pc, 0);
    b.put(77);
    b.pass(2);
    assert.equal(b.sm.x, 77);
    b = new Bench();
    b.load([0x8080]);
    b.sm.x = 9;
    b.block.write(CTRL, 1);
    assert.deepEqual([b.pass(1).sm.osr, b.sm.osrCount], [9, 0]);
    b.block.write(SM0_CLKDIV + INSTR, 0x80e0);
    assert.ok(!b.sm.stalled, 'not empty, so nothing is to be pulled');
  });

  it('mov: inverts and reverses; from status; to PC and execution', () => {
    b.load([0]);
    b.sm.x = 0x80000001;
    b.block.write(SM0_CLKDIV + INSTR, 0xa049);
    assert.equal(b.sm.y, 0x7ffffffe);
    b.sm.x = 0x80000010;
    b.block.write(SM0_CLKDIV + INSTR, 0xa051);
    assert.equal(b.sm.y, 0x08000001);
    b.block.write(SM0_CLKDIV + INSTR, 0xa02b);
    assert.equal(b.sm.x, 0xffffffff);
    b.block.write(SM0_CLKDIV + EXECCTRL, 2);
    b.put(1);
    b.block.write(SM0_CLKDIV + INSTR, 0xa025);
    assert.equal(b.sm.x, 0xffffffff);
    b.put(1);
    b.block.write(SM0_CLKDIV + INSTR, 0xa025);
    assert.equal(b.sm.x, 0);
    b.sm.y = 0xe027;
    b.block.write(SM0_CLKDIV + INSTR, 0xa082);
    b.block.write(CTRL, 1);
    assert.equal(b.pass(1).sm.x, 7);
  });

  it('irq: sets, clears, waits, relative to the machine', () => {
    b.block.write(SM0_CLKDIV + SM_STRIDE + INSTR, 0xc011);
    assert.equal(b.block.read(IRQ), 1 << 2);
    b.block.write(SM0_CLKDIV + INSTR, 0xc042);
    assert.equal(b.block.read(IRQ), 0);
    b.run([0xc021, 0xa042], 10);
    assert.deepEqual([b.pc, b.block.read(IRQ)], [0, 2]);
    b.block.write(IRQ, 2);
    assert.equal(b.pass(1).pc, 1);
    assert.equal(b.block.read(IRQ), 0);
  });

  it('irq: raises the interrupt that is enabled', () => {
    b.block.write(IRQ0_INTE, 1 << 9);
    b.block.write(SM0_CLKDIV + INSTR, 0xc000);
    assert.deepEqual([b.block.interrupt(0), b.block.interrupt(1)], [false, false]);
    b.block.write(SM0_CLKDIV + INSTR, 0xc001);
    assert.deepEqual([b.block.interrupt(0), b.block.interrupt(1)], [true, false]);
  });

  it('set: registers, pins, directions; side-set from the first cycle, also of what waits', () => {
    b.block.write(SM0_CLKDIV + PINCTRL, ((1 << 29) | (3 << 26) | (9 << 10) | (30 << 5)) >>> 0);
    b.run([0xe005, 0xe087, 0xe03f, 0x90a0], 4);
    assert.equal(b.block.pinValues >>> 0, 0x40000001 | (1 << 9), 'pins 30, 31 and 0, and the side pin');
    assert.equal(b.block.pinDirections >>> 0, 0xc0000001);
    assert.equal(b.sm.x, 31);
    assert.ok(b.sm.stalled);
  });

  it('side-set may be optional', () => {
    b.block.write(SM0_CLKDIV + PINCTRL, (2 << 29) | (4 << 10));
    b.load([0xb842, 0xa042]);
    b.block.write(SM0_CLKDIV + EXECCTRL, (1 << 30) | (1 << 12));
    b.block.write(CTRL, 1);
    b.pass(2);
    assert.equal(b.block.pinValues, 1 << 4);
  });

  it('delays after an instruction, and divides its clock', () => {
    b.run([0xe321, 0xe022], 1);
    assert.equal(b.sm.x, 1);
    assert.equal(b.pass(3).sm.x, 1);
    assert.equal(b.pass(1).sm.x, 2);
    b = new Bench();
    b.block.write(SM0_CLKDIV, (2 << 16) | (128 << 8));
    b.run([0xe021, 0xe022, 0xe023, 0xe024], 2);
    assert.equal(b.sm.x, 0);
    assert.equal(b.pass(1).sm.x, 1);
    assert.equal(b.pass(2).sm.x, 2, 'every 2.5 cycles');
    assert.equal(b.pass(3).sm.x, 3);
  });

  it('keeps the phase of its clock while it waits', () => {
    const clock = (3 << 16) | (64 << 8);
    for (const step of [1, 1000]) {
      b = new Bench();
      b.block.write(SM0_CLKDIV, clock);
      b.run([0x80a0, 0xa027], 0);
      for (let i = 0; i < 1000; i += step) b.pass(step);
      b.put(5);
      let cycles = 0;
      while (b.sm.x !== 5) {
        b.pass(1);
        cycles++;
      }
      assert.equal(cycles, 5, `steps of ${step}`);
    }
  });

  it('joins its FIFOs, and empties them by that', () => {
    b.put(1, 2, 3, 4, 5);
    assert.equal(b.block.read(FLEVEL), 4);
    assert.equal(b.block.read(FDEBUG), 1 << 16);
    b.block.write(SM0_CLKDIV + SHIFTCTRL, RIGHT | (1 << 30));
    assert.equal(b.block.read(FLEVEL), 0);
    b.put(1, 2, 3, 4, 5, 6, 7, 8);
    assert.equal(b.block.read(FLEVEL), 8);
    assert.equal((b.block.read(FSTAT)! >> 16) & 1, 1);
    b.block.write(FDEBUG, 0xffffffff);
    assert.equal(b.get(), 0);
    assert.equal(b.block.read(FDEBUG), 1 << 8);
  });

  it('injects an instruction into what waits, and says when that waits, too', () => {
    b.run([0x80a0], 5);
    b.block.write(SM0_CLKDIV + INSTR, 0x000a);
    assert.equal(b.pc, 10);
    b.block.write(SM0_CLKDIV + INSTR, 0x2081);
    assert.ok(b.block.read(SM0_CLKDIV + EXECCTRL)! & 0x80000000);
    b.pins = 2;
    b.pass(1);
    assert.ok(!(b.block.read(SM0_CLKDIV + EXECCTRL)! & 0x80000000));
  });

  it('has an injected instruction wait and go on although the machine is not enabled', () => {
    b.load([0xa042], RIGHT | AUTOPULL);
    b.put(0x1f, 0x2f);
    b.block.write(SM0_CLKDIV + INSTR, 0x6020);
    b.pass(2);
    b.block.write(SM0_CLKDIV + INSTR, 0x6040);
    b.pass(2);
    assert.deepEqual([b.sm.x, b.sm.y, b.pc], [0x1f, 0x2f, 0]);
    b.block.write(SM0_CLKDIV + INSTR, 0x80a0);
    b.pass(10);
    assert.ok(b.block.read(SM0_CLKDIV + EXECCTRL)! & 0x80000000);
    b.put(5);
    b.pass(3);
    assert.deepEqual([b.sm.osr, b.pc], [5, 0]);
  });

  it('restarts: shift counters, ISR and delay, not X and PC', () => {
    b.load([0xff21, 0xa042]);
    b.block.write(CTRL, 1);
    b.pass(1);
    b.block.write(SM0_CLKDIV + INSTR, 0x4023);
    b.sm.osrCount = 3;
    b.block.write(CTRL, 0x11);
    assert.deepEqual([b.sm.isr, b.sm.isrCount, b.sm.osrCount, b.sm.x, b.pc], [0, 0, 32, 1, 1]);
    assert.equal(b.block.read(CTRL), 1);
  });

  it('runs several machines side by side', () => {
    b.load([0xc004, 0x20c5]);
    b.block.write(INSTR_MEM0 + 8, 0x20c4);
    b.block.write(INSTR_MEM0 + 12, 0xc005);
    b.block.write(SM0_CLKDIV + SM_STRIDE + EXECCTRL, (3 << 12) | (2 << 7));
    b.block.write(SM0_CLKDIV + SM_STRIDE + INSTR, 0x0002);
    b.block.write(CTRL, 3);
    b.pass(1000);
    assert.ok(b.block.active, 'they keep waking each other');
    b.block.write(CTRL, 1);
    b.pass(10);
    assert.ok(!b.block.active);
  });

  describe('input synchroniser', () => {
    /** Cycles from a change at a pin to the one in which an instruction has seen it. */
    const cyclesToSee = (bypass: number): number => {
      b.block.write(INPUT_SYNC_BYPASS, bypass);
      b.run([0x2085, 0xa042], 10);
      b.pins = 1 << 5;
      for (let cycles = 1; ; cycles++) if (b.pass(1).pc === 1) return cycles;
    };

    it('shows a change two cycles later', () => assert.equal(cyclesToSee(~(1 << 5)), 3));
    it('shows it at once where it is bypassed', () => assert.equal(cyclesToSee(1 << 5), 1));

    it('keeps changes of single cycles apart', () => {
      b.block.write(INPUT_SYNC_BYPASS, 0);
      b.load([0x4001], AUTOPUSH | (8 << 20));
      b.pass(5);
      b.block.write(CTRL, 1);
      for (const level of [1, 0, 1, 1, 0, 0]) {
        b.pins = level;
        b.pass(1);
      }
      b.pass(2);
      assert.equal(b.get(), 0b00101100);
    });

    it('has a level told that was left open, from the time at which it was', () => {
      let asked = 0;
      const block: PioBlock = new PioBlock({
        now: () => b.now,
        pinsChanged: () => {},
        look: () => {
          asked++;
          block.correctInputs(stamp, 1, 1);
        },
      });
      [0x4001, 0x4001, 0xa042, 0xa042].forEach((word, i) => block.write(INSTR_MEM0 + 4 * i, word));
      block.write(SM0_CLKDIV + EXECCTRL, 3 << 12);
      block.write(SM0_CLKDIV + SHIFTCTRL, 0);
      const pass = (cycles: number): void => {
        b.now += cycles;
        block.advance();
      };
      pass(10);
      const stamp = block.openInput();
      block.write(CTRL, 1);
      pass(2);
      assert.deepEqual([asked, block.machines[0]!.isr], [0, 0], 'seen before it was open');
      pass(4);
      assert.deepEqual([asked, block.machines[0]!.isr], [1, 0b0011]);
    });
  });

  it('passes many cycles at once as it does one by one', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const states = [1, 40].map((most) => randomRun(seed, most));
      assert.deepEqual(states[1], states[0], `seed ${seed}`);
    }
  });
});

/** Runs random programs and looks after at most so many cycles each time. @returns what there was to see at the end of each phase */
function randomRun(seed: number, most: number): unknown[] {
  const random = new SeededRandom(seed);
  const steps = new SeededRandom(seed + 1000);
  const b = new Bench();
  const { block } = b;
  block.write(INPUT_SYNC_BYPASS, random.next32());
  for (let i = 0; i < 32; i++) {
    // Of the jumps, few: the others would hardly ever run.
    const word = random.below(0x10000);
    block.write(INSTR_MEM0 + 4 * i, word >>> 13 || !random.below(4) ? word : word | 0xe000);
  }
  for (let sm = 0; sm < 4; sm++) {
    const base = SM0_CLKDIV + SM_STRIDE * sm;
    block.write(
      base + CLKDIV,
      random.below(2) ? 1 << 16 : ((1 + random.below(4)) << 16) | (random.below(256) << 8),
    );
    block.write(
      base + EXECCTRL,
      (random.next32() & 0x1f000000) | (random.below(32) << 12) | (random.below(32) << 7),
    );
    block.write(base + SHIFTCTRL, (random.next32() & 0x3fff0000) >>> 0);
    block.write(base + PINCTRL, random.next32() >>> 0);
  }
  block.write(CTRL, random.below(16));
  const seen: unknown[] = [];
  for (let phase = 0; phase < 40; phase++) {
    for (let left = random.below(200); left > 0;) {
      const step = Math.min(left, 1 + steps.below(most));
      b.pass(step);
      left -= step;
    }
    seen.push(
      block.machines.map(({ pc, x, y, isr, osr, isrCount, osrCount, tx, rx }) => [
        [pc, x, y, isr, osr, isrCount, osrCount],
        [...tx],
        [...rx],
      ]),
      [block.pinValues, block.pinDirections, block.read(IRQ), block.read(FDEBUG)],
    );
    const sm = random.below(4);
    const value = random.next32() >>> 0;
    switch (random.below(6)) {
      case 0:
        block.write(TXF0 + 4 * sm, value);
        break;
      case 1:
        block.read(RXF0 + 4 * sm);
        break;
      case 2:
        b.pins = value;
        break;
      case 3:
        block.write(IRQ, value & 255);
        break;
      case 4:
        block.write(FDEBUG, value);
        break;
    }
  }
  return seen;
}
