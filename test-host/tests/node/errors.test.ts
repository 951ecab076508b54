// Errors of sockets on the stack as Node reports them: no answer, no route, no memory, names; and time-outs.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { netifSetDown } from '../../../firmware/stack/core/netif.js';
import { dnsFlush, dnsLocalAddhost, dnsSetserver } from '../../../firmware/stack/dns/dns.js';
import { tcpAbort, tcpConnect, tcpNew } from '../../../firmware/stack/tcp/tcp.js';
import { assertClean } from '../../harness/clean.js';
import { ip } from '../../harness/host.js';
import { lab, PEER_IP, type Lab } from '../../harness/lab.js';
import type { LookupCallback } from '../../node/lookup.js';
import type { StackSocket } from '../../node/socket.js';
import { stackNet, type StackNet } from '../../node/stack-net.js';
import { runTurns } from '../../node/turns.js';
import { DnsServer } from '../../peers/dns-server.js';
import { HostGround } from '../../peers/ground.js';
import { A_IP, B_IP, World } from './world.js';

type SystemError = NodeJS.ErrnoException & { address?: string; port?: number; hostname?: string };

async function errorOf(emitter: StackSocket): Promise<SystemError> {
  const [error] = (await once(emitter, 'error')) as [SystemError];
  return error;
}

