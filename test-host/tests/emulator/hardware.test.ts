// The emulated board with images of ours: start, pins, timer, SPI with the ENC28J60 model, flash that lasts, resets.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BootError } from '../../emulator/bootrom.js';
import { FLASH_SIZE } from '../../emulator/image.js';
import { createEmulatedPico } from '../../emulator/kaluma-pico.js';
import { RESULTS, testImage } from '../../emulator/test-image.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { FlashImageFile } from '../../../tools/flash/firmware-file.js';
import { boardWith, callerImage, DONE, DONE_MARK, FINISH, finish } from './rig.js';

const GPIO_CTRL = 0x40014004;
const PADS = 0x4001c004;
const SIO = 0xd0000000;
const TIMERAWL = 0x40054028;
const WATCHDOG = 0x40058000;
const SPI0 = 0x4003c000;
const SIO_FUNCTION = 5;
const SPI_FUNCTION = 1;

/** Gives a pin a function. */
const select = (pin: number, fn: number): string => `
  ldr r0, =${GPIO_CTRL + 8 * pin}
  movs r1, #${fn}
  str r1, [r0]
`;

/** Makes a pin an output of the core. */
const output = (pin: number): string => `
  ${select(pin, SIO_FUNCTION)}
  ldr r0, =${SIO}
  ldr r1, =${1 << pin}
  str r1, [r0, #0x24]
`;

const high = (pin: number): string => `
  ldr r0, =${SIO}
  ldr r1, =${1 << pin}
  str r1, [r0, #0x14]
`;

const low = (pin: number): string => `
  ldr r0, =${SIO}
  ldr r1, =${1 << pin}
  str r1, [r0, #0x18]
`;

