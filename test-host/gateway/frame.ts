// What the gateway reads of frames on their way into its stack: enough to tell who wants to talk to whom.
// Nothing is changed here, and whether a packet is right is left to the stack, with one exception: a SYN makes
// the gateway dial out, so its checksum is verified first.

import { get16, get32 } from '../../firmware/stack/core/bytes.js';
import { chksumAddr, chksumBytes, chksumFold } from '../../firmware/stack/core/checksum.js';
import type { Ip4Addr } from '../../firmware/stack/core/ipaddr.js';

export const ETH_HLEN = 14;
const ETHTYPE_IP = 0x0800;
const ETHTYPE_ARP = 0x0806;
export const PROTO_ICMP = 1;
export const PROTO_TCP = 6;
export const PROTO_UDP = 17;
const TCP_FIN = 0x01;
const TCP_SYN = 0x02;
const TCP_RST = 0x04;
const TCP_ACK = 0x10;

/** An IPv4 packet's addresses, and where its parts stand in the frame. */
export interface Ip4View {
  src: Ip4Addr;
  dst: Ip4Addr;
  protocol: number;
  /** Bytes of the IP header. */
  hlen: number;
  /** Offset of the transport header in the frame. */
  transport: number;
  /** Offset in the frame at which the datagram ends (padding may follow). */
  end: number;
  /** Not the first fragment: there is no transport header. */
  laterFragment: boolean;
}

/** The IPv4 packet in a frame, or null when there is none or its header is wrong. */
export function ip4View(frame: Uint8Array): Ip4View | null {
  if (frame.length < ETH_HLEN + 20 || get16(frame, 12) !== ETHTYPE_IP) return null;
  const first = frame[ETH_HLEN]!;
  const hlen = (first & 15) * 4;
  const end = ETH_HLEN + get16(frame, ETH_HLEN + 2);
  // RFC 1122, 3.2.1.1 and 3.2.1.2
  if (first >> 4 !== 4 || hlen < 20 || end > frame.length || end < ETH_HLEN + hlen) return null;
  if (chksumBytes(frame, ETH_HLEN, hlen) !== 0xffff) return null;
  return {
    src: get32(frame, ETH_HLEN + 12),
    dst: get32(frame, ETH_HLEN + 16),
    protocol: frame[ETH_HLEN + 9]!,
    hlen,
    transport: ETH_HLEN + hlen,
    end,
    laterFragment: (get16(frame, ETH_HLEN + 6) & 0x1fff) !== 0,
  };
}

/** The ports of a TCP or UDP packet, or null when it is too short or a later fragment. */
export function portsOf(frame: Uint8Array, ip: Ip4View): { src: number; dst: number } | null {
  if (ip.laterFragment || ip.end < ip.transport + 4) return null;
  return { src: get16(frame, ip.transport), dst: get16(frame, ip.transport + 2) };
}

/** Whether a TCP packet asks for a new connection, and arrived as it was sent. */
export function isSyn(frame: Uint8Array, ip: Ip4View): boolean {
  if (ip.laterFragment || ip.end < ip.transport + 20) return false;
  const flags = frame[ip.transport + 13]! & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);
  if (flags !== TCP_SYN) return false;
  const length = ip.end - ip.transport;
  // RFC 9293, 3.1: the checksum covers the pseudo header, too.
  const sum = chksumAddr(ip.src) + chksumAddr(ip.dst) + PROTO_TCP + length;
  return chksumFold(sum + chksumBytes(frame, ip.transport, length)) === 0xffff;
}

/** The sender's IPv4 address that a frame shows to be in use (an IPv4 packet's or an ARP packet's), or 0. */
export function senderOf(frame: Uint8Array): Ip4Addr {
  // RFC 826; a probe (RFC 5227, 2.1.1) has the sender address 0.
  if (frame.length >= ETH_HLEN + 28 && get16(frame, 12) === ETHTYPE_ARP) return get32(frame, ETH_HLEN + 14);
  return ip4View(frame)?.src ?? 0;
}
