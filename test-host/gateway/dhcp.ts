// The gateway's DHCP service: the small server of ../peers/, with the gateway as router and DNS server, and news of
// the leases it gives.

import { ipaddrNtoa } from '../../firmware/stack/core/ipaddr.js';
import { ACK, INFORM, typeOf } from '../peers/dhcp-messages.js';
import { DhcpServer } from '../peers/dhcp-server.js';
import type { Ground } from '../peers/ground.js';
import type { Context } from './context.js';

export const DHCP_SERVER_PORT = 67;

export interface Lease {
  ip: string;
  /** The board's hardware address, as "02:00:00:00:00:01". */
  mac: string;
  /** Host name that the board told, or ''. */
  hostname: string;
  /** Seconds of virtual time at which it ends. */
  until: number;
}

export class Dhcp {
  private readonly server: DhcpServer;
  private readonly hostnames = new Map<string, string>();
  private readonly waiting: ((lease: Lease) => void)[] = [];

  constructor(
    private readonly ctx: Context,
    ground: Ground,
    first: string,
    leaseTime: number,
  ) {
    this.server = new DhcpServer(ground, {
      first,
      netmask: ipaddrNtoa(ctx.netif.netmask),
      dns: [ground.ip],
      lease: leaseTime,
      now: () => this.now(),
      script: (request, reply) => {
        this.server.takeLog();
        if (reply && typeOf(reply) === ACK && typeOf(request) !== INFORM) {
          this.hostnames.set(request.chaddr, Buffer.from(request.options[12] ?? []).toString('latin1'));
          this.confirmed(request.chaddr);
        }
        return undefined;
      },
    });
  }

  leases(): Lease[] {
    const all = [...this.server.leases.values()].filter((l) => !l.offered && l.until > this.now());
    return all.map((l) => ({
      ip: l.ip,
      mac: l.chaddr,
      hostname: this.hostnames.get(l.chaddr) ?? '',
      until: l.until,
    }));
  }

  /** Calls `fn` with the next lease that is confirmed, or at once when there is one. */
  whenLeased(fn: (lease: Lease) => void): void {
    const [lease] = this.leases();
    if (lease) fn(lease);
    else this.waiting.push(fn);
  }

  private confirmed(mac: string): void {
    const lease = this.leases().find((l) => l.mac === mac);
    if (!lease) return;
    this.ctx.log(`lease of ${lease.ip} for ${mac}${lease.hostname && ` (${lease.hostname})`}`);
    for (const fn of this.waiting.splice(0)) fn(lease);
  }

  private now(): number {
    return Math.floor(this.ctx.host.scheduler.now / 1e6);
  }
}
