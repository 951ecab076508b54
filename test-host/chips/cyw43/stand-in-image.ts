// The stand-ins as a board keeps them: the image that `lightwire cyw43-firmware` would store.

import { padded } from '../../../tools/cyw43/gspi-script.js';
import { buildImage } from '../../../tools/cyw43/image.js';
import { standInClm, standInFirmware, standInNvram } from './stand-in.js';

/** Bytes of the published firmware, rounded up: an image of as many takes as long to load. */
export const PUBLISHED_SIZE = 224_192;

/** @param size bytes of firmware, a multiple of four */
export function standInImage(size = 8192): Uint8Array {
  return buildImage({
    firmware: standInFirmware({ size }),
    nvram: padded(standInNvram()),
    clm: standInClm(),
    version: '7.95.49',
  });
}
