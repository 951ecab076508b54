// Stored images through Kaluma's flash and files, on the simulated board and on Kaluma's own.

import assert from 'node:assert/strict';
import { SimulatedBoard } from '../../board/board.js';
import { createEmulatedPico } from '../../emulator/kaluma-pico.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { IMAGE_FILE, onesSum, RAW_OFFSET } from '../../../tools/cyw43/image.js';
import { needKaluma } from '../support/kaluma.js';
import { blobProgram, found, imageOf } from './kaluma-blob-program.js';

const first = imageOf(1);
const second = imageOf(2, 30_001);

/** Another value at an offset, and the header's sum right. */
function withField(offset: number, value: number): Buffer {
  const copy = Buffer.from(first);
  copy.writeUInt32LE(value, offset);
  copy.writeUInt32LE(onesSum(new Uint32Array(Uint8Array.from(copy.subarray(0, 1020)).buffer)), 1020);
  return copy;
}

describe('hal: stored images of Kaluma', () => {
  function board(raw: Uint8Array | null, file: Uint8Array | null): SimulatedBoard {
    const made = new SimulatedBoard({ scheduler: new Scheduler(), bundle: blobProgram('') });
    if (raw) made.flashChip.place(RAW_OFFSET, raw);
    if (file) put(made, file);
    made.start();
    assert.deepEqual(made.errors, []);
    return made;
  }
  function put({ files }: SimulatedBoard, content: Uint8Array): void {
    const open = files.open(IMAGE_FILE, { write: true, create: true, truncate: true });
    open.write(content);
    open.close();
  }

  const damaged = Buffer.from(first);
  damaged[200]! ^= 4;
  const cases: [string, Uint8Array | null, Uint8Array | null, string][] = [
    ['raw in flash', first, null, found(first, 1)],
    ['in a file', null, second, found(second, 2)],
    ['in both: the raw one', first, second, found(first, 1)],
    ['nowhere', null, null, 'no image'],
    ['a file of something else', null, Buffer.from('hello'), 'no image'],
    ['damaged in flash', damaged, null, 'damaged image'],
    ['damaged in flash, but in a file', damaged, second, found(second, 2)],
    ['of another format', withField(8, 2), null, 'image of format 2'],
    ['for another chip', null, withField(12, 43430), 'image for chip 43430'],
    ['that is cut off', null, first.subarray(0, -1), 'image cut off'],
    ['that would reach out of its place', withField(16, 80_897), null, 'image cut off'],
  ];
  for (const [what, raw, file, expected] of cases) {
    it(`an image ${what}`, () => assert.equal(board(raw, file).evaluate('look()'), expected));
  }

  it('are looked for anew each time, with one file open at most', () => {
    const one = board(null, first);
    for (let i = 0; i < 5; i++) assert.equal(one.evaluate('look()'), found(first, 1));
    put(one, second);
    assert.equal(one.evaluate('look()'), found(second, 2));
    assert.equal(one.evaluate('blob.close(); fs.open("/cyw43.img")'), 0, 'closed');
    assert.equal(one.evaluate('fs.close(0); fs.unlink("/cyw43.img"); look()'), 'no image');
    assert.equal(one.evaluate('fs.writeFile("/x", new Uint8Array(1)); fs.open("/x")'), 0);
    assert.deepEqual(one.errors, []);
  });
});

describe("hal: stored images, with Kaluma's firmware", function () {
  this.timeout(120_000);

  it('are found raw, in a file, and nowhere', function () {
    const firmware = needKaluma(this);
    const scheduler = new Scheduler();
    const bundle = blobProgram(`
      console.log('raw: ' + look());
      var f = new Flash(52, 80), b = new Uint8Array(4096), size = blob.open().size, fd = fs.open('/cyw43.img', 'w');
      for (var i = 0; i < size; i += 4096) { f.read(0, b, i); fs.write(fd, b, 0, Math.min(4096, size - i)); }
      fs.close(fd);
      f.ioctl(6, 0);
      console.log('file: ' + look());
      console.log('again: ' + look());
      fs.unlink('/cyw43.img');
      console.log('none: ' + look());`);
    const flash = [...firmware, { offset: RAW_OFFSET, bytes: first }];
    const pico = createEmulatedPico({ scheduler, firmware: flash, bundle, port: new Link(scheduler).a });
    pico.board.start();
    const told = (): string[] =>
      pico.text.lines.filter((line) => /^(raw|file|again|none): |Error/.test(line));
    scheduler.runWhile(() => told().length >= 4, 30e6);
    pico.board.stop();
    const right = found(first, 1);
    assert.deepEqual(told(), [`raw: ${right}`, `file: ${right}`, `again: ${right}`, 'none: no image']);
  });
});
