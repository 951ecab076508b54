// Bundles with and without the optional parts of TCP: a client's conversation with their echo server, over a cable
// that loses frames.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import vm from 'node:vm';
import { ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import {
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpNew,
  tcpOutput,
  tcpPoll,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { type BuiltApp, type Features, ROOT, buildApp } from '../../../tools/build/bundle.js';
import { Host, ip } from '../../harness/host.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';

type Turn = (frame: Uint8Array | null) => void;
type Start = (send: (frame: Uint8Array) => void, clock: () => number, flags: number) => Turn;

const OFF: Features = {
  LWIP_TCP_KEEPALIVE: false,
  TCP_ACTIVE_OPEN: false,
  TCP_REF_WRITE: false,
  TCP_LISTEN_BACKLOG: false,
  TCP_PRIORITIES: false,
  TCP_ICMP: false,
};

const build = (features: Features): Promise<BuiltApp> =>
  buildApp('echo', {
    entry: join(ROOT, 'test-host/tests/build/fixtures/echo.ts'),
    features: { LWIP_UDP: false, LWIP_DHCP: false, LWIP_DNS: false, LWIP_OPT_CHECK: false, ...features },
  });

const SIZE = 30000;

/** Sends SIZE bytes to the bundle's echo server and closes. @returns what came back, 'eof' and errors in `events` */
function converse(code: string, flags: number): { echoed: number; wrong: number; events: string[] } {
  const scheduler = new Scheduler();
  const link = new Link(scheduler, { delay: 1000, loss: 0.03, seed: 5 });
  const client = new Host(scheduler, 1, {});
  client.addInterface({ port: link.a, mac: '02:00:00:00:00:0a', ip: '10.0.0.1' });
  let start: Start | undefined;
  vm.runInNewContext(code, { print: (value: Start) => (start = value) });
  const turn = start!(
    (frame) => link.b.send(frame),
    () => Math.floor(scheduler.now / 1000),
    flags,
  );
  link.b.onFrame = (frame) => turn(frame);

  const data = Uint8Array.from({ length: SIZE }, (_, i) => ((i % 251) ^ (i >> 8)) | 1);
  const events: string[] = [];
  let written = 0;
  let echoed = 0;
  let wrong = 0;
  const fill = (pcb: TcpPcb): Err => {
    const n = Math.min(tcpSndbuf(pcb), SIZE - written);
    if (n && tcpWrite(pcb, data, TCP_WRITE_FLAG_COPY, written, n) === ERR_OK) written += n;
    return tcpOutput(pcb);
  };
  const pcb = client.do((stack) => tcpNew(stack))!;
  tcpErr(pcb, (_a: never, err: Err) => events.push('error ' + err));
  tcpSent(pcb, (_a: never, q: TcpPcb) => fill(q));
  tcpPoll(pcb, (_a: never, q: TcpPcb) => fill(q), 1);
  tcpRecv(pcb, (_a: never, q: TcpPcb, p: Pbuf | null): Err => {
    if (!p) {
      events.push('eof');
      return ERR_OK;
    }
    for (const byte of pbufBytes(p)) if (byte !== data[echoed++]) wrong++;
    tcpRecved(q, p.totLen);
    pbufFree(p);
    if (echoed === SIZE) tcpClose(q);
    return ERR_OK;
  });
  client.do(() => tcpConnect(pcb, ip('10.0.0.2'), 7, (_a: never, q: TcpPcb) => fill(q)));
  for (let i = 0; i < 1200; i++) {
    scheduler.runFor(50000);
    turn(null);
  }
  events.push('pcbs ' + client.stack.memp[4]!.used);
  return { echoed, wrong, events };
}

describe('build: TCP without its extras', function () {
  this.timeout(120000);
  let all: BuiltApp;
  let small: BuiltApp;
  before(async () => {
    all = await build({});
    small = await build(OFF);
  });

  const tcp = (app: BuiltApp): number => app.shares.find(([f]) => f === 'firmware/stack/tcp')![1];

  it('with everything: the data come back unharmed', () => {
    assert.deepEqual(converse(all.code, TCP_WRITE_FLAG_COPY), { echoed: SIZE, wrong: 0, events: ['pcbs 0'] });
  });

  it('with everything, bytes that are not copied must stay as they are', () => {
    assert(converse(all.code, 0).wrong > 0);
  });

  it('without the optional parts: smaller, the same conversation, and all writes copy', () => {
    assert(tcp(small) < tcp(all) - 1000, `${tcp(small)} against ${tcp(all)}`);
    assert.deepEqual(converse(small.code, 0), { echoed: SIZE, wrong: 0, events: ['pcbs 0'] });
  });
});
