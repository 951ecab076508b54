// Connections that the board opens, to servers on 127.0.0.1.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { assertClean, usage } from '../../harness/clean.js';
import { BoardTcp } from './board-tcp.js';
import { digest, randomBytes } from './bytes.js';
import { FOREIGN, GATEWAY, until, World } from './world.js';

async function serve(fn: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, fn);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function unusedPort(): Promise<number> {
  const { server, port } = await serve(() => {});
  server.close();
  await once(server, 'close');
  return port;
}

describe('gateway: TCP from the board', () => {
  let world: World;
  let echo: { server: Server; port: number };

  before(async () => {
    echo = await serve((socket) => {
      // Some tests end by breaking what is open.
      socket.on('error', () => {});
      socket.pipe(socket);
    });
  });
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  after(() => void echo.server.close());

  it("reaches this machine by the gateway's address, and others by theirs", async () => {
    for (const to of [GATEWAY, FOREIGN]) {
      const c = await BoardTcp.connect(world, to, echo.port);
      c.send(Buffer.from(`to ${to}`), true);
      await c.until(() => c.ended);
      assert.equal(c.bytes().toString(), `to ${to}`);
      assert.equal(c.err, 0);
      c.close();
    }
  });

  it('opens many connections at a time', async () => {
    const all = await Promise.all(
      Array.from({ length: 12 }, () => BoardTcp.connect(world, FOREIGN, echo.port)),
    );
    assert.equal(world.gateway.counts().outgoing, 12);
    all.forEach((c, i) => c.send(randomBytes(5000, i), true));
    for (const [i, c] of all.entries()) {
      await c.until(() => c.ended);
      assert.equal(digest(c.bytes()), digest(randomBytes(5000, i)));
      c.close();
    }
  });

  it('carries a large transfer each way', async () => {
    const data = randomBytes(2 << 20, 9);
    const c = await BoardTcp.connect(world, FOREIGN, echo.port);
    c.send(data, true);
    await c.until(() => c.ended);
    assert.equal(digest(c.bytes()), digest(data));
    c.close();
  });

  it('keeps nothing of connections that are over', async () => {
    const before = usage(world.gateway.host);
    for (let i = 0; i < 5; i++) {
      const c = await BoardTcp.connect(world, FOREIGN, echo.port);
      c.send(randomBytes(20000, i), true);
      await c.until(() => c.ended);
      c.close();
      const broken = await BoardTcp.connect(world, FOREIGN, echo.port);
      broken.send(randomBytes(20000, i));
      await broken.until(() => broken.received > 0);
      broken.abort();
    }
    await until(() => usage(world.gateway.host)['TCP_PCB'] === 0 && world.gateway.counts().outgoing === 0);
    world.pacer.stop();
    // TIME_WAIT, and an ARP entry's re-probing, are over after a while.
    world.scheduler.runFor(20e6);
    assertClean(world.gateway.host, before);
  });

  it('connects again for a board that was restarted, with the very same ports', async () => {
    const first = await BoardTcp.connect(world, FOREIGN, echo.port);
    first.send(Buffer.from('first'));
    await first.until(() => first.received === 5);
    world.boot();
    // The new board's random numbers are the old one's: its SYN hits the old connection.
    const second = await BoardTcp.connect(world, FOREIGN, echo.port);
    second.send(Buffer.from('second'), true);
    await second.until(() => second.ended);
    assert.equal(second.bytes().toString(), 'second');
    await until(() => world.gateway.counts().outgoing <= 1);
  });

  it("passes on a refusal, before the board's handshake", async () => {
    const port = await unusedPort();
    await assert.rejects(BoardTcp.connect(world, FOREIGN, port), /ERR_RST/);
    await assert.rejects(BoardTcp.connect(world, GATEWAY, port), /ERR_RST/);
    assert.equal(world.gateway.counts().outgoing, 0);
    // The same destination works as soon as somebody listens.
    const server = createServer((socket) => socket.end('here'));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const c = await BoardTcp.connect(world, FOREIGN, port);
    await c.until(() => c.ended);
    assert.equal(c.bytes().toString(), 'here');
    c.close();
    server.close();
  });

  it('says that an address out of reach is out of reach', async () => {
    const told = world.frame((f) => f.icmp?.type === 3 && f.icmp.code === 1);
    BoardTcp.connect(world, '198.51.100.1', 80).catch(() => {});
    await told;
    assert.equal(world.gateway.counts().outgoing, 0);
    assert(world.log.includes('gateway: no way to 198.51.100.1:80'), world.log.join('\n'));
  });

  it('passes the end of the stream in each direction by itself', async () => {
    let serverSide: Socket | null = null;
    const { server, port } = await serve((socket) => (serverSide = socket));
    const c = await BoardTcp.connect(world, FOREIGN, port);
    const socket = serverSide! as Socket;
    socket.end('greeting');
    await c.until(() => c.ended);
    assert.equal(c.bytes().toString(), 'greeting');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    c.send(Buffer.from('and thanks'), true);
    await once(socket, 'end');
    assert.equal(Buffer.concat(chunks).toString(), 'and thanks');
    c.close();
    server.close();
  });

  it('passes resets in both directions', async () => {
    const sockets: Socket[] = [];
    const { server, port } = await serve((socket) => {
      socket.on('error', () => {});
      sockets.push(socket);
    });
    const a = await BoardTcp.connect(world, FOREIGN, port);
    sockets[0]!.resetAndDestroy();
    await a.until(() => a.err !== 0);
    assert.equal(a.err, -14);

    const b = await BoardTcp.connect(world, FOREIGN, port);
    const gone = new Promise<NodeJS.ErrnoException>((resolve) => sockets[1]!.once('error', resolve));
    sockets[1]!.resume();
    b.abort();
    assert.equal((await gone).code, 'ECONNRESET');
    await until(() => world.gateway.counts().outgoing === 0);
    server.close();
  });

  it('has a bound on connections', async () => {
    await world.stop();
    world = await World.start({ limits: { tcp: 2 } });
    const open = [
      await BoardTcp.connect(world, FOREIGN, echo.port),
      await BoardTcp.connect(world, FOREIGN, echo.port),
    ];
    BoardTcp.connect(world, FOREIGN, echo.port).catch(() => {});
    await until(() => world.log.some((line) => line.includes('2 connections are open')));
    assert.equal(world.gateway.counts().outgoing, 2);
    for (const c of open) c.abort();
  });
});
