// DHCP messages from and to objects (RFC 2131, 2132), for servers and tests; independent of the stack's own code.

export const DISCOVER = 1;
export const OFFER = 2;
export const REQUEST = 3;
export const DECLINE = 4;
export const ACK = 5;
export const NAK = 6;
export const RELEASE = 7;
export const INFORM = 8;

export const TYPE_NAMES = ['', 'DISCOVER', 'OFFER', 'REQUEST', 'DECLINE', 'ACK', 'NAK', 'RELEASE', 'INFORM'];

export interface DhcpMessage {
  op: number;
  xid: number;
  secs: number;
  broadcast: boolean;
  ciaddr: string;
  yiaddr: string;
  siaddr: string;
  giaddr: string;
  chaddr: string;
  /** By number; an option that came in parts is joined. */
  options: Record<number, number[]>;
  /** Order in which options came. */
  order?: number[];
}

export function ipBytes(text: string): number[] {
  return text.split('.').map(Number);
}

export function u32(v: number): number[] {
  return [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255];
}

export function typeOf(m: DhcpMessage): number {
  return m.options[53]?.[0] ?? 0;
}

/** @throws Error when the message is not well-formed, so that a test sees what the client does wrong */
export function decodeDhcp(b: Uint8Array): DhcpMessage {
  const v = new DataView(b.buffer, b.byteOffset, b.length);
  if (b.length < 300) throw new Error(`DHCP message of ${b.length} bytes: BOOTP relays need 300`);
  if (b[1] !== 1 || b[2] !== 6 || b[3] !== 0) throw new Error('htype, hlen, hops');
  if (v.getUint32(236) !== 0x63825363) throw new Error('no magic cookie');
  if (v.getUint16(10) & 0x7fff) throw new Error('reserved flags are set');
  for (let i = 34; i < 236; i++)
    if (b[i]) throw new Error(`byte ${i} (chaddr padding, sname, file) is not 0`);
  const dotted = (o: number): string => [...b.subarray(o, o + 4)].join('.');
  const m: DhcpMessage = {
    op: b[0]!,
    xid: v.getUint32(4),
    secs: v.getUint16(8),
    broadcast: (v.getUint16(10) & 0x8000) !== 0,
    ciaddr: dotted(12),
    yiaddr: dotted(16),
    siaddr: dotted(20),
    giaddr: dotted(24),
    chaddr: [...b.subarray(28, 34)].map((x) => x.toString(16).padStart(2, '0')).join(':'),
    options: {},
    order: [],
  };
  let at = 240;
  while (b[at] !== 255) {
    if (at >= b.length) throw new Error('no end option');
    const code = b[at++]!;
    if (code === 0) continue;
    const n = b[at++]!;
    if (at + n > b.length) throw new Error(`option ${code} runs over the end`);
    m.order!.push(code);
    m.options[code] = [...(m.options[code] ?? []), ...b.subarray(at, at + n)];
    at += n;
  }
  for (at++; at < b.length; at++) if (b[at]) throw new Error('rubbish after the end option');
  return m;
}

export interface EncodeExtras {
  /** Options as they stand for "file" and "sname"; option 52 is added. */
  file?: number[];
  sname?: number[];
  /** Bytes as they stand for the options field, instead of `options`. */
  raw?: number[];
  cookie?: number;
  /** Total length; default at least 300. */
  length?: number;
  hlen?: number;
}

export function encodeDhcp(m: DhcpMessage, extras: EncodeExtras = {}): Uint8Array {
  const overload = (extras.file ? 1 : 0) | (extras.sname ? 2 : 0);
  const options: number[] = extras.raw ? extras.raw.slice() : [];
  if (!extras.raw) {
    // The message type comes first, as clients like it; an option of more than 255 bytes in parts (RFC 3396).
    const codes = Object.keys(m.options).map(Number);
    codes.sort((a, b) => (a === 53 ? -1 : b === 53 ? 1 : a - b));
    for (const code of codes) {
      const bytes = m.options[code]!;
      for (let i = 0; i < bytes.length || i === 0; i += 255) {
        const part = bytes.slice(i, i + 255);
        options.push(code, part.length, ...part);
      }
    }
    if (overload) options.push(52, 1, overload);
    options.push(255);
  }
  const b = new Uint8Array(extras.length ?? Math.max(300, 240 + options.length));
  const put = (bytes: ArrayLike<number>, at: number): void => {
    for (let i = 0; i < bytes.length && at + i < b.length; i++) b[at + i] = bytes[i]!;
  };
  put([m.op, 1, extras.hlen ?? 6, 0], 0);
  put(u32(m.xid), 4);
  put([m.secs >> 8, m.secs & 255, m.broadcast ? 0x80 : 0, 0], 8);
  put(ipBytes(m.ciaddr), 12);
  put(ipBytes(m.yiaddr), 16);
  put(ipBytes(m.siaddr), 20);
  put(ipBytes(m.giaddr), 24);
  put(
    m.chaddr.split(':').map((x) => parseInt(x, 16)),
    28,
  );
  if (extras.sname) put(extras.sname, 44);
  if (extras.file) put(extras.file, 108);
  put(u32(extras.cookie ?? 0x63825363), 236);
  put(options, 240);
  return b;
}
