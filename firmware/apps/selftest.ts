// Joins two stacks by a wire in memory and puts them through their paces. Runs in any ES5 engine with typed
// arrays: prints one line per check and `N passed, N failed` at the end.

import { ERR_INPROGRESS, ERR_OK } from '../stack/core/err.js';
import { IP_ADDR_ANY, ip4Addr, type IpAddr } from '../stack/core/ipaddr.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree, type Pbuf } from '../stack/core/pbuf.js';
import { pbufBytes, pbufTake } from '../stack/core/pbuf_data.js';
import type { Stack } from '../stack/core/stack.js';
import { MEMP_SYS_TIMEOUT } from '../stack/core/memp.js';
import { STAT_TCPX, TCPX_REXMIT } from '../stack/core/stats.js';
import { dhcpStart, dhcpSuppliedAddress } from '../stack/dhcp/dhcp.js';
import { dnsGethostbyname } from '../stack/dns/dns.js';
import { rawNew, rawRecv, rawRemove, rawSendto, type RawPcb } from '../stack/raw/raw.js';
import {
  tcpAbort,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../stack/tcp/tcp.js';
import type { TcpPcb } from '../stack/tcp/tcp_state.js';
import { udpBind, udpNew, udpRecv, udpRemove, udpSendto, type UdpPcb } from '../stack/udp/udp.js';
import { chksumBytes } from '../stack/core/checksum.js';
import { put16 } from '../stack/core/bytes.js';
import { echoServerInit } from '../services/echo_raw.js';
import { dhcpPeer, dnsPeer } from './selftest/peers.js';
import { worldHost, worldNew, worldRun, type World } from './selftest/world.js';

declare const print: ((line: string) => void) | undefined;

const A = ip4Addr(10, 0, 0, 1);
const B = ip4Addr(10, 0, 0, 2);

/** Bytes that the transfers move each way. */
const TRANSFER = 65536;

interface Tally {
  passed: number;
  failed: number;
}

function say(line: string): void {
  if (typeof console !== 'undefined') console.log(line);
  else if (print) print(line);
}

function check(t: Tally, ok: boolean, what: string): void {
  if (ok) t.passed++;
  else t.failed++;
  say((ok ? 'ok      ' : 'FAILED  ') + what);
}

function never(): boolean {
  return false;
}

/** What a stack has in use. */
function inUse(stack: Stack): number {
  let n = stack.mem.used;
  for (let i = 0; i < stack.memp.length; i++) if (i !== MEMP_SYS_TIMEOUT) n += stack.memp[i]!.used;
  return n;
}

/** Sends TRANSFER bytes through `b`'s echo server and compares what comes back. */
function echoTransfer(w: World, a: Stack): boolean {
  let out = 0;
  let back = 0;
  let right = true;
  let closed = false;
  const chunk = new Uint8Array(512);
  const pcb = tcpNew(a);
  if (!pcb) return false;
  const fill = function (p: TcpPcb): number {
    while (out < TRANSFER && tcpSndbuf(p) >= chunk.length) {
      for (let i = 0; i < chunk.length; i++) chunk[i] = ((out + i) * 7) >> 3;
      if (tcpWrite(p, chunk, TCP_WRITE_FLAG_COPY, 0, chunk.length) !== ERR_OK) break;
      out += chunk.length;
    }
    tcpOutput(p);
    return ERR_OK;
  };
  tcpErr(pcb, function () {
    closed = true;
  });
  tcpSent(pcb, function (_arg: unknown, p: TcpPcb) {
    return fill(p);
  });
  tcpRecv(pcb, function (_arg: unknown, p: TcpPcb, q: Pbuf | null) {
    if (!q) {
      closed = true;
      return tcpClose(p);
    }
    const bytes = pbufBytes(q);
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== ((((back + i) * 7) >> 3) & 255)) right = false;
    back += bytes.length;
    tcpRecved(p, q.totLen);
    pbufFree(q);
    return ERR_OK;
  });
  tcpConnect(pcb, B, 7, function (_arg: unknown, p: TcpPcb) {
    return fill(p);
  });
  worldRun(w, 600000, function () {
    return closed || back >= TRANSFER;
  });
  if (closed) return false;
  tcpClose(pcb);
  worldRun(w, 60000, never);
  return right && back === TRANSFER;
}

function testTcp(t: Tally): void {
  const w = worldNew(1);
  const a = worldHost(w, A);
  const b = worldHost(w, B);
  check(t, echoServerInit(b) === ERR_OK, 'tcp: listens');
  const before = inUse(a) + inUse(b);
  check(t, echoTransfer(w, a), 'tcp: 64 KiB through the echo server');
  check(t, a.stats[STAT_TCPX + TCPX_REXMIT] === 0, 'tcp: nothing was sent twice on a good wire');
  check(t, inUse(a) + inUse(b) === before, 'tcp: pools are back at their baseline');

  let refused = 0;
  const pcb = tcpNew(a)!;
  tcpErr(pcb, function (_arg: unknown, err: number) {
    refused = err;
  });
  tcpConnect(pcb, B, 9, null);
  worldRun(w, 5000, function () {
    return refused !== 0;
  });
  check(t, refused !== 0, 'tcp: a port without listener refuses');
  if (!refused) tcpAbort(pcb);

  w.loss = 30;
  check(t, echoTransfer(w, a), 'tcp: 64 KiB through 3 % loss');
  check(
    t,
    w.lost > 0 && a.stats[STAT_TCPX + TCPX_REXMIT]! > 0,
    'tcp: losses were repaired by retransmission',
  );
  check(t, inUse(a) + inUse(b) === before, 'tcp: pools are back at their baseline after loss');
}

