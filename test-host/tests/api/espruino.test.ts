// Espruino's NetworkJS object, asked as Espruino's idle loop asks: it knows numbers of sockets and polls.

import assert from 'node:assert/strict';
import { espruinoNetwork, type NetworkJs } from '../../../firmware/api/espruino_network.js';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { netifSetAddr } from '../../../firmware/stack/core/netif.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { tcpClose, tcpRecv, tcpRecved, tcpWritePbuf, tcpOutput } from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { ip, type InterfaceConfig } from '../../harness/host.js';
import { NetdevRig, WORLD } from './netdev-rig.js';

/** What Espruino gives and takes at a time. */
const CHUNK = 536;

class Rig extends NetdevRig {
  readonly net: NetworkJs = espruinoNetwork(this.host.stack);

  constructor(options: Partial<StackOptions> = {}, config: Partial<InterfaceConfig> = {}) {
    super(options, config);
  }

  /** Polls a socket until it has an error or `done` holds. */
  read(sckt: number, done: (text: string) => boolean = () => false): { text: string; error: number } {
    let text = '';
    for (let i = 0; i < 20_000; i++) {
      const r = this.net.recv(sckt, CHUNK);
      if (typeof r === 'string') {
        assert(r.length <= CHUNK);
        text += r;
        if (done(text)) return { text, error: 0 };
      } else if (r !== -11) return { text, error: r };
      this.host.poll();
      this.run(2);
    }
    return { text, error: NaN };
  }

  write(sckt: number, text: string): void {
    for (let i = 0; text; i++) {
      assert(i < 20_000);
      const n = this.net.send(sckt, text.slice(0, CHUNK));
      assert(n >= 0, `send ${n}`);
      text = text.slice(n);
      this.host.poll();
      this.run(2);
    }
  }
}

function echo(rig: Rig, port: number): void {
  rig.worldListen(port, (_arg, pcb) => {
    tcpRecv(pcb!, (_a: never, q: TcpPcb, p: Pbuf | null) => {
      if (!p) return tcpClose(q);
      tcpRecved(q, p.totLen);
      tcpWritePbuf(q, p, 1);
      tcpOutput(q);
      pbufFree(p);
      return ERR_OK;
    });
    return ERR_OK;
  });
}

