// Events of the firmware: Ethernet frames of Broadcom's type 0x886c whose message, 48 bytes in network byte order, tells
// type, status, reason and interface.

import type { Cyw43 } from './device.js';
import { wifiEvent } from './wifi.js';

/** Bytes before the message: Ethernet header and Broadcom's. */
const MESSAGE = 24;
/** Bytes of the message; the event's own data follow. */
const MESSAGE_LENGTH = 48;

/**
 * Takes a frame of the event channel.
 * @param at where the frame begins
 * @param end behind its last byte
 */
export function eventInput(dev: Cyw43, bytes: Uint8Array, at: number, end: number): void {
  const message = at + MESSAGE;
  const data = message + MESSAGE_LENGTH;
  if (
    data > end ||
    bytes[at + 12] !== 0x88 ||
    bytes[at + 13] !== 0x6c ||
    bytes[at + 19] !== 0x00 ||
    bytes[at + 20] !== 0x10 ||
    bytes[at + 21] !== 0x18
  ) {
    dev.counters.eventBad++;
    return;
  }
  dev.counters.events++;
  const length = (bytes[message + 22]! << 8) | bytes[message + 23]!;
  wifiEvent(
    dev,
    bytes[message + 7]!,
    bytes[message + 11]!,
    bytes[message + 15]!,
    (bytes[message + 2]! << 8) | bytes[message + 3]!,
    bytes[message + 46]!,
    bytes,
    data,
    length > end - data ? end - data : length,
  );
}
