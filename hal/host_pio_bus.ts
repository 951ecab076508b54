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
 * Takes the words that a program puts, one by one, and carries out what they say: a transaction may begin in one put()
 * and end in a later one.
 * @param device the chip, null while there is none: then the data line stays high
 * @param came takes each word that comes in
 * @returns the function to hand each word to
 */
export function gspiWords(
  device: () => HostGspiDevice | null,
  came: (word: number) => void,
): (word: number) => void {
  let skip = 0;
  let out = 0;
  let back = 0;
  return function (word) {
    const chip = device();
    if (skip) skip--;
    else if (out) {
      if (chip) chip.wordIn(word);
      if (--out) return;
      for (; back; back--) came(chip ? chip.wordOut() >>> 0 : 0xffffffff);
      if (chip) chip.deselect();
    } else if (word < 0x10000) skip = word;
    else {
      const bits = (word >>> 16) + 1;
      const answer = (word & 0xffff) + 1;
      if (bits & 31 || (answer !== 1 && answer & 31))
        throw new Error('gSPI: bits that are no whole words: ' + word);
      out = bits >> 5;
      back = answer === 1 ? 0 : answer >> 5;
      if (chip) chip.select();
    }
  };
}

/**
 * @param device as for gspiWords()
 * @param count called for each call of put() and get()
 */
export function hostPioBus(
  device: () => HostGspiDevice | null,
  count: (isPut: boolean, words: number) => void,
): PioBus {
  const waiting: number[] = [];
  const take = gspiWords(device, function (word) {
    waiting.push(word);
  });
  return {
    pio: 0,
    sm: 0,
    put: function (_pio, _sm, view) {
      const words = new Uint32Array(view.buffer);
      count(true, words.length);
      const before = waiting.length;
      for (let i = 0; i < words.length; i++) {
        if (before > FIFO)
          throw new Error('gSPI: ' + before + ' words wait to be read: this would never end');
        take(words[i]!);
      }
    },
    get: function () {
      count(false, 1);
      if (!waiting.length) throw new Error('gSPI: no word to read: this would never end');
      return waiting.shift()!;
    },
  };
}
