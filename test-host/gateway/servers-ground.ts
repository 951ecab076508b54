// What the DHCP and DNS servers stand on here: the gateway's stack, by way of virtual time, with a guard around
// what a board may send them.

import { HostGround, type Datagram, type Ground } from '../peers/ground.js';
import { errorText, type Context } from './context.js';

export class ServersGround implements Ground {
  private readonly ground: HostGround;

  constructor(private readonly ctx: Context) {
    this.ground = new HostGround(ctx.host, ctx.netif);
  }

  get ip(): string {
    return this.ground.ip;
  }

  serve(port: number, handler: (d: Datagram) => void): void {
    this.ground.serve(port, (d) => {
      if (this.ctx.closed) return;
      try {
        handler(d);
      } catch (error) {
        this.ctx.log(`datagram from ${d.src} to port ${port} dropped: ${errorText(error)}`);
      }
    });
  }

  send(srcPort: number, dst: string, dstPort: number, data: Uint8Array, mac?: string): void {
    this.ctx.enter(() => this.ground.send(srcPort, dst, dstPort, data, mac));
  }
}
