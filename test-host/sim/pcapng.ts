// Capture files in the pcapng format (draft-ietf-opsawg-pcapng): a writer that is synchronous, so that a crash
// leaves a readable file, and a reader for tests and for the fuzzer's corpus.

import { writeSync } from 'node:fs';
import type { Link } from './link.js';

const SHB = 0x0a0d0d0a;
const IDB = 1;
const PACKET = 2;
const SPB = 3;
const EPB = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

const OPT_SHB_USERAPPL = 4;
const OPT_IF_NAME = 2;
const OPT_IF_TSRESOL = 9;
const OPT_EPB_FLAGS = 2;

export const LINKTYPE_ETHERNET = 1;

/** Values of the direction field of epb_flags. */
export const DIRECTION_UNKNOWN = 0;
export const DIRECTION_INBOUND = 1;
export const DIRECTION_OUTBOUND = 2;
/** Link-layer error bit of epb_flags: wrong FCS. */
const FLAG_CRC_ERROR = 1 << 24;

/** A file descriptor, or what takes the bytes of each block. */
export type PcapngSink = number | ((bytes: Uint8Array) => void);

export interface PacketOptions {
  /** DIRECTION_INBOUND or DIRECTION_OUTBOUND, seen from the interface. */
  direction?: number;
  badFcs?: boolean;
}

export class PcapngWriter {
  packets = 0;
  private interfaces = 0;
  private readonly write: (bytes: Uint8Array) => void;

  /**
   * @param sink where blocks go, each in one piece
   * @param epoch µs since 1970 at virtual time 0
   */
  constructor(
    sink: PcapngSink,
    private readonly epoch = 0,
  ) {
    this.write = typeof sink === 'number' ? (bytes) => writeAll(sink, bytes) : sink;
    const body = new BlockBuilder(SHB);
    body.u32(BYTE_ORDER_MAGIC);
    body.u16(1);
    body.u16(0);
    body.u32(0xffffffff); // section length: not given
    body.u32(0xffffffff);
    body.option(OPT_SHB_USERAPPL, text('Lightwire test host'));
    body.endOptions();
    this.write(body.finish());
  }

  /** Adds an interface. @returns its number, for packet() */
  addInterface(name: string, linkType = LINKTYPE_ETHERNET): number {
    const body = new BlockBuilder(IDB);
    body.u16(linkType);
    body.u16(0);
    body.u32(0); // snap length: no limit
    body.option(OPT_IF_NAME, text(name));
    body.option(OPT_IF_TSRESOL, Uint8Array.of(6));
    body.endOptions();
    this.write(body.finish());
    return this.interfaces++;
  }

  /**
   * Writes one packet.
   * @param iface number that addInterface gave
   * @param time µs of virtual time
   */
  packet(iface: number, time: number, data: Uint8Array, options: PacketOptions = {}): void {
    const stamp = BigInt(Math.round(time)) + BigInt(Math.round(this.epoch));
    const body = new BlockBuilder(EPB, data.length + 64);
    body.u32(iface);
    body.u32(Number(stamp >> 32n));
    body.u32(Number(stamp & 0xffffffffn));
    body.u32(data.length);
    body.u32(data.length);
    body.bytes(data);
    const flags = (options.direction ?? 0) | (options.badFcs ? FLAG_CRC_ERROR : 0);
    if (flags) {
      const value = new Uint8Array(4);
      new DataView(value.buffer).setUint32(0, flags, true);
      body.option(OPT_EPB_FLAGS, value);
      body.endOptions();
    }
    this.write(body.finish());
    this.packets++;
  }
}

/**
 * Captures what a link delivers, as seen from its end `a`: frames to `b` are outbound. Frames that the link
 * loses are left out. Keeps a tap that is already there.
 */
export function captureLink(writer: PcapngWriter, link: Link, name: string): void {
  const iface = writer.addInterface(name);
  const before = link.tap;
  link.tap = (frame, info) => {
    before?.(frame, info);
    if (info.fate !== 'delivered') return;
    writer.packet(iface, info.time, frame, {
      direction: info.from === 'a' ? DIRECTION_OUTBOUND : DIRECTION_INBOUND,
      badFcs: info.meta?.badFcs ?? false,
    });
  };
}

export interface CapturedInterface {
  name: string;
  linkType: number;
  /** Ticks a second. */
  resolution: number;
}

export interface CapturedPacket {
  iface: number;
  /** µs since 1970. */
  time: number;
  data: Uint8Array;
  /** Length on the wire; more than data.length when the capture cut it. */
  length: number;
  direction: number;
  badFcs: boolean;
}

export interface Capture {
  interfaces: CapturedInterface[];
  packets: CapturedPacket[];
}

/**
 * Reads a whole pcapng file, either byte order, any number of sections.
 * @throws Error when the file is damaged
 */