function testUdp(t: Tally): void {
  const w = worldNew(2);
  const a = worldHost(w, A);
  const b = worldHost(w, B);
  const before = inUse(a) + inUse(b);
  let got = '';
  const server = udpNew(b)!;
  udpBind(server, IP_ADDR_ANY, 7);
  udpRecv(
    server,
    function (_arg: unknown, pcb: UdpPcb, p: Pbuf, addr: IpAddr, port: number) {
      udpSendto(pcb, p, addr, port);
      pbufFree(p);
    },
    null,
  );
  const client = udpNew(a)!;
  udpRecv(
    client,
    function (_arg: unknown, _pcb: UdpPcb, p: Pbuf, addr: IpAddr, port: number) {
      got = p.totLen + ' ' + (addr === B) + ' ' + port;
      pbufFree(p);
    },
    null,
  );
  const answered = function (): boolean {
    return got !== '';
  };
  const sizes = [0, 1, 512, 1472, 4000];
  for (let i = 0; i < sizes.length; i++) {
    const p = pbufAlloc(a, PBUF_TRANSPORT, sizes[i]!, PBUF_RAM)!;
    pbufTake(p, new Uint8Array(sizes[i]!));
    got = '';
    udpSendto(client, p, B, 7);
    pbufFree(p);
    worldRun(w, 1000, answered);
    check(t, got === sizes[i] + ' true 7', 'udp: ' + sizes[i] + ' bytes come back');
  }
  udpRemove(client);
  udpRemove(server);
  check(t, inUse(a) + inUse(b) === before, 'udp: pools are back at their baseline');
}

function testPing(t: Tally): void {
  const w = worldNew(3);
  const a = worldHost(w, A);
  const b = worldHost(w, B);
  const before = inUse(a) + inUse(b);
  const raw = rawNew(a, 1)!;
  let replies = 0;
  rawRecv(
    raw,
    function (_arg: unknown, _pcb: RawPcb, p: Pbuf) {
      const bytes = pbufBytes(p);
      const hlen = (bytes[0]! & 15) * 4;
      if (bytes[hlen] === 0 && chksumBytes(bytes, hlen, bytes.length - hlen) === 0xffff) replies++;
      pbufFree(p);
      return 1;
    },
    null,
  );
  for (let seq = 1; seq <= 3; seq++) {
    const echo = new Uint8Array(8 + 56);
    echo[0] = 8;
    put16(echo, 6, seq);
    put16(echo, 2, ~chksumBytes(echo, 0, echo.length) & 0xffff);
    const p = pbufAlloc(a, PBUF_TRANSPORT, echo.length, PBUF_RAM)!;
    pbufTake(p, echo);
    rawSendto(raw, p, B);
    pbufFree(p);
    worldRun(w, 1000, never);
  }
  check(t, replies === 3, 'icmp: 3 pings, 3 replies');
  rawRemove(raw);
  check(t, inUse(a) + inUse(b) === before, 'icmp: pools are back at their baseline');
}

function testNames(t: Tally): void {
  const w = worldNew(4);
  const a = worldHost(w, 0);
  const b = worldHost(w, A);
  const netif = w.hosts[0]!;
  check(t, dhcpPeer(b, A, B) && dnsPeer(b, ip4Addr(192, 0, 2, 7)), 'dhcp, dns: the peers listen');
  dhcpStart(netif);
  worldRun(w, 30000, function () {
    return dhcpSuppliedAddress(netif);
  });
  check(t, netif.ipAddr === B && netif.gw === A, 'dhcp: a lease');
  const before = inUse(a);
  let answer: IpAddr | null = null;
  const cached = { addr: 0 as IpAddr };
  const found = function (_name: string, addr: IpAddr | null): void {
    answer = addr;
  };
  check(
    t,
    dnsGethostbyname(a, 'example.test', cached, found, null) === ERR_INPROGRESS,
    'dns: a question is sent',
  );
  worldRun(w, 10000, function () {
    return answer !== null;
  });
  check(t, answer === ip4Addr(192, 0, 2, 7), 'dns: an answer by way of a CNAME');
  check(
    t,
    dnsGethostbyname(a, 'example.test', cached, found, null) === ERR_OK && cached.addr === answer,
    'dns: the second time from the cache',
  );
  check(t, inUse(a) === before, 'dhcp, dns: pools are back at their baseline');
}

function main(): void {
  const t = { passed: 0, failed: 0 };
  testTcp(t);
  testUdp(t);
  testPing(t);
  testNames(t);
  say(t.passed + ' passed, ' + t.failed + ' failed');
}

main();
