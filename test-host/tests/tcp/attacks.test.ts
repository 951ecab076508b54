// What outsiders and broken peers may send: RFC 5961, RFC 5927, RFC 1337, malformed headers.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ERR_OK, ERR_RST } from '../../../firmware/stack/core/err.js';
import { CHKERR, LENERR, OPTERR, PROTERR, TCPX_CHALLENGE } from '../../../firmware/stack/core/stats.js';
import { tcpIcmpError } from '../../../firmware/stack/tcp/tcp_in.js';
import { ip } from '../../harness/host.js';
import { BROADCAST_MAC } from '../../harness/frames.js';
import { bytes, Conversation } from './conversation.js';

describe('TCP against forged segments (RFC 5961)', () => {
  it('a RST in the window but not at its edge is challenged; outside it is dropped', () => {
    const c = new Conversation().open();
    c.in({ flags: 'R', seq: 2 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    c.run(500);
    c.in({ flags: 'R', seq: 5840 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    c.run(500);
    c.in({ flags: 'R', seq: 5841 }).silent();
    c.in({ flags: 'R', seq: 0 }).silent();
    c.in({ flags: 'R', seq: 0x80000001 }).silent();
    assert.equal(c.state, 'ESTABLISHED');
    c.in({ flags: 'R', seq: 1 });
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_RST]);
  });

  it('a SYN in a synchronized state is challenged wherever it stands', () => {
    for (const seq of [0, 1, 2, 5000, 0x40000000]) {
      const c = new Conversation().open();
      c.in({ flags: 'S', seq });
      c.out({ flags: 'A', seq: 1, ack: 1 });
      c.in({ flags: 'SA', seq, ack: 1 });
      c.silent();
      assert.equal(c.state, 'ESTABLISHED');
    }
  });

  it('a peer that has restarted gets the challenge, resets, and can open anew', () => {
    const c = new Conversation().open();
    c.in({ flags: 'S', seq: 3000 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    c.in({ flags: 'R', seq: 1 });
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_RST]);
    c.in({ flags: 'S', seq: 3000 });
    c.out({ flags: 'SA', seq: 0, ack: 3001 });
  });

  it('an ACK beyond what was sent, or far below, is challenged and its data are not taken', () => {
    const c = new Conversation();
    c.peerWindow = 1000;
    c.open();
    c.in({ flags: 'PA', seq: 1, ack: 2, data: 'evil' });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    c.run(500);
    c.in({ flags: 'PA', seq: 1, ack: 1 - 1001, data: 'evil' });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    c.in({ flags: 'PA', seq: 1, ack: 1 - 1000, data: 'old but fine' });
    assert.deepEqual(c.takeEvents(), ['recv 12']);
  });

  it('challenge ACKs are throttled', () => {
    const c = new Conversation().open();
    for (let i = 0; i < 50; i++) c.in({ flags: 'R', seq: 100 });
    c.out({ flags: 'A' });
    c.silent();
    assert.equal(c.statx(TCPX_CHALLENGE), 1);
    c.run(500);
    for (let i = 0; i < 50; i++) c.in({ flags: 'S', seq: 100 });
    c.out({ flags: 'A' });
    c.silent();
  });

  it('two stacks that are out of step do not answer each other for ever', () => {
    const c = new Conversation().open();
    for (let i = 0; i < 20; i++) c.in({ flags: 'A', seq: 9000, ack: 1 });
    assert.equal(c.lab.peer.take().length, 1);
  });

  it('a segment without ACK is dropped', () => {
    const c = new Conversation().open();
    c.in({ flags: '', seq: 1, data: 'x' }).silent();
    c.in({ flags: 'P', seq: 1, data: 'x' }).silent();
    c.in({ flags: 'F', seq: 1 }).silent();
    assert.deepEqual(c.events, []);
  });

  it('repeated data are acknowledged each time', () => {
    const c = new Conversation().open();
    c.in({ flags: 'PA', seq: 1, ack: 1, len: 10 });
    for (let i = 0; i < 5; i++) {
      c.in({ flags: 'PA', seq: 1, ack: 1, len: 10 });
      c.out({ flags: 'A', ack: 11 });
    }
    // Overlap: only what is new is taken.
    c.in({ flags: 'PA', seq: 6, ack: 1, len: 10 });
    c.out({ flags: 'A', ack: 16 });
    assert.deepEqual(c.received, [...bytes(1, 15)]);
  });
});

describe('TCP header checks', () => {
  it('wrong checksum, wrong data offset, too short', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'S', seq: 0, checksum: 1 }).silent();
    assert.equal(c.stat(CHKERR), 1);
    const send = (dataOffset: number): void => {
      c.lab.peer.send({ tcp: { src: 1, dst: 80, seq: 0, flags: 'S', dataOffset } });
      c.run(0);
    };
    send(4);
    send(0);
    send(6);
    c.lab.peer.send({ ip: { proto: 6 }, payload: new Uint8Array(19) });
    c.run(0).silent();
    assert.equal(c.stat(LENERR), 4);
    c.clean();
  });

  it('nothing from broadcast or multicast, whatever the listener', () => {
    const c = new Conversation();
    c.listen();
    const eth = { dst: BROADCAST_MAC, src: '02:00:00:00:00:02' };
    const tcp = { src: 5000, dst: 80, seq: 0, flags: 'S' };
    c.lab.peer.send({ eth, ip: { dst: '255.255.255.255' }, tcp });
    c.lab.peer.send({ eth, ip: { dst: '10.0.0.255' }, tcp });
    c.lab.peer.send({ eth, tcp });
    c.lab.peer.send({ ip: { dst: '10.0.0.255' }, tcp });
    c.lab.peer.send({ ip: { src: '224.0.0.5' }, tcp });
    c.lab.peer.send({ ip: { src: '10.0.0.255' }, tcp });
    c.run(0).silent();
    c.lab.peer.send({ tcp: { ...tcp, src: 0 } });
    c.run(0).silent();
    assert.equal(c.stat(PROTERR), 1);
    c.clean();
  });

  it('options: unknown ones are skipped, malformed ones do no harm', () => {
    const cases: [number[], number, number][] = [
      [[2, 4, 2, 0], 512, 0],
      [[1, 1, 2, 4, 2, 0], 512, 0],
      [[3, 3, 7, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 2, 0], 512, 0],
      [[4, 2, 0, 2, 4, 2, 0], 536, 0],
      [[2, 4, 0, 10], 64, 0],
      [[2, 4, 0, 0], 536, 0],
      [[2, 3, 9], 536, 1],
      [[254, 0, 2, 4], 536, 1],
      [[254, 1, 2, 4], 536, 1],
      [[1, 1, 1, 2], 536, 1],
      [[1, 1, 2, 40], 536, 1],
      [[2, 4, 0xff, 0xff], 1460, 0],
    ];
    for (const [options, mss, bad] of cases) {
      const c = new Conversation();
      c.listen();
      c.in({ flags: 'S', seq: 0, options });
      c.out({ flags: 'SA' });
      c.in({ flags: 'A', seq: 1, ack: 1, options: [8, 10, 1, 2, 3, 4, 5, 6, 7, 8] });
      assert.equal(c.state, 'ESTABLISHED');
      assert.equal(c.pcb.mss, mss, JSON.stringify(options));
      assert.equal(c.stat(OPTERR), bad, JSON.stringify(options));
    }
  });

  it('urgent data are ordinary data', () => {
    const c = new Conversation().open();
    c.in({ flags: 'UPA', seq: 1, ack: 1, data: 'urgent', urgent: 3 });
    assert.deepEqual(c.takeEvents(), ['recv 6']);
  });

  it('our MSS follows the MTU', () => {
    const c = new Conversation({ config: { mtu: 600 } });
    c.listen();
    c.in({ flags: 'S', seq: 0, mss: 1460 });
    c.out({ flags: 'SA', mss: 560 });
    c.in({ flags: 'A', seq: 1, ack: 1 });
    assert.equal(c.pcb.mss, 560);
  });
});

