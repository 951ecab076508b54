// Every instruction that is translated, with random operands: registers, flags, cycles and memory as rp2040js has them.

import { SeededRandom } from '../../sim/random.js';
import { CODE, CpuPair, STACK } from './cpu-pair.js';

/** Name, bits that are fixed, mask of the bits that are random. */
const ENCODINGS: [string, number, number][] = [
  ['LSLS #', 0x0000, 0x07ff],
  ['LSRS #', 0x0800, 0x07ff],
  ['ASRS #', 0x1000, 0x07ff],
  ['ADDS, SUBS of three operands', 0x1800, 0x07ff],
  ['MOVS #', 0x2000, 0x07ff],
  ['CMP #', 0x2800, 0x07ff],
  ['ADDS #', 0x3000, 0x07ff],
  ['SUBS #', 0x3800, 0x07ff],
  ['data processing of low registers', 0x4000, 0x03ff],
  ['ADCS', 0x4140, 0x003f],
  ['SBCS', 0x4180, 0x003f],
  ['ADD of high registers', 0x4400, 0x007f],
  ['CMP of high registers', 0x4500, 0x00ff],
  ['MOV', 0x4600, 0x007f],
  ['LDR of a literal', 0x4800, 0x07ff],
  ['loads and stores with register offset', 0x5000, 0x0fff],
  ['STR #', 0x6000, 0x07ff],
  ['LDR #', 0x6800, 0x07ff],
  ['STRB #', 0x7000, 0x07ff],
  ['LDRB #', 0x7800, 0x07ff],
  ['STRH #', 0x8000, 0x07ff],
  ['LDRH #', 0x8800, 0x07ff],
  ['STR to the stack', 0x9000, 0x07ff],
  ['LDR from the stack', 0x9800, 0x07ff],
  ['ADR', 0xa000, 0x07ff],
  ['ADD of SP', 0xa800, 0x07ff],
  ['ADD, SUB to SP', 0xb000, 0x00ff],
  ['SXTH, SXTB, UXTH, UXTB', 0xb200, 0x00ff],
  ['PUSH', 0xb400, 0x01ff],
  ['POP', 0xbc00, 0x00ff],
  ['REV, REV16', 0xba00, 0x007f],
  ['REVSH', 0xbac0, 0x003f],
  ['STM', 0xc000, 0x07ff],
  ['LDM', 0xc800, 0x07ff],
];

const HERE = 0xe7fe;
const EXTREMES = [0, 1, 2, 31, 32, 33, 255, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff];

/** An operand: often an address at which something is, or a value at which carries and signs change. */
function operand(random: SeededRandom): number {
  switch (random.below(8)) {
    case 0:
      return EXTREMES[random.below(EXTREMES.length)]!;
    case 1:
      return random.below(70);
    case 2:
      return random.next32();
    case 3:
      return 0x10100000 + random.below(0x1000) * 4;
    case 4:
      return random.below(4) ? 0xd0000060 + random.below(8) * 4 : 0x40054024;
    case 5:
      return 0x20000000 + random.below(0x100);
    default:
      return 0x20010000 + random.below(0x1000) * (random.below(4) ? 4 : 1);
  }
}

/** Random registers, flags and stack pointer, the same on both chips. */
function shuffle(pair: CpuPair, random: SeededRandom): void {
  const registers = Array.from({ length: 15 }, () => operand(random));
  registers[13] = random.below(10) ? STACK + random.below(64) * 4 : 0x20042000 - random.below(8) * 4;
  const flags = random.next32() & 0xf0000000;
  pair.both((chip) => {
    chip.core.registers.set(registers);
    chip.core.APSR = flags;
    chip.core.PC = CODE;
  });
}

function fill(pair: CpuPair, random: SeededRandom): void {
  const words = Array.from({ length: 0x2000 }, () => random.next32());
  pair.both((chip) => {
    new Uint32Array(chip.flash.buffer, chip.flash.byteOffset + 0x100000, words.length).set(words);
    new Uint32Array(chip.sram.buffer, chip.sram.byteOffset + 0x10000, words.length).set(words);
  });
}

describe('FastCpu: instructions', () => {
  const { warn } = console;

  // rp2040js tells of unknown SIO registers, which random addresses hit, on the console.
  before(() => (console.warn = () => {}));
  after(() => (console.warn = warn));

  ENCODINGS.forEach(([name, fixed, mask], seed) => {
    it(name, () => {
      const random = new SeededRandom(seed + 1);
      const pair = new CpuPair();
      fill(pair, random);
      for (let i = 0; i < 200; i++) {
        const opcode = fixed | (random.next32() & mask);
        // MOV and ADD that write PC are branches, of which cpu-programs.test.ts tells.
        if (fixed >> 8 === 0x44 || fixed >> 8 === 0x46) if ((opcode & 0x87) === 0x87) continue;
        pair.place(CODE, [opcode, HERE]);
        pair.cpu.invalidate();
        for (let pass = 0; pass < 4; pass++) {
          shuffle(pair, random);
          pair.run(60, `opcode ${opcode.toString(16)}, pass ${pass}`);
        }
      }
    });
  });
});
