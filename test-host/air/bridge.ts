// The Ethernet side of an access point: frames from stations to stations and to the wire, and back. IEEE 802.1D's
// rules for a port, with one port for each station.

import type { FrameMeta, Port } from '../sim/wire.js';
import type { AccessPoint, Member } from './access-point.js';
import { macText } from './radio.js';
import type { Radio } from './radio.js';

const HEADER = 14;
const SOURCE = 6;

export interface BridgeCounters {
  fromStations: number;
  toStations: number;
  fromWire: number;
  toWire: number;
  /** From a station that is no member, or has no keys yet. */
  unauthorized: number;
  /** With a source address that is not the station's. */
  foreignSource: number;
  /** From the wire, to nobody here. */
  unknownDestination: number;
  /** The station or the access point was out of reach. */
  unreachable: number;
  badFcs: number;
  runts: number;
}

export class Bridge {
  readonly counters: BridgeCounters = {
    fromStations: 0,
    toStations: 0,
    fromWire: 0,
    toWire: 0,
    unauthorized: 0,
    foreignSource: 0,
    unknownDestination: 0,
    unreachable: 0,
    badFcs: 0,
    runts: 0,
  };

  constructor(
    private readonly ap: AccessPoint,
    readonly port: Port | null,
  ) {
    if (port) port.onFrame = (frame, meta) => this.fromWire(frame, meta);
  }

  /** A station sends a frame to the access point. */
  fromStation(radio: Radio, frame: Uint8Array): void {
    const { ap, counters } = this;
    ap.medium.send(frame.length, () => {
      if (!ap.heard) {
        counters.unreachable++;
        return;
      }
      counters.fromStations++;
      const member = ap.members.get(macText(radio.mac));
      if (member?.radio !== radio || !member.authorized) {
        counters.unauthorized++;
        if (!member) ap.turnAway(radio);
        return;
      }
      if (frame.length < HEADER) {
        counters.runts++;
        return;
      }
      if (macText(frame, SOURCE) !== macText(radio.mac)) {
        counters.foreignSource++;
        return;
      }
      this.route(member, frame);
    });
  }

  private route(from: Member, frame: Uint8Array): void {
    if (frame[0]! & 1) {
      this.toGroup(frame, from);
      this.toWire(frame);
      return;
    }
    const member = this.ap.members.get(macText(frame));
    if (member) this.toMember(member, frame);
    else this.toWire(frame);
  }

  private fromWire(frame: Uint8Array, meta?: FrameMeta): void {
    const { counters } = this;
    counters.fromWire++;
    if (meta?.badFcs) {
      counters.badFcs++;
      return;
    }
    if (frame.length < HEADER) {
      counters.runts++;
      return;
    }
    // What a member has sent comes back to it by no way.
    const sender = this.ap.members.get(macText(frame, SOURCE)) ?? null;
    if (frame[0]! & 1) {
      this.toGroup(frame, sender);
      return;
    }
    const member = this.ap.members.get(macText(frame));
    if (member && member !== sender) this.toMember(member, frame);
    else counters.unknownDestination++;
  }

  private toWire(frame: Uint8Array): void {
    if (!this.port) return;
    this.counters.toWire++;
    this.port.send(frame);
  }

  /** A group frame is sent once and heard by all. */
  private toGroup(frame: Uint8Array, except: Member | null): void {
    const hearers = [...this.ap.members.values()].filter((m) => m !== except && m.authorized);
    if (!hearers.length) return;
    this.ap.medium.send(frame.length, () => {
      for (const member of hearers) this.arrive(member, frame);
    });
  }

  private toMember(member: Member, frame: Uint8Array): void {
    if (!member.authorized) {
      this.counters.unauthorized++;
      return;
    }
    this.ap.medium.send(frame.length, () => this.arrive(member, frame));
  }

  private arrive(member: Member, frame: Uint8Array): void {
    if (!this.ap.heard || !this.ap.isMember(member.radio)) {
      this.counters.unreachable++;
      return;
    }
    this.counters.toStations++;
    member.radio.receive(frame);
  }
}
