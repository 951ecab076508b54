// A UDP port of this machine that leads to a port of the board: each sender gets a port of the gateway's own, by
// which the board's replies find back.

import { createSocket, type Socket } from 'node:dgram';
import { ERR_OK } from '../../firmware/stack/core/err.js';
import { pbufFree, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../firmware/stack/core/pbuf_data.js';
import { udpBind, udpNew, udpRecv, udpRemove, type UdpPcb } from '../../firmware/stack/udp/udp.js';
import type { BoardAddress } from './board-address.js';
import type { Context } from './context.js';
import { sendDatagram } from './datagram.js';
import { IdleTable } from './idle-table.js';

const UDP_IDLE = 120000;

export class UdpForward {
  private readonly socket: Socket;
  private readonly senders: IdleTable<UdpPcb>;
  private closed = false;

  constructor(
    private readonly ctx: Context,
    private readonly board: BoardAddress,
    private readonly boardPort: number,
    limit: number,
  ) {
    this.socket = createSocket('udp4');
    this.senders = new IdleTable<UdpPcb>(ctx, limit, UDP_IDLE, (pcb) => {
      ctx.ownUdpPorts.delete(pcb.localPort);
      udpRemove(pcb);
    });
  }

  get size(): number {
    return this.senders.size;
  }

  /** Opens the port. @returns the port; rejects with the system's error, such as EADDRINUSE */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.bind({ port, address: host, exclusive: true }, () => {
        this.socket.off('error', reject);
        this.socket.on('error', (error) => this.ctx.log(`UDP port ${port}: ${error.message}`));
        this.socket.on('message', (bytes, from) => {
          this.ctx.enter(() => this.received(bytes, from.address, from.port));
        });
        resolve(this.socket.address().port);
      });
    });
  }

  close(): Promise<void> {
    this.senders.clear();
    if (this.closed) return Promise.resolve();
    this.closed = true;
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  private received(bytes: Uint8Array, address: string, port: number): void {
    // A datagram may be lost; one that comes before the board has an address is.
    if (!this.board.current) return;
    const key = `${address}:${port}`;
    let pcb = this.senders.use(key);
    if (!pcb) {
      const made = this.open(address, port);
      if (!made) return this.ctx.log('no UDP port is free');
      this.senders.add(key, made);
      pcb = made;
    }
    sendDatagram(pcb, bytes, this.board.current, this.boardPort);
  }

  private open(address: string, port: number): UdpPcb | null {
    const pcb = udpNew(this.ctx.stack);
    if (!pcb) return null;
    if (udpBind(pcb, this.ctx.netif.ipAddr, 0) !== ERR_OK) {
      udpRemove(pcb);
      return null;
    }
    this.ctx.ownUdpPorts.add(pcb.localPort);
    udpRecv(
      pcb,
      (_arg: null, _pcb: UdpPcb, p: Pbuf) => {
        const bytes = pbufBytes(p);
        pbufFree(p);
        this.senders.use(`${address}:${port}`);
        if (!this.closed) this.socket.send(bytes, port, address, () => {});
      },
      null,
    );
    return pcb;
  }
}
