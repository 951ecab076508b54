// The CYW43 driver's public API.

export { cyw43New } from './device.js';
export { cyw43Join, cyw43Leave } from './join.js';
export type { JoinConfig } from './join.js';
export {
  cyw43LinkState,
  LINK_CONNECTED_NO_ADDRESS,
  LINK_JOINING,
  LINK_LOST,
  LINK_NO_ANSWER,
  LINK_NO_NETWORK,
  LINK_OFF,
  LINK_REFUSED,
  LINK_STARTING,
  LINK_UP,
  LINK_WRONG_PASSWORD,
} from './link.js';
export { cyw43LinkText, cyw43WifiFaultText } from './text.js';
export type { Cyw43, Cyw43Config, Cyw43Counters } from './device.js';
export { cyw43FaultText, FAULT_NO_IMAGE } from './fault.js';
export { cyw43Init, cyw43PowerOff, cyw43Restart, cyw43Stats, cyw43Watch } from './netif.js';
export type { Cyw43Stats } from './netif.js';
export { cyw43Poll, cyw43Sleeptime } from './poll.js';
export { cyw43Report } from './report.js';
export { cyw43Linkoutput } from './tx.js';
