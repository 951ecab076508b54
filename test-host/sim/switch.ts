// A learning Ethernet switch (IEEE 802.1D, clause 7): it learns where addresses live, forwards, floods and
// forgets. Each device port is the far end of a Link, so rate, delay and trouble are set there.

import { Link } from './link.js';
import type { LinkConfig } from './link.js';
import type { Scheduler } from './scheduler.js';
import type { FrameMeta, Port } from './wire.js';

export interface SwitchOptions {
  /** An address not heard for so long is forgotten, µs. IEEE 802.1D, 7.9.2: 300 s. */
  ageing?: number;
  /** Addresses that are remembered at most; further ones are flooded to. */
  tableSize?: number;
  /** Sees each frame that enters the switch. */
  mirror?: ((frame: Uint8Array, info: MirrorInfo) => void) | null;
}

export interface MirrorInfo {
  time: number;
  /** Index of the port by which the frame came in. */
  port: number;
}

export interface SwitchCounters {
  frames: number;
  forwarded: number;
  flooded: number;
  /** The destination lives on the port the frame came from. */
  filtered: number;
  badFcs: number;
  /** Too short to hold an Ethernet header. */
  runts: number;
  /** To an address that a bridge never forwards. */
  reserved: number;
}

interface Entry {
  port: number;
  heard: number;
}

export class Switch {
  readonly counters: SwitchCounters = {
    frames: 0,
    forwarded: 0,
    flooded: 0,
    filtered: 0,
    badFcs: 0,
    runts: 0,
    reserved: 0,
  };
  mirror: ((frame: Uint8Array, info: MirrorInfo) => void) | null;
  readonly links: Link[] = [];
  private readonly table = new Map<string, Entry>();
  private readonly ageing: number;
  private readonly tableSize: number;

  constructor(
    private readonly scheduler: Scheduler,
    options: SwitchOptions = {},
  ) {
    this.ageing = options.ageing ?? 300e6;
    this.tableSize = options.tableSize ?? 1024;
    this.mirror = options.mirror ?? null;
  }

  /**
   * Adds a port.
   * @param config the cable: its end `a` is the device's, `aToB` leads into the switch
   * @returns the port for the device to attach to
   */
  addPort(config: LinkConfig = {}): Port {
    const index = this.links.length;
    const link = new Link(this.scheduler, { seed: index + 1, ...config });
    this.links.push(link);
    link.b.onFrame = (frame, meta) => this.input(index, frame, meta);
    return link.a;
  }

  /** Index of the port behind which `mac` ("02:00:00:00:00:01") was heard, or -1. */
  lookup(mac: string): number {
    const e = this.table.get(mac);
    if (!e) return -1;
    if (this.scheduler.now - e.heard > this.ageing) {
      this.table.delete(mac);
      return -1;
    }
    return e.port;
  }

  private input(port: number, frame: Uint8Array, meta: FrameMeta | undefined): void {
    const c = this.counters;
    c.frames++;
    if (meta?.badFcs) {
      c.badFcs++;
      return;
    }
    if (frame.length < 14) {
      c.runts++;
      return;
    }
    this.mirror?.(frame, { time: this.scheduler.now, port });
    if ((frame[6]! & 1) === 0) this.learn(macAt(frame, 6), port);

    // IEEE 802.1D, 7.12.6: frames to 01-80-C2-00-00-0X stay on their segment.
    if (
      frame[0] === 1 &&
      frame[1] === 0x80 &&
      frame[2] === 0xc2 &&
      !frame[3] &&
      !frame[4] &&
      frame[5]! < 16
    ) {
      c.reserved++;
      return;
    }
    const to = (frame[0]! & 1) === 0 ? this.lookup(macAt(frame, 0)) : -1;
    if (to === port) {
      c.filtered++;
    } else if (to >= 0) {
      c.forwarded++;
      this.links[to]!.b.send(frame);
    } else {
      c.flooded++;
      for (let i = 0; i < this.links.length; i++) {
        if (i !== port) this.links[i]!.b.send(frame);
      }
    }
  }

  private learn(mac: string, port: number): void {
    const e = this.table.get(mac);
    const heard = this.scheduler.now;
    if (e) {
      e.port = port;
      e.heard = heard;
      return;
    }
    if (this.table.size >= this.tableSize) {
      for (const [k, v] of this.table) if (heard - v.heard > this.ageing) this.table.delete(k);
      if (this.table.size >= this.tableSize) return;
    }
    this.table.set(mac, { port, heard });
  }
}

function macAt(frame: Uint8Array, at: number): string {
  let s = '';
  for (let i = at; i < at + 6; i++) s += (i > at ? ':' : '') + frame[i]!.toString(16).padStart(2, '0');
  return s;
}
