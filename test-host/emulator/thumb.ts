// A small assembler for the Thumb instructions that test images need (ARMv6-M Architecture Reference Manual, A6.7),
// in the usual syntax: labels, `ldr rd, =value` from a literal pool, `.word`, `.align`. One statement a line; `;` begins
// a comment.

/** A statement that the assembler does not know. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
}

type Encode = (operands: string[], line: Line) => number;

interface Line {
  text: string;
  address: number;
  /** Address of a label. */
  label(name: string): number;
  /** Address of a literal. */
  literal(value: string): number;
}

const CONDITIONS = ['eq', 'ne', 'cs', 'cc', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le'];

/** Register-to-register operations: opcode. */
const DATA: Record<string, number> = {
  ands: 0x4000,
  eors: 0x4040,
  adcs: 0x4140,
  tst: 0x4200,
  rsbs: 0x4240,
  cmp: 0x4280,
  orrs: 0x4300,
  muls: 0x4340,
  bics: 0x4380,
  mvns: 0x43c0,
};

/** Loads and stores with an offset: opcode, width of the unit that the offset counts. */
const MEMORY: Record<string, [number, number]> = {
  str: [0x6000, 4],
  ldr: [0x6800, 4],
  strb: [0x7000, 1],
  ldrb: [0x7800, 1],
  strh: [0x8000, 2],
  ldrh: [0x8800, 2],
};

const SHIFTS: Record<string, number> = { lsls: 0x0000, lsrs: 0x0800, asrs: 0x1000 };

const SIMPLE: Record<string, number> = { nop: 0xbf00, wfi: 0xbf30, wfe: 0xbf20 };

/**
 * Assembles a program.
 * @param source the text
 * @param origin address of its first byte, a multiple of 4
 * @returns its bytes, the literal pool at the end
 * @throws AssemblyError with the line that is wrong
 */
export function assemble(source: string, origin: number): Uint8Array {
  const statements: { text: string; address: number }[] = [];
  const labels = new Map<string, number>();
  let at = origin;
  for (const raw of source.split('\n')) {
    let text = raw.replace(/;.*/, '').trim();
    const label = /^(\w+):\s*/.exec(text);
    if (label) {
      labels.set(label[1]!, at);
      text = text.slice(label[0].length);
    }
    if (!text) continue;
    if (text === '.align') {
      at = (at + 3) & ~3;
      continue;
    }
    statements.push({ text, address: at });
    at += text.startsWith('.word') ? 4 * text.split(',').length : text.startsWith('bl ') ? 4 : 2;
  }
  const pool = (at + 3) & ~3;
  const literals: string[] = [];
  const value = (text: string): number => {
    const found = labels.get(text);
    if (found !== undefined) return found;
    const number = Number(text);
    if (!Number.isInteger(number)) throw new AssemblyError(`no label or number: ${text}`);
    return number >>> 0;
  };
  const out: { address: number; half: number }[] = [];
  const word = (address: number, w: number): void => {
    out.push({ address, half: w & 0xffff }, { address: address + 2, half: w >>> 16 });
  };
  for (const { text, address } of statements) {
    const line: Line = {
      text,
      address,
      label: value,
      literal(name) {
        if (!literals.includes(name)) literals.push(name);
        return pool + 4 * literals.indexOf(name);
      },
    };
    const [, name, rest] = /^(\S+)\s*(.*)$/.exec(text)!;
    if (name === '.word') {
      rest!.split(',').forEach((w, i) => word(address + 4 * i, value(w.trim())));
    } else if (name === 'bl') {
      word(address, branchLink(value(rest!) - address - 4));
    } else {
      out.push({ address, half: encode(name!, split(rest!), line) });
    }
  }
  literals.forEach((name, i) => word(pool + 4 * i, value(name)));
  const bytes = new DataView(new ArrayBuffer(pool + 4 * literals.length - origin));
  for (const { address, half } of out) bytes.setUint16(address - origin, half, true);
  return new Uint8Array(bytes.buffer);
}

/** Operands; what stands in brackets or braces is one. */
function split(text: string): string[] {
  return (text.match(/\[[^\]]*\]|\{[^}]*\}|[^,\s]+/g) ?? []).map((s) => s.trim());
}

function register(text: string | undefined): number {
  const name = text === 'sp' ? 'r13' : text === 'lr' ? 'r14' : text === 'pc' ? 'r15' : text;
  const match = /^r(\d+)$/.exec(name ?? '');
  if (!match || Number(match[1]) > 15) throw new AssemblyError(`no register: ${text}`);
  return Number(match[1]);
}

