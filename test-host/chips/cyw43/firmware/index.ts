// What runs on the CYW43439: the firmware half of the model, over the radio world of test-host/air.

export { WlanFirmware } from './wlan-firmware.js';
export type { FirmwareCounters, WlanFirmwareOptions } from './wlan-firmware.js';
export { MISUSE_KINDS, Misuse } from './misuse.js';
export type { MisuseCase, MisuseKind } from './misuse.js';
export type { CommandMatch } from './faults.js';
export { imageProblem } from './image.js';
export { readEvent } from './events.js';
export type { ReadEvent } from './events.js';
export { WL_GPIO_LED } from './gpio.js';
