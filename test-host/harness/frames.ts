// Frames from and to plain objects, with right lengths and checksums unless a test overrides them. Independent of
// the stack's own code, so that a shared mistake cannot hide.

export interface EthFields {
  dst: string;
  src: string;
  type?: number;
}

export interface ArpFields {
  /** 1 request, 2 reply. */
  op: number;
  sha: string;
  spa: string;
  tha?: string;
  tpa: string;
  htype?: number;
  ptype?: number;
  hlen?: number;
  plen?: number;
}

export interface Ip4Fields {
  src: string;
  dst: string;
  proto?: number;
  ttl?: number;
  tos?: number;
  id?: number;
  df?: boolean;
  mf?: boolean;
  /** Fragment offset, bytes. */
  offset?: number;
  /** Option bytes; padded with zeros to a multiple of four. */
  options?: number[];
  /** Overrides for malformed packets. */
  version?: number;
  ihl?: number;
  totalLength?: number;
  checksum?: number;
}

export interface IcmpFields {
  type: number;
  code?: number;
  /** Echo. */
  id?: number;
  seq?: number;
  /** The second 32-bit word, when it is not id and seq. */
  rest?: number;
  checksum?: number;
}

export interface UdpFields {
  src: number;
  dst: number;
  length?: number;
  /** 0 sends without a checksum. */
  checksum?: number;
}

export interface TcpFields {
  src: number;
  dst: number;
  seq: number;
  ack?: number;
  /** Letters of C E U A P R S F. */
  flags: string;
  window?: number;
  urgent?: number;
  /** Option bytes as they stand; padded with zeros to a multiple of four. */
  options?: number[];
  /** Puts a maximum segment size option in front of `options`. */
  mss?: number;
  dataOffset?: number;
  checksum?: number;
}

export interface FrameFields {
  eth?: EthFields;
  arp?: ArpFields;
  ip?: Ip4Fields;
  icmp?: IcmpFields;
  udp?: UdpFields;
  tcp?: TcpFields;
  payload?: Uint8Array | string;
}

/** What parse() found; headers that are not there are undefined. */
export interface Parsed {
  bytes: Uint8Array;
  eth: Required<EthFields>;
  arp?: Required<ArpFields>;
  ip?: Required<Omit<Ip4Fields, 'checksum'>> & { checksum: number; checksumOk: boolean };
  icmp?: Required<IcmpFields> & { checksumOk: boolean };
  udp?: Required<UdpFields> & { checksumOk: boolean };
  tcp?: Required<TcpFields> & { checksumOk: boolean };
  /** What follows the last header that was understood, without the padding of the frame. */
  payload: Uint8Array;
}

export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';
export const ZERO_MAC = '00:00:00:00:00:00';

export function bytesOf(payload: Uint8Array | string | undefined): Uint8Array {
  if (payload === undefined) return new Uint8Array(0);
  return typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
}

export function macOf(text: string): number[] {
  return text.split(':').map((x) => parseInt(x, 16));
}

export function macText(b: Uint8Array, o = 0): string {
  return [...b.subarray(o, o + 6)].map((x) => x.toString(16).padStart(2, '0')).join(':');
}

export function ipOf(text: string): number[] {
  return text.split('.').map(Number);
}

export function ipText(b: Uint8Array, o = 0): string {
  return [...b.subarray(o, o + 4)].join('.');
}

/** The Internet checksum of byte runs, each but the last of even length. */
export function checksum(...runs: ArrayLike<number>[]): number {
  let sum = 0;
  for (const run of runs) {
    for (let i = 0; i < run.length; i++) sum += i & 1 ? run[i]! : run[i]! * 256;
  }
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return 0xffff - sum;
}

function pad4(options: number[]): number[] {
  const padded = options.slice();
  while (padded.length & 3) padded.push(0);
  return padded;
}

function be16(v: number): number[] {
  return [(v >>> 8) & 255, v & 255];
}

function be32(v: number): number[] {
  return [(v >>> 24) & 255, (v >>> 16) & 255, (v >>> 8) & 255, v & 255];
}

