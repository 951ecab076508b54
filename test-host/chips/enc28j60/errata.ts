// The silicon errata, by their numbers in DS80349C, each of which can be switched on and off. Numbers 3 (temperature
// range) and 8 (RBIAS resistor) are properties of a board and have no switch.

export type Revision = 'B1' | 'B4' | 'B5' | 'B7';

/** DS80349C, table 1: contents of EREVID. */
export const REVISION_ID: Record<Revision, number> = { B1: 0x02, B4: 0x04, B5: 0x05, B7: 0x06 };

const ALL: readonly Revision[] = ['B1', 'B4', 'B5', 'B7'];

interface Erratum {
  number: number;
  affects: readonly Revision[];
  /** How often it strikes where it may strike; changeable per chip by `errataRates`. */
  rate: number;
}

export const ERRATA = {
  /** 1: with an SPI clock below 8 MHz, access to MAC and MII registers is unreliable. */
  e1MacSlowSpi: { number: 1, affects: ['B1', 'B4'], rate: 0.1 },
  /** 2: the SPI reset command does not clear CLKRDY, and the start-up time is too short: wait 1 ms. */
  e2ClockReady: { number: 2, affects: ALL, rate: 1 },
  /** 4: CLKOUT stops in power-save mode. */
  e4ClockOut: { number: 4, affects: ALL, rate: 1 },
  /** 5: a write to ERXST or ERXND may set the internal write pointer to 0000h instead of ERXST. */
  e5RxStart: { number: 5, affects: ALL, rate: 0.5 },
  /** 6: PKTIF, when read, may not tell of pending packets; the INT pin and EPKTCNT do. */
  e6Pktif: { number: 6, affects: ALL, rate: 0.25 },
  /** 7: reversed TPIN polarity is not reliably corrected: frames arrive damaged. */
  e7Polarity: { number: 7, affects: ALL, rate: 0.5 },
  /** 9: loopback in half duplex (PLOOPBK, or HDLDIS clear) loses and damages frames. */
  e9LoopbackHalf: { number: 9, affects: ALL, rate: 0.1 },
  /** 10: loopback in full duplex loses and damages frames. */
  e10LoopbackFull: { number: 10, affects: ALL, rate: 0.1 },
  /** 11: an LED set to show duplex and collision shows duplex only. */
  e11Led: { number: 11, affects: ALL, rate: 1 },
  /** 12: a transmit abort in half duplex may stall the transmit logic until TXRST. */
  e12TransmitStall: { number: 12, affects: ALL, rate: 1 },
  /** 13: in half duplex a link pulse may be taken for a collision, early or late. */
  e13LinkPulse: { number: 13, affects: ['B5', 'B7'], rate: 0.01 },
  /** 14: an even ERXRDPT may corrupt the receive buffer. */
  e14EvenErxrdpt: { number: 14, affects: ALL, rate: 0.05 },
  /** 15: ESTAT.LATECOL may stay 0 after a late collision; the status vector tells. */
  e15LateCollision: { number: 15, affects: ALL, rate: 0.5 },
  /** 16: LEDB's polarity, and with it the reset value of PDPXMD, may be detected wrongly. */
  e16LedPolarity: { number: 16, affects: ALL, rate: 0.05 },
  /** 17: a DMA checksum aborts the packet that is being received. */
  e17DmaReceive: { number: 17, affects: ALL, rate: 1 },
  /** 18: the pattern match filter lets some other packets pass. */
  e18PatternMatch: { number: 18, affects: ALL, rate: 0.02 },
  /** 19: the SPI reset command does nothing in power-save mode. */
  e19ResetPowerSave: { number: 19, affects: ALL, rate: 1 },
} as const satisfies Record<string, Erratum>;

export type ErratumName = keyof typeof ERRATA;
export type ErrataSwitches = Record<ErratumName, boolean>;
export type ErrataRates = Record<ErratumName, number>;

const NAMES = Object.keys(ERRATA) as ErratumName[];

/** Switches as the silicon of `revision` has them. */
export function errataOf(revision: Revision): ErrataSwitches {
  return fill((n) => (ERRATA[n].affects as readonly Revision[]).includes(revision));
}

/** A perfect chip. */
export function noErrata(): ErrataSwitches {
  return fill(() => false);
}

export function defaultRates(): ErrataRates {
  return fill((n) => ERRATA[n].rate);
}

function fill<T>(of: (name: ErratumName) => T): Record<ErratumName, T> {
  return Object.fromEntries(NAMES.map((n) => [n, of(n)])) as Record<ErratumName, T>;
}
