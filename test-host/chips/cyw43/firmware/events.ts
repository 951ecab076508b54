// Events as the firmware tells them to its host: their numbers, the frame that carries one, and the mask that lets
// each through or not.

import { macText } from '../../../air/index.js';
import type { WlanFirmware } from './wlan-firmware.js';

export const EVENT_SET_SSID = 0;
export const EVENT_JOIN = 1;
export const EVENT_AUTH = 3;
export const EVENT_AUTH_IND = 4;
export const EVENT_DEAUTH = 5;
export const EVENT_DEAUTH_IND = 6;
export const EVENT_ASSOC = 7;
export const EVENT_ASSOC_IND = 8;
export const EVENT_DISASSOC = 11;
export const EVENT_DISASSOC_IND = 12;
export const EVENT_LINK = 16;
export const EVENT_PRUNE = 23;
export const EVENT_PSK_SUP = 46;
export const EVENT_ESCAN_RESULT = 69;
export const EVENT_CSA_COMPLETE_IND = 80;
export const EVENT_ASSOC_REQ_IE = 87;
export const EVENT_ASSOC_RESP_IE = 88;

export const STATUS_SUCCESS = 0;
export const STATUS_FAIL = 1;
export const STATUS_NO_NETWORKS = 3;
export const STATUS_ABORT = 4;
export const STATUS_NO_ACK = 5;
export const STATUS_PARTIAL = 8;

/** What PSK_SUP's status says: how far the handshake got. */
export const SUPPLICANT_KEYED = 6;
export const SUPPLICANT_WAITS_FOR_M3 = 8;
/** PSK_SUP's reason. */
export const SUPPLICANT_DEAUTHENTICATED = 14;
export const SUPPLICANT_TIMED_OUT = 15;

/** LINK's reason when the link goes. */
export const LINK_LOW_RSSI = 1;
export const LINK_DEAUTHENTICATED = 2;
export const LINK_DISASSOCIATED = 3;
export const LINK_BEACONS_LOST = 4;

export const LINK_UP = 1;

export interface EventFields {
  status?: number;
  reason?: number;
  /** LINK_UP or 0. */
  flags?: number;
  auth?: number;
  /** The access point's or the station's address. */
  address?: Uint8Array;
  data?: Uint8Array;
}

/** Ethernet header, Broadcom header, message. */
const ETHERNET = 14;
const BROADCOM = 10;
const MESSAGE = 48;

export class Events {
  /** Frames sent to the host. */
  sent = 0;
  /** Kept back by the mask. */
  masked = 0;

  constructor(private readonly fw: WlanFirmware) {}

  send(iface: number, type: number, fields: EventFields = {}): void {
    const { fw } = this;
    if (!fw.running) return;
    const mask = fw.bsscfgs[iface]!.eventMask ?? fw.bsscfgs[0]!.eventMask;
    if (!mask || !((mask[type >> 3] ?? 0) & (1 << (type & 7)))) {
      this.masked++;
      return;
    }
    if (fw.faults.losesEvent(type)) return;
    this.sent++;
    fw.host?.event(eventFrame(fw.mac, iface, type, fields));
  }
}

/** The frame of one event; all of the message is big endian. */
function eventFrame(mac: Uint8Array, iface: number, type: number, fields: EventFields): Uint8Array {
  const { status = 0, reason = 0, flags = 0, auth = 0, address, data } = fields;
  const length = data?.length ?? 0;
  const frame = new Uint8Array(ETHERNET + BROADCOM + MESSAGE + length);
  const view = new DataView(frame.buffer);
  frame.set(mac, 0);
  frame.set(mac, 6);
  // The source is the chip's address, made local.
  frame[6]! |= 2;
  view.setUint16(12, 0x886c);
  view.setUint16(14, 0x8001);
  view.setUint16(16, BROADCOM - 4 + MESSAGE + length);
  frame.set([0x00, 0x00, 0x10, 0x18], 18);
  view.setUint16(22, 0x0001);
  const at = ETHERNET + BROADCOM;
  view.setUint16(at, 2);
  view.setUint16(at + 2, flags);
  view.setUint32(at + 4, type);
  view.setUint32(at + 8, status);
  view.setUint32(at + 12, reason);
  view.setUint32(at + 16, auth);
  view.setUint32(at + 20, length);
  if (address) frame.set(address, at + 24);
  frame.set(Buffer.from(iface ? 'wl0.1' : 'wl0', 'latin1'), at + 30);
  frame[at + 46] = iface;
  frame[at + 47] = iface;
  if (data) frame.set(data, at + MESSAGE);
  return frame;
}

/** An event as a test wants to read it. */
export interface ReadEvent {
  type: number;
  status: number;
  reason: number;
  flags: number;
  iface: number;
  address: string;
  data: Uint8Array;
}

export function readEvent(frame: Uint8Array): ReadEvent {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const at = ETHERNET + BROADCOM;
  return {
    flags: view.getUint16(at + 2),
    type: view.getUint32(at + 4),
    status: view.getUint32(at + 8),
    reason: view.getUint32(at + 12),
    iface: frame[at + 46]!,
    address: macText(frame, at + 24),
    data: frame.slice(at + MESSAGE, at + MESSAGE + view.getUint32(at + 20)),
  };
}
