// The ENC28J60 model: the chip, and what tests and boards need to talk about it.

export { Enc28j60 } from './enc28j60.js';
export type { Enc28j60Options } from './enc28j60.js';
export type { ChipCounters } from './counters.js';
export { ERRATA, errataOf, noErrata } from './errata.js';
export type { ErrataRates, ErrataSwitches, ErratumName, Revision } from './errata.js';
export { MISUSE_KINDS, Misuse } from './misuse.js';
export type { MisuseCase, MisuseKind } from './misuse.js';
export { fcs, hashBit } from './crc32.js';
export { REGISTERS } from './registers.js';
