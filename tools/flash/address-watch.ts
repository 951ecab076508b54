// Learns the board's IPv4 address from what it sends on its wire, whatever the program does to get one.

import type { FrameHandler } from '../../test-host/sim/wire.js';

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_ARP = 0x0806;

/** @param found called with each new address, dotted, as soon as the board uses it */
export function watchAddress(found: (address: string) => void): FrameHandler {
  let known = '';
  return (frame) => {
    const type = (frame[12]! << 8) | frame[13]!;
    // RFC 826: sender protocol address; zero in a probe (RFC 5227, 2.1.1). RFC 791, 3.1: source address.
    const at = type === ETHERTYPE_ARP ? 28 : type === ETHERTYPE_IPV4 ? 26 : 0;
    if (!at || frame.length < at + 4) return;
    const first = frame[at]!;
    if (first === 0 || first === 127 || first >= 224) return;
    const address = `${first}.${frame[at + 1]}.${frame[at + 2]}.${frame[at + 3]}`;
    if (address === known) return;
    known = address;
    found(address);
  };
}
