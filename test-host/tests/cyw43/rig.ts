// The driver on the whole chip model: a host HAL whose calls take Kaluma's time, the chip with its firmware, the air with
// a network, a stack, and a wire behind the access point whose other end the test holds.

import assert from 'node:assert/strict';
import { NETIF_FLAG_LINK_UP, netifAdd, netifSetUp, type Netif } from '../../../firmware/stack/core/netif.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import type { Pbuf } from '../../../firmware/stack/core/pbuf.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { sysCheckTimeouts, sysTimeoutsSleeptime } from '../../../firmware/stack/core/timers.js';
import { etharpOutput } from '../../../firmware/stack/arp/etharp.js';
import { createStack } from '../../../firmware/stack/init.js';
import { ethernetInput } from '../../../firmware/stack/link/ethernet.js';
import {
  cyw43BootStep,
  cyw43Init,
  cyw43Join,
  cyw43New,
  cyw43Poll,
  cyw43Sleeptime,
  type Cyw43 as Device,
  type Cyw43Config,
} from '../../../drivers/cyw43/index.js';
import { hostHal, type HostHal } from '../../../hal/host.js';
import type { BlobReader } from '../../../hal/interfaces.js';
import { Air, type AccessPoint, type AccessPointOptions } from '../../air/index.js';
import type { Cyw43, Cyw43Options } from '../../chips/cyw43/index.js';
import type { WlanFirmware } from '../../chips/cyw43/firmware/index.js';
import { cyw43OnAir } from '../../chips/cyw43/on-air.js';
import { standInImage } from '../../chips/cyw43/stand-in-image.js';
import { Link } from '../../sim/link.js';
import { SeededRandom } from '../../sim/random.js';
import { Scheduler } from '../../sim/scheduler.js';

export const POWER = 23;
export const DATA = 24;
export const SSID = 'lab';
export const PASSPHRASE = 'correct horse';
export const CHIP_MAC = '28:cd:c1:01:02:03';

export interface RigOptions extends Partial<Cyw43Config> {
  chip?: Partial<Cyw43Options>;
  stack?: Partial<StackOptions>;
  ap?: Partial<AccessPointOptions>;
  seed?: number;
  /** Takes received packets instead of the stack. */
  input?: (p: Pbuf, netif: Netif) => number;
  /** Bytes of stand-in firmware. */
  firmwareSize?: number;
  /** Longest time between two polls, ms. */
  sleep?: number;
  /** What the clock begins with, ms. */
  millisBase?: number;
}

/** An image as it lies on a board. */
export function blobOf(bytes: Uint8Array): BlobReader {
  return {
    size: bytes.length,
    read: (offset, into) => {
      assert.equal(into.byteLength, into.buffer.byteLength, 'a whole buffer');
      into.set(bytes.subarray(offset, offset + into.length));
    },
  };
}

export class Rig {
  readonly scheduler = new Scheduler();
  readonly hal: HostHal;
  readonly air: Air;
  readonly ap: AccessPoint;
  readonly firmware: WlanFirmware;
  readonly chip: Cyw43;
  readonly stack: Stack;
  readonly dev: Device;
  readonly netif: Netif;
  /** Between access point (a) and the test (b). */
  readonly link: Link;
  readonly random: SeededRandom;
  image: Uint8Array | null;
  /** Opened and not closed yet. */
  imagesOpen = 0;
  /** Polls by the main loop so far. */
  polls = 0;
  private readonly longest: number;
  /** The program is within a native call. */
  private depth = 0;

  constructor(o: RigOptions = {}) {
    const { chip, stack, ap, seed = 1, input, firmwareSize, sleep, millisBase = 0, ...config } = o;
    const s = this.scheduler;
    this.longest = sleep ?? 50;
    this.random = new SeededRandom(seed);
    const millis = (): number => (millisBase + Math.floor(s.now / 1000)) >>> 0;
    this.hal = hostHal({
      millis,
      spend: (us) => {
        this.depth++;
        s.runFor(us);
        this.depth--;
      },
    });
    this.link = new Link(s, { seed });
    this.air = new Air(s, seed + 802);
    this.ap = this.air.add({ ssid: SSID, passphrase: PASSPHRASE, ...ap, port: this.link.a });
    const { chip: model, firmware } = cyw43OnAir({
      random: new SeededRandom(seed + 43439),
      ...chip,
      scheduler: s,
      air: this.air,
      mac: CHIP_MAC,
    });
    this.chip = model;
    this.firmware = firmware;
    this.hal.connectGspi(this.chip);
    this.hal.drive(DATA, 0);
    this.chip.onInterrupt = (level) => this.hal.drive(DATA, level);
    this.hal.onWrite(POWER, (level) => this.chip.setPower(level));
    this.stack = createStack({ clock: millis, random16: () => this.random.random16() }, stack);
    this.image = standInImage(firmwareSize);
    this.dev = cyw43New({
      bus: this.hal.pioBus,
      gpio: this.hal.gpio,
      clock: this.hal.clock,
      power: POWER,
      data: DATA,
      start: () => ({
        step: cyw43BootStep,
        image: {
          open: () => {
            this.imagesOpen++;
            return this.image ? blobOf(this.image) : null;
          },
          close: () => void (this.imagesOpen = 0),
          reason: 'no image',
        },
      }),
      output: etharpOutput,
      ...config,
    });
    this.netif = netifAdd(this.stack, 0, 0, 0, this.dev, cyw43Init, input ?? ethernetInput)!;
    netifSetUp(this.netif);
    this.hal.gpio.watch(DATA, 1, () => this.soon());
    this.later(0, () => this.turn());
    s.runFor(0);
  }

  /** Has the program's event loop call `fn` after `ms`, or as soon as it is there again. */
  later(ms: number, fn: () => void): void {
    this.scheduler.after(1000 * ms, () => {
      if (this.depth) this.later(0.1, fn);
      else fn();
    });
  }

  /** The main loop, as apps/board runs it. */
  private turn(): void {
    this.polls++;
    cyw43Poll(this.netif);
    sysCheckTimeouts(this.stack);
    const stack = sysTimeoutsSleeptime(this.stack);
    const ms = Math.min(stack < 0 ? this.longest : stack, this.longest, cyw43Sleeptime(this.netif));
    this.later(ms || 1, () => this.turn());
  }

  /** The event loop finds the interrupt. */
  private soon(): void {
    this.later(1, () => {
      cyw43Poll(this.netif);
      if (this.hal.gpio.digitalRead(DATA)) this.soon();
    });
  }

  run(ms: number): void {
    this.scheduler.runFor(ms * 1000);
  }

  /** The chip is set up. */
  started(): this {
    this.until(() => this.dev.wifi.up, 3000, 'the chip starts');
    return this;
  }

  /** In the network of the laboratory, link up. */
  joined(): this {
    if (!this.dev.wifi.join) cyw43Join(this.netif, { ssid: SSID, passphrase: PASSPHRASE });
    this.until(() => this.linkUp, 15_000, 'the network is joined');
    return this;
  }

  get linkUp(): boolean {
    return (this.netif.flags & NETIF_FLAG_LINK_UP) !== 0;
  }

  /** The driver kept to the chip's rules and to those of its firmware. */
  sound(): void {
    assert.equal(this.chip.misuse.summary(), '');
    assert.equal(this.firmware.misuse.summary(), '');
  }

  until(done: () => boolean, ms: number, what: string): void {
    assert.ok(this.scheduler.runWhile(done, ms * 1000), what);
  }
}
