// Kaluma's network device as a server uses it: listeners, several clients, both ways of ending, data before and after.

import assert from 'node:assert/strict';
import { netifSetAddr } from '../../../firmware/stack/core/netif.js';
import { ip } from '../../harness/host.js';
import { BOARD, NetdevRig, WORLD, type End } from './netdev-rig.js';

const EADDRINUSE = 98;
const ECONNRESET = 104;

describe("Kaluma's __netdev: server", () => {
  it('tells clients apart by address, descriptor and callbacks, though all are set on the listener', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80);
    const clients = [0, 1, 2, 3].map((i) => rig.client(80).send(`client ${i}`));
    rig.run();
    assert.equal(ends.length, 4);
    assert.equal(new Set(ends.map((e) => e.fd)).size, 4);
    const texts = clients.map((c) => ends.find((e) => e.remote === `${WORLD}:${c.pcb.localPort}`)?.text);
    assert.deepEqual(texts, ['client 0', 'client 1', 'client 2', 'client 3']);
    for (const e of ends) {
      const o = rig.socket(e.fd);
      assert.equal(`${o.raddr}:${o.rport}`, e.remote);
      assert.deepEqual([o.laddr, o.lport, o.state, o.ptcl], [BOARD, 80, 2, 'STREAM']);
    }
    const l = rig.socket(fd);
    assert.deepEqual([l.raddr, l.rport, l.lport, l.state], ['0.0.0.0', 0, 80, 3]);
    assert.deepEqual(
      [l.read_cb, l.close_cb, l.shutdown_cb, l.connect_cb],
      [undefined, undefined, undefined, undefined],
    );
    ends.forEach((e) => e.close());
    rig.dev.close(fd);
    rig.run();
    assert(clients.every((c) => c.eof));
    rig.assertClean();
  });

  it('takes callbacks that are set on the connection itself', () => {
    const rig = new NetdevRig();
    const got: string[] = [];
    const fd = rig.listen(80, (client) => {
      rig.socket(client).read_cb = (data) => got.push(Buffer.from(data).toString());
      rig.socket(client).close_cb = () => got.push('close');
    });
    const client = rig.client(80).send('hello');
    rig.run();
    client.reset();
    rig.run();
    assert.deepEqual(got, ['hello', 'close']);
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('answers, half-closes, and closes by itself once the client has closed too', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80, (end) => {
      end.onData = () => {
        end.write('response');
        end.end();
      };
    });
    const client = rig.client(80).send('request');
    rig.run();
    assert.equal(client.text, 'response');
    assert(client.eof);
    assert.deepEqual(ends[0]!.log, ['shutdown', 'written', 'end', 'close']);
    assert.equal(rig.dev.get(ends[0]!.fd), undefined);
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('sends the response and its FIN in one segment', () => {
    const rig = new NetdevRig();
    const { fd } = rig.serve(80, (end) => {
      end.onData = () => {
        rig.dev.write(end.fd, 'response', () => rig.dev.shutdown(end.fd, 1));
      };
    });
    const client = rig.client(80);
    rig.run();
    const before = rig.host.netif.outPackets;
    client.send('request');
    rig.run();
    // The response, and the ACK of the client's FIN.
    assert.equal(rig.host.netif.outPackets - before, 2);
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('goes on sending to a client that has half-closed', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80);
    const client = rig.client(80).send('request');
    client.closeOnEof = false;
    rig.run();
    client.shutdown();
    rig.run(3000);
    assert.deepEqual(ends[0]!.log, ['end']);
    ends[0]!.write('late response');
    ends[0]!.end();
    rig.run();
    assert.equal(client.text, 'late response');
    assert.deepEqual(ends[0]!.log, ['end', 'shutdown', 'written', 'close']);
    client.close();
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('closes after 10 s what only the client has closed, or earlier when descriptors or PCBs run out', () => {
    const rig = new NetdevRig({ MEMP_NUM_TCP_PCB: 4 });
    const { fd, ends } = rig.serve(80);
    const first = [0, 1, 2, 3].map(() => rig.client(80));
    rig.run();
    first.forEach((c) => c.shutdown());
    rig.run(5000);
    assert.equal(ends.filter((e) => e.log.length > 0).length, 4);
    const late = rig.client(80).send('still there?');
    rig.run(4000);
    assert.equal(ends.length, 5);
    assert.equal(ends[4]!.text, 'still there?');
    rig.run(10_000);
    for (const e of ends.slice(0, 4)) assert.deepEqual(e.log, ['end', 'close']);
    late.close();
    rig.run(100);
    rig.dev.close(fd);
    rig.run(12_000);
    rig.assertClean();
  });

  it('closes after a minute of silence what only the program has closed', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80);
    const client = rig.client(80).send('x');
    client.closeOnEof = false;
    rig.run();
    ends[0]!.end();
    rig.run(50_000);
    client.send('y');
    rig.run(50_000);
    assert.deepEqual([ends[0]!.text, ends[0]!.log], ['xy', ['shutdown']]);
    rig.run(14_000);
    assert.deepEqual(ends[0]!.log, ['shutdown', 'close']);
    client.close();
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('keeps data, and the end after them, until there is a read_cb', () => {
    const rig = new NetdevRig();
    const fds: number[] = [];
    const fd = rig.listen(80, (client) => fds.push(client));
    const client = rig.client(80).send('early');
    rig.run(500);
    client.send(' bird').shutdown();
    rig.run(500);
    let text = '';
    const log: string[] = [];
    rig.socket(fds[0]!).shutdown_cb = () => log.push(`end after ${text}`);
    rig.socket(fds[0]!).close_cb = () => log.push('close');
    rig.socket(fds[0]!).read_cb = (data) => (text += Buffer.from(data).toString());
    rig.run(5000);
    assert.deepEqual(log, ['end after early bird']);
    rig.dev.close(fds[0]!);
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('does not take more from a client than the window while there is no read_cb', () => {
    const rig = new NetdevRig();
    const fds: number[] = [];
    const fd = rig.listen(80, (client) => fds.push(client));
    const client = rig.client(80).send('x'.repeat(50_000));
    rig.run(5000);
    assert(client.unsent > 0);
    let got = 0;
    rig.socket(fds[0]!).read_cb = (data) => (got += data.length);
    rig.run(20_000);
    assert.equal(got, 50_000);
    rig.dev.close(fds[0]!);
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('tells a reset by close_cb, with its errno', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80);
    const client = rig.client(80).send('x');
    rig.run();
    let errno = 0;
    rig.socket(ends[0]!.fd).close_cb = () => (errno = rig.dev.errno);
    client.reset();
    rig.run();
    assert.equal(errno, ECONNRESET);
    assert.equal(rig.dev.get(ends[0]!.fd), undefined);
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('closes in every callback without harm', () => {
    let rig = new NetdevRig();
    const places: Record<string, (end: End) => void> = {
      accept: (end) => end.close(),
      data: (end) => (end.onData = () => end.close()),
      written: (end) => rig.dev.write(end.fd, 'x', () => end.close()),
      end: (end) => (end.onData = () => (rig.socket(end.fd).shutdown_cb = () => end.close())),
    };
    for (const [name, act] of Object.entries(places)) {
      rig = new NetdevRig();
      const { fd, ends } = rig.serve(80, act);
      const client = rig.client(80).send('data');
      rig.run();
      if (name === 'end') client.shutdown();
      rig.run();
      assert(ends[0]!.log.includes('closed'), name);
      assert.equal(rig.dev.get(ends[0]!.fd), undefined, name);
      if (!client.over) client.close();
      rig.dev.close(fd);
      rig.assertClean();
    }
  });

  it('closes the listener from within its accept_cb, and keeps the connection', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80, (end) => {
      rig.dev.close(fd);
      end.write('last one');
    });
    const client = rig.client(80);
    rig.run();
    assert.equal(client.text, 'last one');
    ends[0]!.close();
    const refused = rig.client(80);
    rig.run();
    assert.notEqual(refused.error, 0);
    rig.assertClean();
  });

  it('ends connections that were not told of yet when their listener closes', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80);
    const first = rig.client(80);
    const second = rig.client(80);
    rig.socket(fd).accept_cb = (client) => {
      rig.dev.close(fd);
      rig.dev.close(client);
    };
    rig.run(1000);
    assert.equal(ends.length, 0);
    assert(first.over && second.over);
    rig.assertClean();
  });

  it('refuses connections without an accept_cb', () => {
    const rig = new NetdevRig();
    const { fd } = rig.serve(80);
    rig.socket(fd).accept_cb = undefined;
    const client = rig.client(80);
    rig.run();
    assert(client.over);
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('listens before there is an address, and after it has changed', () => {
    const rig = new NetdevRig({}, { ip: '0.0.0.0', netmask: '255.255.255.0' });
    assert.equal(rig.dev.ip, '0.0.0.0');
    const { fd, ends } = rig.serve(80);
    rig.run();
    for (const address of ['10.0.0.77', BOARD]) {
      rig.host.do(() => netifSetAddr(rig.host.netif, ip(address), ip('255.255.255.0'), 0));
      assert.equal(rig.dev.ip, address);
    }
    const client = rig.client(80).send('hello');
    rig.run();
    assert.equal(ends[0]!.text, 'hello');
    client.close();
    rig.run();
    ends[0]!.close();
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('listens again at once on a port whose connections linger', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80);
    rig.client(80);
    rig.run();
    ends[0]!.close();
    rig.run();
    const second = rig.dev.socket('AF_INET', 'STREAM');
    const results: number[] = [];
    rig.dev.bind(second, '', 80, (err) => results.push(err));
    rig.dev.listen(second, (err) => results.push(err));
    assert(results.includes(EADDRINUSE), `${results}`);
    rig.dev.close(second);
    rig.dev.close(fd);
    const { fd: third } = rig.serve(80);
    rig.dev.close(third);
    rig.assertClean();
  });

  it('reports what a callback throws, and goes on', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80, (end) => {
      end.onData = (text) => {
        if (text === 'bad') throw new Error('handler');
      };
    });
    const client = rig.client(80).send('bad');
    rig.run();
    client.send('good');
    rig.run();
    assert.equal(ends[0]!.text, 'badgood');
    assert.deepEqual(
      rig.thrown.splice(0).map((e) => (e as Error).message),
      ['handler'],
    );
    ends[0]!.close();
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('takes as many connections as there are PCBs, and those that waited when others end', () => {
    const rig = new NetdevRig({ MEMP_NUM_TCP_PCB: 3 });
    const { fd, ends } = rig.serve(80);
    const clients = [0, 1, 2, 3, 4].map((i) => rig.client(80).send(`${i}`));
    rig.run(2000);
    assert.equal(ends.length, 3);
    ends.slice().forEach((e) => e.close());
    rig.run(20_000);
    assert.equal(ends.length, 5);
    ends.slice(3).forEach((e) => e.close());
    clients.forEach((c) => !c.over && c.close());
    rig.dev.close(fd);
    rig.assertClean();
  });

  it('asks silent clients whether they are there, and closes those that have vanished', () => {
    const rig = new NetdevRig();
    const { fd, ends } = rig.serve(80);
    rig.client(80).send('hello');
    rig.run();
    rig.world.netif.linkoutput = () => 0;
    rig.run(180_000);
    assert.deepEqual(ends[0]!.log, ['close']);
    rig.dev.close(fd);
    rig.assertClean();
  });
});
