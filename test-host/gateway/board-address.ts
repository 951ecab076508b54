// Which address the board uses: whatever speaks with an address of the gateway's network, by lease or not.

import { ipaddrNtoa, type Ip4Addr } from '../../firmware/stack/core/ipaddr.js';
import type { Context } from './context.js';

/** Microseconds of silence after which another address takes the place of the known one. */
const SILENCE = 10e6;

export class BoardAddress {
  /** The board's address, 0 before it was heard. With several boards: the first one's, while it is heard. */
  current: Ip4Addr = 0;
  private lastHeard = 0;
  private readonly waiting = new Set<(address: Ip4Addr) => void>();

  constructor(private readonly ctx: Context) {}

  /** A frame came from `address`. */
  heard(address: Ip4Addr): void {
    const { now } = this.ctx.host.scheduler;
    if (address === 0) return;
    if (address === this.current) {
      this.lastHeard = now;
      return;
    }
    if (this.current && now - this.lastHeard < SILENCE) return;
    const { ipAddr, netmask } = this.ctx.netif;
    if (address === ipAddr || ((address ^ ipAddr) & netmask) !== 0 || !this.ctx.isUnicast(address)) return;
    this.current = address;
    this.lastHeard = now;
    this.ctx.log(`the board is at ${ipaddrNtoa(address)}`);
    for (const fn of [...this.waiting]) fn(address);
    this.waiting.clear();
  }

  /**
   * Calls `fn` in virtual time, once the board has an address.
   * @param ms how long to wait; after that `fn` is called with 0. Infinity: for ever
   * @returns cancels the wait
   */
  wait(ms: number, fn: (address: Ip4Addr) => void): () => void {
    if (this.current) {
      fn(this.current);
      return () => {};
    }
    const timer = ms === Infinity ? null : this.ctx.after(ms, () => end(0));
    const end = (address: Ip4Addr): void => {
      this.ctx.cancel(timer);
      this.waiting.delete(end);
      fn(address);
    };
    this.waiting.add(end);
    return () => {
      this.ctx.cancel(timer);
      this.waiting.delete(end);
    };
  }
}
