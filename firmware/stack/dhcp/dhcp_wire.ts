// DHCP messages: what the bytes mean (RFC 2131, 2; RFC 2132). Which message is sent when, and what follows from an
// answer, is dhcp_client.ts's.

import { load32, store32 } from '../core/bytes.js';
import { ip4MaskValid, type Ip4Addr } from '../core/ipaddr.js';
import { DHCP_EXTRAS } from '../core/opt.js';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

// RFC 2131, 2, figure 1.
export const DHCP_XID = 4;
const DHCP_SECS = 8;
const DHCP_CIADDR = 12;
export const DHCP_YIADDR = 16;
export const DHCP_CHADDR = 28;
const DHCP_SNAME = 44;
const DHCP_FILE = 108;
const DHCP_COOKIE = 236;
export const DHCP_OPTIONS = 240;

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
/** Hardware type and address length of Ethernet, as they stand after `op`. */
const ETHERNET = (1 << 8) | 6;
const FLAG_BROADCAST = 0x8000;
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
export const OPT_END = 255;

/** What a server said: the bytes of each option by its number. */
export type DhcpOptions = Record<number, number[] | undefined>;

/**
 * Reads the options of a server's message for an Ethernet client.
 * @param b the message. Reading past its end gives undefined, which no test below takes for a good value
 * @returns them, or null when it is no such message or a length leads past its field
 */
export function dhcpRead(b: Uint8Array): DhcpOptions | null {
  const found: DhcpOptions = {};
  if (
    load32(b, 0) >>> 8 !== ((BOOTREPLY << 16) | ETHERNET) ||
    load32(b, DHCP_COOKIE) !== MAGIC_COOKIE ||
    !scan(b, DHCP_OPTIONS, b.length, found)
  ) {
    return null;
  }
  if (DHCP_EXTRAS) {
    // RFC 2131, 4.1: with option 52 "file", then "sname" carry further options.
    const overload = found[OPT_OVERLOAD] ? found[OPT_OVERLOAD]![0]! : 0;
    if (overload & 1 && !scan(b, DHCP_FILE, DHCP_COOKIE, found)) return null;
    if (overload & 2 && !scan(b, DHCP_SNAME, DHCP_FILE, found)) return null;
  }
  return found;
}

function scan(b: Uint8Array, at: number, end: number, found: DhcpOptions): boolean {
  while (at < end) {
    const code = b[at++]!;
    if (code === OPT_END) break;
    if (code === OPT_PAD) continue;
    const to = at + b[at]! + 1;
    if (!(to <= end)) return false;
    // RFC 3396, 7: an option that comes in several parts is their concatenation.
    const bytes = found[code] || (found[code] = []);
    while (++at < to) bytes.push(b[at]!);
  }
  return true;
}

/**
 * The 32-bit number or address in an option.
 * @param i which, in an option that lists several
 * @returns 0 when the option is absent or too short
 */
export function dhcpOption32(o: DhcpOptions, code: number, i: number): number {
  const v = o[code];
  return v && v.length > i * 4 + 3 ? load32(v, i * 4) : 0;
}

/** Whether an offer or a lease is one that can be used. */
export function dhcpUsable(o: DhcpOptions, addr: Ip4Addr): boolean {
  const net = addr >>> 24;
  const hosts = ~dhcpMask(o, addr);
  // RFC 1122, 3.2.1.3: neither this host, loopback, multicast and beyond, nor a network or its broadcast address
  // (but RFC 3021: both ends of a /31).
  return (
    net > 0 &&
    net !== 127 &&
    net < 224 &&
    dhcpOption32(o, OPT_LEASE_TIME, 0) > 0 &&
    (hosts < 2 || ((addr + 1) & hosts) > 1)
  );
}

/** The subnet mask; where none or a wrong one is given, that of the address's class (RFC 791, 2.3). */
export function dhcpMask(o: DhcpOptions, addr: Ip4Addr): Ip4Addr {
  const mask = dhcpOption32(o, OPT_SUBNET_MASK, 0);
  if (mask > 0 && ip4MaskValid(mask)) return mask;
  return addr >>> 31 ? (addr >>> 30 === 2 ? 0xffff0000 : 0xffffff00) : 0xff000000;
}

/** The four bytes of an address in an option. What is above 8 bits falls off when they are stored. */
export function dhcpWord(v: Ip4Addr): number[] {
  return [v >>> 24, v >>> 16, v >>> 8, v];
}

/**
 * Puts a message together.
 * @param secs seconds since the client began
 * @param broadcast whether the answer must be a broadcast
 * @param ciaddr the client's address in use, or 0
 * @param options as they stand in the message, with the end option
 */
export function dhcpMessage(
  xid: number,
  secs: number,
  broadcast: boolean,
  ciaddr: Ip4Addr,
  hwaddr: Uint8Array,
  options: number[],
): Uint8Array {
  const b = new Uint8Array(Math.max(DHCP_MIN_LEN, DHCP_OPTIONS + options.length));
  store32(b, 0, (BOOTREQUEST << 24) | (ETHERNET << 8));
  store32(b, DHCP_XID, xid);
  store32(b, DHCP_SECS, (secs << 16) | (broadcast ? FLAG_BROADCAST : 0));
  store32(b, DHCP_CIADDR, ciaddr);
  b.set(hwaddr, DHCP_CHADDR);
  store32(b, DHCP_COOKIE, MAGIC_COOKIE);
  b.set(options, DHCP_OPTIONS);
  return b;
}
