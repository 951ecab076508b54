// Counts what a driver does against the data sheet, by name, and remembers the last cases. The model goes on as the
// chip would; a test asserts that the total is 0, or asks for an exception at the first case.

import { MisuseLog, type MisuseCase as Case } from '../misuse-log.js';

/** Every kind of misuse with what it means. */
export const MISUSE_KINDS = {
  unimplementedRegister: 'access to a place without a register (DS39662E, table 3-1)',
  reservedRegister: 'access to a register marked reserved (table 3-1)',
  reservedBits: 'a reserved bit was written as 1',
  readOnlyRegister: 'a write to a register that cannot be written',
  bitFieldOnMac: 'BFS or BFC on a MAC or MII register (4.2.5, 4.2.6)',
  macBeforeClockReady: 'MAC, MII or PHY access before the oscillator runs (2.2, 11.2, erratum 2)',
  macInPowerSave: 'MAC, MII or PHY access in power-save mode (14.0)',
  spiInReset: 'SPI traffic while the RESET pin is low',
  spiNotSelected: 'SPI bytes while CS is high',
  spiClockTooFast: 'SPI clock above 20 MHz (table 16-6)',
  spiClockTooSlow: 'MAC or MII access with an SPI clock below 8 MHz on a revision with erratum 1',
  unknownOpcode: 'a byte that is no SPI instruction (table 4-1)',
  abortedCommand: 'CS went high before the command had its data byte',
  trailingBytes: 'more bytes than the command takes',
  rxStartNotZero: 'the receive buffer does not start at 0000h (erratum 5)',
  rxPointersWhileEnabled: 'ERXST or ERXND written while RXEN is set (3.2.1)',
  rxRingEmpty: 'RXEN set with ERXST equal to ERXND',
  erxrdptEven: 'ERXRDPT set to an even address (erratum 14)',
  erxrdptOutside: 'ERXRDPT set to an address outside the receive buffer',
  writeIntoReceiveBuffer: 'WBM into receive space that the hardware may write (3.2.3)',
  readFreeSpace: 'RBM of receive space that holds no packet',
  packetDecrementAtZero: 'PKTDEC while EPKTCNT is 0',
  transmitWhileBusy: 'TXRTS set while a transmission is in progress',
  transmitInReset: 'TXRTS set while TXRST is set',
  transmitEmpty: 'TXRTS set with no byte behind the control byte',
  transmitOverlap: 'the packet or its status vector lies in the receive buffer (3.2.2)',
  transmitPointersChanged: 'ETXST or ETXND written during transmission',
  writeIntoTransmitBuffer: 'WBM into the packet being transmitted',
  duplexDiffers: 'MACON3.FULDPX and PHCON1.PDPXMD differ (6.6)',
  gapTooShort: 'MABBIPG gives less than the 9.6 µs of IEEE 802.3 (6.5)',
  miiBusy: 'MII access while MISTAT.BUSY is set (3.3)',
  unimplementedPhy: 'access to a PHY register that does not exist (table 3-3)',
  readOnlyPhy: 'a write to a PHY register that cannot be written',
  phyReservedBits: 'reserved bits of a PHY register written otherwise than told',
  dmaPointersChanged: 'DMA pointers or CSUMEN changed during a DMA operation (13.0)',
  dmaEndless: 'a DMA operation that never ends (13.0, notes 1 and 2)',
  resetInPowerSave: 'SPI reset command in power-save mode (erratum 19)',
  powerSaveWhileActive: 'PWRSV set while receiving or transmitting (14.0)',
} as const;

export type MisuseKind = keyof typeof MISUSE_KINDS;

export type MisuseCase = Case<MisuseKind>;

export class Misuse extends MisuseLog<MisuseKind> {
  /**
   * @param now reads the virtual time, µs
   * @param strict throw at the first case
   */
  constructor(now: () => number, strict = false) {
    super('ENC28J60', MISUSE_KINDS, now, strict);
  }
}
