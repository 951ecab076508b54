// Writes WebAssembly function bodies: the few operators that translated Thumb code needs, and structured control flow
// with labels in place of relative depths. Which code to write is decided in translate.ts.

import { ByteWriter } from './byte-writer.js';

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

/** What `block`, `loop` and `if` give: the nesting depth at which they were opened. */
export type Label = number;

export class WasmCode {
  readonly bytes = new ByteWriter();
  private depth = 0;

  op(op: number): this {
    this.bytes.byte(op);
    return this;
  }

  const(value: number): this {
    this.bytes.byte(I32_CONST);
    this.bytes.signed(value | 0);
    return this;
  }

  get(local: number): this {
    this.bytes.byte(LOCAL_GET).byte(local);
    return this;
  }

  set(local: number): this {
    this.bytes.byte(LOCAL_SET).byte(local);
    return this;
  }

  tee(local: number): this {
    this.bytes.byte(LOCAL_TEE).byte(local);
    return this;
  }

  /** A load or store at the address on the stack plus `offset` bytes. */
  access(kind: AccessKind, offset: number): this {
    this.bytes.byte(kind[0]).byte(kind[1]);
    this.bytes.unsigned(offset);
    return this;
  }

  call(functionIndex: number): this {
    this.bytes.byte(CALL);
    this.bytes.unsigned(functionIndex);
    return this;
  }

  callIndirect(typeIndex: number): this {
    this.bytes.byte(CALL_INDIRECT).byte(typeIndex).byte(0);
    return this;
  }

  block(): Label {
    this.bytes.byte(BLOCK).byte(VOID);
    return ++this.depth;
  }

  loop(): Label {
    this.bytes.byte(LOOP).byte(VOID);
    return ++this.depth;
  }

  if(): Label {
    this.bytes.byte(IF).byte(VOID);
    return ++this.depth;
  }

  else(): this {
    this.bytes.byte(ELSE);
    return this;
  }

  end(): this {
    this.bytes.byte(END);
    this.depth--;
    return this;
  }

  br(label: Label): this {
    this.bytes.byte(BR);
    this.bytes.unsigned(this.depth - label);
    return this;
  }

  brIf(label: Label): this {
    this.bytes.byte(BR_IF);
    this.bytes.unsigned(this.depth - label);
    return this;
  }

  /** Goes to the label whose index is on the stack; the last one serves all greater indices. */
  brTable(labels: Label[]): this {
    this.bytes.byte(BR_TABLE);
    this.bytes.unsigned(labels.length - 1);
    for (const label of labels) this.bytes.unsigned(this.depth - label);
    return this;
  }
}