describe('emulator: board', () => {
  it('refuses to start what has no boot stage 2, or a damaged one', () => {
    assert.throws(() => boardWith([]).start(), BootError);
    const image = testImage(FINISH);
    image[0]!.bytes[3]! ^= 1;
    assert.throws(() => boardWith(image).start(), BootError);
    finish(boardWith(testImage(FINISH)));
  });

  it('knows the deepest point of the stack', () => {
    const program = `
        movs r7, #50
        mov r6, sp
      deeper:
        push {r0, r1, r2, lr}
        subs r7, #1
        bne deeper
        mov sp, r6
        ${FINISH}`;
    assert.equal(finish(boardWith(testImage(program))).deepestStack, 50 * 16);
  });

  it('drives pins and reads them, and tells the moment', () => {
    const board = boardWith(
      testImage(`
        ${output(2)}
        ${select(3, SIO_FUNCTION)}
        ldr r0, =${PADS + 4 * 3}
        movs r1, #0x40          ; input enabled
        str r1, [r0]
      wait:
        ldr r0, =${SIO}
        ldr r1, [r0, #4]        ; levels
        movs r2, #8             ; pin 3
        tst r1, r2
        beq wait
        ${high(2)}
        ${low(2)}
        ${FINISH}`),
    );
    const edges: [number, number][] = [];
    board.drive(3, 0);
    board.onPin(2, (level) => edges.push([level, board.scheduler.now]));
    board.scheduler.at(2000, () => board.drive(3, 1));
    finish(board);
    const levels = edges.map(([level]) => level);
    assert.deepEqual(levels.slice(-2), [1, 0]);
    const [, rise] = edges.at(-2)!;
    assert.ok(rise > 2000 && rise < 2001, `rises at ${rise}`);
  });

  it('counts microseconds', () => {
    const board = boardWith(
      testImage(`
        ${output(2)}
        ${high(2)}
        ldr r4, =${TIMERAWL}
        ldr r5, [r4]
        ldr r6, =1000
      wait:
        ldr r7, [r4]
        subs r7, r7, r5
        cmp r7, r6
        bcc wait
        ${low(2)}
        ${FINISH}`),
    );
    const edges: number[] = [];
    board.onPin(2, () => edges.push(board.scheduler.now));
    finish(board);
    const took = edges.at(-1)! - edges.at(-2)!;
    assert.ok(took > 999 && took < 1002, `${took} µs`);
  });

  it('gives other events their turn at their times, however these are rounded', () => {
    const scheduler = new Scheduler();
    scheduler.now = 1000 / 3;
    const board = boardWith(testImage('sleep:\n wfi\n b sleep'), { scheduler });
    board.start();
    let late = 0;
    let rung = 0;
    // As a chip does that takes 51.2 µs from a moment of the board: not what the board computes from its cycles.
    const origin = scheduler.now;
    for (let i = 0; i < 5000; i++) {
      const due = origin + (375e6 + 37 * i) / 125 + 51.2;
      scheduler.at(due, () => {
        rung++;
        late = Math.max(late, scheduler.now - due);
      });
    }
    scheduler.runFor(3e6 + 5000);
    assert.equal(rung, 5000);
    assert.ok(late < 0.05, `${late} µs`);
  });

  it('exchanges bytes with the ENC28J60 over its SPI controller', () => {
    const scheduler = new Scheduler();
    const link = new Link(scheduler);
    const exchange = (byte: string): string => `
        movs r1, ${byte}
        bl exchange`;
    const { board, chip } = createEmulatedPico({
      scheduler,
      port: link.a,
      onWarning: (text) => assert.fail(text),
      firmware: testImage(`
        ${output(17)}
        ${high(17)}
        ${[16, 18, 19].map((pin) => select(pin, SPI_FUNCTION)).join('')}
        ldr r4, =${SPI0}
        movs r1, #8             ; 125 MHz / 8
        str r1, [r4, #0x10]
        movs r1, #7             ; 8 bits
        str r1, [r4]
        movs r1, #2             ; on
        str r1, [r4, #4]
        ldr r5, =${RESULTS}
        ${low(17)}
        ${exchange('#0x9f')}    ; set bits in ECON1: bank 3
        ${exchange('#0x03')}
        ${high(17)}
        ${low(17)}
        ${exchange('#0x12')}    ; read EREVID
        ${exchange('#0x00')}
        str r1, [r5]
        ${high(17)}
        b end
      exchange:                 ; r1 out and in
        strb r1, [r4, #8]
      busy:
        ldr r2, [r4, #12]
        movs r3, #4             ; something received
        tst r2, r3
        beq busy
        ldr r1, [r4, #8]
        bx lr
      end:
        ${FINISH}`),
    });
    finish(board);
    assert.equal(board.peek(RESULTS), 0x06);
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
    assert.equal(chip.spiClockHz, 125e6 / 8);
    assert.equal(chip.counters.spiBytes, 4);
    assert.equal(board.spi[0]!.bytes, 4);
  });

  describe('flash', () => {
    const SECTOR = 0x180000;
    let folder = '';
    before(() => (folder = mkdtempSync(join(tmpdir(), 'lightwire-'))));
    after(() => rmSync(folder, { recursive: true }));

    it('is erased and programmed through the ROM, lasts in its file, and takes its time', () => {
      const path = join(folder, 'flash.bin');
      const image = new FlashImageFile(path);
      const data = { offset: 0x3000, bytes: Uint8Array.from({ length: 256 }, (_, i) => i ^ 0x5a) };
      const old = { offset: SECTOR, bytes: new Uint8Array(8192) };
      const board = boardWith(
        callerImage(
          [
            { code: 'IF' },
            { code: 'EX' },
            { code: 'RE', args: [SECTOR, 4096, 65536, 0xd8] },
            { code: 'RP', args: [SECTOR, 0x10000000 + data.offset, 256] },
            { code: 'FC' },
            { code: 'CX' },
          ],
          data,
          old,
        ),
      );
      image.follow(board.flash, assert.fail);
      finish(board);
      image.close();
      assert.ok(board.micros > 45400 && board.micros < 46500, `${board.micros} µs`);
      const file = readFileSync(path);
      assert.equal(file.length, FLASH_SIZE);
      assert.deepEqual(new Uint8Array(file.subarray(SECTOR, SECTOR + 256)), data.bytes);
      assert.ok(file.subarray(SECTOR + 256, SECTOR + 4096).every((byte) => byte === 0xff));
      assert.ok(file.subarray(SECTOR + 4096, SECTOR + 8192).every((byte) => byte === 0));

      const again = new FlashImageFile(path);
      const next = boardWith(again.chunks);
      next.start();
      assert.equal(next.peek(0x10000000 + SECTOR), 0x59585b5a);
      again.close();
    });

    it('refuses a file that is larger than the flash', () => {
      const path = join(folder, 'large.bin');
      writeFileSync(path, new Uint8Array(FLASH_SIZE + 1));
      assert.throws(
        () => new FlashImageFile(path),
        /large\.bin is 2097153 bytes; a Pico's flash has 2097152/,
      );
    });

    /** Takes over the flash's chip select and sends 13 bytes, as an SDK does. */
    const readUniqueId = testImage(`
      ldr r6, =0x4001800c       ; chip select low
      ldr r1, =0x200
      str r1, [r6]
      ldr r4, =0x18000000
      ldr r5, =${RESULTS}
      movs r1, #0x4b
      movs r3, #13
    send:
      str r1, [r4, #0x60]
      movs r1, #0
    empty:
      ldr r2, [r4, #0x28]
      movs r7, #8
      tst r2, r7
      beq empty
      ldr r2, [r4, #0x60]
      strb r2, [r5]
      adds r5, #1
      subs r3, #1
      bne send
      ldr r1, =0x300            ; chip select high
      str r1, [r6]
      ${FINISH}`);

    it('has a number of its own, by the seed', () => {
      const id = (seed: number): string => {
        const board = finish(boardWith(readUniqueId, { seed }));
        return Buffer.from(board.chip.sram.subarray(5, 13)).toString('hex');
      };
      assert.equal(id(1), id(1));
      assert.notEqual(id(1), id(2));
      assert.notEqual(id(1), '0000000000000000');
    });
  });

  describe('resets', () => {
    const SCRATCH0 = WATCHDOG + 0x0c;
    /** The first time it does `act`; the second it keeps what the watchdog says. */
    const twice = (act: string): string => `
      ldr r4, =${SCRATCH0}
      ldr r5, [r4]
      cmp r5, #77
      beq second
      ldr r6, =${RESULTS}
      ldr r1, [r6]
      adds r1, #1
      str r1, [r6]
      movs r1, #77
      str r1, [r4]
      ${act}
    forever:
      b forever
    second:
      ldr r6, =${RESULTS}
      str r5, [r6]
      ldr r4, =${WATCHDOG + 8}  ; reason
      ldr r5, [r4]
      str r5, [r6, #4]
      ${FINISH}`;

    it('restarts when the watchdog is not fed, with its scratch registers kept', () => {
      const resets: [string, number][] = [];
      const scheduler = new Scheduler();
      const act = `
        ldr r4, =${WATCHDOG}
        ldr r1, =20000          ; 10 ms: it counts down by two a microsecond
        str r1, [r4, #4]
        ldr r1, =0x40000000
        str r1, [r4]`;
      const board = finish(
        boardWith(testImage(twice(act)), {
          scheduler,
          onReset: (cause) => resets.push([cause, scheduler.now]),
        }),
      );
      assert.equal(board.resets, 1);
      const [cause, time] = resets[0]!;
      assert.equal(cause, 'watchdog');
      assert.equal(board.peek(RESULTS), 77);
      assert.equal(board.peek(RESULTS + 4), 1);
      assert.ok(time >= 10000 && time < 10010, `${time} µs`);
    });

    it('restarts at once when the watchdog is triggered', () => {
      const act = `
        ldr r4, =${WATCHDOG}
        ldr r1, =0x80000000
        str r1, [r4]`;
      const board = finish(boardWith(testImage(twice(act))));
      assert.deepEqual([board.resets, board.peek(RESULTS), board.peek(RESULTS + 4)], [1, 77, 2]);
    });

    it('starts where the scratch registers say after a watchdog reset', () => {
      const magic = 0xb007c0d3;
      const board = boardWith(
        testImage(`
          ldr r4, =${SCRATCH0}
          ldr r1, =${magic}
          str r1, [r4, #16]
          ldr r2, =target
          movs r3, #1
          orrs r2, r3
          str r2, [r4, #28]
          rsbs r1, r1
          eors r1, r2
          str r1, [r4, #20]
          ldr r1, =0x20001000   ; stack
          str r1, [r4, #24]
          ldr r4, =${WATCHDOG}
          ldr r1, =0x80000000
          str r1, [r4]
        forever:
          b forever
        target:
          ldr r4, =${RESULTS}
          mov r1, sp
          str r1, [r4]
          ${FINISH}`),
      );
      finish(board);
      assert.equal(board.peek(RESULTS), 0x20001000);
    });

    it('restarts when the core asks for it, and forgets everything at the RUN button', () => {
      const act = `
        ldr r4, =0xe000ed0c
        ldr r1, =0x05fa0004
        str r1, [r4]`;
      const causes: string[] = [];
      const board = finish(boardWith(testImage(twice(act)), { onReset: (cause) => causes.push(cause) }));
      board.start();
      board.reset();
      board.scheduler.runFor(2000);
      assert.deepEqual(causes, ['system reset', 'RUN button', 'system reset']);
      assert.equal(board.peek(DONE), DONE_MARK);
    });

    it('waits in the USB boot loader until it is reset', () => {
      let asked = 0;
      const board = boardWith(callerImage([{ code: 'UB' }]), { onUsbBoot: () => asked++ });
      board.start();
      board.scheduler.runFor(3e6 + 5000);
      assert.deepEqual([asked, board.inUsbBoot, board.peek(DONE)], [1, true, 0]);
      board.reset();
      board.scheduler.runFor(3e6 + 5000);
      assert.deepEqual([asked, board.resets], [2, 1]);
    });

    it('stands still at a breakpoint of the firmware', () => {
      const stops: number[] = [];
      const board = boardWith(testImage(`nop\n bkpt #0\n ${FINISH}`), { onHalt: (pc) => stops.push(pc) });
      board.start();
      board.scheduler.runFor(3e6 + 5000);
      assert.deepEqual([stops.length, board.halted, board.peek(DONE)], [1, true, 0]);
      assert.ok(board.micros >= 5000, 'its time goes on');
    });
  });
});
