// Changes to frames: blind ones (bits, bytes, lengths, splices) and ones that know what the bytes mean (fields,
// options, fragments). Most results get right lengths and checksums again, or nothing behind these checks would be
// reached.

import type { SeededRandom } from '../sim/random.js';
import {
  ETH_TYPE,
  fixIpChecksum,
  fixLengths,
  fixTransportChecksum,
  get16,
  ICMP,
  IP,
  isArp,
  isIp,
  protocol,
  put16,
  replaced,
  TCP,
  transportAt,
  UDP,
} from './frame.js';

/** Largest frame that is made: somewhat more than Ethernet's. */
const LONGEST = 1600;

const BYTES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 127, 128, 192, 253, 254, 255];
const WORDS = [0, 1, 4, 7, 8, 19, 20, 21, 28, 53, 67, 68, 536, 1460, 1500, 0x1fff, 0x2000, 0x7fff, 0x8000];
const BIG_WORDS = [0x3fff, 0x4000, 0xfffe, 0xffff, 0xff00, 0x00ff, 0xc00c, 0xc000, 65528, 65507];

/** Fields by protocol: offset and bytes. */
const ETH_FIELDS = [
  [0, 1],
  [0, 2],
  [6, 1],
  [6, 2],
  [ETH_TYPE, 2],
] as const;
const ARP_FIELDS = [
  [0, 2],
  [2, 2],
  [4, 1],
  [5, 1],
  [6, 2],
  [8, 2],
  [14, 2],
  [16, 2],
  [18, 2],
  [24, 2],
  [26, 2],
] as const;
const IP_FIELDS = [
  [0, 1],
  [1, 1],
  [2, 2],
  [4, 2],
  [6, 2],
  [6, 2],
  [8, 1],
  [9, 1],
  [12, 2],
  [14, 2],
  [16, 2],
  [18, 2],
  [20, 1],
  [21, 1],
  [22, 1],
] as const;
const TCP_FIELDS = [
  [0, 2],
  [2, 2],
  [4, 2],
  [6, 2],
  [6, 2],
  [8, 2],
  [10, 2],
  [12, 1],
  [13, 1],
  [13, 1],
  [14, 2],
  [18, 2],
  [20, 1],
  [21, 1],
  [22, 2],
] as const;
const UDP_FIELDS = [
  [0, 2],
  [2, 2],
  [4, 2],
  [6, 2],
] as const;
const ICMP_FIELDS = [
  [0, 1],
  [1, 1],
  [4, 2],
  [6, 2],
  // What an error quotes: IP header, then ports.
  [8, 1],
  [10, 2],
  [14, 2],
  [17, 1],
  [20, 2],
  [24, 2],
  [28, 2],
  [30, 2],
  [32, 2],
] as const;

export function pick<T>(r: SeededRandom, from: readonly T[]): T {
  return from[r.below(from.length)]!;
}

function randomBytes(r: SeededRandom, n: number): Uint8Array {
  return Uint8Array.from({ length: n }, () => r.below(256));
}

/** A place, more often in the headers than behind them. */
function place(r: SeededRandom, f: Uint8Array): number {
  const n = r.chance(0.7) ? Math.min(f.length, 60) : f.length;
  return r.below(n);
}

function setField(
  r: SeededRandom,
  f: Uint8Array,
  base: number,
  fields: readonly (readonly number[])[],
): void {
  const [offset, size] = pick(r, fields) as [number, number];
  const at = base + offset;
  if (at >= f.length) return;
  if (size === 1) f[at] = r.chance(0.6) ? pick(r, BYTES) : r.below(256);
  else if (r.chance(0.3)) put16(f, at, (get16(f, at) + r.below(17) - 8) & 0xffff);
  else put16(f, at, r.chance(0.7) ? pick(r, r.chance(0.7) ? WORDS : BIG_WORDS) : r.random16());
}

function anyField(r: SeededRandom, f: Uint8Array): void {
  const dice = r.float();
  if (dice < 0.05) return setField(r, f, 0, ETH_FIELDS);
  if (isArp(f)) return setField(r, f, 14, ARP_FIELDS);
  if (!isIp(f) || dice < 0.35) return setField(r, f, IP, IP_FIELDS);
  const at = transportAt(f);
  const proto = protocol(f);
  if (proto === TCP) setField(r, f, at, TCP_FIELDS);
  else if (proto === ICMP) setField(r, f, at, ICMP_FIELDS);
  else if (proto === UDP) {
    if (r.chance(0.3)) setField(r, f, at, UDP_FIELDS);
    else appField(r, f, at + 8);
  }
}

/** DHCP and DNS: type-length-value and names are where a parser goes wrong. */
function appField(r: SeededRandom, f: Uint8Array, at: number): void {
  const room = f.length - at;
  if (room <= 0) return;
  const dhcp = room > 240 && get16(f, at + 236) === 0x6382;
  const o = at + (dhcp && r.chance(0.8) ? 240 + r.below(Math.min(room - 240, 60)) : r.below(room));
  if (r.chance(0.2)) put16(f, o, pick(r, BIG_WORDS));
  else f[o] = r.chance(0.7) ? pick(r, BYTES) : r.below(256);
}

