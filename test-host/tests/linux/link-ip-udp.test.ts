// ARP, ICMP, fragments and UDP of a host of ours against the Linux kernel.

import assert from 'node:assert/strict';
import { ERR_CONN, ERR_OK, ERR_RTE, ERR_TIMEOUT, type Err } from '../../../firmware/stack/core/err.js';
import { netifSetAddr } from '../../../firmware/stack/core/netif.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import { pingNew, pingRemove, pingSend, type PingResult } from '../../../firmware/stack/icmp/ping.js';
import { etharpFindAddr } from '../../../firmware/stack/arp/etharp.js';
import {
  udpBind,
  udpConnect,
  udpErr,
  udpNew,
  udpRecv,
  udpRemove,
  udpSend,
  udpSendto,
} from '../../../firmware/stack/udp/udp.js';
import { assertClean, usage, type Usage } from '../../harness/clean.js';
import { ip, type Host } from '../../harness/host.js';
import { Bench, DEVICE, HOST_IP, HOST_MAC, KERNEL_IP, NOBODY_IP } from '../../linux/bench.js';
import { pattern } from '../../linux/pattern.js';
import { which, within } from '../../linux/process.js';
import { skipUnless } from '../support/skip.js';
import { LIMIT, needLinux, PORTS, ROOMY, wireIsSound } from './setup.js';

