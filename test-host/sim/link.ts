// A cable between two ports: time (delay, rate, queue) and trouble (loss, duplicates, reordering, corruption),
// set per direction and changeable at any time. Who is attached and what the bytes mean is not its business.

import { SeededRandom } from './random.js';
import type { Event, Scheduler } from './scheduler.js';
import { FCS_BYTES, GAP_BYTES, MIN_FRAME, PREAMBLE_BYTES } from './wire.js';
import type { FrameHandler, FrameMeta, Port } from './wire.js';

export interface LinkOptions {
  /** Propagation time, µs. */
  delay?: number;
  /**
   * Bit/s at which frames are put on the cable, preamble, FCS and gap included; 0: at once. Leave it 0 for a
   * sender that spends the wire time itself, such as a chip model that sends at the end of its transmission.
   */
  rate?: number;
  /** Frames that may wait behind the one being sent; more are dropped. */
  queue?: number;
  /** Probability that a frame is lost. */
  loss?: number;
  /** Probability that a frame arrives twice. */
  duplicate?: number;
  /** Probability that a frame is held back by `reorderDelay`. */
  reorder?: number;
  /** How long a held-back frame is late, µs. */
  reorderDelay?: number;
  /** Probability that a bit flips and the FCS tells: the receiving MAC drops the frame. */
  badFcs?: number;
  /** Probability that a bit flips and the FCS does not tell: only a checksum above can catch it. */
  corrupt?: number;
  /** Scripted loss: called for each frame offered, in order; true drops it. */
  drop?: ((frame: Uint8Array, index: number) => boolean) | null;
}

export interface LinkCounters {
  /** Frames and bytes offered by the sender. */
  frames: number;
  bytes: number;
  delivered: number;
  lost: number;
  /** Dropped by the `drop` hook. */
  scripted: number;
  queueDrops: number;
  duplicated: number;
  reordered: number;
  badFcs: number;
  corrupted: number;
  /** Sent while the link was down. */
  down: number;
}

export type LinkFate = 'delivered' | 'lost';

export interface TapInfo {
  /** When the frame has passed the cable (or would have), µs of virtual time. */
  time: number;
  from: 'a' | 'b';
  fate: LinkFate;
  meta: FrameMeta | undefined;
}

export type LinkTap = (frame: Uint8Array, info: TapInfo) => void;

export interface LinkConfig extends LinkOptions {
  /** Seeds the dice; each direction rolls its own. */
  seed?: number;
  aToB?: LinkOptions;
  bToA?: LinkOptions;
  tap?: LinkTap;
}

const DEFAULTS: Required<LinkOptions> = {
  delay: 0,
  rate: 0,
  queue: Infinity,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderDelay: 1000,
  badFcs: 0,
  corrupt: 0,
  drop: null,
};

/** One end of a link. */
export class LinkPort implements Port {
  onFrame: FrameHandler | null = null;
  onCarrier: ((microseconds: number) => void) | null = null;

  constructor(private readonly direction: () => LinkDirection) {}

  send(frame: Uint8Array, meta?: FrameMeta): void {
    this.direction().send(frame, meta);
  }
}

/** The way from one end to the other: options that may be set at any time, and counters. */
export class LinkDirection implements Required<LinkOptions> {
  delay!: number;
  rate!: number;
  queue!: number;
  loss!: number;
  duplicate!: number;
  reorder!: number;
  reorderDelay!: number;
  badFcs!: number;
  corrupt!: number;
  drop!: ((frame: Uint8Array, index: number) => boolean) | null;

  readonly counters: LinkCounters = {
    frames: 0,
    bytes: 0,
    delivered: 0,
    lost: 0,
    scripted: 0,
    queueDrops: 0,
    duplicated: 0,
    reordered: 0,
    badFcs: 0,
    corrupted: 0,
    down: 0,
  };

  private lineFree = 0;
  private starts: number[] = [];

  constructor(
    private readonly link: Link,
    private readonly from: 'a' | 'b',
    private readonly random: SeededRandom,
    options: LinkOptions,
  ) {
    Object.assign(this, DEFAULTS, options);
  }

  set(options: LinkOptions): void {
    Object.assign(this, options);
  }

  /** Frames that wait for the line at this moment, the one being sent not counted. */
  get waiting(): number {
    const now = this.link.scheduler.now;
    while (this.starts.length && this.starts[0]! <= now) this.starts.shift();
    return this.starts.length;
  }

