// A small host for the tests of the model: SPI commands with bus time, and initialisation, sending and receiving as
// chapters 6 and 7 of the data sheet tell it. It knows addresses by number, so that it does not share the model's.

import { Enc28j60 } from '../../chips/enc28j60/index.js';
import type { Enc28j60Options } from '../../chips/enc28j60/index.js';
import { Scheduler } from '../../sim/scheduler.js';
import type { FrameMeta, Port } from '../../sim/wire.js';

/** Bank and address of registers that tests use, DS39662E, table 3-1; MAC and MII ones as 'm'. */
const MAP: Record<string, [bank: number, address: number, kind?: 'm']> = {
  EIE: [-1, 0x1b],
  EIR: [-1, 0x1c],
  ESTAT: [-1, 0x1d],
  ECON2: [-1, 0x1e],
  ECON1: [-1, 0x1f],
  ERDPT: [0, 0x00],
  EWRPT: [0, 0x02],
  ETXST: [0, 0x04],
  ETXND: [0, 0x06],
  ERXST: [0, 0x08],
  ERXND: [0, 0x0a],
  ERXRDPT: [0, 0x0c],
  ERXWRPT: [0, 0x0e],
  EDMAST: [0, 0x10],
  EDMAND: [0, 0x12],
  EDMADST: [0, 0x14],
  EDMACS: [0, 0x16],
  EHT0: [1, 0x00],
  EPMM0: [1, 0x08],
  EPMCS: [1, 0x10],
  EPMO: [1, 0x14],
  ERXFCON: [1, 0x18],
  EPKTCNT: [1, 0x19],
  MACON1: [2, 0x00, 'm'],
  MACON3: [2, 0x02, 'm'],
  MACON4: [2, 0x03, 'm'],
  MABBIPG: [2, 0x04, 'm'],
  MAIPG: [2, 0x06, 'm'],
  MACLCON1: [2, 0x08, 'm'],
  MACLCON2: [2, 0x09, 'm'],
  MAMXFL: [2, 0x0a, 'm'],
  MICMD: [2, 0x12, 'm'],
  MIREGADR: [2, 0x14, 'm'],
  MIWR: [2, 0x16, 'm'],
  MIRD: [2, 0x18, 'm'],
  MAADR5: [3, 0x00, 'm'],
  MAADR6: [3, 0x01, 'm'],
  MAADR3: [3, 0x02, 'm'],
  MAADR4: [3, 0x03, 'm'],
  MAADR1: [3, 0x04, 'm'],
  MAADR2: [3, 0x05, 'm'],
  MISTAT: [3, 0x0a, 'm'],
  EREVID: [3, 0x12],
  ECOCON: [3, 0x15],
  EFLOCON: [3, 0x17],
  EPAUS: [3, 0x18],
};

export const RX_END = 0x19ff;
export const TX_START = 0x1a00;

export interface Packet {
  next: number;
  /** Status vector, bits 31:0. */
  status: number;
  /** With FCS. */
  data: Uint8Array;
}

export class Driver {
  readonly chip: Enc28j60;
  readonly s: Scheduler;
  private bank = 0;
  nextPacket = 0;
  private rxEnd = RX_END;

  constructor(options: Partial<Enc28j60Options> = {}) {
    this.s = options.scheduler ?? new Scheduler();
    this.chip = new Enc28j60({ errata: 'none', ...options, scheduler: this.s });
    this.chip.spiClockHz = 10e6;
  }

  /** One command, CS low to CS high; spends the bus time. */
  spi(...bytes: number[]): Uint8Array {
    this.chip.spiSelect();
    const rx = this.chip.spiTransfer(Uint8Array.from(bytes));
    this.chip.spiDeselect();
    this.s.runFor((bytes.length * 8e6) / this.chip.spiClockHz);
    return rx;
  }

  selectBank(bank: number): void {
    if (bank === this.bank || bank < 0) return;
    this.spi(0xbf, 3);
    if (bank) this.spi(0x9f, bank);
    this.bank = bank;
  }

  private at(name: string, offset = 0): { address: number; mac: boolean } {
    const [bank, address, kind] = MAP[name]!;
    this.selectBank(bank);
    return { address: address + offset, mac: kind === 'm' };
  }

  get(name: string, offset = 0): number {
    const { address, mac } = this.at(name, offset);
    return mac ? this.spi(address, 0, 0)[2]! : this.spi(address, 0)[1]!;
  }

  get16(name: string): number {
    return this.get(name) | (this.get(name, 1) << 8);
  }

  set(name: string, value: number, offset = 0): void {
    this.spi(0x40 | this.at(name, offset).address, value);
  }

  set16(name: string, value: number): void {
    this.set(name, value & 255);
    this.set(name, value >> 8, 1);
  }

  bfs(name: string, bits: number): void {
    this.spi(0x80 | this.at(name).address, bits);
  }

  bfc(name: string, bits: number): void {
    this.spi(0xa0 | this.at(name).address, bits);
  }

  softReset(): void {
    this.spi(0xff);
    this.bank = 0;
  }

  readMemory(at: number, n: number): Uint8Array {
    this.set16('ERDPT', at);
    return this.spi(0x3a, ...new Array<number>(n).fill(0)).subarray(1);
  }

