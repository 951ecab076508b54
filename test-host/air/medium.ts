// The radio channel around one access point: one frame at a time, with loss and latency that may be set at any time.
// Who may talk to whom is not its business.

import type { SeededRandom } from '../sim/random.js';
import type { Scheduler } from '../sim/scheduler.js';
import { FRAME_OVERHEAD, PHY_RATE } from './times.js';

export interface MediumOptions {
  /** Probability that a frame is lost in spite of retries. */
  loss?: number;
  /** More time on the way, µs; frames keep their order. */
  latency?: number;
  /** Bit/s. */
  rate?: number;
  /** Frames that may wait for the channel; more are dropped. */
  queue?: number;
}

export interface MediumCounters {
  frames: number;
  bytes: number;
  lost: number;
  queueDrops: number;
}

export class Medium {
  readonly counters: MediumCounters = { frames: 0, bytes: 0, lost: 0, queueDrops: 0 };
  loss: number;
  latency: number;
  rate: number;
  queue: number;
  private free = 0;
  private lastArrival = 0;
  private waiting = 0;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: SeededRandom,
    options: MediumOptions = {},
  ) {
    this.loss = options.loss ?? 0;
    this.latency = options.latency ?? 0;
    this.rate = options.rate ?? PHY_RATE;
    this.queue = options.queue ?? 256;
  }

  /** How long the channel is taken by what waits, µs. */
  get busyFor(): number {
    return Math.max(0, this.free - this.scheduler.now);
  }

  /** Sends `bytes` bytes; `arrive` is called when they have arrived, unless they are lost. */
  send(bytes: number, arrive: () => void): void {
    const { counters, scheduler } = this;
    counters.frames++;
    counters.bytes += bytes;
    // One throw for each frame, so that what is lost does not depend on the rest.
    const lost = this.random.float() < this.loss;
    if (this.waiting >= this.queue) {
      counters.queueDrops++;
      return;
    }
    this.waiting++;
    this.free = Math.max(this.free, scheduler.now) + FRAME_OVERHEAD + (bytes * 8e6) / this.rate;
    scheduler.at(this.free, () => {
      this.waiting--;
      if (lost) {
        counters.lost++;
        return;
      }
      this.lastArrival = Math.max(this.lastArrival, scheduler.now + this.latency);
      scheduler.at(this.lastArrival, arrive);
    });
  }
}
