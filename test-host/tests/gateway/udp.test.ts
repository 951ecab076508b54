// Datagrams through the gateway, both ways, against sockets on 127.0.0.1.

import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { ERR_CONN } from '../../../firmware/stack/core/err.js';
import { ip } from '../../harness/host.js';
import { FOREIGN, GATEWAY, World } from './world.js';

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function pattern(length: number, salt: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + salt) & 0xff);
}

describe('gateway: UDP', () => {
  let world: World;
  let echo: Socket;

  before(async () => {
    echo = await bound();
    echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.address));
    world = await World.start({ forwards: [{ hostPort: 0, boardPort: 7, proto: 'udp' }] });
  });

  after(async () => {
    await world.stop();
    echo.close();
  });

  it('carries datagrams to this machine and back, from the address they were sent to', async () => {
    const d = world.datagrams();
    const { port } = echo.address();
    for (const to of [GATEWAY, FOREIGN]) {
      for (const size of [0, 1, 512, 1472]) {
        d.send(pattern(size, size), to, port);
        const reply = await d.receive();
        assert.equal(reply.from, ip(to));
        assert.equal(reply.port, port);
        assert.deepEqual(reply.bytes, pattern(size, size));
      }
    }
    assert.equal(world.gateway.counts().datagrams, 2);
  });

  it('carries datagrams larger than a frame', async () => {
    const d = world.datagrams();
    d.send(pattern(4000, 1), FOREIGN, echo.address().port);
    assert.deepEqual((await d.receive()).bytes, pattern(4000, 1));
  });

  it('keeps flows apart', async () => {
    const { port } = echo.address();
    const ends = [1, 2, 3, 4].map((salt) => ({ salt, d: world.datagrams() }));
    for (const { salt, d } of ends) d.send(pattern(100, salt), FOREIGN, port);
    for (const { salt, d } of ends) assert.deepEqual((await d.receive()).bytes, pattern(100, salt));
  });

  it('tells the board when nobody listens', async () => {
    const gone = await bound();
    const { port } = gone.address();
    gone.close();
    await once(gone, 'close');
    const d = world.datagrams();
    d.send(pattern(10, 0), FOREIGN, port);
    assert.equal(await d.error(), ERR_CONN);
  });

  it('forwards a port of this machine to the board', async () => {
    const board = world.datagrams(7);
    const client = await bound();
    const [forward] = world.gateway.forwards;
    assert.equal(forward!.proto, 'udp');
    for (const salt of [1, 2]) {
      client.send(pattern(50, salt), forward!.hostPort, '127.0.0.1');
      const got = await board.receive();
      assert.equal(got.from, ip(GATEWAY));
      assert.deepEqual(got.bytes, pattern(50, salt));
      const answered = once(client, 'message');
      board.send(pattern(60, salt), GATEWAY, got.port);
      const [bytes, from] = (await answered) as [Buffer, { port: number }];
      assert.deepEqual(new Uint8Array(bytes), pattern(60, salt));
      assert.equal(from.port, forward!.hostPort);
    }
    client.close();
  });

  it('has a bound on flows, and forgets idle ones', async () => {
    const small = await World.start({ limits: { udp: 3 } });
    const { port } = echo.address();
    for (let i = 0; i < 6; i++) {
      const d = small.datagrams();
      d.send(pattern(10, i), FOREIGN, port);
      assert.deepEqual((await d.receive()).bytes, pattern(10, i));
      assert(small.gateway.counts().datagrams <= 3);
    }
    small.pacer.stop();
    small.scheduler.runFor(121e6);
    assert.equal(small.gateway.counts().datagrams, 0);
    await small.stop();
  });
});
