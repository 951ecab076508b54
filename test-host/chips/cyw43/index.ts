// The CYW43439 model: the chip, and what tests, boards and its firmware need to talk about it.

export { Cyw43 } from './cyw43.js';
export type { Cyw43Options } from './cyw43.js';
export type { ChipCounters } from './counters.js';
export type { ChipFirmware, ControlRequest, FirmwareHost } from './firmware.js';
export type { GspiSlave } from './gspi-slave.js';
export { MISUSE_KINDS, Misuse } from './misuse.js';
export type { MisuseCase, MisuseKind } from './misuse.js';
export { lengthWord } from './nvram.js';
export { CDC_ERROR, CDC_SET } from './firmware.js';
