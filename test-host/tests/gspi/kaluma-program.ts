// A program for Kaluma that drives a FakeSlave by a state machine of `rp2`, and tells what it got: for both boards.

import { command, STATUS } from './fake-slave.js';

/** Assembles the program of hal/kaluma_pio_bus.ts, gives the chip power, and exchanges some words. */
export const KALUMA_PROGRAM = `
var rp2 = require('rp2');
var asm = new rp2.ASM({ sideset: 1 });
asm.label('idle').out('x', 16).side(0);
asm.out('y', 16).side(0);
asm.jmp('!x', 'skip').side(0);
asm.set('pins', 0).side(0);
asm.set('pindirs', 3).side(0);
asm.label('lp').out('pins', 1).side(0);
asm.jmp('x--', 'lp').side(1);
asm.set('pindirs', 2).side(0);
asm.jmp('!y', 'end').side(0);
asm.label('lp2').nop().side(1).delay(2);
asm.in('pins', 1).side(0);
asm.jmp('y--', 'lp2').side(0);
asm.label('end').set('pins', 2).side(0);
asm.set('x', 31).side(0);
asm.label('gap').jmp('x--', 'gap').side(0).delay(15);
asm.jmp('idle').side(0);
asm.label('drop').out('null', 32).side(0);
asm.label('skip').jmp('y--', 'drop').side(0);
pinMode(23, OUTPUT);
digitalWrite(23, 0);
var sm = new rp2.StateMachine(0, asm, {
  freq: 62500000, inBase: 24, inCount: 1, outBase: 24, outCount: 1, setBase: 24, setCount: 2, sidesetBase: 29,
  inShiftDir: rp2.PIO.SHIFT_LEFT, outShiftDir: rp2.PIO.SHIFT_LEFT, autopush: true, autopull: true
});
sm.exec(asm.toInst(12));
sm.active(true);
digitalWrite(23, 1);
function tell() { console.log(Array.prototype.map.call(arguments, function (n) { return n.toString(16); }).join(' ')); }
tell(sm.rxfifo(), digitalRead(24));
sm.put(new Uint32Array([${(63 << 16) >>> 0}, ${command(true, 5, 1)}, ${0xc0ffee01},
  ${(31 << 16) | 63}, ${command(false, 5, 1)}, 2, 3, 4, ${95 << 16}, ${command(true, 6, 2)}, 1, 2]));
tell(sm.get(), sm.get(), sm.rxfifo());
sm.put(new Uint32Array([${(31 << 16) | 255}, ${command(false, 0, 8)}]));
delay(1);
tell(sm.rxfifo());
for (var got = []; got.length < 8;) got.push(sm.get());
tell.apply(null, got);
tell(sm.rxfifo(), digitalRead(24));
`;

/** What it prints while no interrupt is pending. */
export const KALUMA_LINES = [
  '0 0',
  `c0ffee01 ${STATUS.toString(16)} 0`,
  '4',
  '0 0 0 0 0 c0ffee01 1 2',
  '0 0',
];

/** What the slave sees from the time at which it gets power. */
export const KALUMA_LOG = [
  'power 1',
  'select, in 8000a004, in c0ffee01, deselect',
  'select, in a004, out c0ffee01, out 5a5a5a00, deselect',
  'select, in 8000c008, in 1, in 2, deselect',
  'select, in 20, out 0, out 0, out 0, out 0, out 0, out c0ffee01, out 1, out 2, deselect',
].join(', ');
