// The radio's pins on an emulated Pico W, moved by firmware of ours: by the core, and by a state machine.

import assert from 'node:assert/strict';
import { CYW43_PINS } from '../../chips/cyw43/wiring.js';
import {
  CLKDIV,
  CTRL,
  EXECCTRL,
  FSTAT,
  INSTR,
  INSTR_MEM0,
  PINCTRL,
  RXF0,
  SHIFTCTRL,
  SM0_CLKDIV,
  TXF0,
} from '../../chips/pio/registers.js';
import { connectGspi } from '../../emulator/kaluma-pico-w.js';
import { RESULTS } from '../../emulator/test-image.js';
import { SeededRandom } from '../../sim/random.js';
import { read, scriptImage, untilClear, write, type Step } from '../emulator/register-script.js';
import { boardWith, finish } from '../emulator/rig.js';
import { command, FakeSlave, programWords, randomTransactions } from './fake-slave.js';
import { GSPI_PROGRAM } from './gspi-program.js';

const { power, data, select, clock } = CYW43_PINS;
const GPIO_CTRL = 0x40014004;
const PADS = 0x4001c004;
const SIO_IN = 0xd0000004;
const SIO_OUT_SET = 0xd0000014;
const SIO_OUT_CLEAR = 0xd0000018;
const SIO_OE_SET = 0xd0000024;
const SIO_OE_CLEAR = 0xd0000028;
const SIO = 5;
const PIO0 = 6;
const PIO0_BASE = 0x50200000;
const INPUT_ENABLE = 0x40;

const pinFunction = (pin: number, fn: number): Step[] => [
  write(PADS + 4 * pin, INPUT_ENABLE),
  write(GPIO_CTRL + 8 * pin, fn),
];
const high = (pin: number): Step => write(SIO_OUT_SET, 1 << pin);
const low = (pin: number): Step => write(SIO_OUT_CLEAR, 1 << pin);
const POWER_ON: Step[] = [...pinFunction(power, SIO), high(power), write(SIO_OE_SET, 1 << power)];

function run(steps: Step[], slave = new FakeSlave()): { slave: FakeSlave; results: number[] } {
  const board = boardWith(scriptImage(steps));
  connectGspi(board, slave);
  finish(board);
  const count = steps.filter(([what]) => what === 2).length;
  return { slave, results: Array.from({ length: count }, (_, i) => board.peek(RESULTS + 4 * i)) };
}

describe('gSPI on the emulated Pico W', () => {
  it('moved by the core: power, words both ways, interrupt', () => {
    const give = (word: number): Step[] =>
      Array.from({ length: 32 }, (_, i) => [
        (word >>> (31 - i)) & 1 ? high(data) : low(data),
        high(clock),
        low(clock),
      ]).flat();
    const take: Step[] = Array.from({ length: 32 }, () => [high(clock), read(SIO_IN), low(clock)]).flat();
    const slave = new FakeSlave();
    slave.setInterrupt(1);
    const { results } = run(
      [
        high(select),
        write(SIO_OE_SET, (1 << select) | (1 << clock)),
        ...[data, select, clock].flatMap((pin) => pinFunction(pin, SIO)),
        ...POWER_ON,
        read(SIO_IN),
        low(select),
        write(SIO_OE_SET, 1 << data),
        ...give(command(true, 3, 1)),
        ...give(0xc0ffee01),
        high(select),
        low(select),
        ...give(command(false, 3, 1)),
        write(SIO_OE_CLEAR, 1 << data),
        ...take,
        high(select),
        read(SIO_IN),
        low(power),
      ],
      slave,
    );
    const levels = results.map((value) => (value >>> data) & 1);
    assert.equal(levels[0], 1, 'interrupt');
    assert.equal(levels.at(-1), 1, 'interrupt behind the transactions');
    assert.equal(parseInt(levels.slice(1, -1).join(''), 2), 0xc0ffee01);
    const expected =
      'power 1, select, in 80006004, in c0ffee01, deselect, select, in 6004, out c0ffee01, deselect';
    assert.equal(slave.log.join(', '), `${expected}, power 0`);
  });

  it('moved by a state machine, in turn with the core that serves its FIFOs', () => {
    const machine = (offset: number, value: number): Step => write(PIO0_BASE + SM0_CLKDIV + offset, value);
    const transactions = randomTransactions(new SeededRandom(7), 12);
    const setPin = (pin: number): number => (1 << 26) | (pin << 5);
    const steps: Step[] = [
      ...GSPI_PROGRAM.map((word, i) => write(PIO0_BASE + INSTR_MEM0 + 4 * i, word)),
      machine(CLKDIV, 2 << 16),
      machine(EXECCTRL, (GSPI_PROGRAM.length - 1) << 12),
      machine(SHIFTCTRL, 3 << 16),
      // Chip select high, and it and the clock outputs.
      machine(PINCTRL, setPin(select)),
      machine(INSTR, 0xe001),
      machine(INSTR, 0xe081),
      machine(PINCTRL, setPin(clock)),
      machine(INSTR, 0xe081),
      machine(PINCTRL, (1 << 29) | (2 << 26) | (1 << 20) | (data << 15) | (clock << 10) | (data << 5) | data),
      ...[data, select, clock].flatMap((pin) => pinFunction(pin, PIO0)),
      ...POWER_ON,
      write(PIO0_BASE + CTRL, 1),
      ...transactions.flatMap((transaction) => [
        ...programWords([transaction]).flatMap((word) => [
          untilClear(PIO0_BASE + FSTAT, 1 << 16),
          write(PIO0_BASE + TXF0, word),
        ]),
        ...Array.from({ length: transaction.in }, () => [
          untilClear(PIO0_BASE + FSTAT, 1 << 8),
          read(PIO0_BASE + RXF0),
        ]).flat(),
      ]),
    ];
    const { slave, results } = run(steps);
    const reference = new FakeSlave();
    const expected = transactions.flatMap(({ out, in: words }) => {
      reference.select();
      out.forEach((word) => reference.wordIn(word));
      const got = Array.from({ length: words }, () => reference.wordOut());
      reference.deselect();
      return got;
    });
    assert.deepEqual(results, expected);
    assert.deepEqual(slave.log, ['power 1', ...reference.log]);
  });
});
