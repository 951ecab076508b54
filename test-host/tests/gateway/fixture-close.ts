// A program of its own for close.test.ts: opens everything that a gateway can have open, closes the gateway, and
// ends when nothing holds it.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { BoardTcp } from './board-tcp.js';
import { FOREIGN, World } from './world.js';

const world = await World.start({
  httpPort: 0,
  forwards: [
    { hostPort: 0, boardPort: 9 },
    { hostPort: 0, boardPort: 7, proto: 'udp' },
  ],
});
const server = createServer((socket) => socket.on('error', () => {}));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const echo = createSocket('udp4');
echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.address));
echo.bind(0, '127.0.0.1');
await once(echo, 'listening');

const accepted = new Promise<BoardTcp>((resolve) => BoardTcp.listen(world, 9, resolve));
const client = connect(world.gateway.forwards[1]!.hostPort, '127.0.0.1');
client.on('error', () => {});
await accepted;
await BoardTcp.connect(world, FOREIGN, (server.address() as AddressInfo).port);
const d = world.datagrams();
d.send(new Uint8Array(4), FOREIGN, echo.address().port);
await d.receive();
// Nobody waits for this one.
void world.ping(FOREIGN, 56);
while (world.gateway.counts().pings === 0) await new Promise((resolve) => setImmediate(resolve));
const { incoming, outgoing, datagrams } = world.gateway.counts();
assert.deepEqual({ incoming, outgoing, datagrams }, { incoming: 1, outgoing: 1, datagrams: 1 });

await world.gateway.close();
assert.deepEqual(world.gateway.counts(), { incoming: 0, outgoing: 0, datagrams: 0, pings: 0 });
await world.gateway.close();
world.pacer.stop();
server.close();
echo.close();
console.log('closed');
