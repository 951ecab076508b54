// Set-up of the chip: reset, the wait for its clock, all registers and their check, the link's state
// (DS39662E, chapters 6 and 11). Run again whenever the chip is not as it should be: the driver knows no other cure.

import { ERR_IF, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { netifSetLinkDown, netifSetLinkUp } from '../../firmware/stack/core/netif.js';
import { clearBits, command, exchange, movePointer, readRegister, setBits, writeRegister } from './bus.js';
import { MODE_FAILED, MODE_RUNNING, type Enc28j60 } from './device.js';
import { CHECK_INTERVAL, HEALTH_EVERY, RX_END, TX_START } from './opt.js';
import { readPhy, writePhy } from './phy.js';
import {
  BCEN,
  CRCEN,
  DEFER,
  ECON1,
  ECON2,
  EHT0,
  EIE,
  ERDPTL,
  EREVID,
  ERXFCON,
  ERXNDH,
  ERXNDL,
  ERXRDPTH,
  ERXRDPTL,
  ERXSTH,
  ERXSTL,
  ESTAT,
  ESTAT_CLKRDY,
  ESTAT_UNIMPLEMENTED,
  ETXSTH,
  ETXSTL,
  FRMLNEN,
  FULDPX,
  HDLDIS,
  HTEN,
  INTIE,
  LINKIE,
  LSTAT,
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
  MAC_MII,
  MAIPGH,
  MAIPGL,
  MAMXFLH,
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
  PHSTAT2,
  PKTIE,
  PLNKIE,
  PWRSV,
  RXEN,
  RXERIE,
  RXPAUS,
  TXCRCEN,
  TXERIE,
  TXPAUS,
  UCEN,
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
/** Looks at ESTAT.CLKRDY, 2 ms apart. */
const CLOCK_TRIES = 10;
/** Numbers at the head of registerTable() that any reset changes. */
const HEALTH = 8;

/**
 * Resets and sets up the chip; it receives when this returns ERR_OK. Where it does not answer, the link is down until
 * a later try succeeds. Takes some 20 ms; frames in the chip are lost.
 * @returns ERR_OK, or ERR_IF with the reason in dev.fault
 */
export function restart(dev: Enc28j60): Err {
  dev.epoch++;
  dev.untilHealth = HEALTH_EVERY;
  dev.nextCheck = (dev.clock.millis() + CHECK_INTERVAL) | 0;
  dev.erdpt = dev.etxnd = dev.ewrpt = -1;
  dev.txBusy = false;
  dev.retries = dev.late = dev.rxNext = dev.rxUnreleased = 0;
  dev.fault = resetChip(dev) || configure(dev);
  if (dev.fault) {
    dev.mode = MODE_FAILED;
    setLink(dev, 0);
    return ERR_IF;
  }
  dev.mode = MODE_RUNNING;
  updateLink(dev);
  return ERR_OK;
}

function resetChip(dev: Enc28j60): number {
  const gpio = dev.config.gpio;
  const delayMs = dev.clock.delayMs;
  const pin = dev.config.reset;
  dev.digitalWrite(dev.cs, 1);
  gpio.output(dev.cs);
  if (pin != null) {
    dev.digitalWrite(pin, 0);
    gpio.output(pin);
    delayMs(1);
    dev.digitalWrite(pin, 1);
    delayMs(2);
  }
  // DS80349C, 19: the reset command does nothing in power-save mode.
  clearBits(dev, ECON2, PWRSV);
  delayMs(1);
  command(dev, new Uint8Array([OP_SRC]));
  dev.bank = 0;
  let status = 0;
  for (let i = 0; i < CLOCK_TRIES && !(status & ESTAT_CLKRDY); i++) {
    // DS80349C, 2: CLKRDY may be set before the clock runs; at least 1 ms has to pass first.
    delayMs(2);
    status = readRegister(dev, ESTAT);
  }
  if (status & ESTAT_UNIMPLEMENTED) return FAULT_STUCK_HIGH;
  dev.revision = readRegister(dev, EREVID);
  if (!dev.revision) return FAULT_NO_ANSWER;
  return status & ESTAT_CLKRDY ? FAULT_NONE : FAULT_CLOCK;
}

/** Registers and their values by turns, in the order of writing. */
function registerTable(dev: Enc28j60): number[] {
  const mac = dev.config.mac;
  const full = dev.fullDuplex;
  const table = [
    EIE,
    INTIE | PKTIE | LINKIE | TXERIE | RXERIE,
    ERXNDH,
    RX_END >> 8,
    // Register 6-8 and table 3-1: MAADR1 is the first byte on the wire.
    MAADR1,
    mac[0]!,
    MAADR6,
    mac[5]!,
    // HEALTH numbers so far.
    MAADR2,
    mac[1]!,
    MAADR3,
    mac[2]!,
    MAADR4,
    mac[3]!,
    MAADR5,
    mac[4]!,
    ERXNDL,
    RX_END & 0xff,
    ERXSTL,
    0,
    ERXSTH,
    0,
    ERXRDPTL,
    RX_END & 0xff,
    ERXRDPTH,
    RX_END >> 8,
    ETXSTL,
    TX_START & 0xff,
    ETXSTH,
    TX_START >> 8,
    ERXFCON,
    filterOf(dev),
    MAMXFLL,
    MAX_FRAME & 0xff,
    MAMXFLH,
    MAX_FRAME >> 8,
    // 6.5 and 6.6.
    MACON1,
    full ? MARXEN | TXPAUS | RXPAUS : MARXEN,
    MACON3,
    PADCFG0 | TXCRCEN | FRMLNEN | (full ? FULDPX : 0),
    MACON4,
    DEFER,
    // Registers 6-5 to 6-7: the values that give IEEE's 9.6 µs.
    MABBIPG,
    full ? 0x15 : 0x12,
    MAIPGL,
    0x12,
    MAIPGH,
    0x0c,
  ];
  for (let i = 0; i < 8; i++) table.push(EHT0 + i, dev.hash[i]!);
  return table;
}

/** The value of ERXFCON (register 8-1). */
export function filterOf(dev: Enc28j60): number {
  return dev.promiscuous ? CRCEN : UCEN | CRCEN | BCEN | HTEN;
}

/** Compares the chip's registers with the first `n` numbers of `table`. @returns a FAULT_ constant */
function verify(dev: Enc28j60, table: number[], n: number): number {
  for (let i = 0; i < n; i += 2) {
    const register = table[i]!;
    if (readRegister(dev, register) !== table[i + 1]) return register & MAC_MII ? FAULT_MAC : FAULT_REGISTERS;
  }
  return FAULT_NONE;
}

function configure(dev: Enc28j60): number {
  const table = registerTable(dev);
  for (let i = 0; i < table.length; i += 2) writeRegister(dev, table[i]!, table[i + 1]!);
  const fault = verify(dev, table, table.length) || checkMemory(dev);
  if (fault) return fault;
  // DS80349C, 16: what the chip made of LEDB's wiring is not to be relied on.
  const mode = dev.fullDuplex ? PDPXMD : 0;
  writePhy(dev, PHCON1, mode);
  // In half duplex the PHY would else loop each sent frame back (DS39662E, 6.6 and register 9-2).
  writePhy(dev, PHCON2, HDLDIS);
  writePhy(dev, PHLCON, LEDS);
  writePhy(dev, PHIE, PLNKIE | PGEIE);
  if ((readPhy(dev, PHCON1) & PDPXMD) !== mode) return FAULT_PHY;
  setBits(dev, ECON1, RXEN);
  return FAULT_NONE;
}

/** A pattern at the beginning of the buffer memory, where EWRPT points after a reset. */
function checkMemory(dev: Enc28j60): number {
  const bytes = dev.scratchSmall;
  bytes[0] = OP_WBM;
  for (let i = 1; i < bytes.length; i += 4) bytes[i] = i * 0x35;
  command(dev, bytes);
  movePointer(dev, ERDPTL, -1, 0);
  bytes[0] = OP_RBM;
  const back = exchange(dev, bytes);
  for (let i = 1; i < bytes.length; i += 4) if (back[i] !== bytes[i]) return FAULT_MEMORY;
  return FAULT_NONE;
}

/** Whether registers that differ after any reset are as set up. */
export function isHealthy(dev: Enc28j60): boolean {
  // The bank is known only if the chip was not reset: select it for certain.
  clearBits(dev, ECON1, 3);
  dev.bank = 0;
  return (readRegister(dev, ECON1) & RXEN) !== 0 && !verify(dev, registerTable(dev), HEALTH);
}

/** Reads the link's state and tells the stack. DS39662E, 3.3.4 and 12.1.5: reading PHIR clears LINKIF. */
export function updateLink(dev: Enc28j60): void {
  readPhy(dev, PHIR);
  setLink(dev, readPhy(dev, PHSTAT2) & LSTAT);
}

/** Tells the stack of the link. @param up 0 for down */
export function setLink(dev: Enc28j60, up: number): void {
  const netif = dev.netif!;
  const before = netif.flags;
  if (up) netifSetLinkUp(netif);
  else netifSetLinkDown(netif);
  if (netif.flags !== before) dev.counters.linkChange++;
}

/**
 * What the last set-up found, in words; the number in brackets is told in README.md.
 * @param fault dev.fault, other than FAULT_NONE
 */
export function enc28j60FaultText(fault: number): string {
  const text =
    fault < FAULT_CLOCK
      ? 'does not answer, check power and wires'
      : fault > FAULT_CLOCK
        ? 'reads back wrong, SPI too fast or wires too long'
        : 'clock does not start';
  return text + ' (fault ' + fault + ')';
}
