// The CYW43 driver's public API.

export { cyw43ApAskClients, cyw43ApClients, cyw43ApInit, cyw43ApStart, cyw43ApStop } from './ap.js';
export type { ApConfig } from './ap.js';
export { cyw43BootStep } from './boot.js';
export { cyw43New } from './device.js';
export { cyw43PinRead, cyw43PinWrite, PIN_LED, PIN_SUPPLY_MODE, PIN_VBUS } from './gpio.js';
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
export { cyw43LinkText, cyw43SecurityText, cyw43WifiFaultText } from './text.js';
export { cyw43Multicast } from './multicast.js';
export type { Cyw43, Cyw43Config, Cyw43Counters, Cyw43Start } from './device.js';
export { cyw43FaultText, FAULT_NO_IMAGE } from './fault.js';
export { cyw43Init, cyw43PowerOff, cyw43Restart, cyw43Stats, cyw43Watch } from './netif.js';
export type { Cyw43Stats } from './netif.js';
export { cyw43Poll, cyw43Sleeptime } from './poll.js';
export { cyw43PowerSave, PM_FAST, PM_NONE, PM_SLEEP } from './power.js';
export type { PowerSaveOptions } from './power.js';
export { cyw43Report } from './report.js';
export { cyw43Scan, cyw43ScanAbort } from './scan.js';
export type { ScanOptions, ScanResult } from './scan.js';
export {
  SECURITY_EAP,
  SECURITY_OPEN,
  SECURITY_WEP,
  SECURITY_WPA,
  SECURITY_WPA2,
  SECURITY_WPA3,
} from './security.js';
export { cyw43Rssi } from './signal.js';
export { cyw43Linkoutput } from './tx.js';
export type { WifiConfig } from './wifi.js';
