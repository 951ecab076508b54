// The RP2040's SPI controller (PL022) as far as polled transfers go: FIFOs of eight, bytes taking the time that the
// dividers give. It works out what has happened when it is looked at, so that a byte costs no event.

import { BasePeripheral, type RP2040 } from 'rp2040js';

// RP2040 datasheet, 4.4.4: registers.
const SSPCR0 = 0x000;
const SSPCR1 = 0x004;
const SSPDR = 0x008;
const SSPSR = 0x00c;
const SSPCPSR = 0x010;
const SSPIMSC = 0x014;
const SSPRIS = 0x018;
const SSPMIS = 0x01c;
const SSPICR = 0x020;
const SSPDMACR = 0x024;

const SR_TFE = 1;
const SR_TNF = 2;
const SR_RNE = 4;
const SR_RFF = 8;
const SR_BSY = 16;

const FIFO = 8;
/** Clocks of a byte, and of the pause behind it with SPH clear, when the frame signal rises between any two (4.4.3.10). */
const BITS = 8;
const PAUSE = 1;
const CR0_SPH = 0x80;

export class SpiMaster extends BasePeripheral {
  /** Exchanges a byte with the chips on the bus. */
  exchange: (byte: number) => number = () => 0;
  /** The clock has changed, Hz. */
  onClock: (hz: number) => void = () => {};
  /** Bytes exchanged so far. */
  bytes = 0;
  private control0 = 0;
  private control1 = 0;
  private prescale = 0;
  private mask = 0;
  private dma = 0;
  /** Bytes that wait to be sent, the one being shifted included. */
  private readonly tx: number[] = [];
  private readonly rx: number[] = [];
  /** When the byte being shifted is through, nanoseconds. */
  private doneAt = 0;
  private byteNanos = 0;

  constructor(chip: RP2040, name: string) {
    super(chip, name);
  }

  override readUint32(offset: number): number {
    switch (offset) {
      case SSPCR0:
        return this.control0;
      case SSPCR1:
        return this.control1;
      case SSPDR:
        this.advance();
        return this.rx.length ? this.rx.shift()! : 0;
      case SSPSR:
        this.advance();
        return (
          (this.tx.length <= 1 ? SR_TFE : 0) |
          (this.tx.length <= FIFO ? SR_TNF : 0) |
          (this.rx.length ? SR_RNE : 0) |
          (this.rx.length === FIFO ? SR_RFF : 0) |
          (this.tx.length ? SR_BSY : 0)
        );
      case SSPCPSR:
        return this.prescale;
      case SSPIMSC:
        return this.mask;
      case SSPRIS:
      case SSPMIS:
        return 0;
      case SSPDMACR:
        return this.dma;
      default:
        return super.readUint32(offset);
    }
  }

  override writeUint32(offset: number, value: number): void {
    switch (offset) {
      case SSPCR0:
        this.control0 = value;
        this.clockChanged();
        return;
      case SSPCR1:
        this.control1 = value;
        return;
      case SSPDR:
        this.advance();
        if (this.tx.length > FIFO) return;
        if (!this.tx.length) this.doneAt = this.rp2040.clock.nanos + this.byteNanos;
        this.tx.push(value & 0xff);
        return;
      case SSPCPSR:
        this.prescale = value & 0xfe;
        this.clockChanged();
        return;
      case SSPIMSC:
        this.mask = value;
        if (value) this.warn('interrupts of the SPI controller are not emulated');
        return;
      case SSPDMACR:
        // The SDK switches the requests on for good; only a DMA channel that listens would make use of them.
        this.dma = value;
        return;
      case SSPICR:
        return;
      default:
        super.writeUint32(offset, value);
    }
  }

  private advance(): void {
    const now = this.rp2040.clock.nanos;
    while (this.tx.length && this.doneAt <= now) {
      const received = this.exchange(this.tx.shift()!);
      this.bytes++;
      if (this.rx.length < FIFO) this.rx.push(received);
      this.doneAt += this.byteNanos;
    }
  }

  /** Datasheet, 4.4.2.6: the bit rate is clk_peri over CPSDVSR times (1 + SCR). */
  private clockChanged(): void {
    if (!this.prescale) return;
    const hz = this.rp2040.clkPeri / (this.prescale * (1 + ((this.control0 >> 8) & 0xff)));
    this.byteNanos = ((BITS + (this.control0 & CR0_SPH ? 0 : PAUSE)) * 1e9) / hz;
    this.onClock(hz);
  }
}
