// Loss: RTO to the millisecond (RFC 6298), fast retransmit and recovery (RFC 5681, 6582), limited transmit
// (RFC 3042), early retransmit (RFC 5827), and giving up.

import assert from 'node:assert/strict';
import { ERR_ABRT } from '../../../firmware/stack/core/err.js';
import { TCPX_FASTREXMIT, TCPX_REXMIT, TCPX_RTO } from '../../../firmware/stack/core/stats.js';
import { Conversation } from './conversation.js';

const BIG = { TCP_SND_BUF: 20 * 1460, TCP_SND_QUEUELEN: 60, MEMP_NUM_TCP_SEG: 60, MEM_SIZE: 65536 };

/** Eight segments in flight: the congestion window has been opened by acknowledged data. */
function flying(n: number, options = {}): { c: Conversation; una: number } {
  const c = new Conversation({ options: { ...BIG, ...options } }).open();
  let una = 1;
  while (c.pcb.cwnd < n * 1460) {
    c.write(1460);
    c.out({ flags: 'A', seq: una, len: 1460 });
    una += 1460;
    c.in({ flags: 'A', seq: 1, ack: una });
  }
  c.pcb.cwnd = n * 1460;
  c.write(n * 1460);
  for (let i = 0; i < n; i++) c.out({ flags: 'A', seq: una + i * 1460, len: 1460 });
  c.silent();
  c.takeEvents();
  return { c, una };
}

