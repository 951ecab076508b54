// The gSPI side of the chip as its surroundings see it: the power pin, the chip select, whole words each way and the
// interrupt level. Simulated boards call it word by word; a bit-level adapter gathers the pins' edges into words.

export interface GspiSlave {
  /** WL_REG_ON. */
  setPower(level: 0 | 1): void;
  /** Chip select falls. */
  select(): void;
  /**
   * The host has clocked 32 bits out.
   * @param word the first bit on the wire is bit 31; any 32-bit number, signed or not
   */
  wordIn(word: number): void;
  /** The host clocks 32 bits in. @returns an unsigned number, its bit 31 is the first on the wire */
  wordOut(): number;
  /** Chip select rises; the transaction ends whatever has happened. */
  deselect(): void;
  /**
   * Before deselect(): the last word had fewer than 32 clocks.
   * @param bits how many, 1 to 31
   */
  partial(bits: number): void;
  /** What the chip drives on the data line while chip select is high. */
  readonly interrupt: 0 | 1;
  /** Called when `interrupt` changes. */
  onInterrupt: ((level: 0 | 1) => void) | null;
}