describe('linux: ARP, ICMP, UDP', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let host: Host;
  let baseline: Usage;

  before(async function () {
    await needLinux(this, 'ping');
    bench = await Bench.open('host');
    host = bench.addHost(ROOMY);
    bench.do(host, (stack) => {
      const echo = udpNew(stack)!;
      udpBind(echo, 0, PORTS.echo);
      udpRecv(
        echo,
        (_arg, pcb, p, addr, port) => {
          udpSendto(pcb, p, addr, port);
          pbufFree(p);
        },
        null,
      );
    });
    baseline = usage(host);
  });

  after(() => bench?.close());

  async function ping(...args: string[]): Promise<string> {
    return (await bench.space.run('ping', ['-n', ...args])).stdout;
  }

  /** State of the kernel's neighbour entry, such as REACHABLE, with its MAC address. */
  async function neighbour(address: string): Promise<string> {
    return (await bench.space.ip('neigh', 'show', address, 'dev', DEVICE)).trim();
  }

  function askForEcho(address: string, size: number, limit: number): Promise<PingResult> {
    return new Promise((resolve) =>
      bench.do(host, (stack) => {
        const pinger = pingNew(stack)!;
        const err = pingSend(
          pinger,
          ip(address),
          size,
          limit,
          (_ping, result) => {
            pingRemove(pinger);
            resolve(result);
          },
          null,
        );
        assert.equal(err, ERR_OK);
      }),
    );
  }

  for (const size of [0, 1, 56, 1472]) {
    it(`answers 200 of 200 pings of ${size} bytes`, async () => {
      // Each after the answer to the one before; too short ones do not carry the time that this needs.
      const pace = size < 16 ? ['-i', '0.002'] : ['-A'];
      const out = await ping(...pace, '-c', '200', '-s', String(size), HOST_IP);
      assert.match(out, / 200 received, 0% packet loss/);
    });
  }

  for (const size of [1473, 4000, 60000]) {
    it(`answers 200 of 200 pings of ${size} bytes in fragments`, async () => {
      const out = await ping('-A', '-c', '200', '-s', String(size), HOST_IP);
      assert.match(out, / 200 received, 0% packet loss/);
    });
  }

  it('answers pings with arbitrary content byte for byte', async () => {
    const out = await ping('-A', '-c', '50', '-s', '999', '-p', 'ff00a55a', HOST_IP);
    assert.match(out, / 50 received, 0% packet loss/);
    assert.doesNotMatch(out, /wrong data byte|BAD CHECKSUM/i);
  });

  it('answers pings with IP options: record route, time stamps', async () => {
    assert.match(await ping('-A', '-c', '10', '-R', HOST_IP), / 10 received, 0% packet loss/);
    assert.match(await ping('-A', '-c', '10', '-T', 'tsonly', HOST_IP), / 10 received, 0% packet loss/);
  });

  it('does not answer a ping to the broadcast address, and lives on', async () => {
    assert.match(await ping('-b', '-c', '2', '-i', '0.2', '-W', '1', '10.77.0.255'), / 0 received/);
    assert.match(await ping('-c', '1', HOST_IP), / 1 received/);
  });

  it('pings the kernel: small, full, in fragments', async () => {
    for (const size of [0, 56, 1472, 1473, 8000]) {
      const result = await within(askForEcho(KERNEL_IP, size, 5000), 'the end of a ping');
      assert.deepEqual([result.err, result.size, result.ttl], [ERR_OK, size, 64], `${size} bytes`);
    }
  });

  it('reports a neighbour that is not there', async () => {
    const result = await within(askForEcho(NOBODY_IP, 56, 3000), 'the end of a ping');
    assert.notEqual(result.err, ERR_OK);
  });

  it('is found again after the kernel has forgotten its address', async () => {
    for (let i = 0; i < 10; i++) {
      await bench.space.ip('neigh', 'flush', 'all', 'dev', DEVICE);
      assert.match(await ping('-c', '1', '-W', '5', HOST_IP), / 1 received/);
    }
    assert.match(await neighbour(HOST_IP), new RegExp(`lladdr ${HOST_MAC} (REACHABLE|DELAY|STALE)`));
  });

  it('answers ARP requests by arping, and defends its address', async function () {
    skipUnless(this, which('arping'), 'needs arping (iputils)');
    const version = await bench.space.run('arping', ['-V']);
    skipUnless(this, /iputils/.test(version.stdout + version.stderr), 'needs the arping of iputils');
    const asked = await bench.space.run('arping', ['-c', '3', '-i', '1', '-I', DEVICE, HOST_IP]);
    assert.match(asked.stdout, /Received 3 response/);
    // RFC 5227 probe: exit code 1 says that somebody has the address.
    const taken = await bench.space.run('arping', ['-D', '-c', '2', '-w', '3', '-I', DEVICE, HOST_IP]);
    assert.equal(taken.code, 1, taken.stdout);
    const free = await bench.space.run('arping', ['-D', '-c', '2', '-w', '3', '-I', DEVICE, NOBODY_IP]);
    assert.equal(free.code, 0, free.stdout);
  });

  it('tells its new address to a kernel that knew another MAC for it', async () => {
    await bench.space.ip('neigh', 'replace', '10.77.0.3', 'lladdr', '02:00:00:00:00:ee', 'dev', DEVICE);
    await bench.space.ip('neigh', 'change', '10.77.0.3', 'dev', DEVICE, 'nud', 'stale');
    bench.do(host, () => netifSetAddr(host.netif, ip('10.77.0.3'), ip('255.255.255.0'), ip(KERNEL_IP)));
    try {
      // RFC 5227, 2.3: announcements go out two seconds apart.
      assert.match(await ping('-c', '3', '-i', '0.5', '-W', '5', '10.77.0.3'), / [123] received/);
      assert.match(await neighbour('10.77.0.3'), new RegExp(HOST_MAC));
      assert.match(await ping('-c', '1', '-W', '1', HOST_IP), / 0 received/, 'the old address is gone');
    } finally {
      bench.do(host, () => netifSetAddr(host.netif, ip(HOST_IP), ip('255.255.255.0'), ip(KERNEL_IP)));
    }
    assert.match(await ping('-c', '1', '-W', '5', HOST_IP), / 1 received/);
  });

  it('learns the new MAC of a kernel that changes it', async () => {
    await within(askForEcho(KERNEL_IP, 56, 5000), 'the end of a ping');
    await bench.space.ip('link', 'set', DEVICE, 'down');
    await bench.space.ip('link', 'set', DEVICE, 'address', '02:00:00:77:aa:bb');
    await bench.space.ip('link', 'set', DEVICE, 'up');
    assert.match(await ping('-c', '1', '-W', '5', HOST_IP), / 1 received/);
    const mac = bench.do(host, () => etharpFindAddr(host.netif, ip(KERNEL_IP)));
    assert.equal(Buffer.from(mac!).toString('hex'), '02000077aabb');
  });

  it('echoes UDP of every kind of size', async () => {
    const sizes = [1, 2, 3, 17, 18, 19, 512, 1471, 1472, 1473, 2952, 2953, 9000, 65507, 4, 1];
    const result = await bench.agent.call('udp', { host: HOST_IP, port: PORTS.echo, sizes, seed: 5 });
    assert.deepEqual(result, { equal: sizes.length, error: null });
    const many = await bench.agent.call('udp', {
      host: HOST_IP,
      port: PORTS.echo,
      sizes: Array.from({ length: 500 }, (_, i) => (i * 37) % 1473 || 1),
      seed: 6,
    });
    assert.deepEqual(many, { equal: 500, error: null });
  });

  it('refuses UDP to a closed port so that the kernel says ECONNREFUSED', async () => {
    const result = await bench.agent.call('udp', { host: HOST_IP, port: PORTS.closed, sizes: [10], seed: 1 });
    assert.deepEqual(result, { equal: 0, error: 'ECONNREFUSED' });
  });

  it('sends UDP to a server in the kernel and gets it back', async () => {
    await bench.agent.call('udpEcho', { port: PORTS.listener });
    const sizes = [1, 100, 1472, 1473, 20000];
    for (const size of sizes) {
      const data = pattern(size, size);
      const answer = await within(
        new Promise<Uint8Array>((resolve) =>
          bench.do(host, (stack) => {
            const pcb = udpNew(stack)!;
            assert.equal(udpConnect(pcb, ip(KERNEL_IP), PORTS.listener), ERR_OK);
            udpRecv(
              pcb,
              (_arg, _pcb, p) => {
                resolve(pbufBytes(p));
                pbufFree(p);
                udpRemove(pcb);
              },
              null,
            );
            const p = pbufAlloc(stack, PBUF_TRANSPORT, size, PBUF_RAM)!;
            p.payload.set(data, p.off);
            assert.equal(udpSend(pcb, p), ERR_OK);
            pbufFree(p);
          }),
        ),
        `the answer to ${size} bytes`,
      );
      assert.deepEqual(answer, data);
    }
  });

  /** What the host hears about a datagram that it sends. */
  function udpError(address: string, ttl: number): Promise<Err> {
    return within(
      new Promise<Err>((resolve) =>
        bench.do(host, (stack) => {
          const pcb = udpNew(stack)!;
          pcb.ttl = ttl;
          udpConnect(pcb, ip(address), PORTS.closed);
          udpErr(
            pcb,
            (_arg, _pcb, err) => {
              udpRemove(pcb);
              resolve(err);
            },
            null,
          );
          const p = pbufAlloc(stack, PBUF_TRANSPORT, 20, PBUF_RAM)!;
          udpSend(pcb, p);
          pbufFree(p);
        }),
      ),
      'the ICMP error',
    );
  }

  it('hears from the kernel that a UDP port is closed', async () => {
    assert.equal(await udpError(KERNEL_IP, 64), ERR_CONN);
  });

  it('hears from the kernel as its router what cannot be reached, and what took too long', async () => {
    await bench.space.check('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    await bench.space.ip('route', 'add', 'unreachable', '10.88.0.0/24');
    await bench.space.ip('route', 'add', '10.89.0.0/24', 'dev', DEVICE);
    assert.equal(await udpError('10.88.0.5', 64), ERR_RTE);
    assert.equal(await udpError('10.89.0.5', 1), ERR_TIMEOUT);
    await bench.space.check('sh', ['-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward']);
  });

  it('takes a flood of pings and is whole afterwards', async () => {
    await ping('-f', '-c', '5000', '-l', '20', HOST_IP);
    assert.match(await ping('-c', '5', '-i', '0.01', HOST_IP), / 5 received/);
  });

  it('has all its buffers back', async () => {
    bench.do(host, () => assertClean(host, baseline));
  });

  wireIsSound(() => bench, 1000, {
    'arp.opcode==1 && eth.src==02:00:00:77:00:02': 1,
    'arp.opcode==2 && eth.src==02:00:00:77:00:02': 10,
    'ip.flags.mf==1 && ip.src==10.77.0.2': 200,
    'icmp.type==3 && ip.src==10.77.0.2': 1,
  });
});
