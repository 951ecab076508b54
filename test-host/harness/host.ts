// A host on the virtual wire: a Stack on virtual time with Ethernet interfaces whose "chips" are ports. Frames
// come in by PBUF_POOL like from a driver, and go out as whole arrays.

import { ERR_IF, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import type { Ip4Addr } from '../../firmware/stack/core/ipaddr.js';
import { ipaddrAton } from '../../firmware/stack/core/ipaddr.js';
import {
  NETIF_FLAG_BROADCAST,
  NETIF_FLAG_ETHARP,
  NETIF_FLAG_ETHERNET,
  NETIF_FLAG_IGMP,
  NETIF_FLAG_LINK_UP,
  netifAdd,
  netifSetDefault,
  netifSetLinkUp,
  netifSetUp,
  type Netif,
} from '../../firmware/stack/core/netif.js';
import type { StackOptions } from '../../firmware/stack/core/opt.js';
import { pbufAllocRx, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../firmware/stack/core/pbuf_data.js';
import { STAT_LINK, XMIT, RECV, DROP, statInc } from '../../firmware/stack/core/stats.js';
import type { Stack } from '../../firmware/stack/core/stack.js';
import { tcpipSleeptime, tcpipTurn } from '../../firmware/stack/core/tcpip.js';
import { etharpOutput } from '../../firmware/stack/arp/etharp.js';
import { createStack } from '../../firmware/stack/init.js';
import { ethernetInput } from '../../firmware/stack/link/ethernet.js';
import { SeededRandom } from '../sim/random.js';
import type { Event, Scheduler } from '../sim/scheduler.js';
import type { Port } from '../sim/wire.js';

export interface InterfaceConfig {
  port: Port;
  mac: string;
  /** Dotted decimal; absent for an interface without an address yet. */
  ip?: string;
  netmask?: string;
  gw?: string;
  mtu?: number;
  /** Told which multicast hardware addresses to receive: makes the interface one for multicast. */
  macFilter?: Netif['macFilter'];
  /** Whether the interface starts up with a link (default true). */
  up?: boolean;
}

export function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(':').map((x) => parseInt(x, 16)));
}

export function ip(text: string): Ip4Addr {
  const a = ipaddrAton(text);
  if (a < 0) throw new Error('not an IPv4 address: ' + text);
  return a;
}

export class Host {
  readonly stack: Stack;
  readonly netifs: Netif[] = [];
  private wake: Event | null = null;

  constructor(
    readonly scheduler: Scheduler,
    seed: number,
    options: Partial<StackOptions> = {},
  ) {
    const random = new SeededRandom(seed);
    this.stack = createStack(
      { clock: () => Math.floor(scheduler.now / 1000) >>> 0, random16: () => random.random16() },
      options,
    );
    this.stack.sys.wake = () => scheduler.at(scheduler.now, () => this.poll());
  }

  /** The first interface. */
  get netif(): Netif {
    return this.netifs[0]!;
  }

  addInterface(c: InterfaceConfig): Netif {
    const init = (netif: Netif): Err => {
      netif.hwaddr = macBytes(c.mac);
      netif.mtu = c.mtu ?? 1500;
      netif.flags |= NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
      if (c.macFilter) {
        netif.macFilter = c.macFilter;
        netif.flags |= NETIF_FLAG_IGMP;
      }
      netif.output = etharpOutput;
      netif.linkoutput = (n, p) => {
        if (!(n.flags & NETIF_FLAG_LINK_UP)) return ERR_IF;
        c.port.send(padded(p));
        n.outPackets++;
        n.outOctets += p.totLen;
        statInc(n.stack, STAT_LINK + XMIT);
        return ERR_OK;
      };
      return ERR_OK;
    };
    const netif = netifAdd(
      this.stack,
      c.ip ? ip(c.ip) : 0,
      ip(c.netmask ?? (c.ip ? '255.255.255.0' : '0.0.0.0')),
      c.gw ? ip(c.gw) : 0,
      this,
      init,
      ethernetInput,
    )!;
    c.port.onFrame = (frame, meta) => {
      if (meta?.badFcs || !(netif.flags & NETIF_FLAG_LINK_UP)) return;
      this.input(netif, frame);
    };
    this.netifs.push(netif);
    if (!this.stack.netifDefault) netifSetDefault(this.stack, netif);
    if (c.up !== false) {
      netifSetLinkUp(netif);
      netifSetUp(netif);
    }
    this.poll();
    return netif;
  }

  /** Takes a received frame, as a driver would. */
  input(netif: Netif, frame: Uint8Array): void {
    const p = pbufAllocRx(this.stack, frame.slice(), 0, frame.length);
    netif.inPackets++;
    netif.inOctets += frame.length;
    statInc(this.stack, STAT_LINK + RECV);
    if (p) netif.input(p, netif);
    else statInc(this.stack, STAT_LINK + DROP);
    this.poll();
  }

  /** Runs what is due and arranges to be woken for what comes next. Call it after using the stack's API. */
  poll(): void {
    tcpipTurn(this.stack, null);
    this.scheduler.cancel(this.wake);
    this.wake = null;
    const ms = tcpipSleeptime(this.stack);
    if (ms >= 0) {
      const at = (Math.floor(this.scheduler.now / 1000) + ms) * 1000;
      this.wake = this.scheduler.at(Math.max(at, this.scheduler.now), () => this.poll());
    }
  }

  /** Runs `fn` in the stack's context at the present time. */
  do<T>(fn: (stack: Stack) => T): T {
    const result = fn(this.stack);
    this.poll();
    return result;
  }
}

/** The packet as a frame of at least 60 bytes. */
export function padded(p: Pbuf): Uint8Array {
  const bytes = pbufBytes(p);
  if (bytes.length >= 60) return bytes;
  const frame = new Uint8Array(60);
  frame.set(bytes);
  return frame;
}
