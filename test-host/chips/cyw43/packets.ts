// F2: the queue of packets to the host, one read each, and the buffer into which the host writes one packet. A packet
// of the host is handed on when chip select rises; what is in it is HostLink's business.

import type { Cyw43 } from './cyw43.js';
import type { BusFunction } from './gspi.js';
import type { MisuseKind } from './misuse.js';
import { F2_MAX, INT_DATA_UNAVAILABLE, INT_FIFO_RD_UNDERFLOW, INT_FIFO_WR_OVERFLOW } from './registers.js';

export type PacketKind = 'reply' | 'event' | 'frame' | 'credit';

export interface QueuedPacket {
  kind: PacketKind;
  bytes: Uint8Array;
}

export class Packets implements BusFunction {
  private readonly queue: QueuedPacket[] = [];
  /** Of the queue's head; 0 when nothing waits. */
  headLength = 0;
  private reading: Uint8Array | null = null;
  private readLength = 0;
  private position = 0;
  private readonly buffer = new Uint8Array(F2_MAX);
  private readonly bufferView = new DataView(this.buffer.buffer);
  private writing = false;
  private writeLength = 0;
  private written = false;
  private refusal: MisuseKind | null = null;
  /** Full after a trap: nobody empties it. */
  private stuck = false;

  constructor(private readonly chip: Cyw43) {}

  /** The core went into reset. */
  reset(): void {
    this.queue.length = 0;
    this.headLength = 0;
    this.reading = null;
    this.written = false;
    this.stuck = false;
    this.chip.interrupts.update();
  }

  /** F2_RX_READY. */
  get rxReady(): boolean {
    const { arm, faults, hostLink } = this.chip;
    return arm.ready && !this.stuck && !hostLink.busy && !faults.readyStalled;
  }

  get length(): number {
    return this.queue.length;
  }

  push(packet: QueuedPacket): void {
    this.queue.push(packet);
    this.headLength = this.queue[0]!.bytes.length;
    this.chip.faults.packetQueued();
    this.chip.interrupts.update();
  }

  /** READ_TERMINATE. */
  dropHead(): void {
    if (!this.shift()) return;
    this.chip.counters.readTerminated++;
    this.chip.interrupts.update();
  }

  begin(write: boolean, _address: number, length: number): void {
    this.writing = write;
    this.position = 0;
    if (write) this.beginWrite(length);
    else this.beginRead(length);
  }

  readWord(bytes: number): number {
    const at = this.position;
    this.position = at + bytes;
    const packet = this.reading;
    if (!packet || at >= packet.length) return 0;
    if (at + 4 <= packet.length)
      return packet[at]! | (packet[at + 1]! << 8) | (packet[at + 2]! << 16) | (packet[at + 3]! << 24);
    let value = 0;
    for (let i = packet.length - 1; i >= at; i--) value = (value << 8) | packet[i]!;
    return value;
  }

  writeWord(value: number, bytes: number): void {
    this.bufferView.setUint32(this.position, value, true);
    this.position += bytes;
  }

  complete(): void {
    if (this.writing) this.written = true;
    else this.endRead();
  }

  abort(): void {
    if (!this.writing) this.endRead();
  }

  /** Chip select rose: a packet that is whole goes on. */
  deselected(): void {
    if (!this.written) return;
    this.written = false;
    const { chip } = this;
    if (this.refusal !== null) {
      chip.counters.refusedFromHost++;
      chip.misuse.count(this.refusal, `${this.writeLength} bytes`);
      chip.interrupts.raise(INT_FIFO_WR_OVERFLOW);
    } else if (chip.arm.trapped) {
      chip.counters.lostInTrap++;
      this.stuck = true;
    } else chip.hostLink.receive(this.buffer.slice(0, this.writeLength));
  }

  private beginRead(length: number): void {
    const { chip } = this;
    this.readLength = length;
    this.reading = null;
    if (chip.clocks.asleep) chip.misuse.count('asleep', 'F2 read');
    else if (this.headLength === 0) {
      chip.misuse.count('readEmpty', `${length} bytes`);
      chip.interrupts.raise(INT_DATA_UNAVAILABLE);
    } else {
      this.reading = this.queue[0]!.bytes;
      if (length > ((this.headLength + 3) & ~3)) {
        chip.misuse.count('readPastPacket', `${length} of ${this.headLength} bytes`);
        chip.interrupts.raise(INT_FIFO_RD_UNDERFLOW);
      }
    }
  }

  private endRead(): void {
    const { chip, reading } = this;
    if (!reading) return;
    this.reading = null;
    // READ_TERMINATE cannot come in between: it is a transaction of its own.
    const packet = this.shift()!;
    if (this.readLength < reading.length)
      chip.misuse.count('packetReadShort', `${this.readLength} of ${reading.length} bytes`);
    else if (this.position >= this.readLength) chip.hostLink.delivered(packet);
    chip.interrupts.update();
  }

  private beginWrite(length: number): void {
    const { chip } = this;
    this.writeLength = length;
    this.written = false;
    this.refusal = null;
    if (length & 3) chip.misuse.count('packetNotRounded', `${length} bytes`);
    if (chip.clocks.asleep) this.refusal = 'asleep';
    else if (chip.arm.trapped) this.refusal = this.stuck ? 'packetWhileBusy' : null;
    else if (!chip.arm.running) this.refusal = 'packetBeforeDownload';
    else if (!chip.arm.ready) this.refusal = 'packetBeforeReady';
    else if (!this.rxReady) this.refusal = 'packetWhileBusy';
  }

  private shift(): QueuedPacket | undefined {
    const packet = this.queue.shift();
    this.headLength = this.queue.length ? this.queue[0]!.bytes.length : 0;
    return packet;
  }
}
