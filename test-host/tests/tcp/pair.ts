// Two stacks at the ends of a cable, and a transfer between them whose bytes are checked as they come.

import assert from 'node:assert/strict';
import { ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
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
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { Host, ip } from '../../harness/host.js';
import { Link, type LinkConfig } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';

export class Pair {
  readonly scheduler = new Scheduler();
  readonly link: Link;
  readonly a: Host;
  readonly b: Host;

  constructor(link: LinkConfig, aOptions: Partial<StackOptions> = {}, bOptions: Partial<StackOptions> = {}) {
    this.link = new Link(this.scheduler, link);
    this.a = new Host(this.scheduler, 11, aOptions);
    this.b = new Host(this.scheduler, 22, bOptions);
    this.a.addInterface({ port: this.link.a, mac: '02:00:00:00:00:0a', ip: '10.0.0.1' });
    this.b.addInterface({ port: this.link.b, mac: '02:00:00:00:00:0b', ip: '10.0.0.2' });
  }
}

const PATTERN = 251;

/** Byte `at` of the test stream. */
function byteAt(at: number): number {
  return (at % PATTERN) ^ ((at / 65536) & 255);
}

export interface Transfer {
  /** Microseconds from the first data byte sent to the last received. */
  time: number;
  received: number;
  sender: TcpPcb;
}

/** Sends `size` bytes from a to b and closes both ways; asserts that they arrive as sent. */
export function transfer(pair: Pair, size: number, limitSeconds: number): Transfer {
  const { a, b, scheduler } = pair;
  let received = 0;
  let doneAt = 0;
  let eof = false;
  let startAt = -1;
  const failures: string[] = [];
  const listening = tcpNew(b.stack)!;
  tcpBind(listening, 0, 9);
  const listener = tcpListen(listening)!;
  tcpAccept(listener, (_arg: never, pcb: TcpPcb | null): Err => {
    tcpErr(pcb!, (_a: never, err: Err) => failures.push('receiver ' + err));
    tcpRecv(pcb!, (_a: never, q: TcpPcb, p: Pbuf | null): Err => {
      if (!p) {
        eof = true;
        return tcpClose(q);
      }
      const data = pbufBytes(p);
      for (let i = 0; i < data.length; i++) {
        if (data[i] !== byteAt(received + i)) assert.fail('wrong byte at ' + (received + i));
      }
      received += data.length;
      doneAt = scheduler.now;
      tcpRecved(q, p.totLen);
      pbufFree(p);
      return ERR_OK;
    });
    return ERR_OK;
  });
  let written = 0;
  let closed = false;
  const chunk = new Uint8Array(1460);
  const fill = (pcb: TcpPcb): Err => {
    while (written < size) {
      const n = Math.min(chunk.length, size - written, tcpSndbuf(pcb));
      if (n < Math.min(chunk.length, size - written)) break;
      for (let i = 0; i < n; i++) chunk[i] = byteAt(written + i);
      if (tcpWrite(pcb, chunk, TCP_WRITE_FLAG_COPY, 0, n) !== ERR_OK) break;
      written += n;
    }
    tcpOutput(pcb);
    if (written === size && !closed && tcpSndbuf(pcb) === pcb.stack.opt.TCP_SND_BUF) {
      closed = true;
      tcpClose(pcb);
    }
    return ERR_OK;
  };
  const pcb = a.do((stack) => tcpNew(stack))!;
  tcpErr(pcb, (_a: never, err: Err) => failures.push('sender ' + err));
  tcpSent(pcb, (_a: never, q: TcpPcb) => fill(q));
  a.do(() =>
    tcpConnect(pcb, ip('10.0.0.2'), 9, (_a: never, q: TcpPcb) => {
      startAt = scheduler.now;
      return fill(q);
    }),
  );
  scheduler.runWhile(() => eof || failures.length > 0, limitSeconds * 1e6);
  assert.deepEqual(failures, []);
  assert.equal(received, size, `bytes received after ${scheduler.now / 1e6} s`);
  assert(eof, 'no end of stream');
  b.do(() => tcpClose(listener));
  return { time: doneAt - startAt, received, sender: pcb };
}
