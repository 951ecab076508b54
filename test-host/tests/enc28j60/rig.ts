// The driver under test on the chip model: a host HAL whose bus calls take Kaluma's time, the model, a stack, and a
// wire whose other end the test holds.

import assert from 'node:assert/strict';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import { netifAdd, netifSetUp, type Netif } from '../../../firmware/stack/core/netif.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { createStack } from '../../../firmware/stack/init.js';
import {
  enc28j60Init,
  enc28j60MacFilter,
  enc28j60New,
  enc28j60Poll,
  type Enc28j60,
  type Enc28j60Config,
} from '../../../drivers/enc28j60/index.js';
import { hostHal, type HostCalls, type HostHal } from '../../../hal/host.js';
import { Enc28j60 as Chip, type Enc28j60Options } from '../../chips/enc28j60/index.js';
import { SeededRandom } from '../../sim/random.js';
import { Scheduler } from '../../sim/scheduler.js';
import { frameTime, type FrameMeta, type Port } from '../../sim/wire.js';

export const CS = 17;
export const INT = 20;
export const RESET = 21;
export const MAC = [0x02, 0x4c, 0x57, 0x00, 0x00, 0x01];

export interface RigOptions extends Partial<Enc28j60Config> {
  chip?: Partial<Enc28j60Options>;
  stack?: Partial<StackOptions>;
  seed?: number;
  /** Leave the interface without set-up: for tests of set-up itself. */
  noInit?: boolean;
}

export class Rig {
  readonly scheduler = new Scheduler();
  readonly hal: HostHal;
  readonly chip: Chip;
  readonly stack: Stack;
  readonly dev: Enc28j60;
  readonly random: SeededRandom;
  netif!: Netif;
  /** Frames the stack was given, as bytes. */
  readonly received: Uint8Array[] = [];
  /** Frames that left on the wire. */
  readonly sent: Uint8Array[] = [];
  /** Takes received packets instead of `received`. */
  onInput: ((p: Pbuf) => void) | null = null;
  /** The chip's end of the cable. */
  readonly port: Port;
  private lineFree = 0;

  constructor(o: RigOptions = {}) {
    const { chip, stack, seed, noInit, ...config } = o;
    const s = this.scheduler;
    this.random = new SeededRandom(seed ?? 1);
    const millis = (): number => Math.floor(s.now / 1000) >>> 0;
    this.hal = hostHal({ millis, spend: (us) => s.runFor(us) });
    this.port = {
      onFrame: null,
      send: (frame: Uint8Array) => void this.sent.push(frame),
    };
    this.chip = new Chip({
      errata: 'none',
      random: new SeededRandom((seed ?? 1) + 100),
      ...chip,
      scheduler: s,
      port: this.port,
    });
    this.chip.spiClockHz = 15.6e6;
    this.hal.connect(this.chip, CS);
    this.chip.onInterrupt = (level) => this.hal.drive(INT, level);
    this.hal.onWrite(RESET, (level) => this.chip.setResetPin(level));
    this.stack = createStack({ clock: millis, random16: () => this.random.random16() }, stack);
    this.dev = enc28j60New({
      spi: this.hal.spi,
      gpio: this.hal.gpio,
      clock: this.hal.clock,
      cs: CS,
      int: INT,
      macFilter: enc28j60MacFilter,
      mac: Uint8Array.from(MAC),
      ...config,
    });
    s.runFor(1000);
    if (noInit) return;
    assert.equal(this.init(), ERR_OK);
    this.check();
  }

  init(): number {
    let result = ERR_OK;
    const input = (p: Pbuf): number => {
      if (this.onInput) this.onInput(p);
      else {
        this.received.push(pbufBytes(p));
        pbufFree(p);
      }
      return ERR_OK;
    };
    const netif = netifAdd(
      this.stack,
      0,
      0,
      0,
      this.dev,
      (n) => {
        this.netif = n;
        return (result = enc28j60Init(n));
      },
      input,
    );
    if (netif) netifSetUp(netif);
    return result;
  }

  /** A frame to the chip's address with seeded content; `size` without FCS. */
  frame(size: number, to: number[] = MAC): Uint8Array {
    const f = new Uint8Array(size);
    for (let i = 0; i < size; i++) f[i] = this.random.below(256);
    f.set(to);
    f.set([0x02, 0, 0, 0, 0, 0x99], 6);
    f.set([0x08, 0x00], 12);
    return f;
  }

  /** Sends a frame to the chip at wire speed, after those under way; does not wait for it. */
  inject(frame: Uint8Array, meta?: FrameMeta): void {
    const s = this.scheduler;
    const begin = Math.max(s.now, this.lineFree);
    const time = frameTime(frame.length, 10e6);
    this.lineFree = begin + time + 9.6;
    s.at(begin, () => this.port.onCarrier?.(time));
    s.at(begin + time, () => this.port.onFrame?.(frame, meta));
  }

  /** Lets time pass with a poll every millisecond. @returns frames taken */
  run(ms: number): number {
    let n = 0;
    const end = this.scheduler.now + ms * 1000;
    while (this.scheduler.now < end) {
      n += this.poll();
      this.scheduler.runFor(1000);
    }
    return n;
  }

  poll(): number {
    return enc28j60Poll(this.netif);
  }

  /** What `fn` costs in hal calls and bytes. */
  cost(fn: () => void): HostCalls {
    const before = { ...this.hal.calls };
    fn();
    const after = this.hal.calls;
    return {
      digitalWrite: after.digitalWrite - before.digitalWrite,
      digitalRead: after.digitalRead - before.digitalRead,
      send: after.send - before.send,
      transfer: after.transfer - before.transfer,
      recv: after.recv - before.recv,
      bytes: after.bytes - before.bytes,
    };
  }

  /** The driver kept to the data sheet, and no buffer is lost. */
  check(): void {
    assert.equal(this.chip.misuse.total, 0, this.chip.misuse.summary());
    const counts = this.chip.misuse.counts;
    assert.deepEqual(
      Object.entries(counts).filter(([, n]) => n),
      [],
    );
  }
}
