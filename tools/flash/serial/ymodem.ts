// YMODEM, the sender's side: one file in blocks of 1 KB with CRC-16 (Forsberg, XMODEM/YMODEM Protocol Reference, 1988).
// Kaluma's receiver differs in two points: it asks with 'C' again where others send NAK, and sends NAK only for a block
// number that it does not expect, as after an ACK that got lost.

import type { Conversation } from './conversation.js';

const SOH = 0x01;
const STX = 0x02;
const EOT = 0x04;
const ACK = 0x06;
const NAK = 0x15;
const CAN = 0x18;
const ASK = 0x43;
const PAD = 0x1a;
const SMALL = 128;
const LARGE = 1024;
/** Times that one block is sent. */
const TRIES = 6;
/** A 'C' on its own may have been on its way before the block; the second one asks again. */
const ASKS = 2;

export interface YmodemTimes {
  /** Until the receiver asks for the file, ms. */
  start: number;
  /** Until the file's name is acknowledged, ms: the receiver erases its flash meanwhile. */
  header: number;
  /** Until a block is acknowledged, ms. */
  block: number;
  /** Of silence that end a burst of 'C', ms. */
  quiet: number;
}

export const YMODEM_TIMES: YmodemTimes = { start: 5000, header: 50_000, block: 4000, quiet: 100 };

/** `cancelled`: the receiver gave up. `silent`: it did not answer. `garbled`: it kept asking for the same block. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  constructor(readonly why: 'cancelled' | 'silent' | 'garbled') {
    super(`YMODEM transfer: ${why}`);
  }
}

/**
 * Sends one file and ends the session.
 * @param name up to 63 characters
 * @param onSent told of the bytes that have been acknowledged
 * @throws TransferError
 */
export async function ymodemSend(
  line: Conversation,
  name: string,
  bytes: Uint8Array,
  onSent: (bytes: number) => void = () => {},
  times: YmodemTimes = YMODEM_TIMES,
): Promise<void> {
  // A byte that begins nothing makes Kaluma ask at once, not a second later.
  line.write(Uint8Array.of(0));
  if (!(await asked(line, times.start))) throw new TransferError('silent');
  await exchange(
    line,
    block(0, Buffer.from(`${name}\0${bytes.length} `, 'latin1'), SMALL, 0),
    times.header,
    times,
  );
  // Lost with the acknowledgement, it does not come, and is not needed.
  await asked(line, times.block);
  for (let at = 0, number = 1; at < bytes.length; at += LARGE, number++) {
    const data = bytes.subarray(at, at + LARGE);
    await exchange(line, block(number, data, LARGE, PAD), times.block, times);
    onSent(at + data.length);
  }
  await exchange(line, Uint8Array.of(EOT), times.block, times);
  // Not sent again on silence: a receiver that took it reads commands by now.
  await exchange(line, block(0, new Uint8Array(0), SMALL, 0), times.block, times, 1);
}

/** Start, number, its complement, data, CRC. */
function block(number: number, data: Uint8Array, size: number, pad: number): Uint8Array {
  const out = Buffer.alloc(size + 5, pad);
  out[0] = size === LARGE ? STX : SOH;
  out[1] = number & 255;
  out[2] = ~number & 255;
  out.set(data, 3);
  out.writeUInt16BE(crc16(out.subarray(3, 3 + size)), 3 + size);
  return out;
}

/** CRC-16 of polynomial x^16 + x^12 + x^5 + 1, most significant bit first, from 0. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  }
  return crc;
}

/** Waits for the receiver's 'C'. @returns whether it came within `ms` */
async function asked(line: Conversation, ms: number): Promise<boolean> {
  for (;;) {
    const byte = await line.next(ms);
    if (byte === ASK) return true;
    if (byte < 0) return false;
    if (byte === CAN && (await line.next(ms)) === CAN) throw new TransferError('cancelled');
  }
}

type Reply = 'taken' | 'again' | 'out of order' | 'silence';

async function exchange(
  line: Conversation,
  packet: Uint8Array,
  ms: number,
  times: YmodemTimes,
  silences = TRIES,
): Promise<void> {
  let silent = 0;
  for (let tries = 0; tries < TRIES; tries++) {
    line.write(packet);
    const reply = await answer(line, ms);
    if (reply === 'taken') return;
    if (reply === 'out of order' && silent > 0) return;
    if (reply === 'silence' && ++silent >= silences) break;
    if (reply === 'again') await line.quiet(times.quiet, times.block);
  }
  throw new TransferError(silent ? 'silent' : 'garbled');
}

async function answer(line: Conversation, ms: number): Promise<Reply> {
  for (let asks = 0; ;) {
    switch (await line.next(ms)) {
      case -1:
        return 'silence';
      case ACK:
        return 'taken';
      case NAK:
        return 'out of order';
      case ASK:
        if (++asks >= ASKS) return 'again';
        break;
      case CAN:
        if ((await line.next(ms)) === CAN) throw new TransferError('cancelled');
        break;
    }
  }
}