function join(...runs: ArrayLike<number>[]): Uint8Array {
  const out = new Uint8Array(runs.reduce((n, r) => n + r.length, 0));
  let at = 0;
  for (const r of runs) {
    out.set(r, at);
    at += r.length;
  }
  return out;
}

const TCP_FLAGS = 'FSRPAUEC';

/** An IPv4 datagram. */
export function buildIp(f: FrameFields): Uint8Array {
  const ip = f.ip!;
  let body: Uint8Array = bytesOf(f.payload);
  let proto = ip.proto;
  const pseudo = (p: number, length: number): Uint8Array =>
    join(ipOf(ip.src), ipOf(ip.dst), be16(p), be16(length));
  if (f.icmp) {
    proto ??= 1;
    const rest = f.icmp.rest ?? ((f.icmp.id ?? 0) * 65536 + (f.icmp.seq ?? 0)) >>> 0;
    body = join([f.icmp.type, f.icmp.code ?? 0, 0, 0], be32(rest), body);
    body.set(be16(f.icmp.checksum ?? checksum(body)), 2);
  } else if (f.udp) {
    proto ??= 17;
    const length = f.udp.length ?? body.length + 8;
    body = join(be16(f.udp.src), be16(f.udp.dst), be16(length), [0, 0], body);
    const sum = checksum(pseudo(17, length), body) || 0xffff;
    body.set(be16(f.udp.checksum ?? sum), 6);
  } else if (f.tcp) {
    proto ??= 6;
    const t = f.tcp;
    const options = pad4([...(t.mss === undefined ? [] : [2, 4, ...be16(t.mss)]), ...(t.options ?? [])]);
    let flags = 0;
    for (const letter of t.flags) flags |= 1 << TCP_FLAGS.indexOf(letter);
    body = join(
      be16(t.src),
      be16(t.dst),
      be32(t.seq),
      be32(t.ack ?? 0),
      [(t.dataOffset ?? 5 + options.length / 4) << 4, flags],
      be16(t.window ?? 65535),
      [0, 0],
      be16(t.urgent ?? 0),
      options,
      body,
    );
    body.set(be16(t.checksum ?? checksum(pseudo(6, body.length), body)), 16);
  }
  const options = pad4(ip.options ?? []);
  const ihl = ip.ihl ?? 5 + options.length / 4;
  const header = join(
    [((ip.version ?? 4) << 4) | ihl, ip.tos ?? 0],
    be16(ip.totalLength ?? 20 + options.length + body.length),
    be16(ip.id ?? 0),
    be16((ip.df ? 0x4000 : 0) | (ip.mf ? 0x2000 : 0) | ((ip.offset ?? 0) >> 3)),
    [ip.ttl ?? 64, proto ?? 255, 0, 0],
    ipOf(ip.src),
    ipOf(ip.dst),
    options,
  );
  header.set(be16(ip.checksum ?? checksum(header)), 10);
  return join(header, body);
}

/** An Ethernet frame without FCS, not padded. */
export function build(f: FrameFields): Uint8Array {
  const eth = f.eth ?? { dst: BROADCAST_MAC, src: ZERO_MAC };
  let type = eth.type;
  let body: Uint8Array;
  if (f.arp) {
    type ??= 0x0806;
    const a = f.arp;
    body = join(
      be16(a.htype ?? 1),
      be16(a.ptype ?? 0x0800),
      [a.hlen ?? 6, a.plen ?? 4],
      be16(a.op),
      macOf(a.sha),
      ipOf(a.spa),
      macOf(a.tha ?? ZERO_MAC),
      ipOf(a.tpa),
      bytesOf(f.payload),
    );
  } else if (f.ip) {
    type ??= 0x0800;
    body = buildIp(f);
  } else body = bytesOf(f.payload);
  return join(macOf(eth.dst), macOf(eth.src), be16(type ?? 0xffff), body);
}

/**
 * The fragments of a datagram.
 * @param size bytes of IP payload in each but the last; a multiple of 8
 */
export function fragments(f: FrameFields, size: number): Uint8Array[] {
  const whole = buildIp(f);
  const hlen = (whole[0]! & 15) * 4;
  const body = whole.subarray(hlen);
  const out: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    out.push(
      build({
        ...(f.eth ? { eth: f.eth } : {}),
        ip: { ...f.ip!, proto: whole[9]!, offset: at, mf: at + size < body.length },
        payload: body.slice(at, at + size),
      }),
    );
  }
  return out;
}

