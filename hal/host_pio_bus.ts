// The gSPI bus on a PC: what the state machine's program does, word by word, on a chip.

import type { PioBus } from './interfaces.js';

/** A chip as the bus sees it: 32 bits at a time, the first one on the wire the most significant. */
export interface HostGspiDevice {
  select(): void;
  wordIn(word: number): void;
  wordOut(): number;
  deselect(): void;
}

/** Words that may wait to be read. */
const FIFO = 4;

/**
 * @param device the chip, null while there is none: then the data line stays high
 * @param count called for each call of put() and get()
 */
export function hostPioBus(
  device: () => HostGspiDevice | null,
  count: (isPut: boolean, words: number) => void,
): PioBus {
  const waiting: number[] = [];
  let busy = 0;

  const transaction = function (words: Uint32Array, at: number, out: number, back: number): void {
    const chip = device();
    if (chip) chip.select();
    for (let i = 0; i < out; i++) if (chip) chip.wordIn(words[at + i]!);
    for (let i = 0; i < back; i++) waiting.push(chip ? chip.wordOut() >>> 0 : 0xffffffff);
    if (chip) chip.deselect();
  };

  return {
    pio: 0,
    sm: 0,
    put: function (_pio, _sm, view) {
      const words = new Uint32Array(view.buffer);
      count(true, words.length);
      for (let at = 0; at < words.length;) {
        const header = words[at++]!;
        const out = (header >>> 16) + 1;
        const back = (header & 0xffff) + 1;
        if (out === 1) {
          at += header;
          if (at > words.length)
            throw new Error('gSPI: ' + (at - words.length) + ' words to skip are missing');
          continue;
        }
        if (out & 31 || (back !== 1 && back & 31))
          throw new Error('gSPI: bits that are no whole words: ' + header);
        if (at + (out >> 5) > words.length) throw new Error('gSPI: words of a transaction are missing');
        if (busy > FIFO) throw new Error('gSPI: ' + busy + ' words wait to be read: this would never end');
        transaction(words, at, out >> 5, back === 1 ? 0 : back >> 5);
        busy = waiting.length;
        at += out >> 5;
      }
    },
    get: function () {
      count(false, 1);
      if (!waiting.length) throw new Error('gSPI: no word to read: this would never end');
      busy--;
      return waiting.shift()!;
    },
  };
}
