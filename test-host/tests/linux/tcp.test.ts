// TCP of a host of ours against the Linux kernel: who closes and how, refusals, transfers.

import assert from 'node:assert/strict';
import { ERR_ABRT, ERR_OK, ERR_RST } from '../../../firmware/stack/core/err.js';
import { echoServerInit } from '../../../firmware/services/echo_raw.js';
import { assertClean, type Usage } from '../../harness/clean.js';
import type { Host } from '../../harness/host.js';
import type { Behaviour, Connection } from '../../linux/agent-operations.js';
import { Bench, HOST_IP, KERNEL_IP, NOBODY_IP } from '../../linux/bench.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import { within } from '../../linux/process.js';
import { connect, listenQueue, type Stream, type StreamPlan } from '../../linux/streams.js';
import { LIMIT, needLinux, PORTS, ROOMY, wireIsSound } from './setup.js';

const MIB = 1 << 20;
const NOTHING = sha256(new Uint8Array(0));

describe('linux: TCP', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let host: Host;
  /** What the next connection to the host's listener does. */
  let plan: StreamPlan;
  let accepted: () => Promise<Stream>;
  const baseline: Usage = { TCP_PCB_LISTEN: 2 };

  before(async function () {
    await needLinux(this);
    bench = await Bench.open('host');
    host = bench.addHost({ ...ROOMY, TCP_MSL: 100 });
    bench.do(host, (stack) => {
      assert.equal(echoServerInit(stack), ERR_OK);
      accepted = listenQueue(host, PORTS.sink, () => plan);
    });
    await bench.agent.call('listen', { port: PORTS.listener });
  });

  after(() => bench?.close());

  /** The kernel connects to the host. */
  async function toHost(behaviour: Behaviour, what: StreamPlan): Promise<[Connection, Stream]> {
    plan = what;
    const client = bench.agent.call('connect', { host: HOST_IP, port: PORTS.sink, behaviour });
    const stream = await within(accepted(), 'the connection');
    return [await client, stream];
  }

  /** The host connects to the kernel. */
  async function toKernel(what: StreamPlan, behaviour: Behaviour): Promise<[Stream, Connection]> {
    const server = bench.agent.call('accept', { port: PORTS.listener, behaviour });
    const stream = bench.do(host, () => connect(host, KERNEL_IP, PORTS.listener, what));
    const result = await server;
    return [stream, result];
  }

  /** Waits for connections in their last states, then looks for leaks. */
  async function assertWhole(): Promise<void> {
    for (let i = 0; i < 100; i++) {
      try {
        return bench.do(host, () => assertClean(host, baseline));
      } catch (error) {
        if (i === 99) throw error;
      }
      await bench.pause(100);
    }
  }

  afterEach('buffers are back', async function () {
    if (bench && this.currentTest?.state === 'passed') await assertWhole();
  });

  const HELLO = 'hello, kernel';

  describe('the kernel connects', () => {
    it('the kernel closes first, hears the rest, then the host closes', async () => {
      const send = pattern(1, 20000);
      const [c, s] = await toHost({ end: 'after-sending', text: HELLO }, { end: 'after-peer', send });
      assert.deepEqual(c.events, ['connect', 'finish', 'end', 'close']);
      assert.equal(c.error, null);
      assert.equal(c.sha256, sha256(send));
      assert.equal(s.received, HELLO.length);
      assert.equal(await within(s.done, 'the close'), ERR_OK);
    });

    it('the host closes first, hears the rest, then the kernel closes', async () => {
      const send = pattern(2, 20000);
      const [c, s] = await toHost(
        { end: 'after-peer', send: 30000, seed: 3 },
        { end: 'after-sending', send },
      );
      assert.deepEqual(c.events, ['connect', 'end', 'finish', 'close']);
      assert.equal(c.sha256, sha256(send));
      assert.equal(await within(s.done, 'the close'), ERR_OK);
      assert.equal(s.sha256, sha256(pattern(3, 30000)));
    });

    it('a host that has closed still takes what the kernel sends later', async () => {
      const [c, s] = await toHost(
        { end: 'after-peer', send: 200000, seed: 4, readLater: 300 },
        { end: 'after-sending' },
      );
      assert.equal(c.error, null);
      assert.equal(await within(s.done, 'the close'), ERR_OK);
      assert.equal(s.sha256, sha256(pattern(4, 200000)));
    });

    it('both close at once', async () => {
      for (let i = 0; i < 20; i++) {
        const [c, s] = await toHost(
          { end: 'after-sending', text: 'x' },
          { end: 'after-sending', send: pattern(1, 1) },
        );
        assert.equal(c.error, null);
        assert.equal(c.received, 1);
        assert.equal(await within(s.done, 'the close'), ERR_OK);
      }
    });

    it('an empty connection', async () => {
      const [c, s] = await toHost({ end: 'after-sending' }, { end: 'after-peer' });
      assert.equal(c.error, null);
      assert.equal(c.sha256, NOTHING);
      assert.equal(await within(s.done, 'the close'), ERR_OK);
    });

    it('the kernel resets', async () => {
      const [, s] = await toHost(
        { end: 'never', resetAfter: 5000 },
        { end: 'never', send: pattern(5, 60000) },
      );
      assert.equal(await within(s.done, 'the reset'), ERR_RST);
    });

    it('the kernel closes with data unread, which resets', async () => {
      plan = { end: 'never', send: pattern(5, 500000) };
      const client = bench.agent.call('connect', {
        host: HOST_IP,
        port: PORTS.sink,
        behaviour: { end: 'never', text: HELLO, resetAfter: 0 },
      });
      const s = await within(accepted(), 'the connection');
      assert.equal(await within(s.done, 'the reset'), ERR_RST);
      await client;
    });

    it('the host resets', async () => {
      const [c, s] = await toHost(
        { end: 'never', send: 100000, seed: 6 },
        { end: 'never', abortAfter: 10000 },
      );
      assert.equal(c.error, 'ECONNRESET');
      assert.equal(await within(s.done, 'the abort'), ERR_ABRT);
    });

    it('a port without a listener refuses at once', async () => {
      const c = await bench.agent.call('connect', {
        host: HOST_IP,
        port: PORTS.closed,
        behaviour: { end: 'after-sending' },
      });
      assert.equal(c.error, 'ECONNREFUSED');
      assert.deepEqual(c.events, ['close']);
    });

    it('a slow reader stops the host, and it goes on when there is room', async () => {
      const send = pattern(7, MIB);
      const [c, s] = await toHost(
        { end: 'after-peer', readLater: 3000 },
        { end: 'after-sending', send, copy: false },
      );
      assert.equal(c.sha256, sha256(send));
      assert.equal(await within(s.done, 'the close'), ERR_OK);
    });

    it('one connection after the other, 200 times', async () => {
      for (let i = 0; i < 200; i++) {
        const send = pattern(i, 1 + ((i * 53) % 4000));
        const [c, s] = await toHost(
          { end: i & 1 ? 'after-sending' : 'after-peer', text: `${i}` },
          {
            end: i & 1 ? 'after-peer' : 'after-sending',
            send,
          },
        );
        assert.equal(await within(s.done, 'the close'), ERR_OK);
        assert.equal(c.sha256, sha256(send));
        assert.equal(s.received, `${i}`.length);
      }
    });

    it('30 connections side by side', async () => {
      plan = { end: 'after-peer', echo: true };
      const clients = Array.from({ length: 30 }, (_, i) =>
        bench.agent.call('connect', {
          host: HOST_IP,
          port: PORTS.sink,
          behaviour: { end: 'after-sending', send: 50000, seed: 100 + i },
        }),
      );
      const streams = await Promise.all(clients.map(() => within(accepted(), 'the connection')));
      (await Promise.all(clients)).forEach((c, i) => assert.equal(c.sha256, sha256(pattern(100 + i, 50000))));
      for (const s of streams) assert.equal(await within(s.done, 'the close'), ERR_OK);
    });
  });

  describe('the host connects', () => {
    it('the host closes first, hears the rest, then the kernel closes', async () => {
      const send = pattern(11, 20000);
      const [s, c] = await toKernel(
        { end: 'after-sending', send },
        { end: 'after-peer', send: 30000, seed: 12 },
      );
      assert.deepEqual(c.events, ['connect', 'end', 'finish', 'close']);
      assert.equal(c.sha256, sha256(send));
      assert.equal(await within(s.done, 'the close'), ERR_OK);
      assert.equal(s.sha256, sha256(pattern(12, 30000)));
    });

    it('the kernel closes first, hears the rest, then the host closes', async () => {
      const send = pattern(13, 20000);
      const [s, c] = await toKernel(
        { end: 'after-peer', send },
        { end: 'after-sending', send: 30000, seed: 14 },
      );
      assert.deepEqual(c.events, ['connect', 'finish', 'end', 'close']);
      assert.equal(c.sha256, sha256(send));
      assert.equal(await within(s.done, 'the close'), ERR_OK);
      assert.equal(s.sha256, sha256(pattern(14, 30000)));
    });

    it('both close at once', async () => {
      for (let i = 0; i < 20; i++) {
        const [s, c] = await toKernel(
          { end: 'after-sending', send: pattern(1, 1) },
          { end: 'after-sending', text: 'x' },
        );
        assert.equal(c.error, null);
        assert.equal(c.received, 1);
        assert.equal(await within(s.done, 'the close'), ERR_OK);
      }
    });

    it('the kernel resets', async () => {
      const [s] = await toKernel(
        { end: 'never', send: pattern(15, 60000) },
        { end: 'never', resetAfter: 5000 },
      );
      assert.equal(await within(s.done, 'the reset'), ERR_RST);
    });

    it('the host resets', async () => {
      const [s, c] = await toKernel(
        { end: 'never', abortAfter: 10000 },
        { end: 'never', send: 100000, seed: 16 },
      );
      assert.equal(c.error, 'ECONNRESET');
      assert.equal(await within(s.done, 'the abort'), ERR_ABRT);
    });

    it('the kernel refuses', async () => {
      const s = bench.do(host, () => connect(host, KERNEL_IP, PORTS.closed, { end: 'never' }));
      assert.equal(await within(s.done, 'the refusal', 5000), ERR_RST);
    });

    it('nobody is there: given up when the SYNs are used up', async () => {
      const tries = host.stack.opt.TCP_SYNMAXRTX;
      host.stack.opt.TCP_SYNMAXRTX = 1;
      try {
        const s = bench.do(host, () => connect(host, NOBODY_IP, PORTS.listener, { end: 'never' }));
        assert.equal(await within(s.done, 'the end of trying'), ERR_ABRT);
      } finally {
        host.stack.opt.TCP_SYNMAXRTX = tries;
      }
    });
  });

  describe('transfers', () => {
    const data = pattern(77, 4 * MIB);
    const digest = sha256(data);

    for (const loss of [0, 0.05]) {
      describe(loss ? `with ${loss * 100} % of the frames lost` : 'on a good wire', () => {
        before(() => bench.link.setLoss(loss));
        after(() => bench?.link.setLoss(0));

        it('4 MiB from the kernel to the host', async () => {
          const [c, s] = await toHost(
            { end: 'after-sending', send: 4 * MIB, seed: 77 },
            { end: 'after-peer' },
          );
          assert.equal(c.error, null);
          assert.equal(await within(s.done, 'the close'), ERR_OK);
          assert.equal(s.received, 4 * MIB);
          assert.equal(s.sha256, digest);
        });

        it('4 MiB from the host to the kernel', async () => {
          const [c, s] = await toHost({ end: 'after-peer' }, { end: 'after-sending', send: data });
          assert.equal(c.error, null);
          assert.equal(c.sha256, digest);
          assert.equal(await within(s.done, 'the close'), ERR_OK);
        });

        if (loss) return;
        it('4 MiB through the echo server, both ways at once', async () => {
          const c = await bench.agent.call(
            'connect',
            {
              host: HOST_IP,
              port: PORTS.echo,
              behaviour: { end: 'after-sending', send: 4 * MIB, seed: 77 },
            },
            LIMIT,
          );
          assert.equal(c.error, null);
          assert.equal(c.sha256, digest);
        });
      });
    }
  });

  wireIsSound(() => bench, 10000, { 'tcp.flags.reset==1': 5, 'tcp.window_size_value==0': 1 });
});