  writeMemory(at: number, bytes: ArrayLike<number>): void {
    this.set16('EWRPT', at);
    this.spi(0x7a, ...Array.from(bytes));
  }

  /** 3.3.1. */
  readPhy(address: number): number {
    this.set('MIREGADR', address);
    this.set('MICMD', 1);
    while (this.get('MISTAT') & 1);
    this.set('MICMD', 0);
    return this.get16('MIRD');
  }

  /** 3.3.2. */
  writePhy(address: number, value: number): void {
    this.set('MIREGADR', address);
    this.set16('MIWR', value);
    while (this.get('MISTAT') & 1);
  }

  /** Chapter 6, and 7.2.1. */
  init(o: { full?: boolean; mac?: number[]; rxEnd?: number; filter?: number; receive?: boolean } = {}): this {
    const full = o.full ?? true;
    this.s.runFor(1000);
    while (!(this.get('ESTAT') & 1));
    this.rxEnd = o.rxEnd ?? RX_END;
    this.set16('ERXST', 0);
    this.set16('ERXND', this.rxEnd);
    this.set16('ERXRDPT', this.rxEnd);
    this.nextPacket = 0;
    this.set('ERXFCON', o.filter ?? 0xa1);
    this.set('MACON1', full ? 0x0d : 0x01);
    this.set('MACON3', full ? 0x33 : 0x32);
    this.set('MACON4', full ? 0x00 : 0x40);
    this.set16('MAMXFL', 1518);
    this.set('MABBIPG', full ? 0x15 : 0x12);
    this.set('MAIPG', 0x12);
    if (!full) this.set('MAIPG', 0x0c, 1);
    const mac = o.mac ?? [2, 0, 0, 0, 0, 1];
    mac.forEach((b, i) => this.set(`MAADR${i + 1}`, b));
    this.writePhy(0x00, full ? 0x0100 : 0);
    if (!full) this.writePhy(0x10, 0x0100);
    if (o.receive ?? true) this.bfs('ECON1', 0x04);
    return this;
  }

  /** 7.1: writes the packet and starts; does not wait. */
  startSend(frame: ArrayLike<number>, control = 0, at = TX_START): void {
    this.writeMemory(at, [control, ...Array.from(frame)]);
    this.set16('ETXST', at);
    this.set16('ETXND', at + frame.length);
    this.bfc('EIR', 0x0a);
    this.bfs('ECON1', 0x08);
  }

  /** Sends and waits. @returns the seven bytes of the status vector, or null when TXRTS stays set */
  send(frame: ArrayLike<number>, control = 0, at = TX_START): Uint8Array | null {
    this.startSend(frame, control, at);
    const end = this.s.now + 1e6;
    while (this.get('ECON1') & 8) if (this.s.now > end) return null;
    return this.readMemory(at + frame.length + 1, 7);
  }

  /** 7.2.3 and 7.2.4 with the odd ERXRDPT of erratum 14. @returns null when EPKTCNT is 0 */
  receive(): Packet | null {
    if (this.get('EPKTCNT') === 0) return null;
    const head = this.readMemory(this.nextPacket, 6);
    const size = head[2]! | (head[3]! << 8);
    const data = this.spi(0x3a, ...new Array<number>(size).fill(0)).subarray(1);
    const next = head[0]! | (head[1]! << 8);
    const status = (size | (head[4]! << 16) | (head[5]! << 24)) >>> 0;
    this.free(next);
    return { next, status, data };
  }

  free(next: number): void {
    this.nextPacket = next;
    this.set16('ERXRDPT', next === 0 ? this.rxEnd : next - 1);
    this.bfs('ECON2', 0x40);
  }
}

/** The far end of a cable, by hand. */
export class FarEnd implements Port {
  onFrame: ((frame: Uint8Array, meta?: FrameMeta) => void) | null = null;
  onCarrier: ((microseconds: number) => void) | null = null;
  sent: { time: number; frame: Uint8Array; badFcs: boolean }[] = [];

  constructor(private readonly s: Scheduler) {}

  send(frame: Uint8Array, meta?: FrameMeta): void {
    this.sent.push({ time: this.s.now, frame, badFcs: meta?.badFcs ?? false });
  }

  /** Sends to the chip. */
  give(frame: Uint8Array, badFcs = false): void {
    this.onFrame!(frame, badFcs ? { badFcs } : undefined);
  }
}

/** A driver with its chip initialised and a far end. */
export function wired(options: Partial<Enc28j60Options> = {}, init: Parameters<Driver['init']>[0] = {}) {
  const d = new Driver(options);
  const far = new FarEnd(d.s);
  d.chip.attach(far);
  d.init(init);
  d.chip.misuse.reset();
  return { d, far, chip: d.chip, s: d.s };
}

/** A frame without FCS: to, from and type, then counted bytes. */
export function frame(size: number, to: number[] = [2, 0, 0, 0, 0, 1], type = 0x0800): Uint8Array {
  const f = new Uint8Array(size);
  f.set([...to, 2, 0, 0, 0, 0, 9, type >> 8, type & 255]);
  for (let i = 14; i < size; i++) f[i] = (i * 7) & 255;
  return f;
}

export const BROADCAST = [255, 255, 255, 255, 255, 255];
