// The state of the connection to a network, as a program sees it, and the interface's link that follows it.

import { netifSetLinkDown, netifSetLinkUp, type Netif } from '../../firmware/stack/core/netif.js';
import type { Cyw43 } from './device.js';

/** No network is asked for. */
export const LINK_OFF = 0;
/** The chip is not ready yet. */
export const LINK_STARTING = 1;
export const LINK_JOINING = 2;
// Why the last attempt failed, the more telling the higher. The next one comes by itself.
/** No network of this name, with this security, is heard. */
export const LINK_NO_NETWORK = 3;
/** Joining has taken too long. */
export const LINK_NO_ANSWER = 4;
/** The access point does not want us, for whatever reason. */
export const LINK_REFUSED = 5;
export const LINK_WRONG_PASSWORD = 6;
/** The access point has ended the connection, or is not heard any more. The next attempt comes by itself. */
export const LINK_LOST = 7;
/** The link is up; the interface waits for an address. */
export const LINK_CONNECTED_NO_ADDRESS = 8;
/** The link is up, and the interface has an address. */
export const LINK_UP = 9;

/** @returns a LINK_ constant */
export function cyw43LinkState(netif: Netif): number {
  const state = (netif.state as Cyw43).wifi.state;
  return state === LINK_CONNECTED_NO_ADDRESS && netif.ipAddr ? LINK_UP : state;
}

/** Notes the state and tells the stack of the link, and then whoever wants to know; they may join or leave at once. */
export function setState(dev: Cyw43, state: number): void {
  const wifi = dev.wifi;
  const netif = dev.netif!;
  const before = wifi.state;
  wifi.state = state;
  if (state === LINK_CONNECTED_NO_ADDRESS) netifSetLinkUp(netif);
  else netifSetLinkDown(netif);
  if (before !== state && wifi.onState) wifi.onState(netif);
}
