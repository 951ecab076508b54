// Peripherals that rp2040js lacks, as far as firmware needs them to start: registers that remember, the flash's command
// interface, the clock divider of the real-time clock, random bits of the ring oscillator, reset by software.

import { BasePeripheral, type Peripheral, type RP2040 } from 'rp2040js';
import { SeededRandom } from '../sim/random.js';
import { FlashInterface, FlashPins, RegisterFile } from './flash-interface.js';

// Index of a peripheral: its address without the lower 12 bits (RP2040 datasheet, 2.2).
const XIP_CTRL = 0x14000;
const SSI = 0x18000;
const IO_QSPI = 0x40018;
const RTC = 0x4005c;
const ROSC = 0x40060;
const VREG_AND_CHIP_RESET = 0x40064;

/** Ring oscillator (datasheet, 2.17.8): status; one random bit. */
const ROSC_STATUS = 0x18;
/** Stable, its divider runs, enabled. */
const ROSC_RUNS = (1 << 31) | (1 << 16) | (1 << 12);
const ROSC_RANDOMBIT = 0x1c;
/** Voltage regulator and chip reset (datasheet, 2.10.6): value after power-up, and why the chip was reset. */
const VREG = 0x00;
const CHIP_RESET = 0x08;
const HAD_POR = 1 << 8;
/** Real-time clock (datasheet, 4.8.6): rp2040js knows the time, not its divider, alarm and interrupts. */
const RTC_CLKDIV = 0x00;
const RTC_IRQ_SETUP_0 = 0x10;
const RTC_IRQ_SETUP_1 = 0x14;
const RTC_INTR = 0x20;
/** Application interrupt and reset control (ARMv6-M, B3.2.6). */
const AIRCR = 0xd0c;
const AIRCR_KEY = 0x05fa;
const SYSRESETREQ = 1 << 2;

/** Random bits for as long as anybody reads them. */
class RingOscillator extends RegisterFile {
  constructor(
    chip: RP2040,
    private readonly random: SeededRandom,
  ) {
    super(chip, 'ROSC', { [ROSC_STATUS]: ROSC_RUNS });
  }

  override readUint32(offset: number): number {
    return offset === ROSC_RANDOMBIT ? this.random.next32() & 1 : super.readUint32(offset);
  }
}

class RealTimeClock extends BasePeripheral {
  private readonly rest: RegisterFile;

  constructor(
    chip: RP2040,
    private readonly known: Peripheral,
  ) {
    super(chip, 'RTC');
    this.rest = new RegisterFile(chip, 'RTC');
  }

  override readUint32(offset: number): number {
    return this.of(offset).readUint32(offset);
  }

  override writeUint32(offset: number, value: number): void {
    this.of(offset).writeUint32(offset, value);
  }

  private of(offset: number): Peripheral {
    const mine =
      offset === RTC_CLKDIV || offset === RTC_IRQ_SETUP_0 || offset === RTC_IRQ_SETUP_1 || offset >= RTC_INTR;
    return mine ? this.rest : this.known;
  }
}

/**
 * Puts them into a chip.
 * @param seed of the flash chip's unique number and the random bits
 * @param onSystemReset the core asks for a reset
 */
export function addStandIns(chip: RP2040, seed: number, onSystemReset: () => void): void {
  const random = new SeededRandom(seed + 40);
  const flash = new FlashInterface(
    chip,
    Uint8Array.from({ length: 8 }, () => random.below(256)),
  );
  const { peripherals } = chip;
  peripherals[XIP_CTRL] = new RegisterFile(chip, 'XIP_CTRL', { 0x00: 3, 0x08: 2 });
  peripherals[SSI] = flash;
  peripherals[IO_QSPI] = new FlashPins(chip, flash);
  peripherals[RTC] = new RealTimeClock(chip, peripherals[RTC]!);
  peripherals[ROSC] = new RingOscillator(chip, random);
  peripherals[VREG_AND_CHIP_RESET] = new RegisterFile(chip, 'VREG_AND_CHIP_RESET', {
    [VREG]: 0xb1,
    [CHIP_RESET]: HAD_POR,
  });
  const { ppb } = chip;
  const write = ppb.writeUint32.bind(ppb);
  ppb.writeUint32 = (offset, value) => {
    if (offset !== AIRCR) return write(offset, value);
    if (value >>> 16 === AIRCR_KEY && value & SYSRESETREQ) onSystemReset();
  };
}
