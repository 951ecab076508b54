// Ones'-complement sums by a state machine of the RP2040's PIO: 0.4 ms for a full frame that takes JavaScript 5.8 ms.
// Loads the program, once per reset of the chip, and proves it before anybody relies on it.

import type { WordSum } from './interfaces.js';
import type { Rp2, Rp2Binding } from './kaluma_rp2.js';

declare const process: { binding?: Rp2Binding };

/** Kaluma's StateMachine objects take the last machine of the second block last. */
const PIO = 1;
const SM = 3;
const MEMORY = 32;

/**
 * Subtracts words from X modulo 2^32 - 1, two bits at a time: X is decremented as often as the bits say, and then
 * rotated so that the next two weigh one. After 16 steps it is in place again. 8 + 2d cycles for the digit d, all in
 * all 128 cycles for an average word, 176 at most. RP2040 datasheet, 3.4: encodings; autopull and autopush are on.
 */
const PROGRAM = [
  0x4020, //        in x, 32        entered by a jump: tells X
  0xa02b, //        mov x, ~null
  0x6042, // digit: out y, 2        wrap target; waits for words
  0x0087, // next:  jmp y-- less
  0xa0c1, //        mov isr, x
  0x4022, //        in x, 2
  0xa026, //        mov x, isr      wrap
  0x0043, // less:  jmp x-- next
  0x0043, //        jmp x-- next    was 0, the same as 2^32 - 1
];
const DIGIT = 2;
const WRAP = 6;

/** @returns null where there is no PIO, or neither the program nor room for it */
export function rp2040WordSum(): WordSum | null {
  const binding = process.binding;
  const rp2 = binding && binding.rp2 ? binding(binding.rp2) : undefined;
  if (!rp2 || !rp2.pio_add_program) return null;
  // Kaluma empties instruction memory when the chip is reset, not when a program is loaded anew: where programs are put
  // first, an earlier run's may still lie.
  return (
    summer(rp2, MEMORY - PROGRAM.length) || summer(rp2, rp2.pio_add_program(PIO, new Uint16Array(PROGRAM)))
  );
}

/** @returns the summing function when the program lies at `offset` */
function summer(rp2: Rp2, offset: number): WordSum | null {
  if (offset < 0) return null;
  rp2.pio_sm_init(PIO, SM, { offset, wrapTarget: DIGIT, wrap: WRAP, autopush: true, autopull: true });
  rp2.pio_sm_set_enabled(PIO, SM, true);
  const put = rp2.pio_sm_put;
  const exec = rp2.pio_sm_exec;
  const get = rp2.pio_sm_get;
  // It begins by telling what was in X.
  if (rp2.pio_sm_rxfifo(PIO, SM) !== 1) return null;
  get(PIO, SM);
  put(PIO, SM, new Uint32Array([0x89abcdef, 0x76543211]));
  exec(PIO, SM, offset);
  if (rp2.pio_sm_rxfifo(PIO, SM) !== 1 || get(PIO, SM) !== 0xfffffffe) return null;
  return function (words: Uint32Array): number {
    put(PIO, SM, words);
    // The last words, at most six of 176 cycles, are still being summed. The engine takes 2291 cycles to the next native
    // call (Kaluma 1.2.1, flash without waits), and both run by the same clock. The instruction is a jump to `offset`.
    exec(PIO, SM, offset);
    return 0xffffffff - get(PIO, SM);
  };
}