  send(frame: Uint8Array, meta?: FrameMeta): void {
    const c = this.counters;
    const index = c.frames++;
    c.bytes += frame.length;
    // The same number of dice for each frame, so that a change of one option leaves the others' outcomes alone.
    const lost = this.random.float() < this.loss;
    const duplicated = this.random.float() < this.duplicate;
    const late = this.random.float() < this.reorder;
    const badFcs = this.random.float() < this.badFcs;
    const corrupted = this.random.float() < this.corrupt;
    const bit = this.random.below(Math.max(1, frame.length * 8));

    if (!this.link.up) {
      c.down++;
      return;
    }
    const now = this.link.scheduler.now;
    let start = now;
    let duration = 0;
    if (this.rate > 0) {
      if (this.lineFree > now) {
        if (this.waiting >= this.queue) {
          c.queueDrops++;
          return;
        }
        start = this.lineFree;
        this.starts.push(start);
      }
      const byteTime = 8e6 / this.rate;
      duration = (PREAMBLE_BYTES + Math.max(frame.length, MIN_FRAME) + FCS_BYTES) * byteTime;
      this.lineFree = start + duration + GAP_BYTES * byteTime;
    }
    let arrival = start + duration + this.delay;

    const scripted = this.drop !== null && this.drop(frame, index);
    if (scripted || lost) {
      if (scripted) c.scripted++;
      else c.lost++;
      if (this.link.tap) {
        this.link.scheduler.at(arrival, () => this.link.tap?.(frame, this.info('lost', meta)));
      }
      return;
    }
    let out = frame;
    let outMeta = meta;
    if (badFcs || corrupted) {
      out = frame.slice();
      if (out.length) out[bit >> 3]! ^= 1 << (bit & 7);
      if (badFcs) {
        c.badFcs++;
        outMeta = { ...meta, badFcs: true };
      } else c.corrupted++;
    }
    if (late) {
      c.reordered++;
      arrival += this.reorderDelay;
    }
    this.deliver(out, outMeta, arrival, duration);
    if (duplicated) {
      c.duplicated++;
      this.deliver(out, outMeta, arrival, 0);
    }
  }

  private deliver(frame: Uint8Array, meta: FrameMeta | undefined, arrival: number, duration: number): void {
    const link = this.link;
    const to = this.from === 'a' ? link.b : link.a;
    if (duration > 0 && to.onCarrier) link.track(arrival - duration, () => to.onCarrier?.(duration));
    link.track(arrival, () => {
      this.counters.delivered++;
      link.tap?.(frame, this.info('delivered', meta));
      to.onFrame?.(frame, meta);
    });
  }

  private info(fate: LinkFate, meta: FrameMeta | undefined): TapInfo {
    return { time: this.link.scheduler.now, from: this.from, fate, meta };
  }
}

export class Link {
  readonly a: LinkPort;
  readonly b: LinkPort;
  readonly aToB: LinkDirection;
  readonly bToA: LinkDirection;
  tap: LinkTap | null;
  private isUp = true;
  private inFlight = new Set<Event>();

  /**
   * @param scheduler virtual time on which frames travel
   * @param config options for both directions; `aToB` and `bToA` override them for one
   */
  constructor(
    readonly scheduler: Scheduler,
    config: LinkConfig = {},
  ) {
    const { seed = 1, aToB, bToA, tap, ...both } = config;
    this.tap = tap ?? null;
    this.aToB = new LinkDirection(this, 'a', new SeededRandom(seed * 2), { ...both, ...aToB });
    this.bToA = new LinkDirection(this, 'b', new SeededRandom(seed * 2 + 1), { ...both, ...bToA });
    this.a = new LinkPort(() => this.aToB);
    this.b = new LinkPort(() => this.bToA);
  }

  /** Changes options of both directions from now on. */
  set(options: LinkOptions): void {
    this.aToB.set(options);
    this.bToA.set(options);
  }

  setLoss(probability: number): void {
    this.set({ loss: probability });
  }

  get up(): boolean {
    return this.isUp;
  }

  /** Plugs or pulls the cable; pulling it loses what is under way. */
  setUp(up: boolean): void {
    this.isUp = up;
    if (up) return;
    for (const e of this.inFlight) this.scheduler.cancel(e);
    this.inFlight.clear();
  }

  /** Frames under way at this moment. */
  get pending(): number {
    return this.inFlight.size;
  }

  /** Schedules `fn` for a frame under way: forgotten when the cable is pulled. */
  track(time: number, fn: () => void): void {
    const e = this.scheduler.at(time, () => {
      this.inFlight.delete(e);
      fn();
    });
    this.inFlight.add(e);
  }
}
