// Images for the Wi-Fi chip as files, and their place in raw flash.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { checkImage, ImageError, RAW_OFFSET, RAW_SIZE, type ImageParts } from '../cyw43/image.js';
import { reason } from './bundle-file.js';
import type { FlashLayout } from './flash-layout.js';
import type { Placed } from './uf2-image.js';
import { UserError } from './user-error.js';

/** @throws UserError */
export function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(missing ? `no file ${path}` : `${path} cannot be read: ${reason(error)}`);
  }
}

/** Reads an image, checks it and cuts off what follows it. @throws UserError */
export function readImage(path: string): Uint8Array {
  const bytes = readInput(path);
  return bytes.subarray(0, checked(bytes, basename(path)).length);
}

/** @param name the file's, for messages. @throws UserError */
export function checked(bytes: Uint8Array, name: string): ImageParts & { length: number } {
  try {
    return checkImage(bytes);
  } catch (error) {
    if (error instanceof ImageError) throw new UserError(`${name} ${error.message}`);
    throw error;
  }
}

/** @throws UserError on a board without a place for it, or when it is too large */
export function placedImage(image: Uint8Array, layout: FlashLayout): Placed {
  if (layout.chip !== 'RP2040') {
    throw new UserError(`raw flash of ${layout.board} has no place for it: store it as a file (--port)`);
  }
  if (image.length > RAW_SIZE) {
    throw new UserError(`the image is ${image.length} bytes; raw flash has room for ${RAW_SIZE}`);
  }
  return { offset: RAW_OFFSET, bytes: image };
}
