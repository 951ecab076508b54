// DNS messages from and to objects (RFC 1035), for servers and tests; independent of the stack's own code.

export const TYPE_A = 1;
export const TYPE_NS = 2;
export const TYPE_CNAME = 5;
export const TYPE_SOA = 6;
export const TYPE_AAAA = 28;

export interface DnsQuestion {
  name: string;
  type: number;
  class: number;
}

export interface DnsRecord {
  name: string;
  type: number;
  class?: number;
  ttl?: number;
  /** Dotted decimal for A, a name for CNAME and NS, bytes for everything else. */
  data: string | Uint8Array;
}

export interface DnsMessage {
  id: number;
  response: boolean;
  opcode?: number;
  authoritative?: boolean;
  truncated?: boolean;
  recursionDesired?: boolean;
  recursionAvailable?: boolean;
  rcode?: number;
  questions: DnsQuestion[];
  answers: DnsRecord[];
  authority?: DnsRecord[];
}

/** Writes a message; names are compressed unless told not to. */
export function encodeDns(m: DnsMessage, compress = true): Uint8Array {
  const out: number[] = [];
  const names = new Map<string, number>();
  const u16 = (v: number): number => out.push((v >> 8) & 255, v & 255);
  const name = (text: string): void => {
    let labels = text.replace(/\.$/, '').split('.').filter(Boolean);
    while (labels.length) {
      const key = labels.join('.').toLowerCase();
      const seen = names.get(key);
      if (compress && seen !== undefined) {
        u16(0xc000 | seen);
        return;
      }
      if (out.length < 0x4000) names.set(key, out.length);
      const bytes = Buffer.from(labels[0]!, 'latin1');
      out.push(bytes.length, ...bytes);
      labels = labels.slice(1);
    }
    out.push(0);
  };
  u16(m.id);
  u16(
    (m.response ? 0x8000 : 0) |
      ((m.opcode ?? 0) << 11) |
      (m.authoritative ? 0x0400 : 0) |
      (m.truncated ? 0x0200 : 0) |
      (m.recursionDesired ? 0x0100 : 0) |
      (m.recursionAvailable ? 0x0080 : 0) |
      (m.rcode ?? 0),
  );
  const authority = m.authority ?? [];
  for (const n of [m.questions.length, m.answers.length, authority.length, 0]) u16(n);
  for (const q of m.questions) {
    name(q.name);
    u16(q.type);
    u16(q.class);
  }
  for (const r of [...m.answers, ...authority]) {
    name(r.name);
    u16(r.type);
    u16(r.class ?? 1);
    const ttl = r.ttl ?? 300;
    u16(Math.floor(ttl / 65536));
    u16(ttl % 65536);
    const at = out.length;
    u16(0);
    if (typeof r.data !== 'string') out.push(...r.data);
    else if (r.type === TYPE_A) out.push(...r.data.split('.').map(Number));
    else name(r.data);
    const length = out.length - at - 2;
    out[at] = length >> 8;
    out[at + 1] = length & 255;
  }
  return Uint8Array.from(out);
}

/** Reads a query (or anything without records that need decoding). @throws Error when it is not well-formed */
export function decodeDns(b: Uint8Array): DnsMessage {
  const v = new DataView(b.buffer, b.byteOffset, b.length);
  const flags = v.getUint16(2);
  let at = 12;
  const name = (): string => {
    const labels: string[] = [];
    let end = -1;
    for (let guard = 0; ; guard++) {
      if (guard > 200) throw new Error('name without end');
      const n = b[at];
      if (n === undefined) throw new Error('name runs over the end');
      if (n >= 0xc0) {
        if (end < 0) end = at + 2;
        at = ((n & 63) << 8) | b[at + 1]!;
        continue;
      }
      at++;
      if (n === 0) break;
      if (n > 63) throw new Error('label type');
      labels.push(Buffer.from(b.subarray(at, at + n)).toString('latin1'));
      at += n;
    }
    if (end >= 0) at = end;
    return labels.join('.');
  };
  const m: DnsMessage = {
    id: v.getUint16(0),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    rcode: flags & 15,
    questions: [],
    answers: [],
  };
  for (let i = v.getUint16(4); i > 0; i--) {
    m.questions.push({ name: name(), type: v.getUint16(at), class: v.getUint16(at + 2) });
    at += 4;
  }
  for (let i = v.getUint16(6); i > 0; i--) {
    const owner = name();
    const type = v.getUint16(at);
    const rdlength = v.getUint16(at + 8);
    const record: DnsRecord = {
      name: owner,
      type,
      class: v.getUint16(at + 2),
      ttl: v.getUint32(at + 4),
      data: b.slice(at + 10, at + 10 + rdlength),
    };
    const next = at + 10 + rdlength;
    if (type === TYPE_A) record.data = [...(record.data as Uint8Array)].join('.');
    if (type === TYPE_CNAME || type === TYPE_NS) {
      at += 10;
      record.data = name();
    }
    at = next;
    m.answers.push(record);
  }
  return m;
}
