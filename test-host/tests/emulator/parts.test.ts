// Parts of the emulated board by themselves: the clock, the flash, the SPI controller, the console's text, the assembler.

import assert from 'node:assert/strict';
import { RP2040 } from 'rp2040js';
import { ConsoleText } from '../../emulator/console-text.js';
import { CycleClock } from '../../emulator/cycle-clock.js';
import { FlashMemory } from '../../emulator/flash-memory.js';
import { FLASH_SIZE } from '../../emulator/image.js';
import { SpiMaster } from '../../emulator/spi-master.js';
import { assemble, AssemblyError } from '../../emulator/thumb.js';

describe('emulator: cycle clock', () => {
  let cycles = 0;
  let clock: CycleClock;
  let rung: string[] = [];
  beforeEach(() => {
    cycles = 1000;
    clock = new CycleClock();
    clock.cycles = () => cycles;
    rung = [];
  });

  it('tells time by cycles at 125 MHz', () => {
    assert.deepEqual([clock.nanos, clock.micros], [8000, 8]);
    assert.equal(clock.nextCycles, Infinity);
  });

  it('rings alarms in the order of their time, those of one time in the order they were set', () => {
    for (const [name, delta] of [
      ['c', 300],
      ['a', 100],
      ['d', 300],
      ['b', 200],
    ] as const) {
      clock.createAlarm(() => rung.push(name)).schedule(delta);
    }
    assert.equal(clock.nextCycles, 1013);
    cycles = 1012;
    clock.fire();
    assert.deepEqual(rung, []);
    cycles = 1025;
    clock.fire();
    assert.deepEqual(rung, ['a', 'b']);
    cycles = 2000;
    clock.fire();
    assert.deepEqual(rung, ['a', 'b', 'c', 'd']);
    assert.equal(clock.nextCycles, Infinity);
  });

  it('moves an alarm that is set again, and forgets one that is cancelled', () => {
    const moved = clock.createAlarm(() => rung.push('moved'));
    const gone = clock.createAlarm(() => rung.push('gone'));
    moved.schedule(100);
    gone.schedule(100);
    moved.schedule(10000);
    gone.cancel();
    cycles = 1500;
    clock.fire();
    assert.deepEqual(rung, []);
    cycles = 3000;
    clock.fire();
    assert.deepEqual(rung, ['moved']);
  });

  it('says when an alarm has become the next, and ends although an alarm sets itself again for now', () => {
    let earlier = 0;
    clock.onEarlier = () => earlier++;
    const alarm = clock.createAlarm(() => {
      rung.push('x');
      alarm.schedule(0);
    });
    alarm.schedule(100);
    clock.createAlarm(() => {}).schedule(200);
    assert.equal(earlier, 1);
    cycles = 1013;
    clock.fire();
    assert.deepEqual(rung, ['x']);
    assert.equal(clock.nextCycles, 1014);
  });
});

describe('emulator: flash memory', () => {
  const flash = (): FlashMemory => new FlashMemory(new Uint8Array(FLASH_SIZE).fill(0x3c));

  it('erases whole sectors, and blocks where they fit', () => {
    const f = flash();
    const changes: [number, number][] = [];
    f.onChange((from, to) => changes.push([from, to]));
    assert.equal(f.erase(0x1000, 0x1000, 0x10000), 45000);
    assert.deepEqual(
      [f.bytes[0xfff], f.bytes[0x1000], f.bytes[0x1fff], f.bytes[0x2000]],
      [0x3c, 0xff, 0xff, 0x3c],
    );
    // From 0xf000: one sector, a block of 64 KB, one sector.
    assert.equal(f.erase(0xf000, 0x12000, 0x10000), 45000 + 150000 + 45000);
    assert.equal(f.erase(0x40000, 1, 0), 45000);
    assert.deepEqual(changes, [
      [0x1000, 0x2000],
      [0xf000, 0x21000],
      [0x40000, 0x41000],
    ]);
    assert.equal(f.erased, 3);
  });

  it('programs bits to zero only, by pages of time', () => {
    const f = flash();
    assert.equal(f.program(0x100, Uint8Array.of(0xff, 0x0f, 0xf0)), 400);
    assert.deepEqual([...f.bytes.subarray(0xff, 0x104)], [0x3c, 0x3c, 0x0c, 0x30, 0x3c]);
    assert.equal(f.program(0, new Uint8Array(1024)), 1600);
  });

  it('does not reach beyond its end', () => {
    const f = flash();
    f.erase(FLASH_SIZE - 4096, 8192, 0);
    f.program(FLASH_SIZE - 2, Uint8Array.of(1, 2, 3, 4));
    assert.deepEqual([...f.bytes.subarray(-2)], [1, 2]);
    assert.equal(f.bytes.length, FLASH_SIZE);
  });
});

