// Host names for sequential programs.

import { ERR_INPROGRESS, ERR_OK, ERR_VAL, type Err } from '../stack/core/err.js';
import { IP_ADDR_ANY, type IpAddr } from '../stack/core/ipaddr.js';
import type { Stack } from '../stack/core/stack.js';
import { BLOCKED, settle, sysWait, type Wait } from '../stack/core/sys.js';
import { tcpipEnter, tcpipLater, tcpipLeave } from '../stack/core/tcpip.js';
import { dnsGethostbyname } from '../stack/dns/dns.js';

interface Query {
  out: { addr: IpAddr };
  wait: Wait | null;
}

/**
 * Finds the IPv4 address of a host, waiting for the answer.
 * @param name host name or dotted decimal
 * @param out its `addr` receives the address
 * @returns ERR_OK; ERR_VAL: no such host, no answer, or no server is set; ERR_ARG: no valid name; ERR_MEM
 */
export function netconnGethostbyname(stack: Stack, name: string, out: { addr: IpAddr }): Err | Wait {
  out.addr = IP_ADDR_ANY;
  if (!tcpipEnter(stack)) {
    return tcpipLater(stack, function () {
      return netconnGethostbyname(stack, name, out);
    });
  }
  const query: Query = { out, wait: null };
  const err = dnsGethostbyname(stack, name, out, found, query);
  if (err !== ERR_INPROGRESS) return tcpipLeave(stack, err);
  query.wait = sysWait(stack, null, 0, pending, 0, 0) as Wait;
  return tcpipLeave(stack, query.wait);
}

function pending(): number {
  return BLOCKED;
}

function found(_name: string, addr: IpAddr | null, query: Query): void {
  if (addr !== null) query.out.addr = addr;
  settle(query.wait!, addr === null ? ERR_VAL : ERR_OK);
}
