// Where things stand in a frame, and setting its lengths and checksums right again after it was changed.

export const ETH_HLEN = 14;
export const ETH_TYPE = 12;
export const IP = ETH_HLEN;
export const TYPE_IP = 0x0800;
export const TYPE_ARP = 0x0806;
export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;

export function get16(f: Uint8Array, at: number): number {
  return ((f[at] ?? 0) << 8) | (f[at + 1] ?? 0);
}

/** Writes what of the field lies inside of the frame. */
export function put16(f: Uint8Array, at: number, v: number): void {
  if (at < f.length) f[at] = v >> 8;
  if (at + 1 < f.length) f[at + 1] = v;
}

export function put32(f: Uint8Array, at: number, v: number): void {
  put16(f, at, (v >>> 16) & 0xffff);
  put16(f, at + 2, v & 0xffff);
}

export function isIp(f: Uint8Array): boolean {
  return f.length >= IP + 20 && get16(f, ETH_TYPE) === TYPE_IP;
}

export function isArp(f: Uint8Array): boolean {
  return f.length >= ETH_HLEN + 28 && get16(f, ETH_TYPE) === TYPE_ARP;
}

/** Offset of what follows the IP header; at least 20 bytes after its beginning. */
export function transportAt(f: Uint8Array): number {
  return IP + Math.max(5, (f[IP] ?? 0) & 15) * 4;
}

/** Protocol number of the IP datagram, -1 for other frames and for fragments but the first. */
export function protocol(f: Uint8Array): number {
  return isIp(f) && !(get16(f, IP + 6) & 0x1fff) ? f[IP + 9]! : -1;
}

function sum(f: Uint8Array, from: number, to: number, start: number): number {
  let s = start;
  for (let i = from; i < to; i += 2) s += (f[i]! << 8) | (i + 1 < to ? f[i + 1]! : 0);
  while (s > 0xffff) s = (s & 0xffff) + (s >>> 16);
  return s;
}

/** Makes the IP header checksum right. */
export function fixIpChecksum(f: Uint8Array): void {
  if (!isIp(f)) return;
  put16(f, IP + 10, 0);
  put16(f, IP + 10, ~sum(f, IP, Math.min(f.length, transportAt(f)), 0) & 0xffff);
}

/** Makes the checksum of the TCP segment, UDP datagram or ICMP message right, if it is all in this frame. */
export function fixTransportChecksum(f: Uint8Array): void {
  const proto = protocol(f);
  if (proto < 0 || get16(f, IP + 6) & 0x2000) return;
  const at = transportAt(f);
  const end = Math.min(f.length, Math.max(at, IP + get16(f, IP + 2)));
  const place = proto === TCP ? at + 16 : proto === UDP ? at + 6 : proto === ICMP ? at + 2 : -1;
  if (place < 0 || place + 2 > end) return;
  if (proto === UDP && get16(f, place) === 0) return;
  put16(f, place, 0);
  const length = proto === UDP ? get16(f, at + 4) : end - at;
  const pseudo = proto === ICMP ? 0 : sum(f, IP + 12, IP + 20, proto + length);
  const value = ~sum(f, at, proto === UDP ? Math.min(end, at + length) : end, pseudo) & 0xffff;
  put16(f, place, value || 0xffff);
}

/** Makes the IP total length, and UDP's, what the frame has. */
export function fixLengths(f: Uint8Array): void {
  if (!isIp(f)) return;
  put16(f, IP + 2, f.length - IP);
  if (protocol(f) === UDP) put16(f, transportAt(f) + 4, f.length - transportAt(f));
}

/** The frame without the padding after its datagram. */
export function unpadded(f: Uint8Array): Uint8Array {
  if (!isIp(f)) return f;
  const end = IP + get16(f, IP + 2);
  return end < f.length && end > transportAt(f) ? f.slice(0, end) : f;
}

/** Cuts bytes out at `at` and puts others there. */
export function replaced(f: Uint8Array, at: number, cut: number, insert: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(f.length - cut + insert.length);
  out.set(f.subarray(0, at));
  out.set(insert, at);
  out.set(f.subarray(at + cut), at + insert.length);
  return out;
}
