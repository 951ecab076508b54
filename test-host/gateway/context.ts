// What the gateway's parts share: its host on the wire, the way into virtual time, where destinations really
// are, timers and the log.

import type { Ip4Addr } from '../../firmware/stack/core/ipaddr.js';
import { ipaddrNtoa } from '../../firmware/stack/core/ipaddr.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import type { Stack } from '../../firmware/stack/core/stack.js';
import type { Host } from '../harness/host.js';
import type { Event } from '../sim/scheduler.js';

/** Runs `fn` in virtual time's present: Pacer.inject in real-time mode. */
export type Inject = (fn: () => void) => void;

/**
 * Says where a destination of the board's really is.
 * @param ip the address that the board sends to
 * @returns the address to use on this machine's side; null: unreachable; undefined: decide as usual
 */
export type Redirect = (ip: string) => string | null | undefined;

export const LOOPBACK = '127.0.0.1';

export class Context {
  closed = false;
  /** UDP ports of the gateway's address that are its own; datagrams to all others go to this machine. */
  readonly ownUdpPorts = new Set<number>();
  private readonly timers = new Set<Event>();

  constructor(
    readonly host: Host,
    readonly netif: Netif,
    private readonly inject: Inject,
    private readonly redirect: Redirect | undefined,
    private readonly logLine: (line: string) => void,
  ) {}

  get stack(): Stack {
    return this.host.stack;
  }

  /** Runs `fn` at the stack's present; the way in for everything that happens on this machine's side. */
  enter(fn: (stack: Stack) => void): void {
    if (this.closed) return;
    this.inject(() => this.host.do(fn));
  }

  /** Runs `fn` after `ms` of virtual time, unless cancelled or closed. */
  after(ms: number, fn: () => void): Event {
    const event = this.host.scheduler.after(ms * 1000, () => {
      this.timers.delete(event);
      if (!this.closed) this.host.do(fn);
    });
    this.timers.add(event);
    return event;
  }

  cancel(event: Event | null): void {
    if (!event) return;
    this.timers.delete(event);
    this.host.scheduler.cancel(event);
  }

  /** Ends all that runs in virtual time. */
  close(): void {
    this.closed = true;
    for (const event of this.timers) this.host.scheduler.cancel(event);
    this.timers.clear();
  }

  log(line: string): void {
    this.logLine('gateway: ' + line);
  }

  /** Whether `a` is one host's address that a board may send to through the gateway. */
  isUnicast(a: Ip4Addr): boolean {
    const { ipAddr, netmask } = this.netif;
    const hostBits = ~netmask >>> 0;
    if (((a ^ ipAddr) & netmask) === 0 && (a & hostBits) >>> 0 === hostBits) return false;
    // RFC 1122, 3.2.1.3: this network, loopback; multicast, reserved and limited broadcast.
    return a >>> 24 !== 0 && a >>> 24 !== 127 && a >>> 28 < 14;
  }

  /**
   * Where a destination of the board's is on this machine's side.
   * @returns an address in dotted decimal, or null when it cannot be reached
   */
  target(dst: Ip4Addr): string | null {
    const text = ipaddrNtoa(dst);
    const redirected = this.redirect?.(text);
    if (redirected !== undefined) return redirected;
    const { ipAddr, netmask } = this.netif;
    if (dst === ipAddr) return LOOPBACK;
    return this.isUnicast(dst) && ((dst ^ ipAddr) & netmask) !== 0 ? text : null;
  }
}

/** An error in one line, its code first where it has one. */
export function errorText(e: unknown): string {
  const { code, message } = e as NodeJS.ErrnoException;
  const text = String(message ?? e).split('\n')[0]!;
  return code && !text.includes(code) ? `${code}: ${text}` : text;
}
