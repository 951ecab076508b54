// A host for the tests of the model: gSPI commands as words, the boot sequence, packets each way; and a firmware that
// does next to nothing. It knows addresses by number, so that it does not share the model's.

import { Cyw43, lengthWord } from '../../chips/cyw43/index.js';
import type { ChipFirmware, ControlRequest, Cyw43Options, FirmwareHost } from '../../chips/cyw43/index.js';
import { Scheduler } from '../../sim/scheduler.js';

/** Answers each request with its own data when asked to, and keeps what it got. */
export class FakeFirmware implements ChipFirmware {
  host: FirmwareHost | null = null;
  ram: Uint8Array | null = null;
  starts = 0;
  stops = 0;
  answer = true;
  /** µs from start to ready. */
  readyTime = 5000;
  readonly requests: ControlRequest[] = [];
  readonly frames: { iface: number; frame: Uint8Array }[] = [];

  constructor(private readonly s: Scheduler) {}

  start(ram: Uint8Array, host: FirmwareHost): void {
    this.starts++;
    this.ram = ram;
    this.host = host;
    this.s.after(this.readyTime, () => host.ready());
  }

  stop(): void {
    this.stops++;
  }

  control(request: ControlRequest): void {
    this.requests.push(request);
    if (!this.answer) return;
    const { id, cmd, iface, set, data } = request;
    this.host!.controlReply(id, cmd, iface, set ? 2 : 0, 0, data);
  }

  frame(iface: number, frame: Uint8Array): void {
    this.frames.push({ iface, frame });
  }
}

/** How a 32-bit value travels: 16-bit words, 32-bit words, bytes as in memory. */
export type Order = 'half' | 'word' | 'byte';

export function onWire(order: Order, v: number): number {
  const [b3, b2, b1, b0] = [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255];
  const bytes = { half: [b1, b0, b3, b2], word: [b3, b2, b1, b0], byte: [b0, b1, b2, b3] }[order];
  return bytes.reduce((w, b) => w * 256 + b!, 0);
}

export const RAM_END = 0x80000;
export const NVRAM = 'manfid=0x2d0\0prodid=0x0727\0\0';

export class Host {
  readonly s = new Scheduler();
  readonly firmware = new FakeFirmware(this.s);
  readonly chip: Cyw43;
  order: Order = 'half';
  /** Words that the host clocks between an F1 read's command and its data. */
  delayWords = 1;
  private window = -1;
  sequence = 0;

  constructor(options: Partial<Cyw43Options> = {}) {
    this.chip = new Cyw43({ scheduler: this.s, firmware: this.firmware, ...options });
  }

  command(write: boolean, fn: number, address: number, length: number, increment = true): number {
    const flags = (write ? 0x80000000 : 0) + (increment ? 0x40000000 : 0);
    return flags + fn * 0x10000000 + address * 0x800 + (length & 0x7ff);
  }

  send(value: number): void {
    this.chip.wordIn(onWire(this.order, value));
  }

  take(): number {
    return onWire(this.order, this.chip.wordOut());
  }

  /** One transaction: these words out, then `inWords` words in. */
  transact(words: number[], inWords = 0): number[] {
    this.chip.select();
    for (const w of words) this.send(w);
    const out: number[] = [];
    for (let i = 0; i < inWords; i++) out.push(this.take());
    this.chip.deselect();
    return out;
  }

  read(fn: number, address: number, length: number): number {
    const delay = fn === 1 ? this.delayWords : 0;
    return this.transact([this.command(false, fn, address, length)], delay + 1)[delay]!;
  }

  write(fn: number, address: number, value: number, length: number): void {
    this.transact([this.command(true, fn, address, length), value]);
  }

  status(): number {
    return this.read(0, 8, 4);
  }

  /** WL_REG_ON low, then high; waits until the bus answers. */
  powerOn(): this {
    this.chip.setPower(0);
    this.s.runFor(20000);
    this.chip.setPower(1);
    this.s.runFor(50000);
    this.order = 'half';
    this.window = -1;
    this.sequence = 0;
    return this;
  }

  /** Word order, response delay and interrupts as drivers set them. */
  configure(order: Order = 'word'): this {
    const control = { half: 0x30, word: 0x31, byte: 0x33 }[order] | 0x80;
    this.write(0, 0, 0x00010400 | control, 4);
    this.order = order;
    this.write(0, 0x1d, 4, 1);
    this.write(0, 4, 0xffff, 2);
    this.write(0, 6, 0x00bf, 2);
    return this;
  }

