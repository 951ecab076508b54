// The PIO program for gSPI of program.test.ts, which says why it is so. SET writes data (bit 0) and chip select (bit 1), side-set
// is the clock, the program wraps.

import {
  inPin,
  jmpNotY,
  jmpX,
  jmpY,
  nop,
  outPin,
  outX16,
  outY16,
  setDirs,
  setPins,
  setX,
} from './program.js';

export const GSPI_PROGRAM = [
  outX16(0), //        bits to go, less 1; waits here with the clock low and chip select high
  outY16(0), //        bits to come, less 1, or 0
  setPins(0, 0), //    chip select falls
  setDirs(3, 0), //
  outPin(0), //     4: a bit out, with the falling edge
  jmpX(4, 1), //       the chip takes it
  setDirs(2, 0), //    the line is an input from the last falling edge on, where the chip's first bit appears
  jmpNotY(11, 0), //
  nop(1, 2), //     8: high for 48 ns
  inPin(0), //         sees the line 16 ns before this falling edge
  jmpY(8, 0), //
  setPins(2, 0), // 11: chip select rises
  setX(31, 0), //
  jmpX(13, 0, 7), //   stays high for 4 us
];
