// Files put onto a board over its prompt, in memory: whole or not at all, whatever happens on the way.

import assert from 'node:assert/strict';
import { LAYOUTS } from '../../../tools/flash/flash-layout.js';
import { Conversation, LineClosed } from '../../../tools/flash/serial/conversation.js';
import { FileBoard, type FileTimes } from '../../../tools/flash/serial/file-board.js';
import type { SerialLine } from '../../../tools/flash/serial/serial-line.js';
import { UserError } from '../../../tools/flash/user-error.js';
import { KalumaSerial, type KalumaSerialOptions } from '../../peers/kaluma-serial.js';

const PIECE = 16384;
/** For boards that answer. */
const PATIENT: FileTimes = {
  prompt: { answer: 20_000, quiet: 5, attempts: 4 },
  write: 20_000,
  sum: 20_000,
};

interface Bench {
  kaluma: KalumaSerial;
  line: SerialLine;
  board: FileBoard;
}

function benchOf(kaluma: KalumaSerial, times = PATIENT): Bench {
  const line: SerialLine = {
    onData: () => {},
    onClose: () => {},
    write: (bytes) => void setImmediate(() => kaluma.input(bytes)),
    close: () => Promise.resolve(),
  };
  kaluma.onOutput = (bytes) => void setImmediate(() => line.onData(bytes));
  return { kaluma, line, board: new FileBoard(new Conversation(line), 'P', LAYOUTS.pico, times) };
}

function bench(options: KalumaSerialOptions = {}, times = PATIENT): Bench {
  return benchOf(new KalumaSerial(options), times);
}

function bytesOf(length: number, seed = 1): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * seed) & 255));
}

function put({ files }: KalumaSerial, path: string, content: Uint8Array): void {
  const open = files.open(path, { write: true, create: true, truncate: true });
  open.write(content);
  open.close();
}

function content({ files }: KalumaSerial, path: string): Buffer {
  return Buffer.from(files.content(path));
}

const blocks = ({ kaluma }: Bench): number =>
  kaluma.entered.filter((line) => line.startsWith('lw.w(')).length;

