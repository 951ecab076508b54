// Set-up of the chip: reset, the wait for its clock, self-check, and all registers from there to RXEN
// (DS39662E, chapters 6 and 11). Run again whenever the chip has lost its state.

import {
  clearBits,
  command,
  exchange,
  readRegister,
  setBits,
  writeRegister,
  writeRegister16,
} from './bus.js';
import type { Enc28j60 } from './device.js';
import { writeFilter } from './filter.js';
import { RX_END, TX_START } from './opt.js';
import { readPhy, writePhy } from './phy.js';
import {
  AUTOINC,
  DEFER,
  ECON1,
  ECON2,
  EHT0,
  EIE,
  EIR,
  ERDPTL,
  EREVID,
  ERXNDL,
  ERXRDPTL,
  ERXSTL,
  ESTAT,
  ESTAT_CLKRDY,
  ESTAT_UNIMPLEMENTED,
  ETXSTL,
  EWRPTL,
  FRMLNEN,
  FULDPX,
  HDLDIS,
  INTIE,
  LINKIE,
  MAADR1,
  MAADR2,
  MAADR3,
  MAADR4,
  MAADR5,
  MAADR6,
  MABBIPG,
  MACON1,
  MACON3,
  MACON4,
  MAIPGH,
  MAIPGL,
  MAMXFLL,
  MARXEN,
  OP_RBM,
  OP_SRC,
  OP_WBM,
  PADCFG0,
  PDPXMD,
  PGEIE,
  PHCON1,
  PHCON2,
  PHIE,
  PHIR,
  PHLCON,
  PKTIE,
  PLNKIE,
  PWRSV,
  RXEN,
  RXERIE,
  RXPAUS,
  TXCRCEN,
  TXERIE,
  TXPAUS,
} from './registers.js';

export const FAULT_NONE = 0;
export const FAULT_NO_ANSWER = 1;
export const FAULT_STUCK_HIGH = 2;
export const FAULT_CLOCK = 3;
export const FAULT_REGISTERS = 4;
export const FAULT_MEMORY = 5;
export const FAULT_MAC = 6;
export const FAULT_PHY = 7;

/** Longest frame with its FCS, IEEE 802.3, 4A.4.2. */
export const MAX_FRAME = 1518;
/** LEDA shows the link, LEDB traffic, both stretched. Register 2-2; bits 13:12 are to be 1. */
const LEDS = 0x3476;
/** Interrupts in use. */
export const INTERRUPTS = INTIE | PKTIE | LINKIE | TXERIE | RXERIE;
/** Milliseconds that ESTAT.CLKRDY is waited for. */
const CLOCK_TRIES = 10;

/**
 * Resets and sets up the chip; it receives when this returns FAULT_NONE. Takes some 10 ms, most of it waiting.
 * @returns a FAULT_ constant, also in dev.fault
 */
export function start(dev: Enc28j60): number {
  dev.epoch++;
  dev.erdpt = dev.etxnd = dev.ewrpt = -1;
  dev.txBusy = dev.late = dev.held = false;
  dev.retries = dev.rxNext = dev.rxUnreleased = 0;
  dev.bank = 0;
  dev.fault = resetChip(dev) || checkRegisters(dev) || checkMemory(dev) || configure(dev);
  return dev.fault;
}

function resetChip(dev: Enc28j60): number {
  const gpio = dev.config.gpio;
  const clock = dev.clock;
  dev.digitalWrite(dev.cs, 1);
  gpio.output(dev.cs);
  const pin = dev.config.reset;
  if (pin !== undefined && pin !== null) {
    dev.digitalWrite(pin, 0);
    gpio.output(pin);
    clock.delayMs(1);
    dev.digitalWrite(pin, 1);
    clock.delayMs(2);
  }
  // DS80349C, 19: the reset command does nothing in power-save mode.
  clearBits(dev, ECON2, PWRSV);
  clock.delayMs(1);
  command(dev, oneByte(OP_SRC));
  dev.bank = 0;
  // DS80349C, 2: CLKRDY may be set before the clock runs; at least 1 ms has to pass first.
  for (let i = 0; i < CLOCK_TRIES; i++) {
    clock.delayMs(i ? 1 : 2);
    const status = readRegister(dev, ESTAT);
    if (status === 0xff || status & ESTAT_UNIMPLEMENTED) return FAULT_STUCK_HIGH;
    if (status & ESTAT_CLKRDY) {
      dev.revision = readRegister(dev, EREVID);
      return dev.revision ? FAULT_NONE : FAULT_NO_ANSWER;
    }
    // After a reset AUTOINC reads as 1.
    if (i === 0 && !readRegister(dev, ECON2)) return FAULT_NO_ANSWER;
  }
  return FAULT_CLOCK;
}