describe('Espruino NetworkJS', () => {
  it('serves several clients', () => {
    const rig = new Rig();
    const server = rig.net.create(undefined, 80);
    assert(server >= 0);
    assert.equal(rig.net.accept(server), -1);
    const clients = [0, 1, 2].map((i) => rig.client(80).send(`request ${i}`));
    rig.run();
    const sockets = clients.map(() => rig.net.accept(server));
    assert.equal(rig.net.accept(server), -1);
    assert.equal(new Set([server, ...sockets]).size, 4);
    for (const s of sockets) {
      const { text } = rig.read(s, (t) => t.startsWith('request '));
      rig.write(s, `response to ${text}`);
      rig.net.close(s);
    }
    rig.run();
    assert.deepEqual(
      clients.map((c) => c.text).sort(),
      [0, 1, 2].map((i) => `response to request ${i}`),
    );
    assert(clients.every((c) => c.eof));
    rig.net.close(server);
    rig.assertClean();
  });

  for (const host of [WORLD, 'web.test']) {
    it(`connects to ${host}: no connection yet, then data, then the end`, () => {
      const rig = new Rig();
      echo(rig, 7);
      const s = rig.net.create(host, 7);
      assert.equal(rig.net.recv(s, CHUNK), -11);
      assert.equal(rig.net.send(s, 'too early'), 0);
      rig.run();
      assert.equal(rig.net.recv(s, CHUNK), '');
      const text = Array.from({ length: 20_000 }, (_, i) => String.fromCharCode((i * 3) & 255)).join('');
      let back = '';
      for (let at = 0; at < text.length; at += 2000) {
        rig.write(s, text.slice(at, at + 2000));
        back += rig.read(s, (t) => t.length >= 2000).text;
      }
      assert.equal(back, text);
      rig.net.close(s);
      rig.assertClean();
    });
  }

  it('gives what came before the end of the stream, then -1', () => {
    const rig = new Rig();
    const server = rig.net.create(undefined, 80);
    const client = rig.client(80).send('x'.repeat(3000));
    rig.run();
    const s = rig.net.accept(server);
    client.shutdown();
    rig.run();
    assert.deepEqual(rig.read(s), { text: 'x'.repeat(3000), error: -1 });
    rig.net.close(s);
    rig.net.close(server);
    rig.assertClean();
  });

  it('closes the window to a peer that is not read', () => {
    const rig = new Rig();
    const server = rig.net.create(undefined, 80);
    const client = rig.client(80).send('x'.repeat(50_000));
    rig.run(3000);
    assert(client.unsent > 0);
    const s = rig.net.accept(server);
    assert.equal(rig.read(s, (t) => t.length === 50_000).text.length, 50_000);
    rig.net.close(s);
    rig.net.close(server);
    rig.assertClean();
  });

  it('names what went wrong: refused, reset, timed out, not found, no address', () => {
    const rig = new Rig();
    const refused = rig.net.create(WORLD, 9);
    const silent = rig.net.create('10.0.0.200', 9);
    const unknown = rig.net.create('no.test', 9);
    rig.run(1000);
    assert.equal(rig.net.send(refused, 'x'), -11);
    assert.equal(rig.net.recv(unknown, CHUNK), -6);
    rig.run(30_000);
    assert.equal(rig.net.recv(silent, CHUNK), -3);
    const server = rig.net.create(undefined, 80);
    const client = rig.client(80);
    rig.run();
    const s = rig.net.accept(server);
    client.reset();
    rig.run();
    assert.equal(rig.net.recv(s, CHUNK), -9);
    assert.equal(rig.net.send(s, 'x'), -9);
    for (const n of [refused, silent, unknown, server, s]) rig.net.close(n);
    rig.assertClean();

    const alone = new Rig({}, { ip: '0.0.0.0', netmask: '255.255.255.0' });
    const n = alone.net.create(WORLD, 7);
    const late = alone.net.create(WORLD, 7);
    alone.run(29_000);
    assert.equal(alone.net.recv(n, CHUNK), -11);
    alone.run(2000);
    assert.equal(alone.net.recv(n, CHUNK), -4);
    alone.net.close(n);
    alone.net.close(late);
    echo(alone, 7);
    const early = alone.net.create(WORLD, 7);
    alone.host.do(() => netifSetAddr(alone.host.netif, ip('10.0.0.1'), ip('255.255.255.0'), 0));
    alone.write(early, 'hello');
    assert.equal(alone.read(early, (t) => t === 'hello').error, 0);
    alone.net.close(early);
    alone.assertClean();
  });

  it('closes at every stage, twice, and what does not exist', () => {
    const rig = new Rig();
    for (const host of ['web.test', '10.0.0.200', WORLD]) {
      const s = rig.net.create(host, 7);
      rig.net.close(s);
      rig.net.close(s);
      rig.run(100);
    }
    const server = rig.net.create(undefined, 80);
    rig.client(80);
    rig.run();
    rig.net.close(server);
    for (const n of [-1, 99, NaN, undefined as unknown as number]) {
      rig.net.close(n);
      assert.equal(rig.net.accept(n), -1);
      assert.equal(rig.net.recv(n, CHUNK), -1);
      assert.equal(rig.net.send(n, 'x'), -1);
    }
    rig.assertClean();
  });

  it('refuses bad ports, taken ports, and more sockets and connections than it has', () => {
    const rig = new Rig({ MEMP_NUM_TCP_PCB: 12 });
    assert.equal(rig.net.create(WORLD, 0), -12);
    assert.equal(rig.net.create(WORLD, 70_000), -12);
    const server = rig.net.create(undefined, 80);
    assert.equal(rig.net.create(undefined, 80), -2);
    assert.equal(rig.net.recv(server, CHUNK), -1);
    const clients = Array.from({ length: 6 }, () => rig.client(80));
    rig.run();
    assert.equal(clients.filter((c) => c.over).length, 2);
    const accepted = clients.map(() => rig.net.accept(server)).filter((n) => n >= 0);
    assert.equal(accepted.length, 4);
    const more: number[] = [];
    for (let n; (n = rig.net.create('10.0.0.200', 7)) >= 0;) more.push(n);
    assert.equal(rig.net.create('10.0.0.200', 7), -7);
    assert.equal(more.length, 11);
    for (const n of [server, ...accepted, ...more]) rig.net.close(n);
    rig.assertClean();
  });
});
