// Which multicast groups the chip lets through: a list of ten, or all of them.

import { ERR_ARG, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { NETIF_FLAG_IGMP, type Netif } from '../../firmware/stack/core/netif.js';
import { iovarNumbers, iovarSet } from './control.js';
import type { Cyw43 } from './device.js';
import { macText } from './words.js';

/** Addresses that the firmware's list holds. */
const LIST = 10;

interface Group {
  key: string;
  mac: Uint8Array;
  /** IP groups that share the address. */
  members: number;
}

/** Has the interface take part in multicast: netif.macFilter, for the stack's IGMP. Call it before netifSetUp(). */
export function cyw43Multicast(netif: Netif): void {
  const dev = netif.state as Cyw43;
  let groups: Group[] = [];
  const apply = function (up: boolean): void {
    if (up) tell(dev, groups);
  };
  dev.wifi.onUp.push(apply);
  netif.flags |= NETIF_FLAG_IGMP;
  netif.macFilter = function (_netif, mac, join): Err {
    if (mac.length !== 6 || !(mac[0]! & 1)) return ERR_ARG;
    const key = macText(mac);
    const group = groups.filter(function (g) {
      return g.key === key;
    })[0];
    if (!group) {
      if (!join) return ERR_ARG;
      groups.push({ key, mac: new Uint8Array(mac), members: 1 });
    } else if ((group.members += join ? 1 : -1)) return ERR_OK;
    groups = groups.filter(function (g) {
      return g.members;
    });
    apply(dev.wifi.up);
    return ERR_OK;
  };
}

function tell(dev: Cyw43, groups: Group[]): void {
  const all = groups.length > LIST;
  const n = all ? 0 : groups.length;
  const list = new Uint8Array(4 + 6 * LIST);
  list[0] = n;
  for (let i = 0; i < n; i++) list.set(groups[i]!.mac, 4 + 6 * i);
  iovarSet(dev, 'mcast_list', list, 0, null);
  iovarNumbers(dev, 'allmulti', [all ? 1 : 0], 0, null);
}