export function readPcapng(file: Uint8Array): Capture {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const out: Capture = { interfaces: [], packets: [] };
  let little = true;
  let firstInterface = 0;
  let at = 0;
  while (at < file.length) {
    if (at + 12 > file.length) throw new Error(`pcapng: cut off in a block header at ${at}`);
    const rawType = view.getUint32(at, true);
    if (rawType === SHB) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      if (!little && view.getUint32(at + 8, false) !== BYTE_ORDER_MAGIC) {
        throw new Error(`pcapng: no byte-order magic at ${at + 8}`);
      }
      firstInterface = out.interfaces.length;
    } else if (at === 0) {
      throw new Error('pcapng: does not start with a section header');
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    const end = at + length;
    if (length < 12 || length % 4 || end > file.length || view.getUint32(end - 4, little) !== length) {
      throw new Error(`pcapng: bad block length ${length} at ${at}`);
    }
    const body = at + 8;
    if (type === IDB) {
      const i: CapturedInterface = { name: '', linkType: view.getUint16(body, little), resolution: 1e6 };
      eachOption(view, body + 8, end - 4, little, (code, from, size) => {
        if (code === OPT_IF_NAME) i.name = Buffer.from(file.subarray(from, from + size)).toString('utf8');
        if (code === OPT_IF_TSRESOL) {
          const r = file[from]!;
          i.resolution = r & 0x80 ? 2 ** (r & 0x7f) : 10 ** r;
        }
      });
      out.interfaces.push(i);
    } else if (type === EPB || type === PACKET) {
      const iface =
        firstInterface + (type === EPB ? view.getUint32(body, little) : view.getUint16(body, little));
      const ticks = view.getUint32(body + 4, little) * 2 ** 32 + view.getUint32(body + 8, little);
      const captured = view.getUint32(body + 12, little);
      if (body + 20 + captured > end - 4) throw new Error(`pcapng: packet longer than its block at ${at}`);
      let flags = 0;
      eachOption(view, body + 20 + pad4(captured), end - 4, little, (code, from) => {
        if (code === OPT_EPB_FLAGS) flags = view.getUint32(from, little);
      });
      out.packets.push({
        iface,
        time: ticks / ((out.interfaces[iface]?.resolution ?? 1e6) / 1e6),
        data: file.slice(body + 20, body + 20 + captured),
        length: view.getUint32(body + 16, little),
        direction: flags & 3,
        badFcs: (flags & FLAG_CRC_ERROR) !== 0,
      });
    } else if (type === SPB) {
      const length4 = view.getUint32(body, little);
      const captured = Math.min(length4, length - 16);
      const data = file.slice(body + 4, body + 4 + captured);
      out.packets.push({
        iface: firstInterface,
        time: 0,
        data,
        length: length4,
        direction: 0,
        badFcs: false,
      });
    }
    at = end;
  }
  return out;
}

function eachOption(
  view: DataView,
  from: number,
  end: number,
  little: boolean,
  fn: (code: number, from: number, size: number) => void,
): void {
  while (from + 4 <= end) {
    const code = view.getUint16(from, little);
    const size = view.getUint16(from + 2, little);
    if (code === 0 || from + 4 + size > end) return;
    fn(code, from + 4, size);
    from += 4 + pad4(size);
  }
}

class BlockBuilder {
  private view: DataView;
  private at = 8;

  constructor(type: number, size = 256) {
    this.view = new DataView(new ArrayBuffer(size + 32));
    this.view.setUint32(0, type, true);
  }

  u16(value: number): void {
    this.grow(2);
    this.view.setUint16(this.at, value, true);
    this.at += 2;
  }

  u32(value: number): void {
    this.grow(4);
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** Bytes, padded with zeros to 32 bits. */
  bytes(data: Uint8Array): void {
    this.grow(pad4(data.length));
    new Uint8Array(this.view.buffer).set(data, this.at);
    this.at += pad4(data.length);
  }

  option(code: number, value: Uint8Array): void {
    this.u16(code);
    this.u16(value.length);
    this.bytes(value);
  }

  endOptions(): void {
    this.u32(0);
  }

  finish(): Uint8Array {
    const length = this.at + 4;
    this.u32(length);
    this.view.setUint32(4, length, true);
    return new Uint8Array(this.view.buffer, 0, length);
  }

  private grow(n: number): void {
    if (this.at + n <= this.view.byteLength) return;
    const bigger = new Uint8Array((this.at + n) * 2);
    bigger.set(new Uint8Array(this.view.buffer, 0, this.at));
    this.view = new DataView(bigger.buffer);
  }
}

function pad4(n: number): number {
  return (n + 3) & ~3;
}

function text(s: string): Uint8Array {
  return new Uint8Array(Buffer.from(s, 'utf8'));
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
}
