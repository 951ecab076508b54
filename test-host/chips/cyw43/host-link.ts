// The firmware's end of SDPCM: sequence numbers and credits both ways, flow control, and the CDC and BDC headers between
// packets and ChipFirmware.

import type { Event } from '../../sim/scheduler.js';
import type { Cyw43 } from './cyw43.js';
import type { FirmwareHost } from './firmware.js';
import type { PacketKind, QueuedPacket } from './packets.js';
import * as S from './sdpcm.js';
import type { HostPacket } from './sdpcm.js';

/** Credit a host has before it has read any packet: sequence number 0 may be sent. */
const FIRST_CREDIT = 1;
/** Packets that wait for the firmware at most; F2_RX_READY is clear meanwhile. */
const BACKLOG = 4;
/** The interface number in an event frame: Ethernet header, 10 bytes of vendor header, 46 of the message. */
const EVENT_INTERFACE = 70;

export class HostLink {
  private session: { alive: boolean } | null = null;
  /** Of the host's next packet. */
  private expected = 0;
  /** The sequence number behind the last packet that the firmware has taken. */
  private taken = 0;
  private sequence = 0;
  /** Credit and flow bits as last queued, and as the host has read them. */
  private queuedCredit = FIRST_CREDIT;
  private toldCredit = FIRST_CREDIT;
  private flowBits = 0;
  private toldFlow = 0;
  private frozen: number | null = null;
  private backlog = 0;
  private backlogUntil = 0;
  private readonly waiting = new Set<Event>();

  constructor(private readonly chip: Cyw43) {}

  /** The core is in reset. */
  reset(): void {
    this.disconnect();
    this.expected = this.taken = this.sequence = 0;
    this.queuedCredit = this.toldCredit = FIRST_CREDIT;
    this.flowBits = this.toldFlow = 0;
    this.frozen = null;
  }

  /** No room for a further packet of the host. */
  get busy(): boolean {
    return this.backlog >= BACKLOG;
  }

  /** @returns what the firmware talks to, until disconnect() */
  connect(): FirmwareHost {
    const session = { alive: true };
    this.session = session;
    const { chip } = this;
    return {
      ready: () => session.alive && chip.arm.becomeReady(),
      controlReply: (id, cmd, iface, flags, status, data) =>
        session.alive && this.reply(id, cmd, iface, flags, status, data),
      event: (bytes) =>
        session.alive && this.ethernet('event', S.CHANNEL_EVENT, bytes[EVENT_INTERFACE] ?? 0, bytes),
      frame: (iface, bytes) => session.alive && this.ethernet('frame', S.CHANNEL_DATA, iface, bytes),
      flowControl: (bits) => session.alive && this.setFlow(bits),
      trap: () => session.alive && chip.arm.trap(),
    };
  }

  disconnect(): void {
    if (this.session) this.session.alive = false;
    this.session = null;
    for (const e of this.waiting) this.chip.scheduler.cancel(e);
    this.waiting.clear();
    this.backlog = 0;
    this.backlogUntil = 0;
  }

  freezeCredit(): void {
    this.frozen = this.queuedCredit;
  }

  thawCredit(): void {
    if (this.frozen === null) return;
    this.frozen = null;
    if (this.session) this.sendCredit();
  }

  /** A whole F2 write. */
  receive(bytes: Uint8Array): void {
    const { chip } = this;
    const packet = S.parsePacket(bytes);
    if (typeof packet === 'string') {
      chip.counters.refusedFromHost++;
      chip.misuse.count(packet, `${bytes.length} bytes`);
      return;
    }
    const { sequence } = packet;
    if (sequence !== this.expected)
      chip.misuse.count('sdpcmSequence', `${sequence} instead of ${this.expected}`);
    const credit = (this.toldCredit - sequence) & 0xff;
    if (credit === 0 || credit >= 0x80) {
      chip.counters.refusedFromHost++;
      chip.misuse.count('packetWithoutCredit', `sequence ${sequence}, credit ${this.toldCredit}`);
      return;
    }
    this.expected = (sequence + 1) & 0xff;
    chip.counters.bytesFromHost += bytes.length;
    const { packetTime } = chip.options;
    if (packetTime > 0) this.takeLater(packet, packetTime);
    else this.take(packet);
  }

