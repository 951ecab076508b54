// A port of this machine that leads to the board: real clients of 127.0.0.1 against TCP servers on the board.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { netifSetAddr } from '../../../firmware/stack/core/netif.js';
import { createGateway } from '../../gateway/gateway.js';
import { ip } from '../../harness/host.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { BoardTcp } from './board-tcp.js';
import { digest, randomBytes } from './bytes.js';
import { BOARD, GATEWAY, until, World } from './world.js';

const MEGABYTE = 1 << 20;

/** A very small web server: one answer a connection. */
function serveHttp(world: World): void {
  BoardTcp.listen(world, 80, (c) => {
    void c
      .until(() => c.bytes().includes('\r\n\r\n') || c.ended)
      .then(() => {
        const path = /^GET (\S+)/.exec(c.bytes().toString('latin1'))?.[1];
        const body = `you asked for ${path}`;
        const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
        c.send(Buffer.from(head + body, 'latin1'), true);
      });
  });
}

function request(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode!, body }));
      response.on('error', reject);
    }).on('error', reject);
  });
}

async function dial(world: World, index = 0): Promise<Socket> {
  const socket = connect({
    port: world.gateway.forwards[index]!.hostPort,
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  await once(socket, 'connect');
  // Some tests end by breaking what is open.
  socket.on('error', () => {});
  return socket;
}

function gather(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks)));
    socket.on('error', reject);
  });
}

/** The code of the error that ends the socket, '' for an orderly end. */
function ending(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let code = '';
    socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code ?? ''));
    socket.on('close', () => resolve(code));
    socket.resume();
  });
}

/** Waits until an end of the cable has kept its window shut for a while: it acknowledges the same again to probes. */
function shutWindow(world: World, from: 'a' | 'b'): Promise<void> {
  let ack = -1;
  let since = 0;
  return world.frame((f) => {
    if (!f.tcp || f.tcp.window >= 1460 || f.tcp.ack !== ack) {
      ack = f.tcp?.ack ?? -1;
      since = world.scheduler.now;
    }
    return world.scheduler.now - since > 200000;
  }, from);
}