describe('ICMP errors about TCP (RFC 5927)', () => {
  const icmp = (c: Conversation, seq: number, type: number, code: number, mtu = 0): void =>
    c.lab.host.do((stack) =>
      tcpIcmpError(stack, ip('10.0.0.1'), ip('10.0.0.2'), 80, 5000, (seq + c.iss) >>> 0, type, code, mtu),
    );

  it('port unreachable refuses a connection attempt, with the right sequence number only', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S' });
    icmp(c, 1, 3, 3);
    icmp(c, -1, 3, 3);
    assert.equal(c.state, 'SYN_SENT');
    icmp(c, 0, 3, 3);
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_RST]);
  });

  it('host unreachable is soft, and nothing ends an established connection', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S' });
    icmp(c, 0, 3, 1);
    assert.equal(c.state, 'SYN_SENT');
    assert.equal(c.pcb.softError, 0x301);
    const d = new Conversation().open();
    d.write('x');
    d.out({ flags: 'A', len: 1 });
    icmp(d, 1, 3, 3);
    icmp(d, 1, 3, 2);
    assert.equal(d.state, 'ESTABLISHED');
  });

  it('fragmentation needed: smaller segments at once, but not below a floor', () => {
    const c = new Conversation().open();
    c.write(2920);
    c.out({ flags: 'A', len: 1460 });
    c.out({ flags: 'A', len: 1460 });
    icmp(c, 1, 3, 4, 1040);
    c.run(0);
    for (const [seq, len] of [
      [1, 1000],
      [1001, 460],
      [1461, 1000],
      [2461, 460],
    ]) {
      c.out({ flags: 'A', seq: seq!, len: len!, data: bytes(seq!, len!) });
    }
    c.silent();
    icmp(c, 5000, 3, 4, 600);
    assert.equal(c.pcb.mss, 1000);
    icmp(c, 1, 3, 4, 68);
    assert.equal(c.pcb.mss, 256);
    c.lab.peer.take();
    c.in({ flags: 'A', seq: 1, ack: 2921 });
    assert.equal(c.pcb.sndQ, null);
    assert.equal(c.pcb.sndQueuelen, 0);
    assert.equal(c.pcb.sndBuf, 5840);
  });
});