describe('TCP retransmission time-out', () => {
  it('doubles from 1 s on, to the millisecond, up to TCP_RTO_MAX, then gives up', () => {
    const c = new Conversation({ options: { TCP_MAXRTX: 8 } }).open();
    c.write('lost');
    c.out({ flags: 'PA', seq: 1, data: 'lost' });
    for (const s of [1, 2, 4, 8, 16, 32, 60, 60]) {
      assert.equal(c.untilOut(100000), s * 1000);
      c.out({ flags: 'PA', seq: 1, data: 'lost' });
    }
    c.run(59999);
    assert.deepEqual(c.takeEvents(), []);
    c.run(1);
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_ABRT]);
    c.out({ flags: 'RA', seq: 5 });
    assert.equal(c.statx(TCPX_RTO), 8);
    assert.equal(c.statx(TCPX_REXMIT), 8);
    c.clean();
  });

  it('follows the measured round trip: SRTT + 4 * RTTVAR, not below TCP_RTO_MIN', () => {
    const c = new Conversation({ options: { TCP_RTO_MIN: 10 } });
    c.listen();
    c.in({ flags: 'S', seq: 0, mss: 1460 });
    c.out({ flags: 'SA' });
    c.run(100);
    c.in({ flags: 'A', seq: 1, ack: 1 });
    // First measurement: SRTT = 100, RTTVAR = 50.
    assert.equal(c.pcb.rto, 300);
    c.write('a');
    c.out({ flags: 'A', len: 1 });
    c.run(60);
    c.in({ flags: 'A', seq: 1, ack: 2 });
    // RTTVAR = 3/4 * 50 + 1/4 * 40 = 47.5; SRTT = 95.
    assert(Math.abs(c.pcb.rto - (95 + 190)) <= 2, String(c.pcb.rto));
    const rto = c.pcb.rto;
    c.write('b');
    c.out({ flags: 'A', len: 1 });
    assert.equal(c.untilOut(1000), rto);
  });

  it('Karn: the round trip of a repeated segment is not measured, and the doubled time-out stays', () => {
    const c = new Conversation().open();
    c.write('x');
    c.out({ flags: 'A', seq: 1, len: 1 });
    assert.equal(c.untilOut(2000), 1000);
    c.out({ flags: 'A', seq: 1, len: 1 });
    c.in({ flags: 'A', seq: 1, ack: 2 });
    assert.equal(c.pcb.rto, 2000);
    c.write('y');
    c.out({ flags: 'A', seq: 2, len: 1 });
    // The next fresh measurement ends it.
    c.in({ flags: 'A', seq: 1, ack: 3 });
    assert.equal(c.pcb.rto, 1000);
  });

  it('each ACK of new data starts the timer again; the last one stops it', () => {
    const c = new Conversation().open();
    c.write(2920);
    c.out({ flags: 'A', len: 1460 });
    c.out({ flags: 'A', len: 1460 });
    c.run(200);
    c.in({ flags: 'A', seq: 1, ack: 1461 });
    assert.equal(c.untilOut(3000), 1000);
    c.out({ flags: 'A', seq: 1461, len: 1460 });
    c.in({ flags: 'A', seq: 1, ack: 2921 });
    c.run(100000).silent();
  });

  it('after a lost SYN: 3 s, and one segment of congestion window (RFC 6298, 5.7; RFC 5681, 3.1)', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S' });
    c.untilOut(2000);
    c.out({ flags: 'S' });
    c.in({ flags: 'SA', seq: 0, ack: 1, mss: 1460 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    c.write(2920);
    c.out({ flags: 'A', seq: 1, len: 1460 });
    c.silent();
    assert.equal(c.untilOut(5000), 3000);
  });

  it('time-out: window of one segment, slow start, all sent again as it opens', () => {
    const { c, una } = flying(8);
    assert.equal(c.untilOut(2000), 1000);
    c.out({ flags: 'A', seq: una, len: 1460 });
    c.silent();
    assert.equal(c.pcb.ssthresh, 4 * 1460);
    assert.equal(c.pcb.cwnd, 1460);
    c.in({ flags: 'A', seq: 1, ack: una + 1460 });
    c.out({ flags: 'A', seq: una + 1460, len: 1460 });
    c.out({ flags: 'A', seq: una + 2920, len: 1460 });
    c.silent();
    // What had arrived after all need not be sent again.
    c.in({ flags: 'A', seq: 1, ack: una + 8 * 1460 });
    c.silent();
    assert.equal(c.pcb.sndQ, null);
  });

  it('a second time-out of the same segment leaves ssthresh alone', () => {
    const { c, una } = flying(8);
    c.untilOut(2000);
    c.out({ flags: 'A', seq: una, len: 1460 });
    c.untilOut(3000);
    c.out({ flags: 'A', seq: una, len: 1460 });
    assert.equal(c.pcb.ssthresh, 4 * 1460);
  });

  it('the acknowledgment and window of a repeated segment are brought up to date', () => {
    const c = new Conversation({}).open();
    c.autoRecved = false;
    c.write('data');
    c.out({ flags: 'PA', seq: 1, ack: 1, data: 'data', window: 5840 });
    c.in({ flags: 'PA', seq: 1, ack: 1, data: 'peer' });
    c.run(200);
    c.out({ flags: 'A', seq: 5, ack: 5 });
    c.untilOut(2000);
    c.out({ flags: 'PA', seq: 1, ack: 5, data: 'data', window: 5836 });
  });
});

