// The interrupt bits of F0, their enables and the level that the chip drives on the data line while chip select is high.
// F2_PACKET_AVAILABLE follows the packet queue and F1_INTR the mailbox of the SDIO core; neither can be cleared.

import type { Cyw43 } from './cyw43.js';
import {
  CMD_ERR_CHK,
  DATA_ERR_CHK,
  INT_COMMAND_ERROR,
  INT_DATA_ERROR,
  INT_F1,
  INT_F2_PACKET_AVAILABLE,
} from './registers.js';

/** CYW43439 data sheet, gSPI registers: INTERRUPT_ENABLE after power-on. */
const ENABLED_AT_RESET = 0xe0e7;

export class Interrupts {
  /** Bits that stay until written as 1. */
  latched = 0;
  enabled = ENABLED_AT_RESET;
  /** The level as the host sees it. */
  level: 0 | 1 = 0;

  constructor(private readonly chip: Cyw43) {}

  reset(): void {
    this.latched = 0;
    this.enabled = ENABLED_AT_RESET;
    this.update();
  }

  get pending(): number {
    const { chip } = this;
    let bits = this.latched;
    if (chip.packets.headLength) bits |= INT_F2_PACKET_AVAILABLE;
    if (chip.mailbox.pending) bits |= INT_F1;
    return bits;
  }

  raise(bits: number): void {
    this.latched |= bits;
    this.update();
  }

  /** A command that cannot be; told when the host asked for the check. */
  commandError(): void {
    if (this.chip.bus.checks(CMD_ERR_CHK)) this.raise(INT_COMMAND_ERROR);
  }

  /** A transfer that broke off within a word; told when the host asked for the check. */
  dataError(): void {
    if (this.chip.bus.checks(DATA_ERR_CHK)) this.raise(INT_DATA_ERROR);
  }

  clear(bits: number): void {
    this.latched &= ~bits;
  }

  /** Brings the level up to date. */
  update(): void {
    const { chip } = this;
    const high = chip.bus.polarityHigh;
    const pending = !chip.faults.interruptMuted && (this.pending & this.enabled) !== 0;
    const level = chip.answers && pending === high ? 1 : 0;
    if (level === this.level) return;
    this.level = level;
    if (pending && chip.answers) chip.counters.interrupts++;
    chip.onInterrupt?.(level);
  }
}