  setWindow(address: number): void {
    const base = Math.floor(address / 0x8000);
    if (base === this.window) return;
    this.window = base;
    this.write(1, 0x1000a, (address >>> 8) & 0x80, 1);
    this.write(1, 0x1000b, (address >>> 16) & 255, 1);
    this.write(1, 0x1000c, address >>> 24, 1);
  }

  readBack(address: number, length = 4): number {
    this.setWindow(address);
    return this.read(1, 0x8000 | (address & 0x7fff), length);
  }

  writeBack(address: number, value: number, length = 4): void {
    this.setWindow(address);
    this.write(1, 0x8000 | (address & 0x7fff), value, length);
  }

  /** Asks for the ALP clock and waits. */
  alp(): this {
    this.write(1, 0x1000e, 0x08, 1);
    this.s.runFor(1000);
    this.write(1, 0x1000e, 0, 1);
    return this;
  }

  resetCore(wrapper: number): void {
    this.writeBack(wrapper + 0x408, 3);
    this.writeBack(wrapper + 0x800, 0);
    this.s.runFor(1000);
    this.writeBack(wrapper + 0x408, 1);
    this.s.runFor(1000);
  }

  /** Bytes to RAM in transfers of 64. */
  download(address: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 64) {
      const part = bytes.subarray(at, at + 64);
      this.setWindow(address + at);
      const target = 0x8000 | ((address + at) & 0x7fff);
      this.transact([this.command(true, 1, target, part.length), ...toWords(part)]);
    }
  }

  /** SOCSRAM up, image, NVRAM and its length word. */
  loadImage(image = counted(3000), nvram = NVRAM): this {
    this.resetCore(0x18104000);
    this.writeBack(0x18004010, 3);
    this.writeBack(0x18004044, 0);
    this.download(0, image);
    const text = Uint8Array.from(nvram, (c) => c.charCodeAt(0));
    const padded = new Uint8Array((text.length + 3) & ~3);
    padded.set(text);
    this.download(RAM_END - 4 - padded.length, padded);
    this.writeBack(RAM_END - 4, lengthWord(padded.length));
    return this;
  }

  startArm(): void {
    this.resetCore(0x18103000);
  }

  /** All of it, up to F2_RX_READY. */
  boot(order: Order = 'word'): this {
    this.powerOn().configure(order).alp().loadImage().startArm();
    this.s.runFor(30000);
    this.writeBack(0x18002024, 0xf0);
    this.write(1, 0x10008, 32, 1);
    this.write(1, 0x1001f, 1, 1);
    return this;
  }

  /** One SDPCM packet through F2, rounded up to words. */
  sendPacket(bytes: Uint8Array): number {
    const length = (bytes.length + 3) & ~3;
    return this.transact([this.command(true, 2, 0, length), ...toWords(bytes)], 1)[0]!;
  }

  packet(channel: number, header: number, body: Uint8Array): Uint8Array {
    const p = new Uint8Array(header + body.length);
    p.set([p.length & 255, p.length >> 8, ~p.length & 255, (~p.length >> 8) & 255]);
    p.set([this.sequence++ & 255, channel, 0, header], 4);
    p.set(body, header);
    return p;
  }

  control(cmd: number, id: number, data: Uint8Array, set = true, iface = 0): void {
    const body = new Uint8Array(16 + data.length);
    const view = new DataView(body.buffer);
    view.setUint32(0, cmd, true);
    view.setUint32(4, data.length, true);
    view.setUint32(8, id * 0x10000 + (iface << 12) + (set ? 2 : 0), true);
    body.set(data, 16);
    this.sendPacket(this.packet(0, 12, body));
  }

  frame(frame: Uint8Array, iface = 0, priority = 0): void {
    const body = new Uint8Array(4 + frame.length);
    body.set([0x20, priority, iface, 0]);
    body.set(frame, 4);
    this.sendPacket(this.packet(2, 14, body));
  }

  /** The packet that the status tells of; null when there is none. */
  receive(): Uint8Array | null {
    const length = waiting(this.status());
    if (length === 0) return null;
    const words = this.transact([this.command(false, 2, 0, length)], (length + 3) >> 2);
    return toBytes(words).subarray(0, length);
  }
}

/** Length of the packet that a status word tells of. */
export function waiting(status: number): number {
  return status & 0x100 ? (status >>> 9) & 0x7ff : 0;
}

export function toWords(bytes: Uint8Array): number[] {
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  return Array.from({ length: padded.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

export function toBytes(words: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((w, i) => view.setUint32(4 * i, w, true));
  return bytes;
}

/** Bytes that tell their place. */
export function counted(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);
}
