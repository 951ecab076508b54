// A world in memory for the self-test: virtual time, and hosts joined by one wire. No engine service is used.

import { ERR_OK, type Err } from '../../stack/core/err.js';
import type { Ip4Addr } from '../../stack/core/ipaddr.js';
import {
  NETIF_FLAG_BROADCAST,
  NETIF_FLAG_ETHARP,
  NETIF_FLAG_ETHERNET,
  netifAdd,
  netifSetDefault,
  netifSetLinkUp,
  netifSetUp,
  type Netif,
} from '../../stack/core/netif.js';
import type { StackOptions } from '../../stack/core/opt.js';
import { pbufAllocRx, type Pbuf } from '../../stack/core/pbuf.js';
import { pbufBytes } from '../../stack/core/pbuf_data.js';
import type { Stack } from '../../stack/core/stack.js';
import { sysCheckTimeouts, sysTimeoutsSleeptime } from '../../stack/core/timers.js';
import { etharpOutput } from '../../stack/arp/etharp.js';
import { createStack } from '../../stack/init.js';
import { ethernetInput } from '../../stack/link/ethernet.js';

/** Milliseconds that a frame takes from one host to the other. */
const DELAY = 1;

interface Flight {
  due: number;
  to: Netif;
  frame: Uint8Array;
}

export interface World {
  /** Milliseconds. */
  now: number;
  hosts: Netif[];
  flights: Flight[];
  /** Frames lost out of 1000. */
  loss: number;
  seed: number;
  lost: number;
}

export function worldNew(seed: number): World {
  return { now: 0, hosts: [], flights: [], loss: 0, seed, lost: 0 };
}

/** A repeatable pseudo-random number of 16 bits (a linear congruential generator, its upper half). */
export function worldRandom(w: World): number {
  w.seed = (w.seed * 1103 + 12345) % 16777216;
  return Math.floor(w.seed / 256);
}

/** A host on the world's wire, with interface en0 up; `address` 0 for none yet. */
export function worldHost(w: World, address: Ip4Addr, options?: Partial<StackOptions>): Stack {
  const stack = createStack(
    {
      clock: function () {
        return w.now;
      },
      random16: function () {
        return worldRandom(w);
      },
    },
    options,
  );
  const index = w.hosts.length;
  const netif = netifAdd(
    stack,
    address,
    address ? 0xffffff00 : 0,
    0,
    w,
    function (n) {
      n.hwaddr[0] = 2;
      n.hwaddr[5] = index + 1;
      n.flags |= NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
      n.output = etharpOutput;
      n.linkoutput = send;
      return ERR_OK;
    },
    ethernetInput,
  )!;
  w.hosts.push(netif);
  netifSetDefault(stack, netif);
  netifSetLinkUp(netif);
  netifSetUp(netif);
  return stack;
}

function send(netif: Netif, p: Pbuf): Err {
  const w = netif.state as World;
  for (let i = 0; i < w.hosts.length; i++) {
    if (w.hosts[i] === netif) continue;
    if (w.loss && worldRandom(w) % 1000 < w.loss) w.lost++;
    else w.flights.push({ due: w.now + DELAY, to: w.hosts[i]!, frame: pbufBytes(p) });
  }
  return ERR_OK;
}

/**
 * Lets time go by until `done()` or for `limit` milliseconds.
 * @returns whether it came to be done
 */
export function worldRun(w: World, limit: number, done: () => boolean): boolean {
  const end = w.now + limit;
  for (;;) {
    for (let i = 0; i < w.hosts.length; i++) sysCheckTimeouts(w.hosts[i]!.stack);
    if (done()) return true;
    let next = end;
    if (w.flights.length && w.flights[0]!.due < next) next = w.flights[0]!.due;
    for (let i = 0; i < w.hosts.length; i++) {
      const ms = sysTimeoutsSleeptime(w.hosts[i]!.stack);
      if (ms >= 0 && w.now + ms < next) next = w.now + ms;
    }
    if (next >= end) {
      w.now = end;
      return done();
    }
    w.now = next;
    while (w.flights.length && w.flights[0]!.due <= w.now) {
      const f = w.flights.shift()!;
      const p = pbufAllocRx(f.to.stack, f.frame, 0, f.frame.length);
      if (p) f.to.input(p, f.to);
    }
  }
}
