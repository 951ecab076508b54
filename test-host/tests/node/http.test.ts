// Node's own http, undici and ws as client and server, on two stacks in virtual time.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { Readable } from 'node:stream';
import { Client, type Dispatcher } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import { MEMP_TCP_PCB } from '../../../firmware/stack/core/memp.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import type { StackAgent } from '../../node/agent.js';
import type { StackServer } from '../../node/server.js';
import { A_IP, collect, World } from './world.js';

const BIG = Buffer.from(pattern(5, 300_000));

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** Answers with what it was sent, its digest in a header; at /big with a large body, at /never not at all. */
function serve(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (request.url === '/never') return;
  if (request.url === '/big') {
    response.end(BIG);
    return;
  }
  void collect(request).then((body) => {
    response.setHeader('x-digest', createHash('sha256').update(body).digest('hex'));
    response.setHeader('x-port', `${request.socket.remotePort}`);
    response.write(`${request.method} ${request.url} `);
    response.end(body);
  });
}

describe('node: http on two stacks', () => {
  let world: World;
  let web: http.Server;
  let server: StackServer;
  let agent: StackAgent;

  beforeEach(() => {
    world = new World();
    web = http.createServer(serve);
    server = world.netA.createServer((socket) => web.emit('connection', socket)).listen(80);
    agent = world.netB.agent({ keepAlive: true });
  });

  afterEach('all closes, buffers are back', async () => {
    agent.destroy();
    web.close();
    web.closeAllConnections();
    await world.run(new Promise<void>((resolve) => void server.close(() => resolve())));
    await world.finish();
  });

  async function request(options: http.RequestOptions, body: Buffer | string = ''): Promise<Answer> {
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      http
        .request({ host: A_IP, agent, ...options }, resolve)
        .on('error', reject)
        .end(body);
    });
    const response = await answer;
    return { status: response.statusCode!, headers: response.headers, body: await collect(response) };
  }

  const ask = (options: http.RequestOptions, body?: Buffer | string): Promise<Answer> =>
    world.run(request(options, body));

  it('a request and its answer', async () => {
    const { status, headers, body } = await ask({ path: '/a?b=c' });
    assert.equal(status, 200);
    assert.equal(headers['transfer-encoding'], 'chunked');
    assert.equal(String(body), 'GET /a?b=c ');
  });

  it('a kept connection serves the next request', async () => {
    const first = await ask({ path: '/1' });
    const second = await ask({ path: '/2', method: 'POST' }, 'body');
    assert.equal(String(second.body), 'POST /2 body');
    assert.equal(second.headers['x-port'], first.headers['x-port']);
  });

  it('without keep-alive each request has its own', async () => {
    agent.destroy();
    agent = world.netB.agent();
    const first = await ask({ path: '/1' });
    const second = await ask({ path: '/2' });
    assert.notEqual(second.headers['x-port'], first.headers['x-port']);
  });

  it('large bodies both ways', async () => {
    const up = await ask({ path: '/up', method: 'PUT' }, BIG);
    assert.equal(up.headers['x-digest'], sha256(BIG));
    assert.ok(up.body.subarray('PUT /up '.length).equals(BIG));
    const down = await ask({ path: '/big' });
    assert.equal(down.headers['content-length'], `${BIG.length}`);
    assert.ok(down.body.equals(BIG));
  });

  it('requests side by side, as many connections as the agent allows', async () => {
    agent.destroy();
    agent = world.netB.agent({ maxSockets: 2 });
    const answers = await world.run(
      Promise.all(Array.from({ length: 8 }, (_, i) => request({ path: `/${i}` }))),
    );
    answers.forEach((a, i) => assert.equal(String(a.body), `GET /${i} `));
    assert.equal(world.b.stack.memp[MEMP_TCP_PCB]!.max, 2);
  });

  it('a server that does not answer: the time-out of the request', async () => {
    const timed = new Promise<void>((resolve, reject) => {
      const r = http.request({ host: A_IP, agent, path: '/never', timeout: 3000 });
      r.on('timeout', () => r.destroy(new Error('enough')));
      r.on('error', (error) => (error.message === 'enough' ? resolve() : reject(error)));
      r.end();
    });
    await world.run(timed);
    assert.ok(world.scheduler.now >= 3e6 && world.scheduler.now < 4e6, `${world.scheduler.now} µs`);
  });

  it('a server that is gone: the error of the request', async () => {
    await assert.rejects(ask({ path: '/', port: 81 }), { code: 'ECONNREFUSED', address: A_IP, port: 81 });
  });

  it('undici: requests one after the other on one connection', async () => {
    const client = new Client(`http://${A_IP}`, {
      connect(_options: unknown, callback: (...args: [null, ReturnType<typeof world.netB.connect>]) => void) {
        const socket = world.netB.connect(80, A_IP);
        socket.once('connect', () => callback(null, socket));
      },
    });
    const send = async (o: Dispatcher.RequestOptions): Promise<[number, string, Buffer]> => {
      const { statusCode, headers, body } = await client.request(o);
      return [statusCode, String(headers['x-port']), await collect(body as Readable)];
    };
    const first = await world.run(send({ path: '/1', method: 'GET' }));
    const second = await world.run(send({ path: '/2', method: 'POST', body: BIG }));
    assert.deepEqual([first[0], String(first[2])], [200, 'GET /1 ']);
    assert.ok(second[2].subarray('POST /2 '.length).equals(BIG));
    assert.equal(second[1], first[1]);
    const big = await world.run(send({ path: '/big', method: 'GET' }));
    assert.ok(big[2].equals(BIG));
    await world.run(client.close());
  });

  it('ws: messages from 0 to 300,000 bytes come back, then the closing handshake', async () => {
    const sockets = new WebSocketServer({ server: web });
    sockets.on('connection', (socket) => {
      socket.on('message', (data: Buffer, binary) => socket.send(data, { binary }));
    });
    const socket = new WebSocket(`ws://${A_IP}/`, { agent, perMessageDeflate: false });
    const opened = new Promise((resolve) => socket.once('open', resolve));
    await world.run(opened);
    for (const size of [0, 1, 125, 126, 65_535, 65_536, BIG.length]) {
      const message = new Promise<Buffer>((resolve) => socket.once('message', resolve));
      socket.send(BIG.subarray(0, size));
      assert.ok((await world.run(message)).equals(BIG.subarray(0, size)), `${size} bytes`);
    }
    const closed = new Promise<[number, Buffer]>((resolve) => {
      socket.once('close', (code, reason) => resolve([code, reason]));
    });
    socket.close(4000, 'done');
    const [code, reason] = await world.run(closed);
    assert.deepEqual([code, String(reason)], [4000, 'done']);
    sockets.close();
  });
});
