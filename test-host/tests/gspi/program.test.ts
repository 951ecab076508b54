// The PIO program for gSPI on the model of a PIO block, against the slave called word by word; and how late a chip's output may be.
//
// State machine clock 62.5 MHz, input synchroniser on, so that an IN sees the line as it was one instruction (16 ns) before the
// edge that its own side-set makes. What follows from it, and is asserted here:
// - GSPI_PROGRAM, the HAL's, is the one to take. It turns the line round with the falling edge behind the last bit, so that host and chip never
//   drive it both; gives exactly one clock a bit; and looks 64 ns behind the falling edge that brings a bit, 32 ns behind the
//   rising one. So it reads a chip that is up to 56 ns late behind the falling edge, or 24 ns behind the rising one. A clock of
//   80 ns while words come in costs nothing where each of them is taken by a call of 18 us.
// - READ_FAST (31.25 MHz both ways) sees the same bits of a chip that is up to 24 ns late behind the falling edge, and of one that
//   is up to 8 ns late behind the rising edge: 16 ns are too many. It gives one clock more than bits.

import assert from 'node:assert/strict';
import { GspiWords } from '../../chips/cyw43/gspi-words.js';
import { SeededRandom } from '../../sim/random.js';
import { GSPI_PROGRAM } from './gspi-program.js';
import { FakeSlave, programWords, randomTransactions, type Transaction } from './fake-slave.js';
import {
  inPin,
  jmpNotY,
  jmpX,
  jmpY,
  nop,
  outPin,
  outX16,
  outY16,
  PioHost,
  setDirs,
  setPins,
  setX,
  type ChipTiming,
} from './program.js';

const READ_FAST = [
  outX16(0),
  outY16(0),
  setDirs(3, 0),
  setPins(0, 0),
  outPin(0), // 4
  jmpX(4, 1),
  setDirs(2, 0),
  jmpNotY(12, 0),
  nop(1),
  nop(0),
  inPin(1), // 10
  jmpY(10, 0),
  setPins(2, 0), // 12
  setX(31, 0),
  jmpX(14, 0, 7),
];
/** Cycles from the last word to the end of the gap. */
const REST = 1300;

function wordByWord(transactions: Transaction[]): { log: string[]; got: number[] } {
  const slave = new FakeSlave();
  const got: number[] = [];
  for (const { out, in: words } of transactions) {
    slave.select();
    for (const word of out) slave.wordIn(word);
    for (let i = 0; i < words; i++) got.push(slave.wordOut());
    slave.deselect();
  }
  return { log: slave.log, got };
}

/** What the slave saw from the first transaction on. */
function since(log: string[]): string[] {
  return log.slice(log.indexOf('select'));
}

describe('gSPI program', () => {
  for (const [name, program] of Object.entries({ GSPI_PROGRAM, READ_FAST })) {
    for (const seed of [1, 2, 3]) {
      it(`${name}: does what the slave sees word by word, transactions ${seed}`, () => {
        const random = new SeededRandom(seed);
        const transactions = randomTransactions(random, 40);
        const expected = wordByWord(transactions);
        const slave = new FakeSlave();
        const host = new PioHost(slave, program, null);
        const got = host.exchange(
          programWords(transactions),
          expected.got.length,
          () => 1 + random.below(200),
        );
        host.pass(REST);
        assert.deepEqual(got, expected.got);
        assert.deepEqual(since(slave.log), expected.log);
      });
    }

    it(`${name}: the same, cycle by cycle`, () => {
      const transactions = randomTransactions(new SeededRandom(4), 40);
      const expected = wordByWord(transactions);
      const host = new PioHost(new FakeSlave(), program, { delay: 0, edge: 'falling' });
      assert.deepEqual(host.exchange(programWords(transactions), expected.got.length), expected.got);
    });
  }

  it('GSPI_PROGRAM: drops the words that a short header counts', () => {
    const slave = new FakeSlave();
    const host = new PioHost(slave, GSPI_PROGRAM, null);
    host.exchange([3, 0x1f0000, 1, 0x1f0000, 1, 9, 0x1f0000, 7, 0], 0, () => 300);
    host.pass(REST);
    assert.deepEqual(since(slave.log), ['select', 'in 7', 'deselect']);
  });

  it('the model without the program does the same', () => {
    const transactions = randomTransactions(new SeededRandom(5), 40);
    const expected = wordByWord(transactions);
    const slave = new FakeSlave();
    const words = new GspiWords(slave);
    let now = 0;
    const around = { now: () => now, spend: (us: number) => (now += us) };
    const got: number[] = [];
    for (const transaction of transactions) {
      words.put(programWords([transaction]), around);
      for (let i = 0; i < transaction.in; i++) got.push(words.get(around));
    }
    assert.deepEqual(got, expected.got);
    assert.deepEqual(slave.log, expected.log);
  });

  for (const [name, program, edge, latest] of [
    ['GSPI_PROGRAM', GSPI_PROGRAM, 'falling', 7],
    ['GSPI_PROGRAM', GSPI_PROGRAM, 'rising', 3],
    ['READ_FAST', READ_FAST, 'falling', 3],
    ['READ_FAST', READ_FAST, 'rising', 1],
  ] as [string, number[], ChipTiming['edge'], number][]) {
    it(`${name}: reads a chip that is up to ${8 * latest} ns late behind the ${edge} edge`, () => {
      const transactions = randomTransactions(new SeededRandom(6), 20);
      const expected = wordByWord(transactions);
      for (let delay = 0; delay <= latest + 1; delay++) {
        const host = new PioHost(new FakeSlave(), program, { delay, edge });
        const got = host.exchange(programWords(transactions), expected.got.length);
        if (delay <= latest) assert.deepEqual(got, expected.got, `${8 * delay} ns`);
        else assert.notDeepEqual(got, expected.got, `${8 * delay} ns`);
      }
    });
  }
});
