// TIME_WAIT records and keepalive.

import assert from 'node:assert/strict';
import { ERR_ABRT } from '../../../firmware/stack/core/err.js';
import { TCPX_KEEPALIVE, TCPX_TWRECYCLED } from '../../../firmware/stack/core/stats.js';
import { SOF_KEEPALIVE } from '../../../firmware/stack/ip/ip_pcb.js';
import { tcpClose, tcpKeepalive } from '../../../firmware/stack/tcp/tcp.js';
import { Conversation } from './conversation.js';

/** A connection that we have closed, now in TIME_WAIT: our next number is 2, the peer's 2. */
function waiting(options = {}): Conversation {
  const c = new Conversation({ options }).open();
  c.close();
  c.out({ flags: 'FA', seq: 1 });
  c.in({ flags: 'FA', seq: 1, ack: 2 });
  c.out({ flags: 'A', seq: 2, ack: 2 });
  c.clean({ TCP_TW: 1 });
  return c;
}

describe('TCP TIME_WAIT', () => {
  it('acknowledges the FIN again and begins its time anew', () => {
    const c = waiting();
    c.run(9000);
    c.in({ flags: 'FA', seq: 1, ack: 2 });
    c.out({ flags: 'A', seq: 2, ack: 2 });
    c.run(9999).clean({ TCP_TW: 1 });
    c.run(1).clean();
    c.in({ flags: 'FA', seq: 1, ack: 2 });
    c.out({ flags: 'R', seq: 2 });
  });

  it('ignores RST (RFC 1337) and bare ACKs, acknowledges data', () => {
    const c = waiting();
    c.in({ flags: 'R', seq: 2 }).silent();
    c.in({ flags: 'A', seq: 2, ack: 2 }).silent();
    c.in({ flags: 'PA', seq: 2, ack: 2, data: 'x' });
    c.out({ flags: 'A', seq: 2, ack: 2 });
    c.clean({ TCP_TW: 1 });
  });

  it('a new SYN with a higher number opens a new connection, with a higher number of ours', () => {
    const c = waiting();
    c.in({ flags: 'S', seq: 50, mss: 1460 });
    // The same ISS comes from the clock; it must be above the old connection's.
    const f = c.lab.peer.take()[0]!;
    assert.equal(f.tcp!.flags, 'AS');
    assert(((f.tcp!.seq - c.iss) | 0) > 2);
    c.clean({ TCP_PCB: 1, TCP_SEG: 1, HEAP: 128 });
  });

  it('an old SYN is answered by an ACK and changes nothing', () => {
    const c = waiting();
    c.in({ flags: 'S', seq: 1 });
    c.out({ flags: 'A', seq: 2, ack: 2 });
    c.in({ flags: 'S', seq: 2 });
    c.out({ flags: 'A', seq: 2, ack: 2 });
    c.clean({ TCP_TW: 1 });
  });

  it('a SYN takes over even when no listener is left: it is reset', () => {
    const c = waiting();
    c.lab.host.do(() => tcpClose(c.listener!));
    c.in({ flags: 'S', seq: 50 });
    c.out({ flags: 'RA', ack: 51 });
    c.clean();
  });

  it('the oldest is recycled when all are taken, and pcbs are not', () => {
    const c = new Conversation({ options: { MEMP_NUM_TCP_TW: 3, MEMP_NUM_TCP_PCB: 2 } });
    c.listen();
    for (let i = 0; i < 10; i++) {
      c.peerPort = 6000 + i;
      c.open();
      c.close();
      c.out({ flags: 'FA', seq: 1 });
      c.in({ flags: 'FA', seq: 1, ack: 2 });
      c.out({ flags: 'A', seq: 2, ack: 2 });
      c.run(1);
    }
    c.clean({ TCP_TW: 3 });
    assert.equal(c.statx(TCPX_TWRECYCLED), 7);
    assert.deepEqual(
      [c.stack.tcp.tw, c.stack.tcp.tw?.next, c.stack.tcp.tw?.next?.next].map((t) => t?.remotePort),
      [6007, 6008, 6009],
    );
    c.run(9996).clean({ TCP_TW: 3 });
    c.run(3).clean();
    assert.equal(c.stack.timeouts === null || !c.stack.tcp.timerOn, true, 'no timer when idle');
  });

  it('may be switched off', () => {
    const c = new Conversation({ options: { MEMP_NUM_TCP_TW: 0 } }).open();
    c.close();
    c.in({ flags: 'FA', seq: 1, ack: 2 });
    c.clean();
  });
});

describe('TCP keepalive', () => {
  it('is off by default', () => {
    const c = new Conversation().open();
    c.run(3 * 7200 * 1000).silent();
    assert.equal(c.state, 'ESTABLISHED');
  });

  it('probes an idle connection, and gives up without an answer', () => {
    const c = new Conversation().open();
    tcpKeepalive(c.pcb, true, 30000, 5000, 3);
    c.poll();
    assert.equal(c.untilOut(60000), 30000);
    c.out({ flags: 'A', seq: 0, ack: 1 });
    c.in({ flags: 'A', seq: 1, ack: 1 });
    assert.equal(c.untilOut(60000), 30000);
    c.out({ flags: 'A', seq: 0, ack: 1 });
    for (let i = 0; i < 2; i++) {
      assert.equal(c.untilOut(60000), 5000);
      c.out({ flags: 'A', seq: 0, ack: 1 });
    }
    c.run(4999);
    assert.deepEqual(c.takeEvents(), []);
    c.run(1);
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_ABRT]);
    c.out({ flags: 'RA' });
    assert.equal(c.statx(TCPX_KEEPALIVE), 4);
    c.clean();
  });

  it('set on the listener, holds for its connections; after two hours by default', () => {
    const c = new Conversation();
    c.listen();
    c.listener!.soOptions |= SOF_KEEPALIVE;
    c.open();
    assert.equal(c.untilOut(8000 * 1000), 7200 * 1000);
    c.out({ flags: 'A', seq: 0 });
    tcpKeepalive(c.pcb, false, 0, 0, 0);
    c.run(8000 * 1000).silent();
  });

  it('answers the probes of the peer, with and without a byte', () => {
    const c = new Conversation().open();
    c.in({ flags: 'A', seq: 0, ack: 1 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    c.run(1000);
    c.in({ flags: 'A', seq: 0, ack: 1, len: 1 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    assert.deepEqual(c.received, []);
  });
});
