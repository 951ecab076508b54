// The state machine of RFC 9293, 3.3.2: every transition, seen from the wire.

import assert from 'node:assert/strict';
import { ERR_ABRT, ERR_MEM, ERR_OK, ERR_RST, ERR_VAL } from '../../../firmware/stack/core/err.js';
import { TCPX_LISTENDROP } from '../../../firmware/stack/core/stats.js';
import { tcpAbort, tcpClose, tcpShutdown } from '../../../firmware/stack/tcp/tcp.js';
import { tcpStateName } from '../../../firmware/stack/tcp/tcp_state.js';
import { Conversation } from './conversation.js';

describe('TCP states', () => {
  // Initial sequence numbers around every place where 32-bit arithmetic can go wrong.
  for (const [iss, irs] of [
    [0, 0],
    [0xffffffff, 0xffffffff],
    [0x7ffffff0, 0xfffffff0],
    [0xfffffff0, 0x7ffffff0],
    [0x7fffffff, 0x80000000],
    [0x3ffffffe, 0x40000000],
    [0xfffeffff, 0x0000fffe],
  ] as const) {
    it(`open, both ways of data, close; ISS ${iss.toString(16)}, IRS ${irs.toString(16)}`, () => {
      const c = new Conversation({ iss, irs }).open();
      c.in({ flags: 'PA', seq: 1, ack: 1, data: 'hello' });
      assert.deepEqual(c.takeEvents(), ['recv 5']);
      assert.equal(c.write('world!'), ERR_OK);
      c.out({ flags: 'PA', seq: 1, ack: 6, data: 'world!' });
      c.in({ flags: 'A', seq: 6, ack: 7 });
      assert.deepEqual(c.takeEvents(), ['sent 6']);
      c.in({ flags: 'FA', seq: 6, ack: 7 });
      c.out({ flags: 'A', seq: 7, ack: 7 });
      assert.deepEqual(c.takeEvents(), ['eof']);
      assert.equal(c.state, 'CLOSE_WAIT');
      c.close();
      c.out({ flags: 'FA', seq: 7, ack: 7 });
      assert.equal(c.state, 'LAST_ACK');
      c.in({ flags: 'A', seq: 7, ack: 8 });
      assert.equal(c.state, 'CLOSED');
      c.silent().clean();
    });
  }

  it('LISTEN to SYN_RCVD to ESTABLISHED; our MSS and window are announced', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'S', seq: 0, mss: 1000 });
    c.out({ flags: 'SA', seq: 0, ack: 1, mss: 1460, window: 5840 });
    assert.deepEqual(c.takeEvents(), []);
    c.in({ flags: 'A', seq: 1, ack: 1 });
    assert.deepEqual(c.takeEvents(), ['accepted']);
    assert.equal(c.state, 'ESTABLISHED');
    assert.equal(c.pcb.mss, 1000);
  });

  it('data with the ACK that completes the handshake', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'PA', seq: 1, ack: 1, data: 'early' });
    assert.deepEqual(c.takeEvents(), ['accepted', 'recv 5']);
    assert.equal(c.pcb.mss, 536);
  });

  it('FIN with the ACK that completes the handshake', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'FA', seq: 1, ack: 1, data: 'x' });
    assert.deepEqual(c.takeEvents(), ['accepted', 'recv 1', 'eof']);
    c.out({ flags: 'A', seq: 1, ack: 3 });
    assert.equal(c.state, 'CLOSE_WAIT');
  });

  it('LISTEN: a RST is ignored, an ACK is reset, anything without SYN dropped', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'R', seq: 5 }).silent();
    c.in({ flags: 'RA', seq: 5, ack: 9 }).silent();
    c.in({ flags: 'SR', seq: 5 }).silent();
    c.in({ flags: 'A', seq: 5, ack: 9 });
    c.out({ flags: 'R', seq: 9 });
    c.in({ flags: 'SA', seq: 5, ack: 9 });
    c.out({ flags: 'R', seq: 9 });
    c.in({ flags: 'F', seq: 5 }).silent();
    c.in({ flags: '', seq: 5, data: 'x' }).silent();
    c.clean();
  });

  it('CLOSED: resets strangers as RFC 9293, 3.10.7.1 says', () => {
    const c = new Conversation();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'RA', ack: 1, window: 0, src: 80, dst: 5000 });
    c.in({ flags: 'FPA', seq: 10, ack: 77, data: 'abc' });
    c.out({ flags: 'R', seq: 77 });
    c.in({ flags: 'F', seq: 10, data: 'abc' });
    c.out({ flags: 'RA', ack: 14 });
    c.in({ flags: 'RA', seq: 10, ack: 3 }).silent();
    c.clean();
  });

  it('SYN_RCVD: a RST goes back to LISTEN without a word to the application', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'R', seq: 1 }).silent();
    assert.deepEqual(c.events, []);
    c.clean();
    c.open();
  });

  it('SYN_RCVD: the SYN again brings the SYN-ACK again', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'A', seq: 1, ack: 1 });
    assert.equal(c.state, 'ESTABLISHED');
  });

  it('SYN_RCVD: an ACK of something else is reset', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'A', seq: 1, ack: 2 });
    c.out({ flags: 'R', seq: 2 });
    c.in({ flags: 'A', seq: 1, ack: 0 });
    c.out({ flags: 'R', seq: 0 });
    c.in({ flags: 'A', seq: 1, ack: 1 });
    assert.equal(c.state, 'ESTABLISHED');
  });

  it('SYN_RCVD: another SYN in the window returns to LISTEN', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'S', seq: 100 }).silent();
    c.clean();
  });

  it('SYN_RCVD: the SYN-ACK is repeated TCP_SYNMAXRTX times, then forgotten', () => {
    const c = new Conversation({ options: { TCP_SYNMAXRTX: 2 } });
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    assert.equal(c.untilOut(5000), 1000);
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    assert.equal(c.untilOut(5000), 2000);
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.run(10000).silent();
    assert.deepEqual(c.events, []);
    c.clean();
  });

  it('SYN_SENT to ESTABLISHED', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S', seq: 0, ack: -c.irs | 0, mss: 1460, window: 5840 });
    c.in({ flags: 'SA', seq: 0, ack: 1, mss: 700 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    assert.deepEqual(c.takeEvents(), ['connected']);
    assert.equal(c.pcb.mss, 700);
  });

  it('SYN_SENT: data queued before leave with the ACK of the handshake', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S', seq: 0 });
    assert.equal(c.write('early'), ERR_OK);
    c.silent();
    c.in({ flags: 'SA', seq: 0, ack: 1, mss: 1460 });
    c.out({ flags: 'PA', seq: 1, ack: 1, data: 'early' });
    c.silent();
  });

  it('SYN_SENT: refused', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S', seq: 0 });
    c.in({ flags: 'RA', seq: 0, ack: 1 });
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_RST]);
    assert.equal(c.state, 'CLOSED');
    c.silent().clean();
  });

  it('SYN_SENT: a RST without or with a wrong ACK is ignored', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S', seq: 0 });
    c.in({ flags: 'R', seq: 0 }).silent();
    c.in({ flags: 'RA', seq: 0, ack: 0 }).silent();
    c.in({ flags: 'RA', seq: 0, ack: 2 }).silent();
    assert.equal(c.state, 'SYN_SENT');
  });

  it('SYN_SENT: an ACK of something else is reset, and the connection goes on', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S', seq: 0 });
    c.in({ flags: 'SA', seq: 0, ack: 55 });
    c.out({ flags: 'R', seq: 55 });
    c.in({ flags: 'A', seq: 0, ack: 0 });
    c.out({ flags: 'R', seq: 0 });
    c.in({ flags: 'A', seq: 0, ack: 1 }).silent();
    c.in({ flags: 'SA', seq: 0, ack: 1 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
  });

  it('SYN_SENT: no answer; SYNs after 1, 2, 4 seconds, then ERR_ABRT', () => {
    const c = new Conversation({ options: { TCP_SYNMAXRTX: 3 } });
    c.connect();
    c.out({ flags: 'S', seq: 0 });
    for (const ms of [1000, 2000, 4000]) {
      assert.equal(c.untilOut(9000), ms);
      c.out({ flags: 'S', seq: 0 });
    }
    c.run(7999);
    assert.deepEqual(c.takeEvents(), []);
    c.run(1).silent();
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_ABRT]);
    c.clean();
  });

  it('simultaneous open: SYN_SENT to SYN_RCVD to ESTABLISHED', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S', seq: 0 });
    c.in({ flags: 'S', seq: 0, mss: 1200 });
    assert.equal(c.state, 'SYN_RCVD');
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'SA', seq: 0, ack: 1 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
    assert.equal(c.state, 'ESTABLISHED');
    assert.deepEqual(c.takeEvents(), ['connected']);
    assert.equal(c.pcb.mss, 1200);
  });

  it('simultaneous open, refused late: the application is told', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S', seq: 0 });
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'R', seq: 1 });
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_RST]);
    c.clean();
  });

  it('active close: FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT', () => {
    const c = new Conversation().open();
    c.close();
    assert.equal(c.state, 'FIN_WAIT_1');
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    c.in({ flags: 'A', seq: 1, ack: 2 });
    assert.equal(c.state, 'FIN_WAIT_2');
    c.in({ flags: 'FA', seq: 1, ack: 2 });
    c.out({ flags: 'A', seq: 2, ack: 2 });
    c.clean({ TCP_TW: 1 });
    assert.deepEqual(c.events, []);
    c.run(9999).clean({ TCP_TW: 1 });
    c.run(1).clean();
  });

  it('active close: FIN and ACK of our FIN in one segment', () => {
    const c = new Conversation().open();
    c.close();
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    c.in({ flags: 'FA', seq: 1, ack: 2 });
    c.out({ flags: 'A', seq: 2, ack: 2 });
    c.clean({ TCP_TW: 1 });
  });

  it('simultaneous close: FIN_WAIT_1, CLOSING, TIME_WAIT', () => {
    const c = new Conversation().open();
    c.close();
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    c.in({ flags: 'FA', seq: 1, ack: 1 });
    c.out({ flags: 'A', seq: 2, ack: 2 });
    assert.equal(c.state, 'CLOSING');
    c.in({ flags: 'A', seq: 2, ack: 2 });
    c.silent().clean({ TCP_TW: 1 });
  });

  it('half-close: we send no more, the peer goes on', () => {
    const c = new Conversation().open();
    assert.equal(tcpShutdown(c.pcb, false, true), ERR_OK);
    c.poll();
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    c.in({ flags: 'A', seq: 1, ack: 2 });
    c.run(120000).silent();
    assert.equal(c.state, 'FIN_WAIT_2', 'no time limit: the application still holds it');
    c.in({ flags: 'PA', seq: 1, ack: 2, data: 'more' });
    assert.deepEqual(c.takeEvents(), ['recv 4']);
    c.run(200);
    c.out({ flags: 'A', seq: 2, ack: 5 });
    c.in({ flags: 'FA', seq: 5, ack: 2 });
    c.out({ flags: 'A', seq: 2, ack: 6 });
    assert.deepEqual(c.takeEvents(), ['eof']);
    assert.equal(c.state, 'TIME_WAIT');
    assert.equal(tcpClose(c.pcb), ERR_OK);
    assert.equal(c.state, 'CLOSED');
    c.clean({ TCP_TW: 1 });
  });

  it('half-close by the peer: we go on sending in CLOSE_WAIT', () => {
    const c = new Conversation().open();
    c.in({ flags: 'FA', seq: 1, ack: 1 });
    c.out({ flags: 'A', seq: 1, ack: 2 });
    c.write('still here');
    c.out({ flags: 'PA', seq: 1, ack: 2, data: 'still here' });
    c.in({ flags: 'A', seq: 2, ack: 11 });
    assert.deepEqual(c.takeEvents(), ['eof', 'sent 10']);
    c.close();
    c.out({ flags: 'FA', seq: 11, ack: 2 });
    c.in({ flags: 'A', seq: 2, ack: 12 });
    c.clean();
  });

  it('FIN_WAIT_2 after close ends after 60 s', () => {
    const c = new Conversation().open();
    c.close();
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    c.in({ flags: 'A', seq: 1, ack: 2 });
    c.run(59999);
    assert.equal(c.state, 'FIN_WAIT_2');
    c.run(1);
    assert.equal(c.state, 'CLOSED');
    c.silent().clean();
  });

  it('data after close are answered by RST', () => {
    const c = new Conversation().open();
    c.close();
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    c.in({ flags: 'PA', seq: 1, ack: 2, data: 'too late' });
    c.out({ flags: 'RA', seq: 2 });
    c.clean();
  });

  it('close with unread data resets', () => {
    const c = new Conversation();
    c.autoRecved = false;
    c.open();
    c.in({ flags: 'PA', seq: 1, ack: 1, data: 'unread' });
    c.close();
    c.out({ flags: 'RA', seq: 1, ack: 7 });
    c.clean();
  });

  it('close in SYN_RCVD, from the accept callback, sends a FIN', () => {
    const c = new Conversation();
    c.onAccept = (pcb) => {
      c.attach(pcb);
      return tcpClose(pcb);
    };
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    c.in({ flags: 'A', seq: 1, ack: 1 });
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    assert.equal(c.state, 'FIN_WAIT_1');
  });

  it('close in SYN_SENT is silent', () => {
    const c = new Conversation();
    c.connect();
    c.out({ flags: 'S', seq: 0 });
    assert.equal(c.close(), ERR_OK);
    c.run(10000).silent().clean();
  });

  it('abort sends RST in each synchronized state, and tells ERR_ABRT', () => {
    const c = new Conversation().open();
    tcpAbort(c.pcb);
    c.poll();
    c.out({ flags: 'RA', seq: 1, ack: 1 });
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_ABRT]);
    c.clean();
    const d = new Conversation().open();
    d.in({ flags: 'FA', seq: 1, ack: 1 });
    d.out({ flags: 'A', seq: 1, ack: 2 });
    tcpAbort(d.pcb);
    d.poll();
    d.out({ flags: 'RA', seq: 1, ack: 2 });
    d.clean();
    const e = new Conversation();
    e.connect();
    e.out({ flags: 'S' });
    tcpAbort(e.pcb);
    e.poll();
    e.silent().clean();
  });

  it('reset by the peer in each synchronized state', () => {
    const established = new Conversation().open();
    established.in({ flags: 'R', seq: 1 });
    assert.deepEqual(established.takeEvents(), ['err ' + ERR_RST]);
    established.silent().clean();

    const closeWait = new Conversation().open();
    closeWait.in({ flags: 'FA', seq: 1, ack: 1 });
    closeWait.out({ flags: 'A', seq: 1, ack: 2 });
    closeWait.in({ flags: 'R', seq: 2 });
    assert.deepEqual(closeWait.takeEvents(), ['eof', 'err ' + ERR_RST]);
    closeWait.clean();

    const finWait = new Conversation().open();
    finWait.close();
    finWait.out({ flags: 'FA' });
    finWait.in({ flags: 'R', seq: 1 });
    finWait.silent().clean();

    const closing = new Conversation().open();
    closing.close();
    closing.out({ flags: 'FA' });
    closing.in({ flags: 'FA', seq: 1, ack: 1 });
    closing.out({ flags: 'A' });
    closing.in({ flags: 'R', seq: 2 });
    closing.silent().clean();

    const lastAck = new Conversation().open();
    lastAck.in({ flags: 'FA', seq: 1, ack: 1 });
    lastAck.out({ flags: 'A' });
    lastAck.close();
    lastAck.out({ flags: 'FA' });
    lastAck.in({ flags: 'R', seq: 2 });
    lastAck.silent().clean();
  });

  it('a FIN with data, and a FIN that comes again', () => {
    const c = new Conversation().open();
    c.in({ flags: 'FPA', seq: 1, ack: 1, data: 'bye' });
    c.out({ flags: 'A', seq: 1, ack: 5 });
    assert.deepEqual(c.takeEvents(), ['recv 3', 'eof']);
    c.in({ flags: 'FPA', seq: 1, ack: 1, data: 'bye' });
    c.out({ flags: 'A', seq: 1, ack: 5 });
    assert.deepEqual(c.takeEvents(), []);
  });

  it('our FIN is repeated until acknowledged', () => {
    const c = new Conversation().open();
    c.close();
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    assert.equal(c.untilOut(5000), 1000);
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    assert.equal(c.untilOut(5000), 2000);
    c.out({ flags: 'FA', seq: 1, ack: 1 });
    c.in({ flags: 'FA', seq: 1, ack: 2 });
    c.out({ flags: 'A', seq: 2, ack: 2 });
    c.clean({ TCP_TW: 1 });
  });

  it('a FIN travels with the last data', () => {
    const c = new Conversation();
    c.peerWindow = 2920;
    c.open();
    c.write(3000);
    c.out({ flags: 'A', seq: 1, len: 1460 });
    c.out({ flags: 'A', seq: 1461, len: 1460 });
    c.close();
    c.silent();
    c.in({ flags: 'A', seq: 1, ack: 2921 });
    c.out({ flags: 'FPA', seq: 2921, len: 80 });
    c.in({ flags: 'A', seq: 1, ack: 3002 });
    assert.equal(c.state, 'FIN_WAIT_2');
  });

  it('the accept callback may refuse or abort', () => {
    for (const how of ['refuse', 'abort', 'nobody']) {
      const c = new Conversation();
      c.onAccept = (pcb) => {
        c.attach(pcb);
        if (how === 'refuse') return ERR_VAL;
        tcpAbort(pcb);
        return ERR_ABRT;
      };
      c.listen();
      if (how === 'nobody') c.listener!.acceptFn = null;
      c.in({ flags: 'S', seq: 0 });
      c.out({ flags: 'SA', seq: 0, ack: 1 });
      c.in({ flags: 'A', seq: 1, ack: 1 });
      c.out({ flags: 'RA', seq: 1 });
      c.clean();
    }
  });

  it('a listener closed during a handshake: the connection is reset when it completes', () => {
    const c = new Conversation();
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    assert.equal(tcpClose(c.listener!), ERR_OK);
    c.in({ flags: 'A', seq: 1, ack: 1 });
    c.out({ flags: 'RA', seq: 1 });
    c.clean();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'RA' });
  });

  it('no pcb for a SYN: the application and the counter know, the peer may try again', () => {
    const c = new Conversation({ options: { MEMP_NUM_TCP_PCB: 1 } });
    c.open();
    c.in({ flags: 'S', seq: 0, src: 6000 }).silent();
    assert.deepEqual(c.takeEvents(), ['accept failed']);
    assert.equal(c.statx(TCPX_LISTENDROP), 1);
    c.listener!.rstWhenFull = true;
    c.in({ flags: 'S', seq: 0, src: 6000 });
    c.out({ flags: 'RA', ack: 1, dst: 6000 });
    assert.notEqual(ERR_MEM, ERR_OK);
  });

  it('every state has a name', () => {
    for (let s = 0; s <= 10; s++) assert.match(tcpStateName(s), /^[A-Z_12]+$/);
    assert.equal(tcpStateName(11), '?');
  });
});