/** Bytes of options: well-formed, nearly so, or noise. */
function someOptions(r: SeededRandom, kinds: readonly number[], most: number): number[] {
  const out: number[] = [];
  while (out.length < most && !r.chance(0.25)) {
    const kind = r.chance(0.9) ? pick(r, kinds) : r.below(256);
    if (kind < 2) out.push(kind);
    else {
      const n = r.below(9);
      out.push(kind, r.chance(0.85) ? n + 2 : pick(r, BYTES), ...randomBytes(r, n));
    }
  }
  out.length = Math.min(out.length, most);
  while (out.length & 3) out.push(r.chance(0.8) ? 0 : r.below(256));
  return out.slice(0, most);
}

const TCP_OPTIONS = [0, 1, 2, 2, 2, 3, 4, 5, 8, 28, 34];
const IP_OPTIONS = [0, 1, 7, 68, 131, 137, 148];

function newOptions(r: SeededRandom, f: Uint8Array): Uint8Array {
  const at = transportAt(f);
  if (protocol(f) === TCP && r.chance(0.7) && f.length >= at + 20) {
    const old = Math.min(Math.max(5, f[at + 12]! >> 4) * 4, f.length - at) - 20;
    const options = someOptions(r, TCP_OPTIONS, 40);
    const g = replaced(f, at + 20, old, options);
    g[at + 12] = ((5 + options.length / 4) << 4) | (f[at + 12]! & 15);
    return g;
  }
  if (!isIp(f) || at > f.length) return f;
  const options = someOptions(r, IP_OPTIONS, 40);
  const g = replaced(f, IP + 20, at - IP - 20, options);
  g[IP] = 0x40 | (5 + options.length / 4);
  return g;
}

/**
 * One change.
 * @param other another frame, for splices
 * @returns the frame itself, changed, or another
 */
function change(r: SeededRandom, f: Uint8Array, other: Uint8Array): Uint8Array {
  if (f.length === 0) return f;
  switch (r.below(12)) {
    case 0: {
      const at = place(r, f);
      f[at] = f[at]! ^ (1 << r.below(8));
      return f;
    }
    case 1:
      f[place(r, f)] = pick(r, BYTES);
      return f;
    case 2:
      put16(f, place(r, f), pick(r, r.chance(0.5) ? WORDS : BIG_WORDS));
      return f;
    case 3:
      return f.slice(
        0,
        r.chance(0.5) ? r.below(f.length + 1) : f.length - 1 - r.below(Math.min(f.length, 8)),
      );
    case 4: {
      const n = r.chance(0.8) ? r.below(40) : r.below(LONGEST);
      const more = new Uint8Array(Math.min(n, Math.max(0, LONGEST - f.length)));
      if (r.chance(0.5)) more.set(randomBytes(r, Math.min(more.length, 64)));
      return replaced(f, f.length, 0, more);
    }
    case 5: {
      const cut = place(r, f);
      const from = r.chance(0.6) ? cut : r.below(other.length + 1);
      return replaced(f, cut, f.length - cut, other.subarray(from)).slice(0, LONGEST);
    }
    case 6:
    case 7:
      return newOptions(r, f).slice(0, LONGEST);
    case 8: {
      const n = r.below(16);
      const at = place(r, f);
      return r.chance(0.5)
        ? replaced(f, at, 0, randomBytes(r, n))
        : replaced(f, at, Math.min(n, f.length - at), []);
    }
    default:
      anyField(r, f);
      return f;
  }
}

/** Lengths and checksums, each put right with the probability that leads far. */
export function settle(r: SeededRandom, f: Uint8Array): void {
  if (r.chance(0.6)) fixLengths(f);
  if (r.chance(0.95)) fixTransportChecksum(f);
  if (r.chance(0.95)) fixIpChecksum(f);
}

/** A changed copy: up to five changes. */
export function mutated(r: SeededRandom, frame: Uint8Array, other: Uint8Array): Uint8Array {
  let f: Uint8Array = frame.slice();
  for (let n = 1 + (r.chance(0.4) ? r.below(5) : 0); n > 0; n--) f = change(r, f, other);
  settle(r, f);
  return f;
}

/** A datagram cut into fragments that may overlap, be missing, repeat or come in any order. */
export function fragmented(r: SeededRandom, f: Uint8Array): Uint8Array[] {
  const at = transportAt(f);
  if (!isIp(f) || f.length <= at + 8) return [f];
  const body = f.subarray(at);
  const size = 8 * (1 + r.below(r.chance(0.5) ? 8 : 100));
  const id = r.chance(0.5) ? r.below(4) : r.random16();
  const parts: Uint8Array[] = [];
  for (let o = 0; o < body.length && parts.length < 24; o += size) {
    const from = r.chance(0.03) ? Math.max(0, o - 8) : o;
    const to = Math.min(body.length, o + size + (r.chance(0.03) ? 8 : 0));
    const g = replaced(f, at, f.length - at, body.subarray(from, to));
    put16(g, IP + 4, id);
    put16(g, IP + 6, (o + size < body.length ? 0x2000 : 0) | (from >> 3));
    put16(g, IP + 2, g.length - IP);
    fixIpChecksum(g);
    if (!r.chance(0.02)) parts.push(g);
    if (r.chance(0.02)) parts.push(g);
  }
  if (r.chance(0.5)) shuffle(r, parts);
  return parts;
}

export function shuffle<T>(r: SeededRandom, list: T[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = r.below(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
}