describe('node: errors of sockets on the stack', () => {
  describe('between two stacks', () => {
    let world: World;

    beforeEach(() => {
      world = new World({ TCP_SYNMAXRTX: 2, TCP_MAXRTX: 3 });
    });

    afterEach('buffers are back', async () => {
      world.link.setLoss(0);
      for (const host of [world.a, world.b]) host.do((stack) => dnsFlush(stack));
      await world.finish();
    });

    /** A connection from b to a. */
    async function connected(): Promise<[client: StackSocket, peer: StackSocket]> {
      const server = world.netA.createServer().listen(7);
      const client = world.netB.connect(7, A_IP);
      const [[peer]] = await world.run(Promise.all([once(server, 'connection'), once(client, 'connect')]));
      server.close();
      return [client, peer as StackSocket];
    }

    it('ETIMEDOUT: nobody answers the SYN', async () => {
      const error = await world.run(errorOf(world.netB.connect(80, '10.0.0.77')));
      assert.equal(error.message, 'connect ETIMEDOUT 10.0.0.77:80');
      assert.deepEqual(
        [error.code, error.syscall, error.address, error.port],
        ['ETIMEDOUT', 'connect', '10.0.0.77', 80],
      );
    });

    it('ETIMEDOUT: nobody acknowledges data', async () => {
      const [client, peer] = await connected();
      world.link.setLoss(1);
      client.write('lost');
      const error = await world.run(errorOf(client));
      assert.equal(error.message, 'read ETIMEDOUT');
      peer.destroy();
    });

    it('ETIMEDOUT: nobody answers keepalive probes', async () => {
      const [client, peer] = await connected();
      client.setKeepAlive(true, 5000);
      world.link.setLoss(1);
      const since = world.scheduler.now;
      assert.equal((await world.run(errorOf(client))).code, 'ETIMEDOUT');
      // 5 s of silence, 10 probes, one each second.
      const seconds = (world.scheduler.now - since) / 1e6;
      assert.ok(seconds > 14 && seconds < 17, `${seconds} s`);
      peer.destroy();
    });

    it('keepalive may be asked for before connecting', async () => {
      const server = world.netA.createServer().listen(7);
      const client = world.netB.connect({
        port: 7,
        host: A_IP,
        keepAlive: true,
        keepAliveInitialDelay: 5000,
      });
      const [[peer]] = await world.run(Promise.all([once(server, 'connection'), once(client, 'connect')]));
      server.close();
      await world.pass(60);
      assert.equal(client.destroyed, false);
      world.link.setLoss(1);
      assert.equal((await world.run(errorOf(client), 20)).code, 'ETIMEDOUT');
      (peer as StackSocket).destroy();
    });

    it('ENETUNREACH: no interface is up', async () => {
      world.b.do(() => netifSetDown(world.b.netif));
      const error = await world.run(errorOf(world.netB.connect(80, '192.0.2.1')));
      assert.equal(error.message, 'connect ENETUNREACH 192.0.2.1:80');
    });

    it('ENOBUFS: no connection is left', async () => {
      const sockets = Array.from({ length: 6 }, () => world.netB.connect(80, '10.0.0.77'));
      const error = await world.run(errorOf(sockets[5]!));
      assert.equal(error.message, 'connect ENOBUFS 10.0.0.77:80');
      for (const socket of sockets) socket.destroy();
    });

    it('EAFNOSUPPORT: a version 6 address', async () => {
      const error = await world.run(errorOf(world.netB.connect(80, '::1')));
      assert.equal(error.code, 'EAFNOSUPPORT');
    });

    it('binding the local end', async () => {
      const server = world.netA.createServer().listen(7);
      const local = { localAddress: B_IP, localPort: 4000 };
      const client = world.netB.connect({ port: 7, host: A_IP, ...local });
      await world.run(once(client, 'connect'));
      assert.deepEqual([client.localAddress, client.localPort], [B_IP, 4000]);
      const taken = await world.run(errorOf(world.netB.connect({ port: 8, host: A_IP, ...local })));
      assert.equal(taken.message, `bind EADDRINUSE ${B_IP}:4000`);
      const foreign = world.netB.connect({ port: 7, host: A_IP, localAddress: A_IP });
      assert.equal((await world.run(errorOf(foreign))).code, 'EADDRNOTAVAIL');
      client.destroy();
      await new Promise<void>((resolve) => {
        void world.run(once(client, 'close')).then(() => server.close(() => resolve()));
      });
    });

    it('EISCONN: connect() twice', async () => {
      const [client, peer] = await connected();
      client.connect(7, A_IP);
      assert.equal((await world.run(errorOf(client))).code, 'EISCONN');
      assert.throws(() => client.connect(7, A_IP), { code: 'ERR_SOCKET_CLOSED' });
      await world.run(once(peer.resume(), 'close'));
    });

    it('a connection that is reset before the server has its turn', async () => {
      const taken: string[] = [];
      const server = world.netA.createServer((socket) => {
        taken.push(`${socket.remoteAddress}`);
        socket.on('error', (error: SystemError) => taken.push(error.code!));
        socket.on('close', () => server.close());
      });
      server.listen(7);
      const closed = once(server, 'close');
      const pcb = world.b.do(tcpNew)!;
      world.b.do(() => tcpConnect(pcb, ip(A_IP), 7, null));
      // No turn of Node's in between.
      world.scheduler.runFor(1e5);
      world.b.do(() => tcpAbort(pcb));
      world.scheduler.runFor(1e5);
      assert.deepEqual(taken, []);
      await world.run(closed);
      assert.deepEqual(taken, [B_IP, 'ECONNRESET']);
    });

    it('a path is no address', () => {
      const path = { path: '/run/x', port: 1 };
      assert.throws(() => world.netB.connect(path), { code: 'ERR_INVALID_ARG_VALUE' });
      assert.throws(() => world.netB.createServer().listen(path), { code: 'ERR_INVALID_ARG_VALUE' });
    });

    it('a time-out is of the simulation, and activity puts it off', async () => {
      const [client, peer] = await connected();
      client.setTimeout(10_000);
      await world.pass(9);
      peer.write('x');
      client.once('data', () => {});
      const from = world.scheduler.now;
      await world.run(once(client, 'timeout'));
      const seconds = (world.scheduler.now - from) / 1e6;
      assert.ok(seconds >= 10 && seconds < 10.1, `${seconds} s`);
      client.destroy();
      await world.run(once(peer.resume(), 'close'));
    });

    it('aborted by a signal', async () => {
      const abort = new AbortController();
      const socket = new world.netB.Socket({ signal: abort.signal }).connect(80, '10.0.0.77');
      abort.abort();
      assert.equal((await world.run(errorOf(socket))).name, 'AbortError');
    });
  });

  describe('told by ICMP', () => {
    let wire: Lab;
    let net: StackNet;

    beforeEach(() => {
      wire = lab({ TCP_SYNMAXRTX: 1 });
      net = stackNet(wire.host);
    });

    for (const [code, name] of [
      [0, 'ENETUNREACH'],
      [1, 'EHOSTUNREACH'],
      [13, 'EHOSTUNREACH'],
      [3, 'ECONNREFUSED'],
    ] as const) {
      it(`code ${code}: ${name}`, async () => {
        const socket = net.connect(80, PEER_IP);
        const failed = errorOf(socket);
        const answer = new Promise<void>((resolve) => {
          const look = (): void => {
            const syn = wire.peer.takeIp().find((f) => f.tcp);
            if (!syn) return void wire.scheduler.after(1000, look);
            // The quoted header and the first 8 bytes after it.
            const quoted = syn.bytes.subarray(14, 14 + 28);
            wire.peer.send({ icmp: { type: 3, code, rest: 0 }, payload: quoted });
            resolve();
          };
          look();
        });
        const error = await runTurns(
          wire.scheduler,
          Promise.all([failed, answer]).then(([e]) => e),
        );
        assert.deepEqual([error.code, error.syscall, error.port], [name, 'connect', 80]);
        wire.run(60_000);
        assertClean(wire.host);
      });
    }
  });

  describe('names', () => {
    let world: World;
    let dns: DnsServer;

    beforeEach(() => {
      world = new World();
      world.a.do(() => {
        dns = new DnsServer(new HostGround(world.a), { zone: { 'a.test': A_IP, 'gone.test': [] } });
      });
      world.b.do((stack) => dnsSetserver(stack, 0, ip(A_IP)));
    });

    afterEach('buffers are back', async () => {
      for (const host of [world.a, world.b]) host.do((stack) => dnsFlush(stack));
      await world.pass(130);
      assertClean(world.a, { UDP_PCB: 1, TCP_PCB_LISTEN: 0 });
      assertClean(world.b);
    });

    const lookup = (name: string, options = {}): Promise<Parameters<LookupCallback>> =>
      world.run(new Promise((resolve) => world.netB.lookup(name, options, (...result) => resolve(result))));

    it('connects to a host by its name', async () => {
      const server = world.netA.createServer((socket) => socket.end('hello')).listen(7);
      const client = world.netB.connect(7, 'a.test');
      const [error, address, family, host] = await world.run(once(client, 'lookup'));
      assert.deepEqual([error, address, family, host], [null, A_IP, 4, 'a.test']);
      await world.run(once(client.resume(), 'close'));
      assert.equal(client.remoteAddress, A_IP);
      await world.run(new Promise<void>((resolve) => void server.close(() => resolve())));
    });

    it('a lookup of the caller is used instead', async () => {
      const client = world.netB.connect({
        port: 7,
        host: 'whatever',
        lookup: (_name, _options, done) => done(null, A_IP, 4),
      });
      const error = await world.run(errorOf(client));
      assert.equal(error.message, `connect ECONNREFUSED ${A_IP}:7`);
      assert.deepEqual(dns.log, []);
    });

    it('ENOTFOUND', async () => {
      for (const name of ['nobody.test', 'gone.test']) {
        const error = await world.run(errorOf(world.netB.connect(7, name)));
        assert.equal(error.message, `getaddrinfo ENOTFOUND ${name}`);
        assert.deepEqual(
          [error.code, error.errno, error.syscall, error.hostname],
          ['ENOTFOUND', -3008, 'getaddrinfo', name],
        );
      }
    });

    it('lookup() as dns.lookup()', async () => {
      assert.deepEqual(await lookup('a.test'), [null, A_IP, 4]);
      assert.deepEqual(await lookup('a.test', { all: true }), [null, [{ address: A_IP, family: 4 }]]);
      assert.deepEqual(await lookup('10.1.2.3'), [null, '10.1.2.3', 4]);
      assert.equal((await lookup('a.test', { family: 6 }))[0]!.code, 'ENOTFOUND');
      assert.equal((await lookup('not a name'))[0]!.code, 'ENOTFOUND');
      world.b.do((stack) => {
        dnsFlush(stack);
        dnsSetserver(stack, 0, 0);
      });
      assert.equal((await lookup('a.test'))[0]!.code, 'EAI_AGAIN');
    });

    it('a server on a name, and on none that is there', async () => {
      world.a.do((stack) => dnsLocalAddhost(stack, 'here.test', ip(A_IP)));
      const server = world.netA.createServer().listen(7, 'here.test');
      await world.run(once(server, 'listening'));
      assert.deepEqual(server.address(), { address: A_IP, family: 'IPv4', port: 7 });
      server.close();
      const nowhere = world.netA.createServer().listen(7, 'nowhere.test');
      const [error] = (await world.run(once(nowhere, 'error').catch((e: unknown) => [e]))) as [SystemError];
      assert.equal(error.syscall, 'getaddrinfo');
    });
  });
});
