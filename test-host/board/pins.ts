// The GPIO bank of an RP2040 as the engine and the outside see it: direction, output latch, pulls, and what
// the circuit drives from outside. Who reacts to a level is somebody else's business.

export type Level = 0 | 1;

/** Kaluma's pin modes: INPUT, OUTPUT, INPUT_PULLUP, INPUT_PULLDOWN. */
export const INPUT = 0;
export const OUTPUT = 1;
export const INPUT_PULLUP = 2;
export const INPUT_PULLDOWN = 3;

export const PIN_COUNT = 30;

interface Pin {
  mode: number;
  latch: Level;
  driven: Level | null;
  level: Level;
  /** It belongs to a PIO block. */
  pio: boolean;
  listeners: ((level: Level) => void)[];
}

export class Pins {
  private readonly pins: Pin[] = [];

  constructor() {
    for (let i = 0; i < PIN_COUNT; i++) {
      this.pins.push({ mode: INPUT, latch: 0, driven: null, level: 0, pio: false, listeners: [] });
    }
  }

  read(pin: number): Level {
    return this.pins[pin]!.level;
  }

  mode(pin: number): number {
    return this.pins[pin]!.mode;
  }

  /** A PIO block takes the pin, until a mode is set for it. */
  claim(pin: number): void {
    const p = this.pins[pin]!;
    p.pio = true;
    p.mode = INPUT;
    this.update(p);
  }

  claimed(pin: number): boolean {
    return this.pins[pin]!.pio;
  }

  setMode(pin: number, mode: number): void {
    const p = this.pins[pin]!;
    p.mode = mode;
    p.pio = false;
    this.update(p);
  }

  write(pin: number, level: Level): void {
    const p = this.pins[pin]!;
    if (p.latch === level) return;
    p.latch = level;
    this.update(p);
  }

  /** The circuit drives `pin` to `level`; null lets go of it. */
  drive(pin: number, level: Level | null): void {
    const p = this.pins[pin]!;
    if (p.driven === level) return;
    p.driven = level;
    this.update(p);
  }

  /** Calls `fn` after each change of the pin's level. */
  onChange(pin: number, fn: (level: Level) => void): void {
    this.pins[pin]!.listeners.push(fn);
  }

  /** All pins become inputs without pulls, as after a reset of the chip; the circuit's levels stay. */
  reset(): void {
    for (const p of this.pins) {
      p.mode = INPUT;
      p.pio = false;
      p.latch = 0;
      this.update(p);
    }
  }

  private update(p: Pin): void {
    const level = p.mode === OUTPUT ? p.latch : (p.driven ?? (p.mode === INPUT_PULLUP ? 1 : 0));
    if (level === p.level) return;
    p.level = level;
    for (const fn of p.listeners) fn(level);
  }
}