describe('cyw43 firmware: files over the prompt', () => {
  for (const length of [4, 1020, 1024, PIECE - 4, PIECE, PIECE + 4, 3 * PIECE + 1000]) {
    it(`stores ${length} bytes as they are`, async () => {
      const made = bench();
      const bytes = bytesOf(length);
      const stored: number[] = [];
      await made.board.begin();
      await made.board.store('/x', '/x.new', bytes, (count) => stored.push(count));
      await made.board.end();
      assert.ok(content(made.kaluma, '/x').equals(bytes));
      assert.deepEqual(made.kaluma.files.list('/'), ['x']);
      assert.deepEqual(stored, [
        ...Array.from({ length: Math.ceil(length / PIECE) }, (_, i) => i * PIECE),
        length,
      ]);
    });
  }

  it('tells whether a file holds something', async () => {
    const { kaluma, board } = bench();
    const bytes = bytesOf(PIECE + 8);
    await board.begin();
    assert.equal(await board.holds('/x', bytes), false);
    put(kaluma, '/x', bytes);
    assert.equal(await board.holds('/x', bytes), true);
    assert.equal(await board.holds('/x', bytes.subarray(4)), false);
    for (const [at, other] of [
      [0, 1],
      [PIECE + 4, 1],
    ] as const) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= other;
      assert.equal(await board.holds('/x', changed), false);
    }
    const swapped = Buffer.from(bytes);
    bytes.copy(swapped, 0, 4, 8);
    bytes.copy(swapped, 4, 0, 4);
    assert.equal(await board.holds('/x', swapped), false);
  });

  it('removes an older file before: there may be no room for both', async () => {
    const { kaluma, board } = bench();
    put(kaluma, '/x', bytesOf(300_000));
    const bytes = bytesOf(250_000, 2);
    await board.begin();
    await board.store('/x', '/x.new', bytes, () => {});
    assert.ok(content(kaluma, '/x').equals(bytes));
  });

  it('goes on where an earlier transfer ended', async () => {
    const bytes = bytesOf(3 * PIECE);
    const first = bench();
    await first.board.begin();
    const broken = first.board.store('/x', '/x.new', bytes, (count) => {
      if (count === 2 * PIECE) first.line.onClose();
    });
    await assert.rejects(broken, LineClosed);
    assert.equal(first.kaluma.files.stat('/x.new'), 2 * PIECE);
    assert.deepEqual(first.kaluma.files.list('/'), ['x.new']);
    const before = blocks(first);
    const second = benchOf(first.kaluma);
    const stored: number[] = [];
    await second.board.begin();
    await second.board.store('/x', '/x.new', bytes, (count) => stored.push(count));
    assert.deepEqual(stored, [2 * PIECE, 3 * PIECE]);
    assert.equal(blocks(second) - before, Math.ceil(PIECE / 1023));
    assert.ok(content(first.kaluma, '/x').equals(bytes));
  });

  it('begins anew where what is there is something else', async () => {
    for (const [what, old] of [
      ['another file', bytesOf(PIECE, 9)],
      ['half a piece', bytesOf(1000)],
      ['too much', bytesOf(5 * PIECE)],
    ] as const) {
      const { kaluma, board } = bench();
      put(kaluma, '/x.new', old);
      const bytes = bytesOf(2 * PIECE);
      await board.begin();
      await board.store('/x', '/x.new', bytes, () => {});
      assert.ok(content(kaluma, '/x').equals(bytes), what);
    }
  });

  /** Faults of the n-th block that the board reads. */
  const faulty = (fault: (bytes: Buffer) => Buffer, ...at: number[]): KalumaSerialOptions => {
    let count = 0;
    return { faults: { stdin: (bytes) => (at.includes(count++) ? fault(bytes) : bytes) } };
  };
  it('writes a piece again that arrived changed', async () => {
    const other = (bytes: Buffer): Buffer => {
      bytes[9] = bytes[9] === 65 ? 66 : 65;
      return bytes;
    };
    const made = bench(faulty(other, 3, 20));
    const bytes = bytesOf(2 * PIECE);
    await made.board.begin();
    await made.board.store('/x', '/x.new', bytes, () => {});
    assert.ok(content(made.kaluma, '/x').equals(bytes));
    assert.equal(blocks(made), 17 * 4);
  });

  it('says so when what is there is never what was written', async () => {
    const made = bench({ faults: { stdin: (bytes) => Buffer.from('AAAA'.repeat(bytes.length / 4)) } });
    await made.board.begin();
    await assert.rejects(
      made.board.store('/x', '/x.new', bytesOf(PIECE), () => {}),
      (error) =>
        error instanceof UserError &&
        error.message ===
          'the board on P cannot store /x.new, from byte 0 on: it does not hold what was written',
    );
    assert.deepEqual(made.kaluma.files.list('/'), ['x.new']);
  });

  it('says so when there is no room', async () => {
    const { kaluma, board } = bench();
    put(kaluma, '/mine', bytesOf(400_000));
    await board.begin();
    await assert.rejects(
      board.store('/x', '/x.new', bytesOf(200_000), () => {}),
      (error) =>
        error instanceof UserError && /has no room for the file: remove others there/.test(error.message),
    );
    assert.ok(!kaluma.files.list('/').includes('x'));
  });

  it('says so when the board falls silent', async () => {
    const hasty: FileTimes = { prompt: { answer: 40, quiet: 5, attempts: 2 }, write: 40, sum: 40 };
    const { board, line } = bench({}, hasty);
    line.write = () => {};
    await assert.rejects(
      board.store('/x', '/x.new', bytesOf(4), () => {}),
      (error) => error instanceof UserError && error.message === 'the board on P does not answer',
    );
  });

  it('erases an image in raw flash, and nothing else', async () => {
    const { kaluma, board } = bench();
    const at = 0x130000 - 0xfc000;
    kaluma.flash.place(0x130000, Buffer.from('LWCYW43 and more'));
    await board.begin();
    assert.equal(await board.eraseRawImage(), false);
    assert.equal(kaluma.flash.bytes[at], 'L'.charCodeAt(0));
    kaluma.flash.place(0x130000, Buffer.concat([Buffer.from('LWCYW43\0'), Buffer.alloc(9000)]));
    assert.equal(await board.eraseRawImage(), true);
    assert.equal(await board.eraseRawImage(), false);
    assert.ok(kaluma.flash.bytes.subarray(at, at + 4096).every((byte) => byte === 0xff));
    assert.equal(kaluma.flash.bytes[at + 4096], 0);
  });
});