describe('TCP fast retransmit and recovery', () => {
  it('limited transmit for two duplicates, retransmission at the third, NewReno until all is there', () => {
    const { c, una } = flying(8);
    const end = una + 8 * 1460;
    c.write(12 * 1460);
    c.silent();
    const dup = (): void => void c.in({ flags: 'A', seq: 1, ack: una });
    // RFC 3042: one new segment for each of the first two.
    dup();
    c.out({ flags: 'A', seq: end, len: 1460 });
    dup();
    c.out({ flags: 'A', seq: end + 1460, len: 1460 });
    assert.equal(c.pcb.cwnd, 8 * 1460);
    // RFC 5681, 3.2.
    dup();
    c.out({ flags: 'A', seq: una, len: 1460 });
    c.silent();
    const ssthresh = 5 * 1460;
    assert.equal(c.pcb.ssthresh, ssthresh);
    assert.equal(c.pcb.cwnd, ssthresh + 3 * 1460);
    assert.equal(c.statx(TCPX_FASTREXMIT), 1);
    // Each further duplicate inflates by one segment: the tenth in flight is exceeded at the third.
    dup();
    dup();
    c.silent();
    dup();
    c.out({ flags: 'A', seq: end + 2920, len: 1460 });
    // A partial ACK: the next hole at once, deflation (RFC 6582, 3.2, step 3).
    const before = c.pcb.cwnd;
    c.in({ flags: 'A', seq: 1, ack: una + 2920 });
    c.out({ flags: 'A', seq: una + 2920, len: 1460 });
    assert.equal(c.pcb.cwnd, before - 2920 + 1460);
    c.lab.peer.take();
    // The full ACK ends it.
    const recover = end + 2920;
    c.in({ flags: 'A', seq: 1, ack: recover });
    assert.equal(c.pcb.flags & 4, 0);
    assert(c.pcb.cwnd <= ssthresh, 'deflated');
  });

  it('duplicates after recovery of the same window do not start another (RFC 6582, 3.2, step 2)', () => {
    const { c, una } = flying(8);
    for (let i = 0; i < 3; i++) c.in({ flags: 'A', seq: 1, ack: una });
    c.out({ flags: 'A', seq: una, len: 1460 });
    // It gets lost again; the time-out repairs.
    c.untilOut(2000);
    c.out({ flags: 'A', seq: una, len: 1460 });
    c.silent();
    for (let i = 0; i < 5; i++) c.in({ flags: 'A', seq: 1, ack: una });
    assert.equal(c.statx(TCPX_FASTREXMIT), 1);
  });

  it('the first data segment may be recovered, too', () => {
    const c = new Conversation({ options: BIG }).open();
    c.write(3 * 1460);
    for (let i = 0; i < 3; i++) c.out({ flags: 'A', len: 1460 });
    c.in({ flags: 'A', seq: 1, ack: 1 });
    c.silent();
    c.in({ flags: 'A', seq: 1, ack: 1 });
    // RFC 5827: three in flight and none to send: two duplicates are all that can come.
    c.out({ flags: 'A', seq: 1, len: 1460 });
    assert.equal(c.statx(TCPX_FASTREXMIT), 1);
  });

  it('early retransmit at one duplicate for two segments', () => {
    const c = new Conversation().open();
    c.write(2920);
    c.out({ flags: 'A', len: 1460 });
    c.out({ flags: 'A', len: 1460 });
    c.in({ flags: 'A', seq: 1, ack: 1 });
    c.out({ flags: 'A', seq: 1, len: 1460 });
  });

  it('a window update, data, or an idle connection make no duplicate ACK', () => {
    const { c, una } = flying(8);
    for (let i = 0; i < 5; i++) c.in({ flags: 'A', seq: 1, ack: una, window: 60000 - i });
    c.silent();
    let seq = 1;
    for (let i = 0; i < 5; i++) {
      c.in({ flags: 'PA', seq, ack: una, data: 'x', window: 59996 });
      seq++;
    }
    assert.equal(c.statx(TCPX_FASTREXMIT), 0);
    const d = new Conversation().open();
    for (let i = 0; i < 5; i++) d.in({ flags: 'A', seq: 1, ack: 1 });
    d.silent();
    assert.equal(d.pcb.dupAcks, 0);
  });

  it('after idleness longer than the time-out the window is the initial one (RFC 5681, 4.1)', () => {
    const { c, una } = flying(8);
    c.in({ flags: 'A', seq: 1, ack: una + 8 * 1460 });
    assert(c.pcb.cwnd >= 8 * 1460);
    c.run(1001);
    c.write(8 * 1460);
    for (let i = 0; i < 3; i++) c.out({ flags: 'A', len: 1460 });
    c.silent();
  });

  it('initial window and slow start by RFC 5681', () => {
    const c = new Conversation({ options: BIG }).open();
    c.write(14 * 1460);
    for (let i = 0; i < 3; i++) c.out({ flags: 'A', len: 1460 });
    c.silent();
    c.in({ flags: 'A', seq: 1, ack: 1461 });
    c.out({ flags: 'A', len: 1460 });
    c.out({ flags: 'A', len: 1460 });
    c.silent();
  });
});
