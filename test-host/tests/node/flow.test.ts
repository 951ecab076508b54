// How data flow through sockets on the stack: digests of large transfers, back-pressure both ways, what is counted.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import type { StackServer } from '../../node/server.js';
import type { StackSocket } from '../../node/socket.js';
import type { LinkConfig } from '../../sim/link.js';
import { A_IP, collect, digest, World } from './world.js';

const MIB = 1 << 20;
const PORT = 7;

describe('node: data through sockets on the stack', () => {
  let world: World;
  let server: StackServer;
  let client: StackSocket;
  let peer: StackSocket;

  /** Two hosts with a connection: `client` on b, `peer` on a. */
  async function connected(options: Partial<StackOptions> = {}, link: LinkConfig = {}): Promise<void> {
    world = new World(options, link);
    server = world.netA.createServer({ allowHalfOpen: true }).listen(PORT);
    client = world.netB.connect({ port: PORT, host: A_IP, allowHalfOpen: true });
    [[peer]] = (await world.run(Promise.all([once(server, 'connection'), once(client, 'connect')]))) as [
      [StackSocket],
      unknown,
    ];
  }

  afterEach('all closes, buffers are back', async () => {
    client.destroy();
    peer.destroy();
    await world.run(new Promise<void>((resolve) => void server.close(() => resolve())));
    await world.finish();
  });

  for (const link of [{}, { loss: 0.03, duplicate: 0.01, reorder: 0.02, delay: 300, seed: 5 }]) {
    it(`2 MiB each way at once ${'loss' in link ? 'over a bad wire' : 'over a good wire'}`, async () => {
      await connected({}, link);
      const up = pattern(1, 2 * MIB);
      const down = pattern(2, 2 * MIB);
      client.end(up);
      peer.end(down);
      const digests = await world.run(Promise.all([digest(peer), digest(client)]));
      assert.deepEqual(digests, [sha256(up), sha256(down)]);
      assert.deepEqual([client.bytesRead, client.bytesWritten], [down.length, up.length]);
      assert.deepEqual([peer.bytesRead, peer.bytesWritten], [up.length, down.length]);
    });
  }

  it('many small writes, each with its callback in order', async () => {
    await connected();
    const order: number[] = [];
    for (let i = 0; i < 500; i++) client.write(`${i};`, () => order.push(i));
    client.end();
    const text = String(await world.run(collect(peer)));
    const numbers = Array.from({ length: 500 }, (_, i) => i);
    assert.equal(text, numbers.map((i) => `${i};`).join(''));
    assert.deepEqual(order, numbers);
  });

  it('a reader that does not read stops the writer; the bytes in between are bounded', async () => {
    await connected();
    const data = pattern(3, MIB);
    const { TCP_WND, TCP_SND_BUF } = world.a.stack.opt;
    let accepted = 0;
    const chunk = 1000;
    const pump = (): void => {
      let room = true;
      while (room && accepted < data.length) {
        const from = accepted;
        accepted = Math.min(accepted + chunk, data.length);
        room = client.write(data.subarray(from, accepted));
      }
      if (accepted === data.length) client.end();
      else client.once('drain', pump);
    };
    pump();
    await world.pass(60);
    const between = TCP_WND + TCP_SND_BUF + peer.readableHighWaterMark + client.writableHighWaterMark;
    assert.ok(accepted <= between + 2 * chunk + TCP_WND, `${accepted} bytes accepted`);
    assert.ok(accepted > client.writableHighWaterMark);
    assert.ok(client.writableNeedDrain);
    // The window is closed: what the reader's stream does not hold lies in the stack's receive window.
    assert.ok(peer.bytesRead <= peer.readableHighWaterMark + TCP_WND, `${peer.bytesRead} bytes read`);
    assert.equal(await world.run(digest(peer)), sha256(data));
  });

  it('pause() in the middle holds everything back, resume() lets it go on', async () => {
    await connected();
    const data = pattern(4, 300_000);
    let got = 0;
    let paused = false;
    peer.on('data', (bytes: Buffer) => {
      got += bytes.length;
      assert.ok(!paused, 'data while paused');
      if (got > 100_000 && got - bytes.length <= 100_000) {
        peer.pause();
        paused = true;
      }
    });
    client.end(data);
    await world.pass(30);
    assert.ok(paused && got < 150_000, `${got} bytes`);
    paused = false;
    const ended = once(peer, 'end');
    peer.resume();
    await world.run(ended);
    assert.equal(got, data.length);
  });

  it('the callback of a write comes when the send buffer has all of it, not before', async () => {
    await connected();
    const { TCP_SND_BUF, TCP_WND } = world.a.stack.opt;
    const stuck = TCP_SND_BUF + TCP_WND + peer.readableHighWaterMark + 10 * TCP_WND;
    let done = false;
    client.write(Buffer.alloc(100), () => (done = true));
    await world.run(new Promise(setImmediate));
    assert.ok(done);
    done = false;
    client.write(Buffer.alloc(stuck), () => (done = true));
    await world.pass(30);
    assert.equal(done, false);
    peer.resume();
    await world.run(once(client, 'drain'));
    assert.ok(done);
  });

  it('data unread when the reader destroys: the writer is reset', async () => {
    await connected();
    client.write(Buffer.alloc(50_000));
    await world.pass(5);
    const failed = once(client, 'error');
    peer.destroy();
    const [error] = (await world.run(failed)) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
  });

  it('a socket whose peer has gone gives what came before, and then the error', async () => {
    await connected();
    peer.pause();
    client.write(Buffer.alloc(20_000, 'x'));
    await world.pass(5);
    const held = peer.readableLength;
    client.resetAndDestroy();
    await world.pass(5);
    assert.equal(peer.destroyed, false);
    let got = 0;
    peer.on('data', (bytes: Buffer) => (got += bytes.length));
    const failed = once(peer, 'error');
    peer.resume();
    const [error] = (await world.run(failed)) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
    assert.ok(got > held, `${got} bytes, ${held} of them in the stream`);
  });

  it('a socket that does not read learns by its write that the peer has gone', async () => {
    await connected();
    client.write(Buffer.alloc(50_000));
    peer.write(Buffer.alloc(50_000));
    await world.pass(5);
    let written: NodeJS.ErrnoException | null | undefined;
    peer.write('more', (error) => (written = error));
    const failed = once(peer, 'error');
    client.resetAndDestroy();
    const [error] = (await world.run(failed)) as [NodeJS.ErrnoException];
    assert.equal(error.message, 'write ECONNRESET');
    assert.equal(written, error);
  });

  it('a host that is short of memory sends all the same', async () => {
    await connected({ MEM_SIZE: 6000, TCP_SND_BUF: 2920, TCP_SND_QUEUELEN: 4, MEMP_NUM_TCP_SEG: 4 });
    const up = pattern(6, 100_000);
    const down = pattern(7, 100_000);
    client.end(up);
    peer.end(down);
    const digests = await world.run(Promise.all([digest(peer), digest(client)]));
    assert.deepEqual(digests, [sha256(up), sha256(down)]);
  });
});
