// The image for the radio in a board's raw flash, seen from the prompt.

import { MAGIC, RAW_OFFSET } from '../../cyw43/image.js';
import { SECTOR, type FlashLayout } from '../flash-layout.js';

/**
 * An expression for the prompt: whether there is one, 1 or 0. It is counted as Kaluma's Flash does, from the storage on.
 * @param erase erases its first sector, so that there is none
 * @returns '0' for boards that have no place for it
 */
export function rawImageExpression(layout: FlashLayout, erase: boolean): string {
  if (layout.chip !== 'RP2040') return '0';
  const sector = (RAW_OFFSET - layout.storage.offset) / SECTOR;
  const codes = Array.from(MAGIC, (character) => character.charCodeAt(0));
  return (
    `(function(){var f=new(require('flash').Flash)(${sector},1),b=new Uint8Array(${codes.length}),i;f.read(0,b,0);` +
    `for(i=0;i<b.length;i++)if(b[i]!==[${codes.join()}][i])return 0;${erase ? 'f.ioctl(6,0);' : ''}return 1})()`
  );
}
