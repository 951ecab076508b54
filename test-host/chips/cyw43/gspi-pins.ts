// The gSPI pins of a CYW43439, edge by edge: gathers what the host clocks out into words for a GspiSlave, and puts the words
// that the slave answers on the shared data line. The chip samples at rising edges and changes its output at falling ones.

import type { GspiSlave } from './gspi-slave.js';

export type Level = 0 | 1;

const WORD = 32;
/** Clocks with which a host may turn the line round too late, behind its last word. */
const LATE = 2;
/** Bits that may be on the line before the slave has told their word: a host may clock that many it never looks at. */
const AHEAD = 2;

/** The chip's end of the data line, as far as the chip drives it. */
export interface DataLine {
  /** From now on the chip drives this level. */
  drive(level: Level): void;
  /**
   * From now on the chip drives a level that it tells once somebody looks: who does calls `GspiPins.look()` first.
   * @returns a stamp for `correct`
   */
  open(): number;
  /** Since the time of that stamp the level has been this. */
  correct(stamp: number, level: Level): void;
}

export class GspiPins {
  private selected = false;
  private clock: Level = 0;
  /** What the host drives on the data line; null while its pin is an input. */
  private host: Level | null = null;
  /** Bits of an incomplete word from the host, and complete words in this transaction. */
  private bits = 0;
  private shift = 0;
  private words = 0;
  /** The line has been turned round. */
  private answering = false;
  /** The word on the line, which of its bits (0 goes first), and whether the slave has told it. */
  private word = 0;
  private position = 0;
  private known = false;
  private readonly stamps: { position: number; stamp: number }[] = [];

  /** Takes `slave.onInterrupt`. */
  constructor(
    private readonly slave: GspiSlave,
    private readonly line: DataLine,
  ) {
    slave.onInterrupt = (level) => {
      if (!this.selected) line.drive(level);
    };
    line.drive(slave.interrupt);
  }

  /**
   * The host's pins, whenever one of them has changed.
   * @param select the level of the chip select, active low
   * @param data the level that the host drives; null when its pin is an input
   */
  change(select: Level, clock: Level, data: Level | null): void {
    if ((select === 0) !== this.selected) {
      if (select) this.deselect();
      else this.begin();
    }
    this.host = data;
    if (clock === this.clock) {
      if (data === null && !clock) this.turnRound();
      return;
    }
    this.clock = clock;
    if (!this.selected) return;
    if (clock) this.rise();
    else this.fall();
  }

  /** Has the level of an open line told: call before it is looked at. */
  look(): void {
    if (this.answering && !this.known) this.fetch();
  }

  private begin(): void {
    this.selected = true;
    this.line.drive(0);
    this.slave.select();
  }

  private deselect(): void {
    this.selected = false;
    const clocked = this.answering ? (this.known ? this.position + this.clock : 0) : this.bits;
    if (clocked % WORD) this.slave.partial(clocked);
    this.bits = this.words = 0;
    this.answering = false;
    this.slave.deselect();
    this.line.drive(this.slave.interrupt);
  }

  private rise(): void {
    if (this.answering) return;
    // A line that nobody drives is pulled low.
    this.shift = (this.shift << 1) | (this.host ?? 0);
    if (++this.bits < WORD) return;
    this.bits = 0;
    this.words++;
    this.slave.wordIn(this.shift >>> 0);
  }

  private fall(): void {
    if (!this.answering) {
      this.turnRound();
      return;
    }
    if (++this.position === WORD) {
      this.position = 0;
      this.openWord();
    }
    this.launch();
  }

  /** Behind a word of the host's, with its pin an input: from now on the chip drives the line. */
  private turnRound(): void {
    if (!this.selected || this.answering || this.host !== null) return;
    if (!this.words || this.bits > LATE) return;
    if (this.bits) this.slave.partial(this.bits);
    this.answering = true;
    this.openWord();
    // The chip's first bits passed while the host still drove the line.
    this.position = this.bits;
    this.bits = 0;
    this.launch();
  }

  private openWord(): void {
    this.known = false;
    this.stamps.length = 0;
  }

  private launch(): void {
    const { position } = this;
    if (this.known) this.line.drive(this.bit(position));
    else {
      this.stamps.push({ position, stamp: this.line.open() });
      if (position >= AHEAD) this.fetch();
    }
  }

  private fetch(): void {
    this.word = this.slave.wordOut();
    this.known = true;
    for (const { position, stamp } of this.stamps) this.line.correct(stamp, this.bit(position));
    this.stamps.length = 0;
  }

  private bit(position: number): Level {
    return ((this.word >>> (WORD - 1 - position)) & 1) as Level;
  }
}
