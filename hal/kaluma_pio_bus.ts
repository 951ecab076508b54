// The gSPI bus of a Pico W's radio on Kaluma: a program for a state machine of PIO 0 that carries out whole
// transactions, so that JavaScript pays one call for what it sends and one for each word that comes in.

import type { PioBus } from './interfaces.js';
import type { Rp2Binding } from './kaluma_rp2.js';

declare const process: { binding?: Rp2Binding };

/** GPIO numbers; chip select must be the data line's next. */
export interface GspiPins {
  data: number;
  clock: number;
}

const PIO = 0;
const SM = 0;
const MEMORY = 32;
/** Of the program; two cycles make a bit out, 31.25 MHz on the wire, five a bit in. */
const FREQUENCY = 62500000;

/**
 * RP2040 datasheet, 3.4: encodings. Bit 12 of each is the clock line (side-set); SET pins are data (1) and chip select
 * (2); words are shifted out and in from the left, pulled and pushed by themselves. An IN sees the pin as it was a cycle
 * before (the input synchroniser): 64 ns after the falling edge that brings the bit, which costs nothing, as the engine
 * needs some ten times longer to take a word than the wire to bring it. Chip select stays high for 8 µs between
 * transactions, time for the chip's backplane.
 */
const PROGRAM = [
  0x6030, // idle: out x, 16        side 0   bits out - 1
  0x6050, //       out y, 16        side 0   bits in - 1
  0x0031, //       jmp !x skip      side 0
  0xe000, //       set pins, 0      side 0   chip select
  0xe083, //       set pindirs, 3   side 0
  0x6001, // lp:   out pins, 1      side 0
  0x1045, //       jmp x-- lp       side 1
  0xe082, //       set pindirs, 2   side 0   the line turns round
  0x006c, //       jmp !y end       side 0
  0xb242, // lp2:  nop [2]          side 1
  0x4001, //       in pins, 1       side 0
  0x0089, //       jmp y-- lp2      side 0
  0xe002, // end:  set pins, 2      side 0
  0xe03f, //       set x, 31        side 0
  0x0f4e, // gap:  jmp x-- gap [15] side 0
  0x0000, //       jmp idle         side 0
  0x6060, // drop: out null, 32     side 0
  0x0090, // skip: jmp y-- drop     side 0   wraps to idle
];
const SET_PINS_SELECT_HIGH = 0xe002;
const SET_PINDIRS_DATA_IN = 0xe082;

/** Loads the program and starts its machine. @returns null where the engine has no PIO */
export function kalumaPioBus(pins: GspiPins): PioBus | null {
  const binding = process.binding;
  const rp2 = binding && binding.rp2 ? binding(binding.rp2) : undefined;
  if (!rp2 || !rp2.pio_add_program) return null;
  // Kaluma empties instruction memory when the chip is reset, not when a program is loaded anew: then the program still
  // lies where it was put first.
  let offset = rp2.pio_add_program(PIO, new Uint16Array(PROGRAM));
  if (offset < 0) offset = MEMORY - PROGRAM.length;
  rp2.pio_sm_init(PIO, SM, {
    freq: FREQUENCY,
    inBase: pins.data,
    outBase: pins.data,
    setBase: pins.data,
    setCount: 2,
    sideset: true,
    sidesetBase: pins.clock,
    sidesetBits: 1,
    offset,
    wrapTarget: 0,
    wrap: PROGRAM.length - 1,
    inShiftDir: 0,
    outShiftDir: 0,
    autopush: true,
    autopull: true,
  });
  rp2.pio_sm_exec(PIO, SM, SET_PINS_SELECT_HIGH);
  rp2.pio_sm_exec(PIO, SM, SET_PINDIRS_DATA_IN);
  rp2.pio_sm_set_enabled(PIO, SM, true);
  return { pio: PIO, sm: SM, put: rp2.pio_sm_put, get: rp2.pio_sm_get };
}
