// A connection that a board keeps for hours: a line to the other host each while, which comes back. When the connection
// ends it is made anew.

import { ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import {
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { ip, type Host } from '../../harness/host.js';
import { serve, textOf } from '../scenarios/call.js';
import { PEER, type World } from './world.js';

const PORT = 7;
const LINE = 'A line there and back again.\n';

/** Has a host send back what it is sent. */
export function echo(host: Host): void {
  serve(host, PORT, (pcb) => {
    tcpRecv(pcb!, (_a: never, q, p): Err => {
      if (!p) return tcpClose(q);
      tcpWrite(q, new TextEncoder().encode(textOf(p)), TCP_WRITE_FLAG_COPY);
      tcpRecved(q, p.totLen);
      pbufFree(p);
      return ERR_OK;
    });
    return ERR_OK;
  });
}

export class Errand {
  /** Lines sent and come back, connections made and broken off. */
  sent = 0;
  back = 0;
  made = 0;
  broken = 0;
  private heard = '';
  private pcb: TcpPcb | null = null;
  private connected = false;
  private on = true;

  constructor(
    private readonly world: World,
    every: number,
  ) {
    const tick = (): void => {
      if (!this.on) return;
      this.turn();
      world.later(every, tick);
    };
    tick();
  }

  stop(): void {
    this.on = false;
    if (this.pcb) tcpClose(this.pcb);
    this.pcb = null;
  }

  private turn(): void {
    const { pcb } = this;
    if (!pcb) {
      if (this.world.hasAddress) this.connect();
    } else if (this.connected && tcpSndbuf(pcb) > LINE.length) {
      if (tcpWrite(pcb, new TextEncoder().encode(LINE), TCP_WRITE_FLAG_COPY) === ERR_OK) this.sent++;
      tcpOutput(pcb);
    }
  }

  private connect(): void {
    const pcb = tcpNew(this.world.stack);
    if (!pcb) return;
    this.pcb = pcb;
    this.connected = false;
    this.heard = '';
    tcpErr(pcb, () => {
      this.pcb = null;
      this.broken++;
    });
    tcpRecv(pcb, (_a: never, q, p): Err => {
      if (!p) {
        this.pcb = null;
        return tcpClose(q);
      }
      this.heard += textOf(p);
      for (; this.heard.startsWith(LINE); this.heard = this.heard.slice(LINE.length)) this.back++;
      tcpRecved(q, p.totLen);
      pbufFree(p);
      return ERR_OK;
    });
    const err = tcpConnect(pcb, ip(PEER), PORT, () => {
      this.connected = true;
      this.made++;
      return ERR_OK;
    });
    if (err !== ERR_OK) {
      tcpClose(pcb);
      this.pcb = null;
    }
  }
}