describe('emulator: SPI controller', () => {
  const [CR0, CR1, DR, SR, CPSR] = [0, 4, 8, 12, 16];
  let cycles = 0;
  let spi: SpiMaster;
  beforeEach(() => {
    cycles = 0;
    const clock = new CycleClock();
    clock.cycles = () => cycles;
    spi = new SpiMaster(new RP2040(clock), 'SPI0');
    spi.exchange = (byte) => byte ^ 0xff;
    spi.writeUint32(CPSR, 2);
    spi.writeUint32(CR0, 0x387); // 8 bits, mode 1, divided by 8 in all: 15.625 MHz, 64 cycles a byte
    spi.writeUint32(CR1, 2);
  });

  it('tells its clock', () => {
    let hz = 0;
    spi.onClock = (value) => (hz = value);
    spi.writeUint32(CPSR, 4);
    assert.equal(hz, 125e6 / 16);
  });

  it('shifts a byte in its time', () => {
    assert.equal(spi.readUint32(SR), 3);
    spi.writeUint32(DR, 0x12);
    assert.equal(spi.readUint32(SR) & 0x14, 0x10);
    cycles = 63;
    assert.equal(spi.readUint32(SR) & 0x14, 0x10);
    cycles = 64;
    assert.equal(spi.readUint32(SR), 7);
    assert.equal(spi.readUint32(DR), 0xed);
    assert.equal(spi.readUint32(SR), 3);
  });

  it('pauses for a clock behind each byte in mode 0', () => {
    spi.writeUint32(CR0, 0x307);
    spi.writeUint32(DR, 0x12);
    cycles = 71;
    assert.equal(spi.readUint32(SR) & 4, 0);
    cycles = 72;
    assert.equal(spi.readUint32(SR) & 4, 4);
  });

  it('takes eight bytes behind the one being shifted, and not more', () => {
    for (let i = 0; i < 9; i++) {
      assert.equal(spi.readUint32(SR) & 2, 2, `${i}`);
      spi.writeUint32(DR, i);
    }
    assert.equal(spi.readUint32(SR) & 2, 0);
    spi.writeUint32(DR, 99);
    cycles = 64 * 20;
    const got: number[] = [];
    while (spi.readUint32(SR) & 4) got.push(spi.readUint32(DR) ^ 0xff);
    // The ninth found the receive FIFO full.
    assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.equal(spi.bytes, 9);
  });
});

describe('emulator: console text', () => {
  const push = (...parts: (string | Uint8Array)[]): string[] => {
    const text = new ConsoleText();
    for (const part of parts) text.push(typeof part === 'string' ? new TextEncoder().encode(part) : part);
    return text.lines;
  };

  it('gives whole lines, however they come', () => {
    assert.deepEqual(push('a', 'b\r', '\nc\nd'), ['ab', 'c']);
  });

  it('takes off control sequences and what a carriage return overwrites', () => {
    assert.deepEqual(push('\x1b[1;32m> \x1b[0mhi\x1b7\x1b8\r\n', 'old\rnew\r\n'), ['> hi', 'new']);
  });

  it('keeps characters together that come in parts', () => {
    const bytes = new TextEncoder().encode('µs\n');
    assert.deepEqual(push(bytes.subarray(0, 1), bytes.subarray(1)), ['µs']);
  });
});

describe('emulator: assembler', () => {
  const halves = (source: string): string[] => {
    const bytes = assemble(source, 0x1000);
    const view = new DataView(bytes.buffer);
    return Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true).toString(16));
  };

  // Encodings of the ARMv6-M manual, A6.7.
  const KNOWN: [string, string][] = [
    ['movs r3, #255', '23ff'],
    ['mov sp, r1', '468d'],
    ['mov r0, lr', '4670'],
    ['adds r1, r2, #7', '1dd1'],
    ['adds r1, #200', '31c8'],
    ['subs r1, r2, r3', '1ad1'],
    ['ldr r0, [r1, #4]', '6848'],
    ['strh r0, [r1, #6]', '80c8'],
    ['ldrb r2, [r3]', '781a'],
    ['cmp r4, #9', '2c09'],
    ['cmp r4, r5', '42ac'],
    ['lsls r0, r1, #4', '108'],
    ['push {r4, lr}', 'b510'],
    ['pop {r4, pc}', 'bd10'],
    ['blx r7', '47b8'],
    ['bx lr', '4770'],
    ['bkpt #3', 'be03'],
    ['here: b here', 'e7fe'],
    ['here: bne here', 'd1fe'],
  ];
  for (const [source, code] of KNOWN) it(source, () => assert.equal(halves(source)[0], code));

  it('branches with link, forwards and back', () => {
    assert.deepEqual(halves('bl next\n next: bl next').slice(0, 4), ['f000', 'f800', 'f7ff', 'fffe']);
  });

  it('keeps literals once, aligned, at the end', () => {
    assert.deepEqual(halves('ldr r0, =0x12345678\n ldr r1, =0x12345678\n nop'), [
      '4801',
      '4901',
      'bf00',
      '0',
      '5678',
      '1234',
    ]);
  });

  for (const source of ['frob r0', 'movs r0, #256', 'ldr r0, [r1, #3]', 'movs r16, #1', 'b nowhere']) {
    it(`refuses ${source}`, () => assert.throws(() => assemble(source, 0), AssemblyError));
  }
});
