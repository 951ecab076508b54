// The receiver: from a frame on the line to a packet in the circular buffer with its header (DS39662E, 7.2), and the
// host's side of the ring: ERXST, ERXND, ERXRDPT, ERXWRPT, EPKTCNT.

import { MEMORY_SIZE, hex } from './buffer-memory.js';
import { fcs } from './crc32.js';
import type { Enc28j60 } from './enc28j60.js';
import { ReceiveFilter, isBroadcast } from './receive-filter.js';
import {
  ECON1,
  ECON1_RXEN,
  ECON1_RXRST,
  EPKTCNT,
  ERXNDL,
  ERXRDPTH,
  ERXRDPTL,
  ERXSTL,
  ERXWRPTL,
  ESTAT,
  ESTAT_BUFER,
  ESTAT_RXBUSY,
  MACON1,
  MACON1_MARXEN,
  MACON1_PASSALL,
  MACON1_RXPAUS,
  MACON3,
  MACON3_HFRMEN,
  MAMXFLL,
  RXERIF,
} from './registers.js';

/** Next packet pointer and status vector. */
export const HEADER_BYTES = 6;
/** DS39662E, 5.1.6: shorter packets, FCS included, are rejected. */
const SHORTEST = 18;
const MAC_CONTROL = 0x8808;
const PAUSE = 0x0001;
const VLAN = 0x8100;

export class Receiver {
  readonly filter: ReceiveFilter;
  /** The internal write pointer; ERXWRPT shows it. */
  writePointer = 0;
  /** Until when a frame is arriving, µs. */
  carrierUntil = -1;
  private readPointerLow = 0;
  private dropped = false;

  constructor(private readonly chip: Enc28j60) {
    this.filter = new ReceiveFilter(chip);
    const { regs, misuse } = chip;
    for (const place of [ERXSTL, ERXSTL + 1, ERXNDL, ERXNDL + 1]) {
      regs.onWrite(place, (next) => {
        if (regs.has(ECON1, ECON1_RXEN)) misuse.count('rxPointersWhileEnabled');
        regs.values[place] = next;
        this.restartRing();
        return next;
      });
    }
    // 7.2.4: the low byte waits for the high byte.
    regs.onWrite(ERXRDPTL, (next, old) => {
      this.readPointerLow = next;
      return old;
    });
    regs.onWrite(ERXRDPTH, (next) => {
      regs.values[ERXRDPTL] = this.readPointerLow;
      regs.values[ERXRDPTH] = next;
      const at = regs.word(ERXRDPTL);
      if ((at & 1) === 0 && chip.errata.e14EvenErxrdpt) misuse.count('erxrdptEven', hex(at));
      if (!chip.memory.inRing(at)) misuse.count('erxrdptOutside', hex(at));
      return next;
    });
    regs.onRead(ESTAT, (stored) => (this.busy ? stored | ESTAT_RXBUSY : stored));
    this.reset();
  }

  /** System reset. */
  reset(): void {
    this.writePointer = 0;
    this.readPointerLow = this.chip.regs.values[ERXRDPTL]!;
    this.dropped = false;
  }

  get enabled(): boolean {
    const { regs } = this.chip;
    return (
      (regs.values[ECON1]! & (ECON1_RXEN | ECON1_RXRST)) === ECON1_RXEN &&
      regs.has(MACON1, MACON1_MARXEN) &&
      this.chip.power.running
    );
  }

  get busy(): boolean {
    return this.enabled && this.carrierUntil > this.chip.scheduler.now;
  }

  /** ECON1.RXEN goes from 0 to 1. */
  start(): void {
    const { memory, misuse, errata } = this.chip;
    if (memory.rxStart === memory.rxEnd) misuse.count('rxRingEmpty');
    if (errata.e5RxStart && memory.rxStart !== 0) misuse.count('rxStartNotZero', hex(memory.rxStart));
  }

  /** ECON2.PKTDEC. DS39662E, 7.2.4. */
  decrement(): void {
    const { regs, misuse } = this.chip;
    if (regs.values[EPKTCNT] === 0) {
      misuse.count('packetDecrementAtZero');
      return;
    }
    regs.values[EPKTCNT]!--;
    this.chip.interrupts.update();
  }

  /**
   * A frame without FCS has fully arrived.
   * @param wireTime how long it took, µs
   */
  receive(frame: Uint8Array, badFcs: boolean, wireTime: number): void {
    const { chip } = this;
    const { regs, counters, scheduler } = chip;
    counters.rxFrames++;
    if (!this.enabled) {
      counters.rxDisabled++;
      return;
    }
    const length = frame.length + 4;
    if (length < SHORTEST) {
      counters.rxRunts++;
      return;
    }
    // MACON3.HFRMEN and MAMXFL: register 6-2.
    if (length > regs.word(MAMXFLL) && !regs.has(MACON3, MACON3_HFRMEN)) {
      counters.rxOversize++;
      return;
    }
    if (chip.dma.checksumSince(scheduler.now - wireTime) && chip.errata.e17DmaReceive) {
      if (chip.random.chance(chip.errataRates.e17DmaReceive)) {
        counters.rxAbortedByDma++;
        this.fail();
        return;
      }
    }
    const packet = withFcs(frame, badFcs);
    const type = (frame[12]! << 8) | frame[13]!;
    if (type === MAC_CONTROL && !badFcs) {
      this.control(frame);
      if (!regs.has(MACON1, MACON1_PASSALL)) {
        counters.rxControl++;
        return;
      }
    }
    const verdict = this.filter.judge(packet, !badFcs);
    if (verdict !== 'accept') {
      if (verdict === 'badFcs') counters.rxBadFcs++;
      else counters.rxFiltered++;
      return;
    }
    this.store(packet, badFcs);
  }

