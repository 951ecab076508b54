// The CYW43 driver's public API.

export { cyw43New } from './device.js';
export type { Cyw43, Cyw43Config, Cyw43Counters } from './device.js';
export { cyw43FaultText } from './fault.js';
export { cyw43Init, cyw43PowerOff, cyw43Restart, cyw43Stats, cyw43Watch } from './netif.js';
export type { Cyw43Stats } from './netif.js';
export { cyw43Poll, cyw43Sleeptime } from './poll.js';
export { cyw43Linkoutput } from './tx.js';
