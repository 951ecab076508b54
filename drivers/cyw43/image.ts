// The stored image of the chip's firmware on its way to the chip: summed, then sent piece by piece as it lies; and the
// regulatory data (CLM), which the firmware itself takes. docs/cyw43.md tells what an image is.

import { CONTROL_TIMEOUT, iovarGet, iovarSet } from './control.js';
import type { Cyw43 } from './device.js';
import { FAULT_CLM, FAULT_IMAGE_DAMAGED, FAULT_NO_IMAGE, FAULT_NONE } from './fault.js';
import { PIECE, PIECES_PER_TURN } from './opt.js';

// The image's header: 32-bit words, their indices. Who opens it has looked whether it is one.
const IMAGE_WORDS = 4;
const IMAGE_SUM = 5;
const IMAGE_CLM_LENGTH = 6;
/** Byte at which the CLM begins; the script follows at PIECE. */
const IMAGE_CLM = 1024;

/** Bytes of CLM in a control, and the flags of its header: handler version 1, begin, end. */
const CLM_CHUNK = 1024;
const CLM_FLAGS = 0x1000;
const CLM_BEGIN = 2;
const CLM_END = 4;

/** What sendImage() gives while there is more to send. */
export const MORE = -1;

/** Opens the image and reads its header. @returns a FAULT_ constant */
export function openImage(dev: Cyw43): number {
  const source = dev.start!.image;
  const reader = source.open();
  dev.imageReason = source.reason;
  if (!reader) return FAULT_NO_IMAGE;
  const bytes = new Uint8Array(PIECE);
  const words = new Uint32Array(bytes.buffer);
  reader.read(0, bytes);
  dev.image = {
    reader,
    bytes,
    words,
    at: PIECE,
    end: PIECE + 4 * words[IMAGE_WORDS]!,
    sum: words[IMAGE_SUM]!,
    summed: 0,
    trusted: !dev.config.wordSum,
  };
  return FAULT_NONE;
}

/**
 * Sums some pieces of the image's script; when all are summed, sends some, which the bus carries out as they are: a wrong
 * word could stop it for good.
 * @returns MORE until all are sent, then a FAULT_ constant
 */
export function sendImage(dev: Cyw43): number {
  const image = dev.image!;
  for (let i = 0; i < PIECES_PER_TURN; i++) {
    const left = image.end - image.at;
    if (left <= 0) {
      if (image.trusted) return FAULT_NONE;
      if (image.summed !== image.sum) return FAULT_IMAGE_DAMAGED;
      image.trusted = true;
      image.at = PIECE;
      return MORE;
    }
    const bytes = left < PIECE ? new Uint8Array(left) : image.bytes;
    const words = left < PIECE ? new Uint32Array(bytes.buffer) : image.words;
    image.reader.read(image.at, bytes);
    image.at += PIECE;
    if (image.trusted) dev.put(dev.pio, dev.sm, words);
    else {
      image.summed += dev.config.wordSum!(words);
      if (image.summed > 0xffffffff) image.summed -= 0xffffffff;
    }
  }
  return MORE;
}

/**
 * Hands the regulatory data over, a chunk a control.
 * @param at the first byte to send
 * @param done called with a FAULT_ constant; not when the chip is given up meanwhile
 */
export function sendClm(dev: Cyw43, at: number, done: (dev: Cyw43, fault: number) => void): void {
  const image = dev.image!;
  const header = new Uint8Array(PIECE);
  image.reader.read(0, header);
  const length = new Uint32Array(header.buffer)[IMAGE_CLM_LENGTH]!;
  const chunk = length - at > CLM_CHUNK ? CLM_CHUNK : length - at;
  const last = at + chunk >= length;
  const data = new Uint8Array(12 + chunk);
  const flags = CLM_FLAGS | (at ? 0 : CLM_BEGIN) | (last ? CLM_END : 0);
  data[0] = flags;
  data[1] = flags >> 8;
  data[2] = 2;
  data[4] = chunk;
  data[5] = chunk >> 8;
  data.set(header.subarray(IMAGE_CLM + at, IMAGE_CLM + at + chunk), 12);
  iovarSet(dev, 'clmload', data, 0, function (_dev, status) {
    if (status) {
      if (status > CONTROL_TIMEOUT) done(dev, FAULT_CLM);
    } else if (!last) sendClm(dev, at + chunk, done);
    else {
      iovarGet(dev, 'clmload_status', 4, 0, function (_same, failure, bytes, off) {
        if (!failure) done(dev, bytes[off] ? FAULT_CLM : FAULT_NONE);
        else if (failure > CONTROL_TIMEOUT) done(dev, FAULT_CLM);
      });
    }
  });
}