  private store(packet: Uint8Array, badFcs: boolean): void {
    const { chip } = this;
    const { regs, counters, memory } = chip;
    if (regs.values[EPKTCNT] === 255) {
      counters.rxCountFull++;
      this.fail();
      return;
    }
    const total = HEADER_BYTES + packet.length;
    // 7.2.2: packets start at even addresses. With an even ERXRDPT the padding byte can reach it, and a full ring
    // then looks empty: one way in which erratum 14 strikes.
    const padded = (total + 1) & ~1;
    if ((chip.errata.e14EvenErxrdpt ? total : padded) > this.freeSpace()) {
      counters.rxOverflow++;
      this.fail();
      return;
    }
    const start = this.writePointer;
    const next = memory.advance(start, padded);
    const header = new Uint8Array(HEADER_BYTES);
    header[0] = next & 255;
    header[1] = next >> 8;
    statusVector(header, packet, badFcs, this.dropped);
    this.dropped = false;
    if (chip.errata.e14EvenErxrdpt && (regs.word(ERXRDPTL) & 1) === 0) {
      if (chip.random.chance(chip.errataRates.e14EvenErxrdpt)) {
        counters.rxCorrupted++;
        for (let i = 0; i < HEADER_BYTES; i++) header[i] = chip.random.below(256);
      }
    }
    this.write(packet, this.write(header, start));
    this.writePointer = next;
    regs.setWord(ERXWRPTL, next);
    regs.values[EPKTCNT]!++;
    counters.rxAccepted++;
    counters.rxBytes += packet.length;
    chip.interrupts.update();
  }

  /** Bytes that fit before ERXRDPT; one always stays free. DS39662E, example 7-2. */
  freeSpace(): number {
    const { regs, memory } = this.chip;
    const size = ((memory.rxEnd - memory.rxStart) & (MEMORY_SIZE - 1)) + 1;
    const gap = regs.word(ERXRDPTL) - this.writePointer;
    return gap > 0 ? gap - 1 : gap + size - 1;
  }

  /** Copies into the ring from `at`. @returns the address behind the last byte */
  private write(data: Uint8Array, at: number): number {
    const { memory } = this.chip;
    const end = memory.rxEnd;
    let from = 0;
    while (from < data.length) {
      const stop = at <= end ? end : MEMORY_SIZE - 1;
      const run = Math.min(data.length - from, stop - at + 1);
      memory.bytes.set(data.subarray(from, from + run), at);
      from += run;
      at = memory.advance(at, run);
    }
    return at;
  }

  /** 12.1.2: no room for the packet. */
  private fail(): void {
    this.dropped = true;
    this.chip.regs.set(ESTAT, ESTAT_BUFER);
    this.chip.interrupts.raise(RXERIF);
  }

  /** 6.1: programming ERXST or ERXND sets the write pointer to ERXST. */
  private restartRing(): void {
    const { chip } = this;
    const wrong = chip.errata.e5RxStart && chip.random.chance(chip.errataRates.e5RxStart);
    this.writePointer = wrong ? 0 : chip.memory.rxStart;
    chip.regs.setWord(ERXWRPTL, this.writePointer);
  }

  /** 10.2 and register 6-1: a pause frame holds the transmitter back if RXPAUS is set. */
  private control(frame: Uint8Array): void {
    const { regs, transmitter } = this.chip;
    const opcode = (frame[14]! << 8) | frame[15]!;
    if (opcode === PAUSE && regs.has(MACON1, MACON1_RXPAUS)) {
      transmitter.pause((((frame[16]! << 8) | frame[17]!) * 512) / 10);
    }
  }
}

function withFcs(frame: Uint8Array, bad: boolean): Uint8Array {
  const out = new Uint8Array(frame.length + 4);
  out.set(frame);
  const sum = bad ? ~fcs(frame) : fcs(frame);
  for (let i = 0; i < 4; i++) out[frame.length + i] = (sum >>> (8 * i)) & 255;
  return out;
}

/** Table 7-3, bits 31:0 into header[2..5]. */
function statusVector(header: Uint8Array, packet: Uint8Array, badFcs: boolean, dropped: boolean): void {
  const type = (packet[12]! << 8) | packet[13]!;
  const data = packet.length - 18;
  let flags = 0; // bits 31:16
  if (dropped) flags |= 1 << 0;
  if (badFcs) flags |= 1 << 4;
  // A length field may be short of the data by the padding.
  if (type <= 1500 && (data > 46 ? type !== data : type > data)) flags |= 1 << 5;
  if (type > 1500) flags |= 1 << 6;
  if (!badFcs) flags |= 1 << 7;
  if (isBroadcast(packet)) flags |= 1 << 9;
  else if (packet[0]! & 1) flags |= 1 << 8;
  if (type === MAC_CONTROL) {
    flags |= 1 << 11;
    if (packet[14] === 0 && packet[15] === 1) flags |= 1 << 12;
    else flags |= 1 << 13;
  }
  if (type === VLAN) flags |= 1 << 14;
  header[2] = packet.length & 255;
  header[3] = packet.length >> 8;
  header[4] = flags & 255;
  header[5] = flags >> 8;
}