  /** The host has read a packet to its end. */
  delivered(packet: QueuedPacket): void {
    const c = this.chip.counters;
    const { bytes, kind } = packet;
    this.toldCredit = bytes[S.CREDIT_OFFSET]!;
    this.toldFlow = bytes[S.FLOW_OFFSET]!;
    c.bytesToHost += bytes.length;
    if (kind === 'reply') c.replies++;
    else if (kind === 'event') c.events++;
    else if (kind === 'frame') c.framesToHost++;
    else c.creditPackets++;
  }

  private takeLater(packet: HostPacket, time: number): void {
    const { scheduler } = this.chip;
    this.backlog++;
    this.backlogUntil = Math.max(this.backlogUntil, scheduler.now) + time;
    const e = scheduler.at(this.backlogUntil, () => {
      this.waiting.delete(e);
      this.backlog--;
      this.take(packet);
    });
    this.waiting.add(e);
  }

  private take(packet: HostPacket): void {
    this.taken = (packet.sequence + 1) & 0xff;
    if (packet.channel === S.CHANNEL_CONTROL) this.control(packet.body);
    else this.data(packet.body);
  }

  private control(body: Uint8Array): void {
    const { chip } = this;
    const cdc = S.parseCdc(body);
    if (!cdc) {
      chip.counters.refusedFromHost++;
      chip.misuse.count('cdcLength', `${body.length} bytes`);
      this.refreshCredit();
      return;
    }
    chip.counters.controls++;
    const { cmd, id, iface, set, length } = cdc;
    const data = body.slice(S.CDC_HEADER);
    chip.firmware.control({ id, cmd, set, iface, outputLength: length, data });
  }

  private data(body: Uint8Array): void {
    const { chip } = this;
    const bdc = S.parseBdc(body);
    if (typeof bdc === 'string') {
      chip.counters.refusedFromHost++;
      chip.misuse.count(bdc, `${body.length} bytes`);
    } else {
      if ((this.toldFlow >> bdc.priority) & 1)
        chip.misuse.count('packetWhileStopped', `priority ${bdc.priority}`);
      chip.counters.framesFromHost++;
      chip.firmware.frame(bdc.iface, body.slice(bdc.offset));
    }
    this.refreshCredit();
  }

  private reply(
    id: number,
    cmd: number,
    iface: number,
    flags: number,
    status: number,
    data: Uint8Array,
  ): void {
    if (this.chip.faults.takeReply()) {
      this.refreshCredit();
      return;
    }
    const packet = S.newPacket(this.sequence, S.CHANNEL_CONTROL, S.SDPCM_HEADER, S.CDC_HEADER + data.length);
    S.putCdc(packet, cmd, id, iface, flags, status);
    packet.set(data, packet.length - data.length);
    this.send('reply', packet);
  }

  private ethernet(
    kind: PacketKind,
    channel: typeof S.CHANNEL_EVENT | typeof S.CHANNEL_DATA,
    iface: number,
    frame: Uint8Array,
  ): void {
    const { chip } = this;
    const { bdcWords, queueLimit } = chip.options;
    if (chip.packets.length >= queueLimit) {
      chip.counters.queueFull++;
      return;
    }
    const body = S.BDC_HEADER + 4 * bdcWords + frame.length;
    const packet = S.newPacket(this.sequence, channel, S.SDPCM_DATA_HEADER, body);
    S.putBdc(packet, iface, bdcWords);
    packet.set(frame, packet.length - frame.length);
    this.send(kind, packet);
  }

  private setFlow(bits: number): void {
    this.flowBits = bits & 0xff;
    this.sendCredit();
  }

  /** Tells the host of room once half the window is used and nothing else has told it. */
  private refreshCredit(): void {
    const left = (this.queuedCredit - this.expected) & 0xff;
    if (this.session && this.frozen === null && left <= this.chip.options.creditWindow / 2) this.sendCredit();
  }

  private sendCredit(): void {
    this.send('credit', S.newPacket(this.sequence, S.CHANNEL_CONTROL, S.SDPCM_HEADER, 0));
  }

  private send(kind: PacketKind, bytes: Uint8Array): void {
    const { chip } = this;
    this.sequence = (this.sequence + 1) & 0xff;
    this.queuedCredit = this.frozen ?? (this.taken + chip.options.creditWindow) & 0xff;
    bytes[S.FLOW_OFFSET] = this.flowBits;
    bytes[S.CREDIT_OFFSET] = this.queuedCredit;
    if (!chip.faults.takePacket()) chip.packets.push({ kind, bytes });
  }
}
