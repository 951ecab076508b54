// Edges at the chip's pins into words, and words into levels on the data line.

import assert from 'node:assert/strict';
import { GspiPins, type Level } from '../../chips/cyw43/gspi-pins.js';
import { SeededRandom } from '../../sim/random.js';
import { command, FakeSlave, STATUS } from './fake-slave.js';

/** A host that moves its pins itself, and the line with what the chip has driven at which time. */
class Host {
  readonly slave = new FakeSlave();
  /** Level of the line from the chip, by step. */
  private readonly levels: Level[] = [];
  readonly pins = new GspiPins(this.slave, {
    drive: (level) => this.levels.push(level),
    open: () => this.levels.push(this.line),
    correct: (stamp, level) => this.levels.fill(level, stamp - 1),
  });
  select: Level = 1;
  clock: Level = 0;
  data: Level | null = null;

  get line(): Level {
    return this.levels.at(-1) ?? 0;
  }

  set(pins: { select?: Level; clock?: Level; data?: Level | null }): void {
    Object.assign(this, pins);
    this.pins.change(this.select, this.clock, this.data);
  }

  /** A clock in which the host drives the line. */
  give(bit: Level): void {
    this.set({ data: bit });
    this.set({ clock: 1 });
    this.set({ clock: 0 });
  }

  giveWord(word: number, from = 31): void {
    for (let i = from; i >= 0; i--) this.give(((word >>> i) & 1) as Level);
  }

  /** A clock in which the host looks at the line, between the edges or before the falling one. */
  take(early = false): number {
    let bit = 0;
    const look = (): void => {
      this.pins.look();
      bit = this.line;
    };
    if (early) look();
    this.set({ clock: 1 });
    if (!early) look();
    this.set({ clock: 0 });
    return bit;
  }

  takeWord(early = false): number {
    let word = 0;
    for (let i = 0; i < 32; i++) word = (word << 1) | this.take(early);
    return word >>> 0;
  }
}

