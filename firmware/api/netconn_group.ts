// Multicast groups of UDP and RAW netconns.

import { ERR_ARG, ERR_OK, ERR_USE, ERR_VAL, type Err } from '../stack/core/err.js';
import type { Ip4Addr, IpAddr } from '../stack/core/ipaddr.js';
import { LWIP_IGMP } from '../stack/core/opt.js';
import type { Wait } from '../stack/core/sys.js';
import { igmpJoingroup, igmpLeavegroup } from '../stack/igmp/igmp.js';
import {
  NETCONN_TCP,
  netconnCall,
  netconnIsEnd,
  netconnValid,
  type Netconn,
  type NetconnGroup,
} from './netconn_state.js';

/** What netconnJoinLeaveGroup() does. */
export const NETCONN_JOIN = 0;
export const NETCONN_LEAVE = 1;

/**
 * Joins or leaves a multicast group (IGMP); deleting the netconn leaves all. A netconn hears any group that the host is in,
 * whoever joined it.
 * @param group the group's address
 * @param netifAddr address of the interface; IP_ADDR_ANY: all
 * @param what NETCONN_JOIN or NETCONN_LEAVE
 * @returns ERR_OK; ERR_VAL: no group's address, no such interface, none that does multicast, or to leave: not joined;
 *   ERR_USE: joined already; ERR_MEM: MEMP_NUM_IGMP_GROUP groups are joined; ERR_ARG: TCP, or a build without LWIP_IGMP
 */
export function netconnJoinLeaveGroup(
  conn: Netconn,
  group: IpAddr,
  netifAddr: IpAddr,
  what: number,
): Err | Wait {
  if (!LWIP_IGMP || !netconnValid(conn) || conn.type === NETCONN_TCP) return ERR_ARG;
  if (!netconnIsEnd(group, 0) || !netconnIsEnd(netifAddr, 0)) return ERR_ARG;
  return netconnCall(conn, what === NETCONN_JOIN ? join : leave, { group, netifAddr });
}

function indexOf(conn: Netconn, g: NetconnGroup): number {
  const groups = conn.groups;
  let at = groups.length - 1;
  while (at >= 0 && (groups[at]!.netifAddr !== g.netifAddr || groups[at]!.group !== g.group)) at--;
  return at;
}

function join(conn: Netconn, g: NetconnGroup): Err {
  if (indexOf(conn, g) >= 0) return ERR_USE;
  const err = igmpJoingroup(conn.stack, g.netifAddr as Ip4Addr, g.group as Ip4Addr);
  if (err === ERR_OK) {
    conn.groups.push(g);
    conn.leaveGroups = leaveAll;
  }
  return err;
}

function leave(conn: Netconn, g: NetconnGroup): Err {
  const at = indexOf(conn, g);
  if (at < 0) return ERR_VAL;
  conn.groups.splice(at, 1);
  return igmpLeavegroup(conn.stack, g.netifAddr as Ip4Addr, g.group as Ip4Addr);
}

function leaveAll(conn: Netconn): void {
  while (conn.groups.length) leave(conn, conn.groups[0]!);
}