/** Reads an IPv4 datagram; see parse(). */
export function parseIp(b: Uint8Array, out: Parsed): Parsed {
  const v = new DataView(b.buffer, b.byteOffset, b.length);
  const ihl = b[0]! & 15;
  const hlen = ihl * 4;
  const totalLength = v.getUint16(2);
  const frag = v.getUint16(6);
  const src = ipText(b, 12);
  const dst = ipText(b, 16);
  out.ip = {
    src,
    dst,
    proto: b[9]!,
    ttl: b[8]!,
    tos: b[1]!,
    id: v.getUint16(4),
    df: (frag & 0x4000) !== 0,
    mf: (frag & 0x2000) !== 0,
    offset: (frag & 0x1fff) * 8,
    options: [...b.subarray(20, hlen)],
    version: b[0]! >> 4,
    ihl,
    totalLength,
    checksum: v.getUint16(10),
    checksumOk: checksum(b.subarray(0, hlen)) === 0,
  };
  const body = b.subarray(hlen, totalLength);
  out.payload = body;
  if (frag & 0x3fff) return out;
  const t = new DataView(body.buffer, body.byteOffset, body.length);
  const pseudo = join(ipOf(src), ipOf(dst), be16(b[9]!), be16(body.length));
  if (b[9] === 1 && body.length >= 8) {
    out.icmp = {
      type: body[0]!,
      code: body[1]!,
      checksum: t.getUint16(2),
      id: t.getUint16(4),
      seq: t.getUint16(6),
      rest: t.getUint32(4),
      checksumOk: checksum(body) === 0,
    };
    out.payload = body.subarray(8);
  } else if (b[9] === 17 && body.length >= 8) {
    const sum = t.getUint16(6);
    out.udp = {
      src: t.getUint16(0),
      dst: t.getUint16(2),
      length: t.getUint16(4),
      checksum: sum,
      checksumOk: sum === 0 || checksum(pseudo, body) === 0,
    };
    out.payload = body.subarray(8);
  } else if (b[9] === 6 && body.length >= 20) {
    const offset = body[12]! >> 4;
    const options = [...body.subarray(20, offset * 4)];
    let flags = '';
    for (let i = 7; i >= 0; i--) if (body[13]! & (1 << i)) flags += TCP_FLAGS[i];
    let mss = 0;
    for (let i = 0; i < options.length && options[i] !== 0;) {
      if (options[i] === 2) mss = options[i + 2]! * 256 + options[i + 3]!;
      i += options[i] === 1 ? 1 : Math.max(options[i + 1] ?? 0, 2);
    }
    out.tcp = {
      src: t.getUint16(0),
      dst: t.getUint16(2),
      seq: t.getUint32(4),
      ack: t.getUint32(8),
      flags,
      window: t.getUint16(14),
      urgent: t.getUint16(18),
      options,
      mss,
      dataOffset: offset,
      checksum: t.getUint16(16),
      checksumOk: checksum(pseudo, body) === 0,
    };
    out.payload = body.subarray(offset * 4);
  }
  return out;
}

/** Reads an Ethernet frame. Flags of TCP come in the order C E U A P R S F. */
export function parse(bytes: Uint8Array): Parsed {
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = v.getUint16(12);
  const body = bytes.subarray(14);
  const out: Parsed = {
    bytes,
    eth: { dst: macText(bytes), src: macText(bytes, 6), type },
    payload: body,
  };
  if (type === 0x0806 && body.length >= 28) {
    out.arp = {
      htype: v.getUint16(14),
      ptype: v.getUint16(16),
      hlen: body[4]!,
      plen: body[5]!,
      op: v.getUint16(20),
      sha: macText(body, 8),
      spa: ipText(body, 14),
      tha: macText(body, 18),
      tpa: ipText(body, 24),
    };
    out.payload = body.subarray(28);
  } else if (type === 0x0800 && body.length >= 20) parseIp(body, out);
  return out;
}