describe('gateway: forwarded TCP port', () => {
  let world: World;
  afterEach(() => world.stop());

  it('serves a page of the board to HTTP clients, many at a time', async () => {
    world = await World.start({ httpPort: 0 });
    serveHttp(world);
    const { url } = world.gateway;
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.deepEqual(await request(url), { status: 200, body: 'you asked for /' });
    for (let round = 0; round < 5; round++) {
      const pages = await Promise.all(
        Array.from({ length: 8 }, (_, i) => request(`${url}page/${round}/${i}`)),
      );
      pages.forEach((page, i) => assert.equal(page.body, `you asked for /page/${round}/${i}`));
    }
  });

  it('waits for the board to have an address', async () => {
    world = await World.start({ httpPort: 0 }, null);
    serveHttp(world);
    const page = request(world.gateway.url);
    let answered = false;
    void page.then(() => (answered = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert(!answered);
    const up = world.gateway.whenBoardUp();
    world.do(() => netifSetAddr(world.board.netif, ip(BOARD), ip('255.255.255.0'), ip(GATEWAY)));
    assert.equal(await up, BOARD);
    assert.equal((await page).body, 'you asked for /');
  });

  it('gives a client up when the board has no address in time', async () => {
    world = await World.start({ httpPort: 0, patience: 50 }, null);
    const socket = await dial(world);
    assert.equal(await ending(socket), 'ECONNRESET');
    assert(
      world.log.some((line) => line.includes('no address yet')),
      world.log.join('\n'),
    );
    await until(() => world.gateway.counts().incoming === 0);
  });

  it('resets a client whom the board refuses', async () => {
    world = await World.start({ httpPort: 0 });
    const socket = connect(world.gateway.forwards[0]!.hostPort, '127.0.0.1');
    assert.equal(await ending(socket), 'ECONNRESET');
    assert(
      world.log.some((line) => line.includes('ERR_RST')),
      world.log.join('\n'),
    );
  });

  it('carries a large transfer each way, at the same time', async () => {
    world = await World.start({ forwards: [{ hostPort: 0, boardPort: 9 }] });
    const up = randomBytes(2 * MEGABYTE + 123, 1);
    const down = randomBytes(2 * MEGABYTE + 457, 2);
    const accepted = new Promise<BoardTcp>((resolve) => BoardTcp.listen(world, 9, resolve));
    const socket = await dial(world);
    const answer = gather(socket);
    const board = await accepted;
    board.send(down, true);
    socket.end(up);
    await board.until(() => board.ended);
    assert.equal(digest(board.bytes()), digest(up));
    assert.equal(digest(await answer), digest(down));
    board.close();
    await once(socket, 'close');
    await until(() => world.gateway.counts().incoming === 0);
  });

  it('carries it through loss, too', async () => {
    world = await World.start({ forwards: [{ hostPort: 0, boardPort: 9 }] });
    world.link.aToB.loss = world.link.bToA.loss = 0.02;
    const up = randomBytes(200000, 3);
    const accepted = new Promise<BoardTcp>((resolve) => BoardTcp.listen(world, 9, resolve));
    const socket = await dial(world);
    const answer = gather(socket);
    socket.end(up);
    const board = await accepted;
    await board.until(() => board.ended);
    board.send(board.bytes(), true);
    assert.equal(digest(await answer), digest(up));
    board.close();
  });

  it('passes the end of the stream in each direction by itself', async () => {
    world = await World.start({ forwards: [{ hostPort: 0, boardPort: 9 }] });
    const connections: BoardTcp[] = [];
    let arrived = (): void => {};
    BoardTcp.listen(world, 9, (c) => {
      connections.push(c);
      arrived();
    });

    // The client ends first, and the board answers afterwards.
    let next = new Promise<void>((resolve) => (arrived = resolve));
    const first = await dial(world);
    const answer = gather(first);
    first.end('question');
    await next;
    const a = connections[0]!;
    await a.until(() => a.ended);
    assert.equal(a.bytes().toString(), 'question');
    a.send(Buffer.from('answer'), true);
    assert.equal((await answer).toString(), 'answer');
    a.close();

    // The board ends first, and the client goes on.
    next = new Promise<void>((resolve) => (arrived = resolve));
    const second = await dial(world);
    const hello = gather(second);
    await next;
    const b = connections[1]!;
    b.send(Buffer.from('hello'), true);
    assert.equal((await hello).toString(), 'hello');
    second.end('late words');
    await b.until(() => b.ended);
    assert.equal(b.bytes().toString(), 'late words');
    assert.equal(b.err, 0);
    b.close();
  });

  it("reads a client no faster than the board does, and closes the board's window to a slow client", async () => {
    world = await World.start({ forwards: [{ hostPort: 0, boardPort: 9 }] });
    const accepted = new Promise<BoardTcp>((resolve) => BoardTcp.listen(world, 9, resolve));
    const socket = await dial(world);
    const board = await accepted;
    board.hold = true;
    const up = randomBytes(16 * MEGABYTE, 4);
    socket.write(up);
    // The board reads nothing: its window fills, then the gateway's and the kernel's buffers.
    await Promise.race([shutWindow(world, 'a'), until(() => socket.writableLength === 0)]);
    assert(socket.writableLength > 0);
    assert.equal(board.held, 8 * 1460);
    board.release();
    await board.until(() => board.received === up.length);
    assert.equal(digest(board.bytes()), digest(up));

    const down = randomBytes(16 * MEGABYTE, 5);
    // The client reads nothing, and the same happens the other way.
    const shut = shutWindow(world, 'b');
    board.send(down, true);
    await Promise.race([shut, board.until(() => board.unsent === 0)]);
    assert(board.unsent > 0);
    assert.equal(digest(await gather(socket)), digest(down));
    socket.end();
    await board.until(() => board.ended);
    board.close();
  });

  it('passes resets in both directions', async () => {
    world = await World.start({ forwards: [{ hostPort: 0, boardPort: 9 }] });
    let got = (_c: BoardTcp): void => {};
    BoardTcp.listen(world, 9, (c) => got(c));

    let next = new Promise<BoardTcp>((resolve) => (got = resolve));
    const first = await dial(world);
    const firstEnd = ending(first);
    (await next).abort();
    assert.equal(await firstEnd, 'ECONNRESET');

    next = new Promise<BoardTcp>((resolve) => (got = resolve));
    const second = await dial(world);
    const board = await next;
    second.resetAndDestroy();
    await board.until(() => board.err !== 0);
    assert.equal(board.err, -14);
    await until(() => world.gateway.counts().incoming === 0);
  });

  it('has a bound on connections', async () => {
    world = await World.start({ forwards: [{ hostPort: 0, boardPort: 9 }], limits: { tcp: 2 } });
    const boards: BoardTcp[] = [];
    BoardTcp.listen(world, 9, (c) => boards.push(c));
    const sockets = [await dial(world), await dial(world)];
    const third = connect(world.gateway.forwards[0]!.hostPort, '127.0.0.1');
    assert.equal(await ending(third), 'ECONNRESET');
    for (const socket of sockets) socket.destroy();
  });

  it('breaks what is open when it closes', async () => {
    world = await World.start({ forwards: [{ hostPort: 0, boardPort: 9 }] });
    const accepted = new Promise<BoardTcp>((resolve) => BoardTcp.listen(world, 9, resolve));
    const socket = await dial(world);
    const board = await accepted;
    const end = ending(socket);
    await world.gateway.close();
    assert.equal(await end, 'ECONNRESET');
    await board.until(() => board.err !== 0);
    assert.equal(board.err, -14);
  });
});

describe('gateway: ports that cannot be had', () => {
  it('rejects with the code of the system, and leaves nothing open', async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const scheduler = new Scheduler();
    const free = createServer();
    free.listen(0, '127.0.0.1');
    await once(free, 'listening');
    const other = (free.address() as AddressInfo).port;
    free.close();
    await once(free, 'close');
    await assert.rejects(
      createGateway({
        scheduler,
        port: new Link(scheduler).b,
        forwards: [
          { hostPort: other, boardPort: 80 },
          { hostPort: port, boardPort: 81 },
        ],
      }),
      { code: 'EADDRINUSE' },
    );
    // The first port is free again.
    const again = createServer();
    again.listen(other, '127.0.0.1');
    await once(again, 'listening');
    again.close();
    taken.close();
  });
});
