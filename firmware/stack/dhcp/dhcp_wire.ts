// DHCP messages: what the bytes mean (RFC 2131, 2; RFC 2132). Which message is sent when, and what follows from an
// answer, is dhcp.ts's.

import { get32, put16, put32 } from '../core/bytes.js';
import { ip4MaskValid, type Ip4Addr } from '../core/ipaddr.js';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

// RFC 2131, 2, figure 1.
export const DHCP_OP = 0;
export const DHCP_XID = 4;
export const DHCP_SECS = 8;
export const DHCP_FLAGS = 10;
export const DHCP_CIADDR = 12;
export const DHCP_YIADDR = 16;
export const DHCP_CHADDR = 28;
const DHCP_SNAME = 44;
const DHCP_FILE = 108;
const DHCP_COOKIE = 236;
export const DHCP_OPTIONS = 240;

export const DHCP_BOOTREQUEST = 1;
export const DHCP_BOOTREPLY = 2;
export const DHCP_FLAG_BROADCAST = 0x8000;
const MAGIC_COOKIE = 0x63825363;
/** RFC 1542, 2.1: relays may drop what is shorter. */
const DHCP_MIN_LEN = 300;

// RFC 2132, 9.6.
export const DHCP_DISCOVER = 1;
export const DHCP_OFFER = 2;
export const DHCP_REQUEST = 3;
export const DHCP_DECLINE = 4;
export const DHCP_ACK = 5;
export const DHCP_NAK = 6;
export const DHCP_RELEASE = 7;
export const DHCP_INFORM = 8;

// Options: RFC 2132.
const OPT_PAD = 0;
export const OPT_SUBNET_MASK = 1;
export const OPT_ROUTER = 3;
export const OPT_DNS = 6;
export const OPT_HOSTNAME = 12;
export const OPT_DOMAIN = 15;
export const OPT_MTU = 26;
export const OPT_NTP = 42;
export const OPT_REQUESTED_IP = 50;
export const OPT_LEASE_TIME = 51;
const OPT_OVERLOAD = 52;
export const OPT_MESSAGE_TYPE = 53;
export const OPT_SERVER_ID = 54;
export const OPT_PARAMETERS = 55;
export const OPT_MAX_SIZE = 57;
export const OPT_T1 = 58;
export const OPT_T2 = 59;
export const OPT_CLIENT_ID = 61;
const OPT_END = 255;

/** What a server said, by option number; only options that the client knows. */
export type DhcpOptions = Record<number, number[] | undefined>;

/** The parameters that are asked for. */
export function dhcpParameters(): number[] {
  return [OPT_SUBNET_MASK, OPT_ROUTER, OPT_DNS, OPT_DOMAIN, OPT_MTU, OPT_NTP];
}

/**
 * Whether these bytes begin like a server's message for an Ethernet client: fixed part, cookie.
 * @param at where the message begins; @param end where it ends
 */
export function dhcpIsReply(b: Uint8Array, at: number, end: number): boolean {
  return (
    at + DHCP_OPTIONS <= end &&
    get32(b, at) >>> 8 === ((DHCP_BOOTREPLY << 16) | (1 << 8) | 6) &&
    get32(b, at + DHCP_COOKIE) === MAGIC_COOKIE
  );
}

/**
 * Reads the options of a message that dhcpIsReply() or the caller found long enough.
 * @returns them, or null when a length leads past its field
 */
export function dhcpReadOptions(b: Uint8Array, at: number, end: number): DhcpOptions | null {
  const found: DhcpOptions = {};
  if (!scan(b, at + DHCP_OPTIONS, end, found)) return null;
  // RFC 2131, 4.1: with option 52 "file", then "sname" carry further options.
  const overload = found[OPT_OVERLOAD] ? found[OPT_OVERLOAD]![0]! : 0;
  if (overload & 1 && !scan(b, at + DHCP_FILE, at + DHCP_COOKIE, found)) return null;
  if (overload & 2 && !scan(b, at + DHCP_SNAME, at + DHCP_FILE, found)) return null;
  return found;
}

