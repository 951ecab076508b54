// The inputs of a PIO block: two flip-flops on each pin (RP2040 datasheet, 3.5.6.3), which a program may bypass. Kept as the last
// changes with their cycles, so that cycles without one cost nothing.

/** How long before its own outputs an instruction samples the pins, in cycles: with the flip-flops, and without. */
const SYNCHRONISED = 3;
const BYPASSED = 1;
/** More cannot have happened, one a cycle, since the time that the flip-flops show. */
const KEPT = 4;

export class SynchronisedInputs {
  /** Newest first: the levels of the pins since the end of a cycle. */
  private readonly levels = new Array<number>(KEPT).fill(0);
  private readonly since = new Array<number>(KEPT).fill(-SYNCHRONISED);
  /** The cycle since whose end a pin is open. */
  private openSince = Infinity;

  /** The last cycle in which the pins may look other than in the one before, as far as is known. */
  get settled(): number {
    return this.since[0]! + SYNCHRONISED;
  }

  /**
   * The pins' levels change at the end of a cycle.
   * @param cycle not before that of the last change
   * @returns a stamp for `correct`
   */
  change(cycle: number, levels: number): number {
    const all = this.levels;
    if (cycle > this.since[0]!) {
      for (let i = KEPT - 1; i > 0; i--) {
        all[i] = all[i - 1]!;
        this.since[i] = this.since[i - 1]!;
      }
      this.since[0] = cycle;
    }
    all[0] = levels;
    return cycle;
  }

  /**
   * Since the end of a cycle a pin has a level that is told when somebody wants to know it.
   * @returns a stamp for `correct`
   */
  open(cycle: number): number {
    this.openSince = Math.min(this.openSince, cycle);
    return this.change(cycle, this.levels[0]!);
  }

  /** Whether an instruction of that cycle would see a pin that is open; who asks has it told. */
  askFor(cycle: number, bypass: number): boolean {
    if (cycle - (bypass ? BYPASSED : SYNCHRONISED) < this.openSince) return false;
    this.openSince = Infinity;
    return true;
  }

  /** Has had, since the end of that cycle, other levels at the pins in `mask`. */
  correct(cycle: number, levels: number, mask: number): void {
    for (let i = 0; i < KEPT && this.since[i]! >= cycle; i++) {
      this.levels[i] = (this.levels[i]! & ~mask) | (levels & mask);
    }
  }

  /** What an instruction of that cycle sees; pins in `bypass` are seen without the flip-flops. */
  read(cycle: number, bypass: number): number {
    const through = this.at(cycle - SYNCHRONISED);
    return bypass ? (through & ~bypass) | (this.at(cycle - BYPASSED) & bypass) : through;
  }

  private at(cycle: number): number {
    const { since } = this;
    let i = 0;
    while (i < KEPT - 1 && since[i]! > cycle) i++;
    return this.levels[i]!;
  }
}
