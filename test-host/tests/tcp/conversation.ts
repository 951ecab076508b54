// A conversation on the wire with one stack: the test plays the peer, segment by segment. Sequence and
// acknowledgment numbers in tests count from each side's SYN (0), as in a packetdrill script; the absolute
// numbers are near a wrap by default.

import assert from 'node:assert/strict';
import { ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import { STAT_TCP, STAT_TCPX } from '../../../firmware/stack/core/stats.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { etharpAddStatic } from '../../../firmware/stack/arp/etharp.js';
import {
  tcpAccept,
  tcpBind,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpListen,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import { tcpStateName, type TcpListenPcb, type TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { assertClean, type Usage } from '../../harness/clean.js';
import type { InterfaceConfig } from '../../harness/host.js';
import { lab, PEER_MAC, type Lab } from '../../harness/lab.js';
import { ip, macBytes } from '../../harness/host.js';
import type { Parsed } from '../../harness/frames.js';

export interface Seg {
  /** Letters of U A P R S F; PSH is not compared unless given. */
  flags: string;
  seq?: number;
  ack?: number;
  len?: number;
  data?: string | Uint8Array;
  window?: number;
  mss?: number;
  src?: number;
  dst?: number;
  options?: number[];
  urgent?: number;
  checksum?: number;
}

export interface Start {
  options?: Partial<StackOptions>;
  iss?: number;
  irs?: number;
  config?: Partial<InterfaceConfig>;
}

export class Conversation {
  readonly lab: Lab;
  readonly stack: Stack;
  readonly iss: number;
  readonly irs: number;
  hostPort = 80;
  peerPort = 5000;
  peerWindow = 65535;
  pcb!: TcpPcb;
  listener: TcpListenPcb | null = null;
  /** What the callbacks told: "connected", "recv N", "eof", "sent N", "err N". */
  events: string[] = [];
  received: number[] = [];
  /** Replaces the usual receive callback. */
  onRecv: ((pcb: TcpPcb, p: Pbuf | null) => Err) | null = null;
  onAccept: ((pcb: TcpPcb) => Err) | null = null;
  autoRecved = true;

  constructor(start: Start = {}) {
    this.iss = start.iss ?? 0xfffffe00;
    this.irs = start.irs ?? 0xffffff80;
    this.lab = lab(start.options, start.config);
    this.stack = this.lab.host.stack;
    this.stack.tcp.isn = () => this.iss;
    etharpAddStatic(this.lab.host.netif, ip('10.0.0.2'), macBytes(PEER_MAC));
    this.lab.peer.take();
  }

  /** Milliseconds of virtual time. */
  get now(): number {
    return this.lab.scheduler.now / 1000;
  }

  get state(): string {
    return tcpStateName(this.pcb.state);
  }

  attach(pcb: TcpPcb): void {
    this.pcb = pcb;
    tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null): Err => {
      if (this.onRecv) return this.onRecv(q, p);
      this.take(q, p);
      return ERR_OK;
    });
    tcpSent(pcb, (_arg: never, _q: TcpPcb, n: number): Err => {
      this.events.push('sent ' + n);
      return ERR_OK;
    });
    tcpErr(pcb, (_arg: never, err: Err) => {
      this.events.push('err ' + err);
    });
  }

  /** The usual receive callback. */
  take(pcb: TcpPcb, p: Pbuf | null): void {
    if (!p) {
      this.events.push('eof');
      return;
    }
    this.events.push('recv ' + p.totLen);
    this.received.push(...pbufBytes(p));
    if (this.autoRecved) tcpRecved(pcb, p.totLen);
    pbufFree(p);
  }

  listen(): TcpListenPcb {
    const pcb = tcpNew(this.stack)!;
    assert.equal(tcpBind(pcb, 0, this.hostPort), ERR_OK);
    const listener = tcpListen(pcb)!;
    assert(listener);
    tcpAccept(listener, (_arg: never, newpcb: TcpPcb | null): Err => {
      if (!newpcb) {
        this.events.push('accept failed');
        return ERR_OK;
      }
      this.events.push('accepted');
      if (this.onAccept) return this.onAccept(newpcb);
      this.attach(newpcb);
      return ERR_OK;
    });
    this.listener = listener;
    return listener;
  }

  /** A connection that the peer opened. */
  open(mss = 1460): this {
    if (!this.listener) this.listen();
    this.in({ flags: 'S', seq: 0, mss });
    this.out({ flags: 'SA', seq: 0, ack: 1 });
    this.in({ flags: 'A', seq: 1, ack: 1 });
    this.silent();
    assert.equal(this.state, 'ESTABLISHED');
    this.events = [];
    return this;
  }

  /** Begins to connect. */
  connect(): this {
    const pcb = tcpNew(this.stack)!;
    this.attach(pcb);
    assert.equal(tcpBind(pcb, 0, this.hostPort), ERR_OK);
    const err = tcpConnect(pcb, ip('10.0.0.2'), this.peerPort, (_arg: never, _q: TcpPcb, e: Err): Err => {
      this.events.push('connected' + (e ? ' ' + e : ''));
      return ERR_OK;
    });
    assert.equal(err, ERR_OK);
    return this.poll();
  }

  /** A connection that the stack opened. */
  openActive(mss = 1460): this {
    this.connect();
    this.out({ flags: 'S', seq: 0 });
    this.in({ flags: 'SA', seq: 0, ack: 1, mss });
    this.out({ flags: 'A', seq: 1, ack: 1 });
    assert.equal(this.state, 'ESTABLISHED');
    this.events = [];
    return this;
  }

  /** The peer sends a segment, and the stack takes it. */
  in(s: Seg): this {
    this.lab.peer.send({
      tcp: {
        src: s.src ?? this.peerPort,
        dst: s.dst ?? this.hostPort,
        seq: ((s.seq ?? 0) + this.irs) >>> 0,
        ack: s.flags.includes('A') ? ((s.ack ?? 0) + this.iss) >>> 0 : 0,
        flags: s.flags,
        window: s.window ?? this.peerWindow,
        ...(s.mss === undefined ? {} : { mss: s.mss }),
        ...(s.options ? { options: s.options } : {}),
        ...(s.urgent ? { urgent: s.urgent } : {}),
        ...(s.checksum === undefined ? {} : { checksum: s.checksum }),
      },
      payload: s.data ?? bytes(s.seq ?? 0, s.len ?? 0),
    });
    this.run(0);
    return this;
  }

  /** The next segment that the stack has sent must be this. */
  out(s: Seg): Parsed {
    const f = this.lab.peer.heard.shift();
    assert(f, `nothing sent; expected ${s.flags} ${s.seq ?? ''}`);
    assert(f.tcp, 'not TCP');
    assert(f.tcp.checksumOk, 'TCP checksum');
    assert(f.ip!.checksumOk, 'IP checksum');
    const got = this.describe(f);
    const want: Record<string, unknown> = { flags: s.flags };
    const have: Record<string, unknown> = {
      flags: s.flags.includes('P') ? got.flags : got.flags!.replace('P', ''),
    };
    for (const k of ['seq', 'ack', 'window', 'mss', 'src', 'dst'] as const) {
      if (s[k] === undefined) continue;
      want[k] = s[k];
      have[k] = got[k];
    }
    want['len'] = s.data === undefined ? (s.len ?? 0) : s.data.length;
    have['len'] = got.len;
    assert.deepEqual(have, want);
    if (typeof s.data === 'string') assert.equal(Buffer.from(f.payload).toString('latin1'), s.data);
    else if (s.data) assert.equal(Buffer.compare(f.payload, s.data), 0, 'payload');
    return f;
  }

  describe(f: Parsed): Seg {
    const t = f.tcp!;
    return {
      flags: [...t.flags].sort((a, b) => 'SFRPAU'.indexOf(a) - 'SFRPAU'.indexOf(b)).join(''),
      seq: (t.seq - this.iss) | 0,
      ack: (t.ack - this.irs) | 0,
      len: f.payload.length,
      window: t.window,
      mss: t.mss,
      src: t.src,
      dst: t.dst,
    };
  }

  /** Nothing was sent. */
  silent(): this {
    const heard = this.lab.peer.take().map((f) => (f.tcp ? this.describe(f) : f));
    assert.deepEqual(heard, []);
    return this;
  }

  run(ms: number): this {
    this.lab.run(ms);
    return this;
  }

  /** Runs until the stack sends; the milliseconds that took. */
  untilOut(limit: number): number {
    const from = this.now;
    this.lab.scheduler.runWhile(() => this.lab.peer.heard.length > 0, limit * 1000);
    return this.now - from;
  }

  /** Queues bytes (a count, or a text) and sends them. */
  write(what: number | string, flags = TCP_WRITE_FLAG_COPY): Err {
    const data = typeof what === 'string' ? Buffer.from(what, 'latin1') : bytes(this.sent + 1, what);
    const err = tcpWrite(this.pcb, new Uint8Array(data), flags);
    if (err === ERR_OK) this.sent += data.length;
    tcpOutput(this.pcb);
    this.poll();
    return err;
  }
  private sent = 0;

  /** After API calls: lets the stack's timers and the wire run. */
  poll(): this {
    this.lab.host.poll();
    this.run(0);
    return this;
  }

  close(): Err {
    const err = tcpClose(this.pcb);
    this.poll();
    return err;
  }

  takeEvents(): string[] {
    const e = this.events;
    this.events = [];
    return e;
  }

  stat(field: number): number {
    return this.stack.stats[STAT_TCP + field]!;
  }

  statx(field: number): number {
    return this.stack.stats[STAT_TCPX + field]!;
  }

  /** All is given back, but for what is named. */
  clean(allowed: Usage = {}): void {
    const base: Usage = { ...allowed };
    if (this.listener?.state === 1) base['TCP_PCB_LISTEN'] ??= 1;
    assertClean(this.lab.host, base);
  }
}

/** The stream's bytes from relative sequence number `seq` on. */
export function bytes(seq: number, len: number): Uint8Array {
  const b = new Uint8Array(len);
  for (let i = 0; i < len; i++) b[i] = (seq + i) * 7 + ((seq + i) >> 8);
  return b;
}
