// Kaluma's network device as a client uses it: connecting by address and by name, before there is an address, and all the
// ways in which that fails; large writes; datagrams.

import assert from 'node:assert/strict';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import { netifSetAddr, netifSetLinkDown, netifSetLinkUp } from '../../../firmware/stack/core/netif.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import { dnsSetserver } from '../../../firmware/stack/dns/dns.js';
import {
  tcpAbort,
  tcpClose,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpWrite,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { ip } from '../../harness/host.js';
import { HostGround } from '../../peers/ground.js';
import { NetdevRig, WORLD } from './netdev-rig.js';

const EBADF = 9;
const EINVAL = 22;
const EMFILE = 24;
const EPIPE = 32;
const EMSGSIZE = 90;
const EPROTOTYPE = 91;
const EOPNOTSUPP = 95;
const EADDRNOTAVAIL = 99;
const ENETDOWN = 100;
const ECONNRESET = 104;
const ENOMEM = 12;
const EISCONN = 106;
const ENOTCONN = 107;
const ETIMEDOUT = 110;
const ECONNREFUSED = 111;
const EHOSTUNREACH = 113;
const EALREADY = 114;

/** A server of the world that keeps what it gets. */
class Sink {
  text = '';
  eof = false;
  pcb: TcpPcb | null = null;
  reading = true;
  unread = 0;

  constructor(
    readonly rig: NetdevRig,
    port: number,
    greeting = '',
  ) {
    rig.worldListen(port, (_arg, pcb) => {
      this.pcb = pcb;
      tcpRecv(pcb!, (_a: never, q: TcpPcb, p: Pbuf | null) => {
        if (!p) {
          this.eof = true;
          return tcpClose(q);
        }
        this.text += Buffer.from(pbufBytes(p)).toString('latin1');
        if (this.reading) tcpRecved(q, p.totLen);
        else this.unread += p.totLen;
        pbufFree(p);
        return ERR_OK;
      });
      if (greeting) {
        tcpWrite(pcb!, Buffer.from(greeting), 1);
        tcpOutput(pcb!);
      }
      return ERR_OK;
    });
  }

  readAgain(): void {
    this.reading = true;
    this.rig.world.do(() => tcpRecved(this.pcb!, this.unread));
  }
}

describe("Kaluma's __netdev: client", () => {
  for (const host of [WORLD, 'web.test']) {
    it(`connects to ${host}, and exchanges data`, () => {
      const rig = new NetdevRig();
      const sink = new Sink(rig, 8000, 'welcome');
      const end = rig.connect(host, 8000);
      assert.deepEqual(end.log, []);
      rig.run();
      assert.deepEqual(end.log, ['connect', 'ready']);
      assert.equal(end.text, 'welcome');
      const o = rig.socket(end.fd);
      assert.deepEqual([o.raddr, o.rport, o.laddr, o.state], [WORLD, 8000, '10.0.0.1', 2]);
      assert(o.lport >= 49152);
      end.write('thanks');
      end.end();
      rig.run();
      assert.equal(sink.text, 'thanks');
      assert.deepEqual(end.log.slice(2), ['shutdown', 'written', 'end', 'close']);
      rig.assertClean();
    });
  }

  it('connects as soon as there is an address', () => {
    const rig = new NetdevRig({}, { ip: '0.0.0.0', netmask: '255.255.255.0', up: false });
    new Sink(rig, 8000);
    const end = rig.connect('web.test', 8000);
    rig.run(10_000);
    assert.deepEqual(end.log, []);
    rig.host.do(() => netifSetLinkUp(rig.host.netif));
    rig.host.do(() => {
      rig.host.netif.flags |= 1;
      netifSetAddr(rig.host.netif, ip('10.0.0.1'), ip('255.255.255.0'), 0);
    });
    rig.run(1000);
    assert.deepEqual(end.log, ['connect', 'ready']);
    end.close();
    rig.assertClean();
  });

  it('gives up after 30 s without an address', () => {
    const rig = new NetdevRig({}, { ip: '0.0.0.0', netmask: '255.255.255.0' });
    const end = rig.connect(WORLD, 8000);
    end.write('never sent');
    rig.run(29_000);
    assert.deepEqual(end.log, []);
    rig.run(2000);
    assert.deepEqual(end.log, [`connect: ${ENETDOWN}`, `written: ${ENETDOWN}`, 'close']);
    assert.equal(rig.dev.get(end.fd), undefined);
    rig.assertClean();
  });

  it('is refused, times out, and finds no host, each with its errno', () => {
    const rig = new NetdevRig();
    const refused = rig.connect(WORLD, 9999);
    const silent = rig.connect('10.0.0.200', 80);
    const unknown = rig.connect('nowhere.test', 80);
    rig.run(40_000);
    assert.deepEqual(refused.log, [`connect: ${ECONNREFUSED}`, 'close']);
    assert.deepEqual(silent.log, [`connect: ${ETIMEDOUT}`, 'close']);
    assert.deepEqual(unknown.log, [`connect: ${EHOSTUNREACH}`, 'close']);
    dnsSetserver(rig.host.stack, 0, 0);
    const nobody = rig.connect('other.test', 80);
    rig.run(2000);
    assert.deepEqual(nobody.log, [`connect: ${EHOSTUNREACH}`, 'close']);
    rig.assertClean();
  });

  it('never answers from within the call, not even a failure known at once', () => {
    const rig = new NetdevRig({ MEMP_NUM_TCP_PCB: 1 });
    const taken = tcpNew(rig.host.stack)!;
    const end = rig.connect(WORLD, 8000);
    assert.deepEqual(end.log, []);
    rig.run();
    assert.deepEqual(end.log, [`connect: ${ENOMEM}`, 'close']);
    tcpAbort(taken);
    rig.assertClean();
  });

  it('may be closed at every stage of connecting; nothing is told afterwards', () => {
    const rig = new NetdevRig();
    new Sink(rig, 8000);
    for (const stage of ['at once', 'name', 'handshake', 'refused']) {
      const end = rig.connect(
        stage === 'handshake' ? '10.0.0.200' : 'web.test',
        stage === 'refused' ? 1 : 8000,
      );
      if (stage === 'name') rig.run(0.06);
      if (stage === 'handshake') rig.run(500);
      if (stage === 'refused') rig.socket(end.fd).close_cb = () => end.log.push('close');
      end.close();
      rig.run(40_000);
      assert.deepEqual(end.log, ['close', 'closed'], stage);
    }
    rig.assertClean();
  });

  it('may be closed in the callback that tells the failure', () => {
    const rig = new NetdevRig();
    const fd = rig.dev.socket('AF_INET', 'STREAM');
    const log: string[] = [];
    rig.socket(fd).close_cb = () => log.push('close');
    rig.dev.connect(fd, WORLD, 1, (err) => {
      log.push(`failed ${err}`);
      rig.dev.close(fd, (e) => log.push(`closed ${e}`));
    });
    rig.run();
    assert.deepEqual(log, [`failed ${ECONNREFUSED}`, 'close', 'closed 0']);
    rig.assertClean();
  });

  it('takes what is written while it connects', () => {
    const rig = new NetdevRig();
    const sink = new Sink(rig, 8000);
    const end = rig.connect('web.test', 8000);
    end.write('early ', 'first');
    end.write(Buffer.from('words'), 'second');
    end.end();
    rig.run();
    assert.equal(sink.text, 'early words');
    assert(sink.eof);
    assert.deepEqual(end.log, ['shutdown', 'connect', 'ready', 'first', 'second', 'end', 'close']);
    rig.assertClean();
  });

  for (const [name, large] of [
    ['text', Array.from({ length: 30_000 }, (_, i) => String.fromCharCode(i % 256)).join('')],
    ['bytes', Uint8Array.from({ length: 30_000 }, (_, i) => i * 7)],
  ] as const) {
    it(`writes ${name} larger than the send buffer in pieces, and calls back once, when all is taken`, () => {
      const rig = new NetdevRig();
      const sink = new Sink(rig, 8000);
      sink.reading = false;
      const end = rig.connect(WORLD, 8000);
      rig.run();
      end.write(large);
      end.write('tail', 'tail written');
      end.end();
      rig.run(5000);
      assert.deepEqual(end.log, ['connect', 'ready', 'shutdown']);
      sink.readAgain();
      rig.run(20_000);
      assert.deepEqual(end.log.slice(3), ['written', 'tail written', 'end', 'close']);
      assert.equal(sink.text, Buffer.from(large as string, 'latin1').toString('latin1') + 'tail');
      rig.assertClean();
    });
  }

  it('writes through a send buffer, a heap and a segment pool that are all too small', () => {
    const rig = new NetdevRig({
      MEM_SIZE: 4000,
      MEMP_NUM_TCP_SEG: 4,
      TCP_SND_BUF: 2920,
      TCP_SND_QUEUELEN: 4,
    });
    const sink = new Sink(rig, 8000);
    const end = rig.connect(WORLD, 8000);
    end.write('y'.repeat(20_000));
    rig.run(20_000);
    assert.equal(sink.text.length, 20_000);
    assert.deepEqual(end.log, ['connect', 'ready', 'written']);
    end.close();
    rig.assertClean();
  });

  it('fails pending writes when the connection breaks', () => {
    const rig = new NetdevRig();
    const sink = new Sink(rig, 8000);
    sink.reading = false;
    const end = rig.connect(WORLD, 8000);
    rig.run();
    end.write('z'.repeat(30_000));
    rig.run(2000);
    rig.world.do(() => tcpAbort(sink.pcb!));
    rig.run();
    assert.deepEqual(end.log.slice(2), [`written: ${ECONNRESET}`, 'close']);
    end.write('more', 'late');
    assert.equal(end.log.at(-1), `late: ${EBADF}`);
    rig.assertClean();
  });

  it('drops pending writes without a word when it is closed', () => {
    const rig = new NetdevRig();
    const sink = new Sink(rig, 8000);
    sink.reading = false;
    const end = rig.connect(WORLD, 8000);
    rig.run();
    end.write('z'.repeat(30_000));
    rig.run(2000);
    end.close();
    end.close();
    rig.run(2000);
    assert.deepEqual(end.log.slice(2), ['close', 'closed', `closed: ${EBADF}`]);
    rig.world.do(() => tcpAbort(sink.pcb!));
    rig.assertClean();
  });

  it('hears no more after shutdown of the receiving side, and is gone after that of both', () => {
    const rig = new NetdevRig();
    const sink = new Sink(rig, 8000);
    const end = rig.connect(WORLD, 8000);
    rig.run();
    rig.dev.shutdown(end.fd, 2, (err) => end.log.push(`shutdown ${err}`));
    rig.run();
    assert(sink.eof);
    assert.deepEqual(end.log.slice(2), ['shutdown 0', 'close']);
    rig.assertClean();
  });

  it('outlives a cable that is pulled while it connects', () => {
    const rig = new NetdevRig();
    new Sink(rig, 8000);
    rig.host.do(() => netifSetLinkDown(rig.host.netif));
    const end = rig.connect(WORLD, 8000);
    rig.run(2000);
    rig.host.do(() => netifSetLinkUp(rig.host.netif));
    rig.run(10_000);
    assert.deepEqual(end.log, ['connect', 'ready']);
    end.close();
    rig.assertClean();
  });
});

describe("Kaluma's __netdev: datagrams", () => {
  it('sends to a name, and tells who answers', () => {
    const rig = new NetdevRig();
    const ground = new HostGround(rig.world);
    ground.serve(5000, (d) =>
      rig.world.do(() =>
        ground.send(5000, d.src, d.srcPort, Buffer.from(`re: ${String.fromCharCode(...d.data)}`)),
      ),
    );
    const fd = rig.dev.socket('AF_INET', 'DGRAM');
    const o = rig.socket(fd);
    const log: string[] = [];
    o.read_cb = (data) => log.push(`${Buffer.from(data).toString()} from ${o.raddr}:${o.rport}`);
    rig.dev.connect(fd, 'web.test', 5000, (err) => log.push(`connected ${err}`));
    rig.run();
    rig.dev.write(fd, 'text', (err) => log.push(`sent ${err}`));
    rig.dev.write(fd, Uint8Array.of(65, 66), (err) => log.push(`sent ${err}`));
    rig.run();
    assert.deepEqual(log.splice(0).sort(), [
      'connected 0',
      `re: AB from ${WORLD}:5000`,
      `re: text from ${WORLD}:5000`,
      'sent 0',
      'sent 0',
    ]);
    rig.dev.write(fd, 'x'.repeat(1473), (err) => log.push(`sent ${err}`));
    assert.equal(log.at(-1), `sent ${EMSGSIZE}`);
    rig.dev.shutdown(fd, 1, (err) => log.push(`shutdown ${err}`));
    rig.dev.close(fd, (err) => log.push(`closed ${err}`));
    assert.deepEqual(log.slice(-2), ['shutdown 0', 'closed 0']);
    rig.assertClean();
  });

  it('receives on a bound port; what nobody reads is dropped', () => {
    const rig = new NetdevRig();
    const ground = new HostGround(rig.world);
    ground.serve(6001, () => undefined);
    const fd = rig.dev.socket('AF_INET', 'DGRAM');
    rig.dev.bind(fd, rig.dev.ip, 6000);
    assert.equal(rig.dev.errno, 0);
    for (let i = 0; i < 10; i++) {
      rig.world.do(() => ground.send(6001, '10.0.0.1', 6000, Uint8Array.of(i)));
      rig.run(1);
    }
    rig.run();
    const got: number[] = [];
    rig.socket(fd).read_cb = (data) => got.push(data[0]!);
    rig.world.do(() => ground.send(6001, '10.0.0.1', 6000, Uint8Array.of(10)));
    rig.run();
    assert.deepEqual(got, [0, 1, 2, 3]);
    rig.world.do(() => ground.send(6001, '10.0.0.1', 6000, Uint8Array.of(11)));
    rig.run();
    assert.deepEqual(got, [0, 1, 2, 3, 11]);
    rig.dev.close(fd);
    rig.assertClean();
  });
});

describe("Kaluma's __netdev: misuse", () => {
  it('answers what it does not know by -1 or by errno, and never throws', () => {
    const rig = new NetdevRig();
    const { dev } = rig;
    const tells = (errno: number, call: (done: (err: number) => void) => void): void => {
      let told = -1;
      call((err) => (told = err));
      assert.equal(told, dev.errno);
      assert.equal(told, errno);
    };
    assert.equal(dev.socket('AF_INET6', 'STREAM'), -1);
    assert.equal(dev.errno, EPROTOTYPE);
    assert.equal(dev.socket('AF_INET', 'SEQPACKET'), -1);
    for (const fd of [-1, 0, 99, 1e9, NaN, '1', undefined, null] as number[]) {
      assert.equal(dev.get(fd), undefined);
      tells(EBADF, (done) => dev.bind(fd, '', 80, done));
      tells(EBADF, (done) => dev.listen(fd, done));
      tells(EBADF, (done) => dev.connect(fd, WORLD, 80, done));
      tells(EBADF, (done) => dev.write(fd, 'x', done));
      tells(EBADF, (done) => dev.shutdown(fd, 1, done));
      tells(EBADF, (done) => dev.close(fd, done));
      dev.close(fd);
    }
    const fd = dev.socket('AF_INET', 'STREAM');
    assert.equal(dev.errno, 0);
    tells(EINVAL, (done) => dev.listen(fd, done));
    tells(ENOTCONN, (done) => dev.write(fd, 'x', done));
    tells(ENOTCONN, (done) => dev.shutdown(fd, 1, done));
    tells(EINVAL, (done) => dev.bind(fd, 'not an address', 80, done));
    tells(EADDRNOTAVAIL, (done) => dev.bind(fd, '10.9.9.9', 80, done));
    tells(EINVAL, (done) => dev.bind(fd, '', 70_000, done));
    tells(EINVAL, (done) => dev.bind(fd, '', 1.5, done));
    tells(EINVAL, (done) => dev.bind(fd, '', undefined as unknown as number, done));
    tells(EINVAL, (done) => dev.connect(fd, undefined as unknown as string, 80, done));
    tells(EINVAL, (done) => dev.connect(fd, WORLD, 0, done));
    tells(0, (done) => dev.bind(fd, '0.0.0.0', 80, done));
    tells(EINVAL, (done) => dev.bind(fd, '0.0.0.0', 81, done));
    tells(0, (done) => dev.listen(fd, done));
    tells(EINVAL, (done) => dev.listen(fd, done));
    tells(EISCONN, (done) => dev.connect(fd, WORLD, 80, done));
    tells(ENOTCONN, (done) => dev.write(fd, 'x', done));
    tells(0, (done) => dev.close(fd, done));
    tells(EBADF, (done) => dev.close(fd, done));
    const udp = dev.socket('AF_INET', 'DGRAM');
    tells(ENOTCONN, (done) => dev.write(udp, 'x', done));
    dev.bind(udp, '', 5000);
    tells(EOPNOTSUPP, (done) => dev.listen(udp, done));
    dev.close(udp);
    rig.assertClean();
  });

  it('refuses a second connect, data of other types, and writes after the end', () => {
    const rig = new NetdevRig();
    new Sink(rig, 8000);
    const end = rig.connect(WORLD, 8000);
    rig.dev.connect(end.fd, WORLD, 8000);
    assert.equal(rig.dev.errno, EALREADY);
    rig.run();
    rig.dev.connect(end.fd, WORLD, 8000);
    assert.equal(rig.dev.errno, EISCONN);
    for (const data of [5, null, undefined, {}, [1, 2]] as unknown as string[]) {
      rig.dev.write(end.fd, data);
      assert.equal(rig.dev.errno, EINVAL);
    }
    end.write('');
    end.end();
    end.write('late', 'late');
    assert.equal(end.log.at(-1), `late: ${EPIPE}`);
    rig.run();
    assert.deepEqual(end.log.slice(-3), ['written', 'end', 'close']);
    rig.assertClean();
  });

  it('has 32 sockets, and never gives a descriptor to two', () => {
    const rig = new NetdevRig();
    const seen = new Set<number>();
    for (let round = 0; round < 5; round++) {
      const fds = Array.from({ length: 32 }, () => rig.dev.socket('AF_INET', 'STREAM'));
      assert(fds.every((fd) => fd >= 0));
      assert.equal(rig.dev.socket('AF_INET', 'STREAM'), -1);
      assert.equal(rig.dev.errno, EMFILE);
      for (const fd of fds) {
        assert(!seen.has(fd));
        seen.add(fd);
        rig.dev.close(fd);
      }
    }
    rig.assertClean();
  });

  it('has the addresses of its interface', () => {
    const { dev } = new NetdevRig();
    assert.deepEqual([dev.ip, dev.mac], ['10.0.0.1', '02:00:00:00:00:01']);
  });
});