describe('gSPI pins', () => {
  let host: Host;
  beforeEach(() => {
    host = new Host();
    host.slave.registers.set([0x80000001, 0x12345678, 0xdeadbeef]);
  });

  /** Since the last time. */
  const log = (): string => host.slave.log.splice(0).join(', ');

  it('gathers what the host drives, first bit highest, at rising edges', () => {
    host.set({ select: 0 });
    host.giveWord(command(true, 1, 2));
    host.giveWord(0xcafe0001);
    host.giveWord(0x80000000);
    host.set({ select: 1 });
    assert.equal(log(), 'select, in 80002008, in cafe0001, in 80000000, deselect');
  });

  for (const early of [false, true]) {
    it(`answers from the falling edge behind the command on, ${early ? 'there before' : 'there behind'} the rising one`, () => {
      host.set({ select: 0 });
      host.giveWord(command(false, 0, 3));
      host.set({ data: null });
      assert.equal(host.takeWord(early), 0x80000001);
      assert.equal(host.takeWord(early), 0x12345678);
      assert.equal(host.takeWord(early), 0xdeadbeef);
      assert.equal(host.takeWord(early), STATUS);
      host.set({ select: 1 });
      assert.equal(log(), 'select, in c, out 80000001, out 12345678, out deadbeef, out 5a5a5a00, deselect');
    });
  }

  it('answers when the line is turned round with the falling edge, or while the clock is still high', () => {
    for (const high of [false, true]) {
      host.set({ select: 0 });
      host.giveWord(command(false, 1, 1) >>> 1, 30);
      host.set({ data: 0 });
      host.set({ clock: 1 });
      if (high) host.set({ data: null });
      host.set({ clock: 0, data: null });
      assert.equal(host.takeWord(), 0x12345678);
      host.set({ select: 1 });
    }
  });

  it('asks for no word of which only the first bit is clocked and none looked at', () => {
    host.set({ select: 0 });
    host.giveWord(command(false, 1, 1));
    host.set({ data: null });
    assert.equal(host.takeWord(), 0x12345678);
    host.set({ clock: 1 });
    host.set({ clock: 0 });
    host.set({ select: 1 });
    assert.equal(log(), 'select, in 2004, out 12345678, deselect');
  });

  it('tells the first bits of a word although they were looked at afterwards', () => {
    host.set({ select: 0 });
    host.giveWord(command(false, 1, 1));
    host.set({ data: null });
    for (let i = 0; i < 32; i++) {
      host.set({ clock: 1 });
      host.set({ clock: 0 });
    }
    host.set({ select: 1 });
    assert.equal(log(), 'select, in 2004, out 12345678, deselect');
  });

  it('says how much of a word was clocked', () => {
    host.set({ select: 0 });
    host.giveWord(0, 6);
    host.set({ select: 1 });
    assert.equal(log(), 'select, partial 7, deselect');
    host.set({ select: 0 });
    host.giveWord(command(true, 0, 1));
    host.giveWord(0, 30);
    host.set({ select: 1 });
    assert.equal(log(), 'select, in 80000004, partial 31, deselect');
    host.set({ select: 0 });
    host.giveWord(command(false, 1, 1));
    host.set({ data: null });
    for (let i = 0; i < 5; i++) host.take();
    host.set({ select: 1 });
    assert.equal(log(), 'select, in 2004, out 12345678, partial 5, deselect');
  });

  it('has its first bits pass a host that turns the line round too late', () => {
    host.set({ select: 0 });
    host.giveWord(command(false, 2, 1));
    host.give(0);
    host.set({ data: null });
    let word = 0;
    for (let i = 1; i < 32; i++) word = (word << 1) | host.take();
    assert.equal(word >>> 0, 0xdeadbeef & 0x7fffffff);
    host.set({ select: 1 });
    assert.equal(log(), 'select, in 4004, partial 1, out deadbeef, deselect');
  });

  it('takes a line that nobody drives for low', () => {
    host.set({ select: 0 });
    host.giveWord(command(false, 1, 1) >>> 4, 27);
    host.set({ data: null });
    for (let i = 0; i < 4; i++) assert.equal(host.take(), 0);
    assert.equal(host.takeWord(), STATUS);
    host.set({ select: 1 });
    assert.equal(log(), 'select, in 2000, out 5a5a5a00, deselect');
  });

  it('shows the interrupt while it is not selected', () => {
    assert.equal(host.line, 0);
    host.slave.setInterrupt(1);
    assert.equal(host.line, 1);
    host.set({ select: 0 });
    assert.equal(host.line, 0);
    host.slave.setInterrupt(0);
    host.slave.setInterrupt(1);
    assert.equal(host.line, 0);
    host.set({ select: 1 });
    assert.equal(host.line, 1);
    host.slave.setInterrupt(0);
    assert.equal(host.line, 0);
  });

  it('hears no clock while it is not selected', () => {
    host.giveWord(0xffffffff);
    host.set({ select: 0 });
    host.giveWord(1);
    host.set({ select: 1 });
    assert.equal(log(), 'select, in 1, deselect');
  });

  it('makes whole transactions of whatever the pins do', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed);
      host = new Host();
      for (let i = 0; i < 5000; i++) {
        if (!random.below(150)) host.set({ select: host.select ? 0 : 1 });
        else if (!random.below(40)) host.set({ data: random.below(2) ? null : (random.below(2) as Level) });
        else host.set({ clock: host.clock ? 0 : 1 });
        if (!random.below(50)) host.pins.look();
      }
      host.set({ select: 1 });
      const text = host.slave.log.map((line) => line.split(' ')[0]).join(' ') + ' ';
      assert.match(text, /^(select (partial |in |out )*deselect )+$/, `seed ${seed}`);
      for (const line of host.slave.log) assert.match(line, /^(?!partial)|^partial ([1-9]|[12]\d|3[01])$/);
    }
  });
});
