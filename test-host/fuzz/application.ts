// What runs on the fuzzed host: servers of several manners, clients that come and go, so that connections are in all
// states when the frames come.

import { ERR_ABRT, ERR_MEM, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import type { Stack } from '../../firmware/stack/core/stack.js';
import { dhcpRelease, dhcpRenew, dhcpStart, dhcpSuppliedAddress } from '../../firmware/stack/dhcp/dhcp.js';
import { dnsGethostbyname, dnsSetserver } from '../../firmware/stack/dns/dns.js';
import { pingNew, pingSend, type Ping } from '../../firmware/stack/icmp/ping.js';
import {
  tcpAbort,
  tcpAccept,
  tcpArg,
  tcpBind,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpKeepalive,
  tcpListen,
  tcpNew,
  tcpOutput,
  tcpPoll,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpShutdown,
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../firmware/stack/tcp/tcp_state.js';
import { udpBind, udpNew, udpRecv, udpSendto, type UdpPcb } from '../../firmware/stack/udp/udp.js';
import { echoServerInit } from '../../firmware/services/echo_raw.js';
import { httpServerStart } from '../../firmware/services/http/server.js';
import { ip } from '../harness/host.js';
import type { SeededRandom } from '../sim/random.js';
import { pick } from './mutate.js';

export const PAGE = 'A page that survives.\n'.repeat(100);
export const UDP_ECHO = 7;
/** Sends much and closes; takes data slowly; refuses data now and then; closes half at once. */
const SOURCE = 19;
const SLOW = 9;
const FUSSY = 10;
const HALF = 11;
/** TCP ports that listen. */
export const TCP_PORTS = [7, 7, 80, 80, SOURCE, SLOW, FUSSY, HALF];

export class Application {
  /** Datagrams and bytes of TCP that came through. */
  datagrams = 0;
  bytes = 0;
  accepted = 0;
  connected = 0;
  resolved = 0;
  pinged = 0;
  leases = 0;
  private readonly udp: UdpPcb;
  private readonly ping: Ping;
  private readonly clients: TcpPcb[] = [];
  private readonly many: Uint8Array;

  constructor(
    private readonly stack: Stack,
    /** The interface that runs DHCP. */
    private readonly leased: Netif,
    private readonly peer: string,
    private readonly r: SeededRandom,
  ) {
    this.many = Uint8Array.from({ length: 4000 }, (_, i) => i);
    this.udp = udpNew(stack)!;
    udpBind(this.udp, 0, UDP_ECHO);
    udpRecv(
      this.udp,
      (_arg, pcb, p, addr, port) => {
        this.datagrams++;
        udpSendto(pcb, p, addr, port);
        pbufFree(p);
      },
      null,
    );
    this.ping = pingNew(stack)!;
    if (echoServerInit(stack) !== ERR_OK) throw new Error('no echo server');
    httpServerStart(stack, 80, (request, response) => {
      response.type = 'text/plain';
      response.body = request.path === '/' ? PAGE : 'Small.\n';
    });
    this.listen(SOURCE, (pcb) => this.source(pcb));
    this.listen(SLOW, (pcb) => this.slow(pcb));
    this.listen(FUSSY, (pcb) => this.fussy(pcb));
    this.listen(HALF, (pcb) => tcpShutdown(pcb, false, true));
    leased.statusCallback = (netif) => {
      if (dhcpSuppliedAddress(netif)) this.leases++;
    };
    dhcpStart(leased);
  }

  /** One thing that an application may do at any time. */
  act(): void {
    const { stack, r } = this;
    switch (r.below(9)) {
      case 0: {
        dnsSetserver(stack, 0, ip(this.peer));
        const name = pick(r, ['server', 'alias', 'nobody', 'other', 'n' + r.below(20)]) + '.example.test';
        dnsGethostbyname(stack, name, { addr: 0 }, () => this.resolved++, null);
        break;
      }
      case 1:
        pingSend(this.ping, ip(this.peer), r.below(200), 1000, (_p, result) => {
          if (result.err === ERR_OK) this.pinged++;
        });
        break;
      case 2:
      case 3:
        this.connect();
        break;
      case 4: {
        const p = pbufAlloc(stack, PBUF_TRANSPORT, r.below(r.chance(0.2) ? 2500 : 300), PBUF_RAM);
        if (!p) break;
        udpSendto(this.udp, p, ip(this.peer), 1 + r.below(9000));
        pbufFree(p);
        break;
      }
      case 5:
        if (r.chance(0.3)) dhcpRenew(this.leased);
        else if (r.chance(0.1)) {
          dhcpRelease(this.leased);
          dhcpStart(this.leased);
        }
        break;
      default: {
        const pcb = this.clients[0];
        if (!pcb) break;
        const n = Math.min(r.below(3000), tcpSndbuf(pcb));
        if (n) tcpWrite(pcb, this.many, r.chance(0.5) ? TCP_WRITE_FLAG_COPY : 0, 0, n);
        tcpOutput(pcb);
        if (r.chance(0.1)) this.end(pcb);
      }
    }
  }

  /** Ends the application's own connections, and has those of the servers end when their peer is silent. */
  retire(): void {
    for (let pcb = this.stack.tcp.active; pcb; pcb = pcb.next) tcpKeepalive(pcb, true, 10000, 5000, 3);
    while (this.clients.length) this.end(this.clients[0]!);
  }

  private listen(port: number, serve: (pcb: TcpPcb) => void): void {
    const pcb = tcpNew(this.stack)!;
    if (tcpBind(pcb, 0, port) !== ERR_OK) throw new Error('cannot bind');
    tcpAccept(tcpListen(pcb)!, (_arg: never, newpcb, err): Err => {
      if (err !== ERR_OK || !newpcb) return err;
      this.accepted++;
      tcpKeepalive(newpcb, true, 10000, 5000, 3);
      tcpRecv(newpcb, (_a: never, q, p) => this.take(q, p));
      serve(newpcb);
      return ERR_OK;
    });
  }

  private take(pcb: TcpPcb, p: Pbuf | null): Err {
    if (!p) return tcpClose(pcb);
    this.bytes += p.totLen;
    tcpRecved(pcb, p.totLen);
    pbufFree(p);
    return ERR_OK;
  }

  private source(pcb: TcpPcb): void {
    let left = this.many.length;
    const push = (): Err => {
      while (left > 0) {
        const n = Math.min(left, tcpSndbuf(pcb), 1000);
        if (n === 0 || tcpWrite(pcb, this.many, 0, this.many.length - left, n) !== ERR_OK) break;
        left -= n;
      }
      if (left > 0) return tcpOutput(pcb);
      return tcpClose(pcb);
    };
    tcpSent(pcb, push);
    tcpPoll(pcb, push, 2);
    push();
  }

  private slow(pcb: TcpPcb): void {
    let owed = 0;
    tcpRecv(pcb, (_a: never, q, p): Err => {
      if (!p) return tcpClose(q);
      this.bytes += p.totLen;
      owed += p.totLen;
      pbufFree(p);
      return ERR_OK;
    });
    tcpPoll(
      pcb,
      (_a: never, q): Err => {
        tcpRecved(q, owed);
        owed = 0;
        return ERR_OK;
      },
      4,
    );
  }

  private fussy(pcb: TcpPcb): void {
    tcpRecv(pcb, (_a: never, q, p): Err => {
      if (p && this.r.chance(0.3)) return ERR_MEM;
      if (p && this.r.chance(0.05)) {
        pbufFree(p);
        tcpAbort(q);
        return ERR_ABRT;
      }
      return this.take(q, p);
    });
  }

  private connect(): void {
    if (this.clients.length > 1) return;
    const pcb = tcpNew(this.stack);
    if (!pcb) return;
    const forget = (): void => {
      const i = this.clients.indexOf(pcb);
      if (i >= 0) this.clients.splice(i, 1);
    };
    tcpArg(pcb, forget);
    tcpKeepalive(pcb, true, 10000, 5000, 3);
    tcpErr(pcb, forget);
    tcpRecv(pcb, (_a: never, q, p): Err => {
      if (p) return this.take(q, p);
      this.end(q);
      return ERR_OK;
    });
    const err = tcpConnect(pcb, ip(this.peer), pick(this.r, [7001, 7002, 80]), (_a: never, q): Err => {
      this.connected++;
      tcpWrite(q, this.many, 0, 0, 500);
      return tcpOutput(q);
    });
    if (err === ERR_OK) this.clients.push(pcb);
    else tcpAbort(pcb);
  }

  private end(pcb: TcpPcb): void {
    const i = this.clients.indexOf(pcb);
    if (i >= 0) this.clients.splice(i, 1);
    tcpErr(pcb, null);
    if (this.r.chance(0.2) || tcpClose(pcb) !== ERR_OK) tcpAbort(pcb);
  }
}