describe('TCP under random segments', () => {
  it('stays sane: no exception, nothing leaked, and the next connection works', () => {
    const flag = fc.constantFrom('', 'S', 'A', 'F', 'R', 'SA', 'FA', 'PA', 'RA', 'SF', 'SFRPAU', 'FPA');
    const near = fc.integer({ min: -4, max: 20 });
    const any = fc.oneof(near, fc.constantFrom(5840, 5841, -5840, 0x7fffffff, -0x80000000), fc.integer());
    const seg = fc.record({
      flags: flag,
      seq: any,
      ack: any,
      len: fc.oneof(fc.constantFrom(0, 1, 5, 1460), fc.nat(1460)),
      window: fc.constantFrom(0, 1, 100, 5840, 65535),
    });
    const step = fc.oneof(
      { weight: 8, arbitrary: seg },
      { weight: 1, arbitrary: fc.constantFrom('write', 'close', 'wait', 'listen') },
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 40 }), (active, steps) => {
        const c = new Conversation();
        if (active) c.openActive();
        else c.open();
        for (const s of steps) {
          if (s === 'write') c.write(700);
          else if (s === 'close') c.close();
          else if (s === 'wait') c.run(1500);
          else if (typeof s === 'object') c.in(s);
        }
        c.run(2000000);
        if (c.pcb.state !== 0) c.in({ flags: 'R', seq: c.pcb.rcvNxt }).run(200000);
        c.clean();
      }),
      { numRuns: 300, seed: 5 },
    );
    assert.equal(ERR_OK, 0);
  });
});