/** Each byte of the hash table keeps a pattern of its own, and its complement. */
function checkRegisters(dev: Enc28j60): number {
  for (let flip = 0; flip < 256; flip += 255) {
    for (let i = 0; i < 8; i++) writeRegister(dev, EHT0 + i, (0x1b * (i + 1)) ^ flip);
    for (let i = 0; i < 8; i++) {
      if (readRegister(dev, EHT0 + i) !== (((0x1b * (i + 1)) ^ flip) & 0xff)) return FAULT_REGISTERS;
    }
  }
  return FAULT_NONE;
}

/** A pattern at the beginning and at the end of the buffer memory. */
function checkMemory(dev: Enc28j60): number {
  const bytes = new Uint8Array(65);
  const read = new Uint8Array(65);
  read[0] = OP_RBM;
  setBits(dev, ECON2, AUTOINC);
  for (let at = 0; at < 0x2000; at += 0x1fc0) {
    bytes[0] = OP_WBM;
    for (let i = 1; i < 65; i++) bytes[i] = (i * 0x35) ^ at;
    writeRegister16(dev, EWRPTL, at);
    command(dev, bytes);
    writeRegister16(dev, ERDPTL, at);
    const back = exchange(dev, read);
    for (let i = 1; i < 65; i++) if (back[i] !== bytes[i]) return FAULT_MEMORY;
  }
  return FAULT_NONE;
}

function configure(dev: Enc28j60): number {
  configureRing(dev);
  writeRegister16(dev, ETXSTL, TX_START);
  writeFilter(dev);
  writeRegister16(dev, MAMXFLL, MAX_FRAME);
  const mac = dev.config.mac;
  // DS39662E, register 6-8 and table 3-1: MAADR1 is the first byte on the wire.
  const places = [MAADR1, MAADR2, MAADR3, MAADR4, MAADR5, MAADR6];
  for (let i = 0; i < 6; i++) writeRegister(dev, places[i]!, mac[i]!);
  for (let i = 0; i < 6; i++) if (readRegister(dev, places[i]!) !== mac[i]) return FAULT_MAC;
  if (!configureDuplex(dev)) return FAULT_PHY;
  // In half duplex the PHY would else loop each sent frame back (DS39662E, 6.6 and register 9-2).
  writePhy(dev, PHCON2, HDLDIS);
  writePhy(dev, PHLCON, LEDS);
  writePhy(dev, PHIE, PLNKIE | PGEIE);
  readPhy(dev, PHIR);
  clearBits(dev, EIR, 0xff & ~PKTIE & ~LINKIE);
  writeRegister(dev, EIE, INTERRUPTS);
  setBits(dev, ECON1, RXEN);
  return FAULT_NONE;
}

/** The receive ring, empty. RXEN must be clear. DS39662E, 6.1. */
export function configureRing(dev: Enc28j60): void {
  writeRegister16(dev, ERXSTL, 0);
  writeRegister16(dev, ERXNDL, RX_END);
  writeRegister16(dev, ERXRDPTL, RX_END);
  dev.rxNext = dev.rxUnreleased = 0;
  dev.erdpt = -1;
}

/** MAC and PHY for dev.fullDuplex (DS39662E, 6.5 and 6.6). @returns false when the PHY does not follow */
export function configureDuplex(dev: Enc28j60): boolean {
  const full = dev.fullDuplex;
  writeRegister(dev, MACON1, full ? MARXEN | TXPAUS | RXPAUS : MARXEN);
  writeRegister(dev, MACON3, PADCFG0 | TXCRCEN | FRMLNEN | (full ? FULDPX : 0));
  writeRegister(dev, MACON4, DEFER);
  // Registers 6-5 to 6-7: the values that give IEEE's 9.6 µs.
  writeRegister(dev, MABBIPG, full ? 0x15 : 0x12);
  writeRegister(dev, MAIPGL, 0x12);
  writeRegister(dev, MAIPGH, 0x0c);
  const mode = full ? PDPXMD : 0;
  // DS80349C, 16: what the chip made of LEDB's wiring is not to be relied on.
  return writePhy(dev, PHCON1, mode) && (readPhy(dev, PHCON1) & PDPXMD) === mode;
}

/** What the last set-up found, one sentence for the log. @param fault dev.fault */
export function enc28j60FaultText(fault: number): string {
  return [
    'ENC28J60 ready',
    'ENC28J60 does not answer (reads 00h): check power, CS, SCK and MISO',
    'ENC28J60 does not answer (reads FFh): check MISO and power',
    'ENC28J60 clock does not start: check crystal and power',
    'ENC28J60 registers read back wrong: SPI clock too fast or wires too long',
    'ENC28J60 buffer memory reads back wrong: SPI clock too fast or wires too long',
    'ENC28J60 MAC registers read back wrong: SPI clock below 8 MHz on an old revision, or no clock',
    'ENC28J60 PHY does not follow',
  ][fault]!;
}

function oneByte(value: number): Uint8Array {
  const bytes = new Uint8Array(1);
  bytes[0] = value;
  return bytes;
}
