// ICMP errors about our segments, by RFC 1122, 4.2.3.9 and RFC 5927: believed only when the quoted sequence number
// is in flight, and never a reason to end an established connection.

import { ERR_RST } from '../core/err.js';
import type { IpAddr } from '../core/ipaddr.js';
import { TCP_ACTIVE_OPEN, TCP_ICMP } from '../core/opt.js';
import type { Stack } from '../core/stack.js';
import { tcpAbandon, tcpFind } from './tcp_pcb.js';
import { tcpOutputNow } from './tcp_out.js';
import { SYN_SENT, type TcpPcb } from './tcp_state.js';

const DEST_UNREACHABLE = 3;
const CODE_PROTOCOL = 2;
const CODE_PORT = 3;
const CODE_FRAG_NEEDED = 4;
/** No smaller MSS is taken from an ICMP message (RFC 5927, 7.2): a forged one could strangle the connection. */
const MSS_FLOOR = 256;

/**
 * An ICMP error quotes a segment of ours.
 * @param localIp source of the quoted segment
 * @param remoteIp its destination
 * @param seq its sequence number as on the wire
 * @param mtu of the next hop, for type 3 code 4; 0 when the router did not tell
 */
export function tcpIcmpError(
  stack: Stack,
  localIp: IpAddr,
  remoteIp: IpAddr,
  localPort: number,
  remotePort: number,
  seq: number,
  type: number,
  code: number,
  mtu: number,
): void {
  if (!TCP_ICMP) return;
  const pcb = tcpFind<TcpPcb>(stack.tcp.active, localIp, localPort, remoteIp, remotePort);
  if (!pcb) return;
  const rel = ((((seq >>> 16) - pcb.issHi) << 16) + ((seq & 0xffff) - pcb.issLo)) | 0;
  // RFC 5927, 4.1: SND.UNA =< SEG.SEQ < SND.NXT.
  if (((rel - pcb.sndUna) | 0) < 0 || ((rel - pcb.sndNxt) | 0) >= 0) return;
  if (type === DEST_UNREACHABLE && code === CODE_FRAG_NEEDED) {
    // RFC 1191, 6.4; without a value, what every link carries.
    let mss = (mtu || 576) - 40;
    if (mss < MSS_FLOOR) mss = MSS_FLOOR;
    if (mss >= pcb.mss) return;
    pcb.mss = mss;
    // What was too large is cut and sent again; this is no sign of congestion.
    pcb.unsent = pcb.sndQ;
    tcpOutputNow(pcb);
    return;
  }
  pcb.softError = (type << 8) | code;
  // RFC 1122, 4.2.3.9: protocol and port unreachable are hard errors; RFC 5927, 5.2: but not once established.
  if (
    type === DEST_UNREACHABLE &&
    (code === CODE_PROTOCOL || code === CODE_PORT) &&
    TCP_ACTIVE_OPEN &&
    pcb.state === SYN_SENT
  ) {
    tcpAbandon(pcb, false, ERR_RST);
  }
}