function scan(b: Uint8Array, at: number, end: number, found: DhcpOptions): boolean {
  const known = dhcpParameters().concat([
    OPT_LEASE_TIME,
    OPT_OVERLOAD,
    OPT_MESSAGE_TYPE,
    OPT_SERVER_ID,
    OPT_T1,
    OPT_T2,
    OPT_CLIENT_ID,
  ]);
  while (at < end) {
    const code = b[at++]!;
    if (code === OPT_END) return true;
    if (code === OPT_PAD) continue;
    if (at >= end) return false;
    const to = at + 1 + b[at]!;
    if (to > end) return false;
    if (known.indexOf(code) >= 0) {
      // RFC 3396, 7: an option that comes in several parts is their concatenation.
      const bytes = found[code] || (found[code] = []);
      while (++at < to) bytes.push(b[at]!);
    }
    at = to;
  }
  return true;
}

/**
 * The 32-bit number or address in an option.
 * @param i which, in an option that lists several
 * @returns -1 when the option is absent or too short
 */
export function dhcpOption32(o: DhcpOptions, code: number, i: number): number {
  const v = o[code];
  i *= 4;
  return v && v.length >= i + 4
    ? ((v[i]! << 24) | (v[i + 1]! << 16) | (v[i + 2]! << 8) | v[i + 3]!) >>> 0
    : -1;
}

/** Whether an offer or a lease is one that can be used. */
export function dhcpUsable(o: DhcpOptions, addr: Ip4Addr): boolean {
  const net = addr >>> 24;
  const host = addr & ~dhcpMask(o, addr);
  // RFC 1122, 3.2.1.3: neither this host, loopback, multicast and beyond, nor a network or its broadcast address
  // (but RFC 3021: both ends of a /31).
  return (
    net > 0 &&
    net !== 127 &&
    net < 224 &&
    dhcpOption32(o, OPT_LEASE_TIME, 0) > 0 &&
    (dhcpMask(o, addr) >= 0xfffffffe || (host !== 0 && host !== ~dhcpMask(o, addr)))
  );
}

/** The subnet mask; where none or a wrong one is given, that of the address's class (RFC 791, 2.3). */
export function dhcpMask(o: DhcpOptions, addr: Ip4Addr): Ip4Addr {
  const mask = dhcpOption32(o, OPT_SUBNET_MASK, 0);
  if (mask > 0 && ip4MaskValid(mask)) return mask;
  return addr >>> 31 ? (addr >>> 30 === 2 ? 0xffff0000 : 0xffffff00) : 0xff000000;
}

/** Begins a message in `b`, which is DHCP_OPTIONS + the options' length at least: the fixed part. */
export function dhcpWriteHeader(
  b: Uint8Array,
  xid: number,
  secs: number,
  flags: number,
  ciaddr: Ip4Addr,
  hwaddr: Uint8Array,
): void {
  b[DHCP_OP] = DHCP_BOOTREQUEST;
  b[DHCP_OP + 1] = 1;
  b[DHCP_OP + 2] = 6;
  put32(b, DHCP_XID, xid);
  put16(b, DHCP_SECS, secs);
  put16(b, DHCP_FLAGS, flags);
  put32(b, DHCP_CIADDR, ciaddr);
  b.set(hwaddr, DHCP_CHADDR);
  put32(b, DHCP_COOKIE, MAGIC_COOKIE);
}

/** Writes an option with a list of bytes. @returns where the next goes */
export function dhcpPutBytes(b: Uint8Array, at: number, code: number, bytes: ArrayLike<number>): number {
  b[at] = code;
  b[at + 1] = bytes.length;
  b.set(bytes, at + 2);
  return at + 2 + bytes.length;
}

/** Writes an option with a 32-bit number or address. @returns where the next goes */
export function dhcpPut32(b: Uint8Array, at: number, code: number, value: number): number {
  b[at] = code;
  b[at + 1] = 4;
  put32(b, at + 2, value);
  return at + 6;
}

/** Ends the options. @returns the message's length */
export function dhcpPutEnd(b: Uint8Array, at: number): number {
  b[at] = OPT_END;
  return at + 1 > DHCP_MIN_LEN ? at + 1 : DHCP_MIN_LEN;
}
