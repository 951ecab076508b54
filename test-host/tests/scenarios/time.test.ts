// Time goes wrong: a main loop that is blocked for seconds, and peers that vanish without a word.

import assert from 'node:assert/strict';
import { ERR_ABRT, ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { DHCP_STATE_BOUND, type Dhcp } from '../../../firmware/stack/dhcp/dhcp_client.js';
import { dhcpStart } from '../../../firmware/stack/dhcp/dhcp.js';
import { STAT_TCPX, TCPX_KEEPALIVE, TCPX_REXMIT, TCPX_RTO } from '../../../firmware/stack/core/stats.js';
import { etharpFindAddr } from '../../../firmware/stack/arp/etharp.js';
import {
  tcpKeepalive,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpShutdown,
  tcpSndbuf,
  tcpWrite,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { assertClean } from '../../harness/clean.js';
import { Host, ip } from '../../harness/host.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { HostGround } from '../../peers/ground.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Pair } from '../tcp/pair.js';
import { Call, ROOMY, serve } from './call.js';

const SERVER = '10.0.0.2';

/** Makes a host's main loop one that can be blocked: frames wait, as in a network chip, and timers run late. */
function blockable(host: Host): (ms: number) => void {
  let blocked = false;
  const waiting: (() => void)[] = [];
  const poll = host.poll.bind(host);
  host.poll = () => {
    if (!blocked) poll();
  };
  const input = host.input.bind(host);
  host.input = (netif, frame) => {
    if (!blocked) input(netif, frame);
    // What a receive ring of 6 KB holds.
    else if (waiting.length < 8) waiting.push(() => input(netif, frame));
  };
  return (ms) => {
    blocked = true;
    host.scheduler.runFor(ms * 1000);
    blocked = false;
    for (const take of waiting.splice(0)) take();
    poll();
  };
}

describe('scenario: the main loop is blocked for 2 s again and again', () => {
  it('transfers, the lease, ARP and DHCP timers survive; nothing storms', () => {
    const scheduler = new Scheduler();
    const link = new Link(scheduler, { delay: 500, rate: 10e6 });
    const device = new Host(scheduler, 1);
    const station = new Host(scheduler, 2, ROOMY);
    const stationNetif = station.addInterface({ port: link.b, mac: '02:00:00:00:00:0b', ip: SERVER });
    new DhcpServer(new HostGround(station, stationNetif), {
      first: '10.0.0.10',
      netmask: '255.255.255.0',
      lease: 60,
    });
    const netif = device.addInterface({ port: link.a, mac: '02:00:00:00:00:0a' });
    const block = blockable(device);
    device.do(() => dhcpStart(netif));
    scheduler.runFor(10e6);
    const address = netif.ipAddr;
    assert.notEqual(address, 0);

    // A stream each way, as fast as the other side takes it.
    const totals = [0, 0];
    const stream = (pcb: TcpPcb, direction: number): void => {
      const bytes = new Uint8Array(1460);
      tcpKeepalive(pcb, true, 5000, 1000, 5);
      const push = (): Err => {
        while (tcpSndbuf(pcb) >= bytes.length && tcpWrite(pcb, bytes, 0) === ERR_OK);
        return tcpOutput(pcb);
      };
      tcpSent(pcb, push);
      tcpRecv(pcb, (_a: never, q, p): Err => {
        if (!p) return ERR_OK;
        totals[direction]! += p.totLen;
        tcpRecved(q, p.totLen);
        pbufFree(p);
        return ERR_OK;
      });
      push();
    };
    let served: TcpPcb | null = null;
    serve(station, 7, (pcb) => {
      served = pcb;
      stream(pcb!, 0);
      return ERR_OK;
    });
    const call = new Call(device, SERVER, 7);
    scheduler.runFor(50e3);
    assert(call.connected);
    device.do(() => stream(call.pcb, 1));

    const BLOCKS = 20;
    for (let i = 0; i < BLOCKS; i++) {
      block(2000);
      const before = totals.slice();
      scheduler.runFor(3e6);
      totals.forEach((n, d) => assert(n - before[d]! > 500_000, `block ${i}: ${n - before[d]!} bytes`));
      assert.equal(call.error, null);
      assert.equal(netif.ipAddr, address, 'the lease');
    }
    assert(served);
    // 100 seconds with a lease of 60: renewed more than once.
    assert((netif.dhcp as Dhcp).state >= DHCP_STATE_BOUND);
    assert(etharpFindAddr(netif, ip(SERVER)));
    for (const host of [device, station]) {
      const s = host.stack.stats;
      assert(s[STAT_TCPX + TCPX_RTO]! <= 3 * BLOCKS, `${s[STAT_TCPX + TCPX_RTO]} time-outs`);
      assert(s[STAT_TCPX + TCPX_REXMIT]! <= 8 * BLOCKS, `${s[STAT_TCPX + TCPX_REXMIT]} retransmissions`);
    }
  });
});

describe('scenario: the peer vanishes', () => {
  const IDLE = 30000;
  const INTERVAL = 5000;
  const COUNT = 3;

  function connection(): { pair: Pair; call: Call } {
    const pair = new Pair({ delay: 500 });
    serve(pair.b, 7, (pcb) => {
      tcpRecv(pcb!, (_a: never, q, p): Err => {
        // The end of the stream is no reason to close.
        if (!p) return ERR_OK;
        tcpRecved(q, p.totLen);
        pbufFree(p);
        return ERR_OK;
      });
      return ERR_OK;
    });
    const call = new Call(pair.a, SERVER, 7, 'hello');
    pair.scheduler.runFor(1e6);
    assert(call.connected);
    pair.a.do(() => tcpKeepalive(call.pcb, true, IDLE, INTERVAL, COUNT));
    return { pair, call };
  }

  for (const half of [false, true]) {
    it(`keepalive finds out in the configured time${half ? ', also when one direction is closed' : ''}`, () => {
      const { pair, call } = connection();
      if (half) {
        pair.a.do(() => tcpShutdown(call.pcb, false, true));
        pair.scheduler.runFor(1e6);
      }
      // An hour of silence with the peer there does not matter.
      pair.scheduler.runFor(3600e6);
      assert.equal(call.error, null);
      const probes = pair.a.stack.stats[STAT_TCPX + TCPX_KEEPALIVE]!;
      assert(probes > 100 && probes < 125, `${probes} probes`);
      pair.link.setUp(false);
      const begin = pair.scheduler.now;
      assert(pair.scheduler.runWhile(() => call.error !== null, 600e6));
      const seconds = (pair.scheduler.now - begin) / 1e6;
      const least = (COUNT * INTERVAL) / 1000;
      assert(seconds >= least && seconds <= IDLE / 1000 + least + 1, `${seconds} s`);
      assert.equal(call.error, ERR_ABRT);
      assertClean(pair.a);
    });
  }

  it('without keepalive nobody notices', () => {
    const { pair, call } = connection();
    pair.a.do(() => tcpKeepalive(call.pcb, false, 0, 0, 0));
    pair.link.setUp(false);
    pair.scheduler.runFor(86400e6);
    assert.equal(call.error, null);
  });
});
