// The SDIO core's registers by which host and firmware signal beside the packets: interrupt status, its mask and the
// mailbox. The model's firmware uses them for one thing, to tell that it has halted.

import type { Cyw43 } from './cyw43.js';
import {
  FIRMWARE_HALTED,
  INT_HOST_MAILBOX,
  INT_HOST_MASK,
  INT_STATUS,
  TO_HOST_MAILBOX_DATA,
  TO_SB_MAILBOX,
  TO_SB_MAILBOX_DATA,
} from './registers.js';

export class Mailbox {
  private status = 0;
  private mask = 0;
  private toHost = 0;
  private toChip = 0;

  constructor(private readonly chip: Cyw43) {}

  reset(): void {
    this.status = 0;
    this.mask = 0;
    this.toHost = 0;
    this.toChip = 0;
  }

  /** Shown as F1_INTR. */
  get pending(): boolean {
    return (this.status & this.mask) !== 0;
  }

  tellHalted(): void {
    this.toHost |= FIRMWARE_HALTED;
    this.status |= INT_HOST_MAILBOX;
    this.chip.interrupts.update();
  }

  /** @returns the register's value, or -1 when the address is not one of the mailbox */
  read(address: number): number {
    if (address === INT_STATUS) return this.status;
    if (address === INT_HOST_MASK) return this.mask;
    if (address === TO_HOST_MAILBOX_DATA) return this.toHost;
    if (address === TO_SB_MAILBOX_DATA) return this.toChip;
    return address === TO_SB_MAILBOX ? 0 : -1;
  }

  /** @returns false when the address is not one of the mailbox */
  write(address: number, value: number): boolean {
    if (address === INT_STATUS) this.status &= ~value;
    else if (address === INT_HOST_MASK) this.mask = value;
    else if (address === TO_SB_MAILBOX_DATA) this.toChip = value;
    else if (address !== TO_SB_MAILBOX && address !== TO_HOST_MAILBOX_DATA) return false;
    this.chip.interrupts.update();
    return true;
  }
}
