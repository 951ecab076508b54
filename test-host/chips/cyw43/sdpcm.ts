// SDPCM, CDC and BDC headers as bytes: taking a packet of the host apart, and building one for it. Little endian. Pure
// functions; sequence and credit rules are in host-link.ts.

import { CDC_SET } from './firmware.js';
import type { MisuseKind } from './misuse.js';

export const SDPCM_HEADER = 12;
/** Header length of data and event packets: two bytes of padding bring the frame's IP header onto a word. */
export const SDPCM_DATA_HEADER = 14;
export const CDC_HEADER = 16;
export const BDC_HEADER = 4;
export const ETHERNET_HEADER = 14;
export const MAX_FRAME = 1518;

export const CHANNEL_CONTROL = 0;
export const CHANNEL_EVENT = 1;
export const CHANNEL_DATA = 2;

const BDC_VERSION = 2;
const BDC_VERSION_SHIFT = 4;

/** Place of the credit in a packet. */
export const FLOW_OFFSET = 8;
export const CREDIT_OFFSET = 9;

export interface HostPacket {
  sequence: number;
  channel: number;
  /** What follows the SDPCM header, without padding behind the packet. */
  body: Uint8Array;
}

function u16(b: Uint8Array, at: number): number {
  return b[at]! | (b[at + 1]! << 8);
}

function u32(b: Uint8Array, at: number): number {
  return (u16(b, at) | (u16(b, at + 2) << 16)) >>> 0;
}

function put16(b: Uint8Array, at: number, value: number): void {
  b[at] = value;
  b[at + 1] = value >>> 8;
}

function put32(b: Uint8Array, at: number, value: number): void {
  put16(b, at, value);
  put16(b, at + 2, value >>> 16);
}

/**
 * @param bytes the F2 write as it came
 * @returns the packet, or what is wrong with it
 */
export function parsePacket(bytes: Uint8Array): HostPacket | MisuseKind {
  if (bytes.length < SDPCM_HEADER) return 'sdpcmLength';
  const size = u16(bytes, 0);
  if ((size ^ u16(bytes, 2)) !== 0xffff) return 'sdpcmCheck';
  if (size < SDPCM_HEADER || size > bytes.length) return 'sdpcmLength';
  const header = bytes[7]!;
  if (header < SDPCM_HEADER || header > size) return 'sdpcmHeader';
  const channel = bytes[5]! & 15;
  if (channel !== CHANNEL_CONTROL && channel !== CHANNEL_DATA) return 'sdpcmChannel';
  return { sequence: bytes[4]!, channel, body: bytes.subarray(header, size) };
}

export interface CdcHeader {
  cmd: number;
  /** Output length. */
  length: number;
  id: number;
  iface: number;
  set: boolean;
}

/** @returns null when the body is too short for the header */
export function parseCdc(body: Uint8Array): CdcHeader | null {
  if (body.length < CDC_HEADER) return null;
  const flags = u32(body, 8);
  return {
    cmd: u32(body, 0),
    length: u16(body, 4),
    id: flags >>> 16,
    iface: (flags >>> 12) & 15,
    set: (flags & CDC_SET) !== 0,
  };
}

export interface BdcHeader {
  priority: number;
  iface: number;
  /** Of the Ethernet frame in the body. */
  offset: number;
}

/** @returns the header or what is wrong */
export function parseBdc(body: Uint8Array): BdcHeader | MisuseKind {
  if (body.length < BDC_HEADER) return 'frameLength';
  if (body[0]! >> BDC_VERSION_SHIFT !== BDC_VERSION) return 'bdcVersion';
  const offset = BDC_HEADER + 4 * body[3]!;
  const length = body.length - offset;
  if (length < ETHERNET_HEADER || length > MAX_FRAME) return 'frameLength';
  return { priority: body[1]! & 7, iface: body[2]! & 15, offset };
}

/** @returns a packet of `header` + `body` bytes, the body's still to be filled in */
export function newPacket(sequence: number, channel: number, header: number, body: number): Uint8Array {
  const packet = new Uint8Array(header + body);
  put16(packet, 0, packet.length);
  put16(packet, 2, ~packet.length);
  packet[4] = sequence;
  packet[5] = channel;
  packet[7] = header;
  return packet;
}

export function putCdc(
  packet: Uint8Array,
  cmd: number,
  id: number,
  iface: number,
  flags: number,
  status: number,
): void {
  const at = packet[7]!;
  put32(packet, at, cmd);
  put32(packet, at + 4, packet.length - at - CDC_HEADER);
  put32(packet, at + 8, (id << 16) | (iface << 12) | (flags & 0xfff));
  put32(packet, at + 12, status);
}

export function putBdc(packet: Uint8Array, iface: number, extraWords: number): void {
  const at = packet[7]!;
  packet[at] = BDC_VERSION << BDC_VERSION_SHIFT;
  packet[at + 2] = iface;
  packet[at + 3] = extraWords;
}
