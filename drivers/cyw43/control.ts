// Controls: commands to the firmware (WLC_...) and its variables by name (iovars), one at a time, each with a reply. CDC
// header: command, length, flags with the id that ties reply to request, status.

import { MODE_RUNNING, type Cyw43 } from './device.js';
import { CONTROL_LIMIT } from './opt.js';
import { BUS_HEADER, CHANNEL_CONTROL, maySend, SDPCM_HEADER, sendPacket } from './sdpcm.js';

const WLC_GET_VAR = 262;
const WLC_SET_VAR = 263;

/** Status of a control that had no reply in time; that was still waiting when the chip was started anew. */
export const CONTROL_TIMEOUT = -1000;
export const CONTROL_CANCELLED = -1001;

export const CDC_HEADER = 16;
/** Words of bus, SDPCM and CDC headers. */
const CDC_WORD = (BUS_HEADER + SDPCM_HEADER) >> 2;
const PAYLOAD = BUS_HEADER + SDPCM_HEADER + CDC_HEADER;
// CDC flags.
const FLAG_ERROR = 0x01;
const FLAG_SET = 0x02;

/**
 * Takes the reply to a control.
 * @param status 0; negative: the firmware's reason to refuse it (a BCME_ error), CONTROL_TIMEOUT or CONTROL_CANCELLED
 * @param bytes where the answer is, from `off` on; valid during the call
 * @param length bytes of answer
 */
export type Reply = (dev: Cyw43, status: number, bytes: Uint8Array, off: number, length: number) => void;

interface Request {
  words: Uint32Array;
  size: number;
  id: number;
  reply: Reply | null;
  next: Request | null;
}

/** The queue of controls; the first one is under way when `sent`. */
export interface Control {
  first: Request | null;
  last: Request | null;
  sent: boolean;
  /** Clock value by which its reply must have come. */
  deadline: number;
  id: number;
}

export function controlNew(): Control {
  return { first: null, last: null, sent: false, deadline: 0, id: 0 };
}

/**
 * Queues a command.
 * @param set whether it changes something, or asks
 * @param command a WLC_ number
 * @param iface interface, 0 the station, 1 the access point
 * @param data bytes with the command; of a question as many as the answer has at most
 */
export function ioctl(
  dev: Cyw43,
  set: boolean,
  command: number,
  iface: number,
  data: Uint8Array,
  reply: Reply | null,
): void {
  const control = dev.control;
  const length = data.length;
  const words = new Uint32Array((PAYLOAD + length + 3) >> 2);
  words[CDC_WORD] = command;
  words[CDC_WORD + 1] = length;
  const id = (control.id = (control.id + 1) & 0x3fff);
  words[CDC_WORD + 2] = (id << 16) | (iface << 12) | (set ? FLAG_SET : 0);
  new Uint8Array(words.buffer).set(data, PAYLOAD);
  const request = { words, size: PAYLOAD - BUS_HEADER + length, id, reply, next: null };
  if (control.last) control.last.next = request;
  else control.first = request;
  control.last = request;
  controlSend(dev);
}

/** Sets what is one number. @param value signed or unsigned 32-bit */
export function ioctlNumber(
  dev: Cyw43,
  command: number,
  value: number,
  iface: number,
  reply: Reply | null,
): void {
  ioctl(dev, true, command, iface, littleEndian([value]), reply);
}

/** Sets a variable of the firmware. */
export function iovarSet(
  dev: Cyw43,
  name: string,
  data: Uint8Array,
  iface: number,
  reply: Reply | null,
): void {
  ioctl(dev, true, WLC_SET_VAR, iface, named(name, data, data.length), reply);
}

/** Sets a variable that is one or more 32-bit numbers. */
export function iovarNumbers(
  dev: Cyw43,
  name: string,
  values: number[],
  iface: number,
  reply: Reply | null,
): void {
  iovarSet(dev, name, littleEndian(values), iface, reply);
}

/** Reads a variable. @param length bytes of the answer, at most */
export function iovarGet(dev: Cyw43, name: string, length: number, iface: number, reply: Reply | null): void {
  ioctl(dev, false, WLC_GET_VAR, iface, named(name, null, length), reply);
}

/** A variable's name, ended by a zero, and room for its value. */
function named(name: string, data: Uint8Array | null, room: number): Uint8Array {
  const at = name.length + 1;
  const bytes = new Uint8Array(at + room);
  for (let i = 0; i < name.length; i++) bytes[i] = name.charCodeAt(i);
  if (data) bytes.set(data, at);
  return bytes;
}

function littleEndian(values: number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}

/** Sends the first control, if none is under way and the chip takes it. */
export function controlSend(dev: Cyw43): void {
  const control = dev.control;
  const request = control.first;
  if (!request || control.sent || dev.mode !== MODE_RUNNING || !maySend(dev)) return;
  sendPacket(dev, request.words, request.size, CHANNEL_CONTROL, SDPCM_HEADER);
  control.sent = true;
  control.deadline = (dev.clock.millis() + CONTROL_LIMIT) | 0;
}

/**
 * Takes a packet of the control channel.
 * @param at where its CDC header begins
 * @param end behind its last byte
 */
export function controlReply(dev: Cyw43, bytes: Uint8Array, at: number, end: number): void {
  const control = dev.control;
  const request = control.first;
  // The reply to a control that was given up.
  if (!request || !control.sent || (bytes[at + 10]! | (bytes[at + 11]! << 8)) !== request.id) return;
  let status = 0;
  if (bytes[at + 8]! & FLAG_ERROR) {
    status =
      bytes[at + 12]! | (bytes[at + 13]! << 8) | (bytes[at + 14]! << 16) | (bytes[at + 15]! << 24) || -1;
    dev.counters.controlRefused++;
  }
  finish(dev, status, bytes, at + CDC_HEADER, end - at - CDC_HEADER);
  controlSend(dev);
}

/** Whether the control under way has outlasted its time. */
export function controlOverdue(dev: Cyw43, now: number): boolean {
  const control = dev.control;
  return control.sent && ((control.deadline - now) | 0) <= 0;
}

/** Ends all controls. The one under way is told that its time is over, if it is. */
export function controlCancel(dev: Cyw43): void {
  const none = new Uint8Array(0);
  let status = controlOverdue(dev, dev.clock.millis()) ? CONTROL_TIMEOUT : CONTROL_CANCELLED;
  // What a reply asks for comes behind these, and waits.
  let n = 0;
  for (let request = dev.control.first; request; request = request.next) n++;
  while (n-- && dev.control.first) {
    finish(dev, status, none, 0, 0);
    status = CONTROL_CANCELLED;
  }
}

function finish(dev: Cyw43, status: number, bytes: Uint8Array, off: number, length: number): void {
  const control = dev.control;
  const request = control.first!;
  control.first = request.next;
  if (!request.next) control.last = null;
  control.sent = false;
  if (request.reply) request.reply(dev, status, bytes, off, length);
}