function immediate(text: string | undefined, max: number, unit = 1): number {
  const n = text?.startsWith('#') ? Number(text.slice(1)) : NaN;
  if (!(n >= 0 && n <= max * unit && n % unit === 0)) throw new AssemblyError(`no such constant: ${text}`);
  return n / unit;
}

function encode(name: string, o: string[], line: Line): number {
  const known = ENCODERS[name] ?? (name.startsWith('b') ? branch(name) : undefined);
  if (!known) throw new AssemblyError(`unknown instruction: ${line.text}`);
  return known(o, line);
}

function data(name: string): Encode {
  return (o) => {
    if (name === 'cmp' && o[1]!.startsWith('#')) return 0x2800 | (register(o[0]) << 8) | immediate(o[1], 255);
    return DATA[name]! | (register(o[1]) << 3) | register(o[0]);
  };
}

function memory(name: string): Encode {
  return (o, line) => {
    const rt = register(o[0]);
    if (o[1]!.startsWith('=')) {
      const offset = line.literal(o[1]!.slice(1)) - ((line.address + 4) & ~3);
      if (offset > 1020) throw new AssemblyError(`literal out of reach: ${line.text}`);
      return 0x4800 | (rt << 8) | (offset >> 2);
    }
    const [opcode, unit] = MEMORY[name]!;
    const [base, offset] = split(o[1]!.slice(1, -1));
    return opcode | (immediate(offset ?? '#0', 31, unit) << 6) | (register(base) << 3) | rt;
  };
}

/** adds and subs: with a register, 3 bits or 8 bits. */
function addition(three: number, eight: number, registers: number): Encode {
  return (o) => {
    const rd = register(o[0]);
    if (o.length === 2) {
      return o[1]!.startsWith('#')
        ? eight | (rd << 8) | immediate(o[1], 255)
        : registers | (register(o[1]) << 6) | (rd << 3) | rd;
    }
    return o[2]!.startsWith('#')
      ? three | (immediate(o[2], 7) << 6) | (register(o[1]) << 3) | rd
      : registers | (register(o[2]) << 6) | (register(o[1]) << 3) | rd;
  };
}

/** A list of low registers, and the bit for lr (push) or pc (pop). */
function list(opcode: number, special: string): Encode {
  return (o) => {
    let bits = opcode;
    for (const item of split(o[0]!.slice(1, -1))) {
      if (item === special) bits |= 0x100;
      else bits |= 1 << register(item);
    }
    return bits;
  };
}

function branch(name: string): Encode | undefined {
  if (name === 'b') return (o, line) => 0xe000 | distance(o[0]!, line, 11);
  const condition = CONDITIONS.indexOf(name.slice(1));
  if (condition < 0) return undefined;
  return (o, line) => 0xd000 | (condition << 8) | distance(o[0]!, line, 8);
}

function distance(label: string, line: Line, bits: number): number {
  const half = (line.label(label) - line.address - 4) >> 1;
  if (half < -(1 << (bits - 1)) || half >= 1 << (bits - 1)) {
    throw new AssemblyError(`label out of reach: ${line.text}`);
  }
  return half & ((1 << bits) - 1);
}

function branchLink(offset: number): number {
  const s = (offset >> 24) & 1;
  const j = (bit: number): number => 1 ^ s ^ ((offset >> bit) & 1);
  const high = 0xf000 | (s << 10) | ((offset >> 12) & 0x3ff);
  const low = 0xd000 | (j(23) << 13) | (j(22) << 11) | ((offset >> 1) & 0x7ff);
  return ((low << 16) | high) >>> 0;
}

const ENCODERS: Record<string, Encode> = {
  movs: (o) => 0x2000 | (register(o[0]) << 8) | immediate(o[1], 255),
  mov: (o) => {
    const [rd, rm] = [register(o[0]), register(o[1])];
    return 0x4600 | ((rd & 8) << 4) | (rm << 3) | (rd & 7);
  },
  adds: addition(0x1c00, 0x3000, 0x1800),
  subs: addition(0x1e00, 0x3800, 0x1a00),
  push: list(0xb400, 'lr'),
  pop: list(0xbc00, 'pc'),
  bx: (o) => 0x4700 | (register(o[0]) << 3),
  blx: (o) => 0x4780 | (register(o[0]) << 3),
  bkpt: (o) => 0xbe00 | immediate(o[0], 255),
};
for (const name in DATA) ENCODERS[name] = data(name);
for (const name in MEMORY) ENCODERS[name] = memory(name);
for (const name in SIMPLE) ENCODERS[name] = () => SIMPLE[name]!;
for (const name in SHIFTS) {
  ENCODERS[name] = (o) => SHIFTS[name]! | (immediate(o[2], 31) << 6) | (register(o[1]) << 3) | register(o[0]);
}
