// Writes WebAssembly function bodies: the few operators that translated Thumb code needs, and structured control flow
// with labels in place of relative depths. Which code to write is decided in translate.ts.

/** Operators without immediate operands (WebAssembly core specification 1.0, 5.4). */
export const Op = {
  return: 0x0f,
  select: 0x1b,
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtS: 0x4a,
  gtU: 0x4b,
  leS: 0x4c,
  leU: 0x4d,
  geS: 0x4e,
  geU: 0x4f,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shrS: 0x75,
  shrU: 0x76,
  rotl: 0x77,
  rotr: 0x78,
  extend8S: 0xc0,
  extend16S: 0xc1,
} as const;

/** Loads and stores: operator, and log2 of the natural alignment. */
export const Access = {
  load32: [0x28, 2],
  load8S: [0x2c, 0],
  load8U: [0x2d, 0],
  load16S: [0x2e, 1],
  load16U: [0x2f, 1],
  store32: [0x36, 2],
  store8: [0x3a, 0],
  store16: [0x3b, 1],
} as const;

export type AccessKind = (typeof Access)[keyof typeof Access];

const BLOCK = 0x02;
const LOOP = 0x03;
const IF = 0x04;
const ELSE = 0x05;
const END = 0x0b;
const BR = 0x0c;
const BR_IF = 0x0d;
const BR_TABLE = 0x0e;
const CALL = 0x10;
const CALL_INDIRECT = 0x11;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const I32_CONST = 0x41;
const VOID = 0x40;

/** Appends `value` as unsigned LEB128. */
export function unsigned(out: number[], value: number): void {
  while (value > 127) {
    out.push((value & 127) | 128);
    value >>>= 7;
  }
  out.push(value);
}

function signed(out: number[], value: number): void {
  for (;;) {
    const low = value & 127;
    value >>= 7;
    if ((value === 0 && !(low & 64)) || (value === -1 && low & 64)) {
      out.push(low);
      return;
    }
    out.push(low | 128);
  }
}

/** What `block`, `loop` and `if` give: the nesting depth at which they were opened. */
export type Label = number;

export class WasmCode {
  readonly bytes: number[] = [];
  private depth = 0;

  op(op: number): this {
    this.bytes.push(op);
    return this;
  }

  const(value: number): this {
    this.bytes.push(I32_CONST);
    signed(this.bytes, value | 0);
    return this;
  }

  get(local: number): this {
    this.bytes.push(LOCAL_GET, local);
    return this;
  }

  set(local: number): this {
    this.bytes.push(LOCAL_SET, local);
    return this;
  }

  tee(local: number): this {
    this.bytes.push(LOCAL_TEE, local);
    return this;
  }

  /** A load or store at the address on the stack plus `offset` bytes. */
  access(kind: AccessKind, offset: number): this {
    this.bytes.push(kind[0], kind[1]);
    unsigned(this.bytes, offset);
    return this;
  }

  call(functionIndex: number): this {
    this.bytes.push(CALL);
    unsigned(this.bytes, functionIndex);
    return this;
  }

  callIndirect(typeIndex: number): this {
    this.bytes.push(CALL_INDIRECT, typeIndex, 0);
    return this;
  }

  block(): Label {
    this.bytes.push(BLOCK, VOID);
    return ++this.depth;
  }

  loop(): Label {
    this.bytes.push(LOOP, VOID);
    return ++this.depth;
  }

  if(): Label {
    this.bytes.push(IF, VOID);
    return ++this.depth;
  }

  else(): this {
    this.bytes.push(ELSE);
    return this;
  }

  end(): this {
    this.bytes.push(END);
    this.depth--;
    return this;
  }

  br(label: Label): this {
    this.bytes.push(BR);
    unsigned(this.bytes, this.depth - label);
    return this;
  }

  brIf(label: Label): this {
    this.bytes.push(BR_IF);
    unsigned(this.bytes, this.depth - label);
    return this;
  }

  /** Goes to the label whose index is on the stack; the last one serves all greater indices. */
  brTable(labels: Label[]): this {
    this.bytes.push(BR_TABLE);
    unsigned(this.bytes, labels.length - 1);
    for (const label of labels) unsigned(this.bytes, this.depth - label);
    return this;
  }
}
