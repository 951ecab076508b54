// The ENC28J60 driver's public API.

export { enc28j60New } from './device.js';
export { enc28j60DmaChecksum } from './checksum.js';
export type { Enc28j60, Enc28j60Checksum, Enc28j60Config, Enc28j60Counters } from './device.js';
export { enc28j60Init, enc28j60Restart, enc28j60Stats, enc28j60Watch } from './netif.js';
export type { Enc28j60Stats } from './netif.js';
export { enc28j60Poll } from './poll.js';
export { enc28j60Report } from './report.js';
export { enc28j60Linkoutput } from './tx.js';
export { enc28j60MacFilter, enc28j60SetPromiscuous } from './filter.js';
export { enc28j60Resume, enc28j60SetDuplex, enc28j60Suspend } from './power.js';
export {
  enc28j60FaultText,
  FAULT_CLOCK,
  FAULT_MAC,
  FAULT_MEMORY,
  FAULT_NO_ANSWER,
  FAULT_NONE,
  FAULT_PHY,
  FAULT_REGISTERS,
  FAULT_STUCK_HIGH,
} from './init.js';
