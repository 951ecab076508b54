// The DMA controller at the FIFOs of a PIO block: paced by their requests, in either direction, in turn with the core that looks.

import assert from 'node:assert/strict';
import {
  CLKDIV,
  CTRL,
  EXECCTRL,
  FDEBUG,
  INSTR_MEM0,
  RXF0,
  SM0_CLKDIV,
  SM_STRIDE,
  TXF0,
} from '../../chips/pio/registers.js';
import { RESULTS, words } from '../../emulator/test-image.js';
import { read, scriptImage, untilClear, untilSet, write, type Step } from './register-script.js';
import { boardWith, finish } from './rig.js';

const DMA = 0x50000000;
const PIO = [0x50200000, 0x50300000];
const READ_ADDR = 0x00;
const WRITE_ADDR = 0x04;
const TRANS_COUNT = 0x08;
const CTRL_TRIG = 0x0c;
const BUSY = 1 << 24;
const BYTE_SWAP = 1 << 22;
const INCREMENT_READ = 1 << 4;
const INCREMENT_WRITE = 1 << 5;
const TX_STALL = 1 << 24;
/** Of the flash, and in RAM behind the results. */
const SOURCE = 0x3000;
const TARGET = RESULTS + 0x1000;

const channel = (
  n: number,
  from: number,
  to: number,
  count: number,
  request: number,
  flags: number,
): Step[] => [
  write(DMA + 0x40 * n + READ_ADDR, from),
  write(DMA + 0x40 * n + WRITE_ADDR, to),
  write(DMA + 0x40 * n + TRANS_COUNT, count),
  // Words; chained to nobody, which is itself.
  write(DMA + 0x40 * n + CTRL_TRIG, 1 | (2 << 2) | (n << 11) | (request << 15) | flags),
];

const program = (pio: number, sm: number, code: number[], clkdiv: number): Step[] => [
  ...code.map((word, i) => write(pio + INSTR_MEM0 + 4 * i, word)),
  write(pio + SM0_CLKDIV + SM_STRIDE * sm + EXECCTRL, (code.length - 1) << 12),
  write(pio + SM0_CLKDIV + SM_STRIDE * sm + CLKDIV, clkdiv << 16),
];

// pull; mov isr, ~osr; push; each waits
const INVERT = [0x80a0, 0xa0cf, 0x8020];

describe('emulator: DMA at a PIO block', () => {
  const data = Array.from({ length: 100 }, (_, i) => (i * 0x01020408 + 0x80000007) >>> 0);

  for (const [block, sm] of [
    [0, 0],
    [1, 2],
  ] as const) {
    it(`carries words to and from machine ${sm} of block ${block}, with bytes swapped`, () => {
      const pio = PIO[block]!;
      const board = boardWith(
        scriptImage(
          [
            ...program(pio, sm, INVERT, 10),
            ...channel(3, pio + RXF0 + 4 * sm, TARGET, data.length, 8 * block + 4 + sm, INCREMENT_WRITE),
            ...channel(
              2,
              0x10000000 + SOURCE,
              pio + TXF0 + 4 * sm,
              data.length,
              8 * block + sm,
              INCREMENT_READ | BYTE_SWAP,
            ),
            write(pio + CTRL, 1 << sm),
            untilClear(DMA + 0x40 * 3 + CTRL_TRIG, BUSY),
            read(DMA + 0x40 * 2 + CTRL_TRIG),
            read(DMA + 0x40 * 3 + WRITE_ADDR),
          ],
          { offset: SOURCE, bytes: words(...data) },
        ),
      );
      finish(board);
      assert.equal(board.peek(RESULTS) & BUSY, 0);
      assert.equal(board.peek(RESULTS + 4), TARGET + 4 * data.length);
      const view = new DataView(words(...data).buffer);
      data.forEach((_, i) => {
        assert.equal(board.peek(TARGET + 4 * i), ~view.getUint32(4 * i, false) >>> 0, `word ${i}`);
      });
    });
  }

  it('keeps a FIFO filled at the speed of the machine, and is done before the machine is', () => {
    const TIMER = 0x40054028;
    const pio = PIO[0]!;
    // out null, 32 with 31 cycles of delay, autopull: 32 cycles of 5 a word.
    const board = boardWith(
      scriptImage(
        [
          ...program(pio, 0, [0x7f60], 5),
          write(pio + SM0_CLKDIV + 8, 1 << 17),
          write(pio + CTRL, 1),
          read(TIMER),
          ...channel(0, 0x10000000 + SOURCE, pio + TXF0, data.length, 0, INCREMENT_READ),
          write(pio + FDEBUG, TX_STALL),
          untilClear(DMA + CTRL_TRIG, BUSY),
          read(TIMER),
          read(pio + FDEBUG),
          untilSet(pio + FDEBUG, TX_STALL),
          read(TIMER),
        ],
        { offset: SOURCE, bytes: words(...data) },
      ),
    );
    finish(board);
    const [start, fed, stalled, end] = [0, 1, 2, 3].map((i) => board.peek(RESULTS + 4 * i)) as [
      number,
      number,
      number,
      number,
    ];
    const word = (32 * 5) / 125;
    assert.equal(stalled & TX_STALL, 0);
    assert.ok(Math.abs(end - start - word * data.length) < 4, `${end - start} µs in all`);
    assert.ok(Math.abs(end - fed - 5 * word) < 4, `${end - fed} µs behind the last word`);
  });
});
