// Whether the fuzzed host still answers: a client that behaves asks it for everything, and whether its counters
// agree with each other and its pools keep to their limits.

import assert from 'node:assert/strict';
import { ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { mempNames } from '../../firmware/stack/core/memp.js';
import { pbufFree, PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../firmware/stack/core/pbuf_data.js';
import {
  CHKERR,
  DROP,
  LENERR,
  MEMERR,
  OPTERR,
  PROTERR,
  RECV,
  RTERR,
  STAT_ICMP,
  STAT_IP,
  STAT_IPFRAG,
  STAT_LINK,
  STAT_TCP,
  STAT_UDP,
  statGroups,
} from '../../firmware/stack/core/stats.js';
import { etharpFindAddr } from '../../firmware/stack/arp/etharp.js';
import { pingNew, pingSend } from '../../firmware/stack/icmp/ping.js';
import {
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpWrite,
} from '../../firmware/stack/tcp/tcp.js';
import { udpNew, udpRecv, udpSendto } from '../../firmware/stack/udp/udp.js';
import { assertClean } from '../harness/clean.js';
import { Host, ip } from '../harness/host.js';
import type { Port } from '../sim/wire.js';
import { PAGE, UDP_ECHO } from './application.js';
import { PEER_IP, type Target } from './target.js';

/** Microseconds of virtual time that an answer may take. */
const PATIENCE = 20e6;

/** Asserts that ARP, ping, UDP echo, TCP echo and HTTP are answered. */
export function assertAnswers(target: Target): void {
  const { scheduler } = target;
  const port: Port = { onFrame: null, send: (f) => void scheduler.after(100, () => target.deliver(f)) };
  target.attached = (f) => void scheduler.after(100, () => port.onFrame!(f));
  const client = new Host(scheduler, 5);
  client.addInterface({ port, mac: '02:00:00:77:00:09', ip: PEER_IP });
  const to = ip(target.address);
  const reached = (what: string, done: () => boolean): void => {
    assert(scheduler.runWhile(done, PATIENCE), `no ${what} after the frames`);
  };

  let echoed = false;
  client.do((stack) => pingSend(pingNew(stack)!, to, 100, 10000, (_p, r) => (echoed = r.err === ERR_OK)));
  reached('ping', () => echoed);
  assert(etharpFindAddr(client.netif, to), 'no ARP');

  let answered = '';
  client.do((stack) => {
    const pcb = udpNew(stack)!;
    udpRecv(pcb, (_a, _b, p) => ((answered = text(p)), void pbufFree(p)), null);
    const p = pbufAlloc(stack, PBUF_TRANSPORT, 5, PBUF_RAM)!;
    p.payload.set(new TextEncoder().encode('hello'), p.off);
    udpSendto(pcb, p, to, UDP_ECHO);
    pbufFree(p);
  });
  reached('UDP echo', () => answered === 'hello');

  const conversation = (port: number, say: string, ready: (heard: string) => boolean): void => {
    let heard = '';
    let closed = false;
    client.do((stack) => {
      const pcb = tcpNew(stack)!;
      tcpErr(pcb, (_a: never, err) => assert.fail(`port ${port}: connection lost, error ${err}`));
      tcpRecv(pcb, (_a: never, q, p): Err => {
        if (!p) {
          closed = true;
          return ERR_OK;
        }
        heard += text(p);
        tcpRecved(q, p.totLen);
        pbufFree(p);
        if (ready(heard)) tcpClose(q);
        return ERR_OK;
      });
      tcpConnect(pcb, to, port, (_a: never, q): Err => {
        tcpWrite(q, new TextEncoder().encode(say), 1);
        return tcpOutput(q);
      });
    });
    reached(`answer from TCP port ${port}`, () => ready(heard));
    scheduler.runFor(1e6);
    assert(closed || ready(heard));
  };
  conversation(7, 'say it again', (h) => h === 'say it again');
  conversation(
    80,
    'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    (h) => /^HTTP\/1\.1 200 /.test(h) && h.endsWith(PAGE),
  );
  scheduler.runFor(60e6);
  client.netif.linkoutput = () => ERR_OK;
  target.attached = null;
}

function text(p: Pbuf): string {
  return new TextDecoder().decode(pbufBytes(p));
}

/** Asserts that pools and heap keep to their sizes: at any time. */
export function assertWithinLimits(target: Target): void {
  const { stack } = target.host;
  stack.memp.forEach((pool, i) => {
    assert(pool.used >= 0 && pool.used <= pool.num, `${mempNames()[i]}: ${pool.used} of ${pool.num}`);
  });
  const { used, kept, size } = stack.mem;
  assert(used >= 0 && kept >= 0 && used + kept <= size, `heap: ${used} + ${kept} of ${size}`);
}

/** Asserts that the counters agree with what was delivered and with each other. */
export function assertCountersAgree(target: Target, handed: number): void {
  const s = target.host.stack.stats;
  assert.equal(s[STAT_LINK + RECV], handed, 'frames received');
  for (const group of [STAT_LINK, STAT_IP, STAT_ICMP, STAT_UDP, STAT_TCP]) {
    const name = statGroups()[group / 12]!;
    const of = (field: number): number => s[group + field]!;
    assert(of(RECV) >= of(DROP), `${name}: ${of(DROP)} of ${of(RECV)} dropped`);
    for (const reason of [CHKERR, LENERR, RTERR, PROTERR]) {
      assert(of(reason) <= of(DROP), `${name}: field ${reason} is ${of(reason)}, of ${of(DROP)} dropped`);
    }
    void [MEMERR, OPTERR];
  }
  const ip4 = s[STAT_IP + RECV]!;
  assert(ip4 <= handed);
  // Each comes by IP, or several by one reassembled datagram's fragments.
  assert(s[STAT_TCP + RECV]! + s[STAT_UDP + RECV]! + s[STAT_ICMP + RECV]! <= ip4);
  assert(s[STAT_IPFRAG + RECV]! <= ip4);
}

export { assertClean };
