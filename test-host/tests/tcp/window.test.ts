// Flow control: windows, zero windows and probes, silly windows, Nagle, delayed ACKs.

import assert from 'node:assert/strict';
import { ERR_ABRT, ERR_MEM, ERR_OK } from '../../../firmware/stack/core/err.js';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { TCPX_PERSIST } from '../../../firmware/stack/core/stats.js';
import {
  TCP_WRITE_FLAG_COPY,
  TCP_WRITE_FLAG_MORE,
  tcpAbort,
  tcpClose,
  tcpNagleDisable,
  tcpNagleDisabled,
  tcpNagleEnable,
  tcpOutput,
  tcpProcessRefusedData,
  tcpRecved,
  tcpShutdown,
  tcpWrite,
} from '../../../firmware/stack/tcp/tcp.js';
import { bytes, Conversation } from './conversation.js';

describe('TCP delayed ACK', () => {
  it('one segment is acknowledged after TCP_DELACK', () => {
    const c = new Conversation().open();
    c.in({ flags: 'PA', seq: 1, ack: 1, len: 100 });
    c.silent();
    assert.equal(c.untilOut(1000), 200);
    c.out({ flags: 'A', seq: 1, ack: 101 });
    c.run(10000).silent();
  });

  it('the second segment is acknowledged at once, with the window open', () => {
    const c = new Conversation().open();
    c.in({ flags: 'A', seq: 1, ack: 1, len: 1460 });
    c.silent();
    c.in({ flags: 'A', seq: 1461, ack: 1, len: 1460 });
    c.out({ flags: 'A', ack: 2921, window: 5840 });
    c.run(1000).silent();
  });

  it('an answer carries the ACK', () => {
    const c = new Conversation();
    c.onRecv = (pcb, p) => {
      assert.equal(tcpWrite(pcb, new Uint8Array([1, 2, 3]), TCP_WRITE_FLAG_COPY), ERR_OK);
      assert.equal(tcpOutput(pcb), ERR_OK);
      c.silent();
      c.take(pcb, p);
      return ERR_OK;
    };
    c.open();
    c.in({ flags: 'PA', seq: 1, ack: 1, len: 10 });
    c.out({ flags: 'PA', seq: 1, ack: 11, len: 3 });
    c.run(900).silent();
  });

  it('a window of one segment is opened at once when the application has read', () => {
    const c = new Conversation({ options: { TCP_WND: 1460 } }).open();
    c.in({ flags: 'A', seq: 1, ack: 1, len: 1460 });
    c.out({ flags: 'A', ack: 1461, window: 1460 });
  });
});

describe('TCP receive window', () => {
  it('shrinks by what is not read, and never takes back what was promised', () => {
    const c = new Conversation();
    c.autoRecved = false;
    c.open();
    let edge = 5841;
    for (let i = 0; i < 4; i++) {
      c.in({ flags: 'A', seq: 1 + i * 1460, ack: 1, len: 1460 });
      for (const f of c.lab.peer.take()) {
        const right = ((f.tcp!.ack - c.irs) | 0) + f.tcp!.window;
        assert(right >= edge);
        edge = right;
      }
    }
    assert.equal(c.pcb.rcvWnd, 0);
    // A probe into the closed window is answered, and its byte not taken.
    c.in({ flags: 'A', seq: 5841, ack: 1, len: 1 });
    c.out({ flags: 'A', ack: 5841, window: 0 });
    assert.equal(c.received.length, 5840);
    // Reading little tells nothing yet (silly window), a segment's worth does.
    tcpRecved(c.pcb, 1000);
    c.poll().silent();
    c.in({ flags: 'A', seq: 5841, ack: 1, len: 1 });
    c.out({ flags: 'A', ack: 5841, window: 0 });
    tcpRecved(c.pcb, 460);
    c.poll();
    c.out({ flags: 'A', ack: 5841, window: 1460 });
    c.in({ flags: 'PA', seq: 5841, ack: 1, len: 1460 });
    assert.equal(c.received.length, 7300);
  });

  it('what reaches beyond the window is cut off, with a FIN there', () => {
    const c = new Conversation({ options: { TCP_WND: 1460 } });
    c.autoRecved = false;
    c.open();
    c.in({ flags: 'FPA', seq: 1, ack: 1, len: 1470 });
    assert.deepEqual(c.takeEvents(), ['recv 1460']);
    c.out({ flags: 'A', ack: 1461, window: 0 });
    assert.equal(c.state, 'ESTABLISHED');
  });

  it('a FIN is taken with the window closed', () => {
    const c = new Conversation({ options: { TCP_WND: 1460 } });
    c.autoRecved = false;
    c.open();
    c.in({ flags: 'A', seq: 1, ack: 1, len: 1460 });
    c.run(200);
    c.lab.peer.take();
    c.in({ flags: 'FA', seq: 1461, ack: 1 });
    c.out({ flags: 'A', ack: 1462 });
    assert.equal(c.state, 'CLOSE_WAIT');
  });

  it('an ACK with data into a closed window counts as an ACK', () => {
    const c = new Conversation({ options: { TCP_WND: 1460 } });
    c.autoRecved = false;
    c.open();
    c.in({ flags: 'A', seq: 1, ack: 1, len: 1460 });
    c.run(200);
    c.lab.peer.take();
    c.write('out');
    c.out({ flags: 'A', len: 3 });
    c.in({ flags: 'A', seq: 1461, ack: 4, len: 1 });
    assert(c.takeEvents().includes('sent 3'));
  });

  it('too many bytes told by tcpRecved() do not open more than the window', () => {
    const c = new Conversation().open();
    tcpRecved(c.pcb, 100000);
    assert.equal(c.pcb.rcvWnd, 5840);
  });
});

describe('TCP send window', () => {
  it('nothing beyond the window; the rest when it opens', () => {
    const c = new Conversation();
    c.peerWindow = 2000;
    c.open();
    c.write(3 * 1460);
    c.out({ flags: 'A', seq: 1, len: 1460 });
    c.silent();
    c.in({ flags: 'A', seq: 1, ack: 1461, window: 4000 });
    c.out({ flags: 'A', seq: 1461, len: 1460 });
    c.out({ flags: 'A', seq: 2921, len: 1460 });
  });

  it('an old segment does not change the window', () => {
    const c = new Conversation().open();
    c.in({ flags: 'PA', seq: 1, ack: 1, len: 10 });
    c.in({ flags: 'A', seq: 11, ack: 1, window: 5000 });
    c.lab.peer.take();
    assert.equal(c.pcb.sndWnd, 5000);
    c.in({ flags: 'PA', seq: 1, ack: 1, len: 10, window: 0 });
    assert.equal(c.pcb.sndWnd, 5000);
  });

  it('zero window: probes of one byte, backing off to 60 s, for as long as they are answered', () => {
    const c = new Conversation();
    c.open();
    c.in({ flags: 'A', seq: 1, ack: 1, window: 0 });
    c.write('waiting');
    c.silent();
    let expected = 1000;
    for (let i = 0; i < 20; i++) {
      assert.equal(c.untilOut(70000), expected);
      c.out({ flags: 'A', seq: 1, len: 1, data: 'w' });
      c.in({ flags: 'A', seq: 1, ack: 1, window: 0 });
      expected = Math.min(expected * 2, 60000);
    }
    assert.equal(c.statx(TCPX_PERSIST), 20);
    assert.equal(c.state, 'ESTABLISHED');
    c.in({ flags: 'A', seq: 1, ack: 1, window: 100 });
    c.out({ flags: 'PA', seq: 1, data: 'waiting' });
    c.in({ flags: 'A', seq: 1, ack: 8 });
    assert.deepEqual(c.takeEvents(), ['sent 7']);
  });

  it('the probed byte may be taken', () => {
    const c = new Conversation();
    c.open();
    c.in({ flags: 'A', seq: 1, ack: 1, window: 0 });
    c.write('abc');
    c.untilOut(2000);
    c.out({ flags: 'A', seq: 1, data: 'a' });
    c.in({ flags: 'A', seq: 1, ack: 2, window: 0 });
    c.untilOut(5000);
    // The rest has not moved: the same byte is as good a probe.
    c.lab.peer.take();
    c.in({ flags: 'A', seq: 1, ack: 2, window: 1000 });
    const f = c.lab.peer.take()[0]!;
    assert.equal(((f.tcp!.seq - c.iss) | 0) + f.payload.length, 4);
    c.in({ flags: 'A', seq: 1, ack: 4 });
    assert.equal(c.pcb.sndBuf, 5840);
    assert.equal(
      c.events.reduce((n, e) => n + Number(/^sent (\d+)/.exec(e)?.[1] ?? 0), 0),
      3,
    );
    c.run(100000).silent();
  });

  it('zero window: given up after TCP_MAXRTX probes without an answer', () => {
    const c = new Conversation({ options: { TCP_MAXRTX: 3 } });
    c.open();
    c.in({ flags: 'A', seq: 1, ack: 1, window: 0 });
    c.write('waiting');
    for (let i = 0; i < 3; i++) {
      c.untilOut(70000);
      c.out({ flags: 'A', len: 1 });
    }
    c.run(8000);
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_ABRT]);
    c.out({ flags: 'RA' });
    c.clean();
  });

  it('a closed connection whose peer keeps its window shut is given up', () => {
    const c = new Conversation();
    c.open();
    c.in({ flags: 'A', seq: 1, ack: 1, window: 0 });
    c.write('never read');
    c.close();
    for (let i = 0; i < 8; i++) {
      assert(c.untilOut(70000) <= 60000);
      c.out({ flags: 'A', len: 1 });
      c.in({ flags: 'A', seq: 1, ack: 1, window: 0 });
    }
    c.untilOut(70000);
    // Answered all along, so the count starts anew; what ends it is the peer's silence.
    c.run(1000000);
    c.clean();
  });

  it('a window smaller than a segment: half the largest window at once, less after the override time', () => {
    const c = new Conversation();
    c.peerWindow = 1000;
    c.open();
    c.write(1460);
    // RFC 9293, 3.8.6.2.1 (3).
    c.out({ flags: 'A', seq: 1, len: 1000 });
    c.in({ flags: 'A', seq: 1, ack: 1001, window: 300 });
    c.silent();
    c.untilOut(3000);
    c.out({ flags: 'A', seq: 1001, len: 300 });
    c.in({ flags: 'A', seq: 1, ack: 1301, window: 1000 });
    c.out({ flags: 'PA', seq: 1301, len: 160, data: bytes(1301, 160) });
  });

  it('a window taken back: what was sent is probed for, not pushed', () => {
    const c = new Conversation().open();
    c.write(2920);
    c.out({ flags: 'A', len: 1460 });
    c.out({ flags: 'A', len: 1460 });
    c.in({ flags: 'A', seq: 1, ack: 1461, window: 0 });
    c.run(1000);
    c.silent();
    c.untilOut(5000);
    c.out({ flags: 'A', seq: 1461, len: 1 });
    c.in({ flags: 'A', seq: 1, ack: 1461, window: 3000 });
    c.out({ flags: 'PA', seq: 1461, len: 1460 });
  });

  // RFC 9293, 3.10.7.4: with RCV.WND = 0 only SEG.SEQ = RCV.NXT is acceptable.
  it('after a zero-window probe, an ACK, a window update and a RST stand where the peer takes them', () => {
    const c = new Conversation({ options: { TCP_WND: 1460 } });
    c.autoRecved = false;
    c.open();
    c.in({ flags: 'A', seq: 1, ack: 1, window: 0 });
    c.write('waiting');
    c.untilOut(2000);
    c.out({ flags: 'A', seq: 1, len: 1 });
    c.in({ flags: 'A', seq: 1, ack: 1, window: 0, len: 1460 });
    c.untilOut(300);
    c.out({ flags: 'A', seq: 1, ack: 1461, window: 0 });
    tcpRecved(c.pcb, 1460);
    c.poll();
    c.out({ flags: 'A', seq: 1, ack: 1461, window: 1460 });
    tcpAbort(c.pcb);
    c.poll();
    c.out({ flags: 'RA', seq: 1 });
    c.clean();
  });

  it('a window taken back: an ACK stands at its edge', () => {
    const c = new Conversation().open();
    c.write(2920);
    c.out({ flags: 'A', len: 1460 });
    c.out({ flags: 'A', len: 1460 });
    c.in({ flags: 'PA', seq: 1, ack: 1, window: 500, len: 10 });
    c.untilOut(300);
    c.out({ flags: 'A', seq: 501, ack: 11 });
  });

  it('a SYN with window 0: our own SYN counts all the same', () => {
    const c = new Conversation();
    c.peerWindow = 0;
    c.listen();
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA', seq: 0, ack: 1 });
    // Not exactly at RCV.NXT: a challenge ACK.
    c.in({ flags: 'R', seq: 10 });
    c.out({ flags: 'A', seq: 1, ack: 1 });
  });
});

describe('TCP Nagle', () => {
  it('a small segment waits for the ACK of the one before', () => {
    const c = new Conversation().open();
    c.write('a');
    c.out({ flags: 'PA', seq: 1, data: 'a' });
    c.write('b');
    c.write('c');
    c.silent();
    c.in({ flags: 'A', seq: 1, ack: 2 });
    c.out({ flags: 'PA', seq: 2, data: 'bc' });
  });

  it('a full segment does not wait', () => {
    const c = new Conversation().open();
    c.write('a');
    c.out({ flags: 'A', seq: 1, len: 1 });
    c.write(1500);
    c.out({ flags: 'A', seq: 2, len: 1460 });
    c.silent();
  });

  it('the short end of a message does not wait for its full segments', () => {
    const c = new Conversation().open();
    c.write(1560);
    c.out({ flags: 'A', seq: 1, len: 1460 });
    c.out({ flags: 'PA', seq: 1461, len: 100 });
    c.write(100);
    c.silent();
    c.in({ flags: 'A', seq: 1, ack: 1461 });
    c.silent();
    c.in({ flags: 'A', seq: 1, ack: 1561 });
    c.out({ flags: 'PA', seq: 1561, len: 100 });
  });

  it('off: all leaves at once', () => {
    const c = new Conversation().open();
    assert.equal(tcpNagleDisabled(c.pcb), false);
    tcpNagleDisable(c.pcb);
    assert.equal(tcpNagleDisabled(c.pcb), true);
    c.write('a');
    c.write('b');
    c.out({ flags: 'PA', seq: 1, data: 'a' });
    c.out({ flags: 'PA', seq: 2, data: 'b' });
    tcpNagleEnable(c.pcb);
    c.write('c');
    c.silent();
  });

  it('a FIN does not wait', () => {
    const c = new Conversation().open();
    c.write('a');
    c.out({ flags: 'PA', seq: 1, data: 'a' });
    c.write('b');
    c.silent();
    c.close();
    c.out({ flags: 'FPA', seq: 2, data: 'b' });
  });

  it('small writes fill one segment; MORE holds back the PSH', () => {
    const c = new Conversation().open();
    const w = (s: string, flags: number): void =>
      assert.equal(tcpWrite(c.pcb, new Uint8Array(Buffer.from(s)), flags), ERR_OK);
    w('one ', TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE);
    w('two ', TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE);
    w('three', TCP_WRITE_FLAG_COPY);
    tcpOutput(c.pcb);
    c.poll();
    assert.equal(c.pcb.sndQueuelen, 1);
    c.out({ flags: 'PA', seq: 1, data: 'one two three' });
    c.in({ flags: 'A', seq: 1, ack: 14 });
    w('head', TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE);
    tcpOutput(c.pcb);
    c.poll();
    const f = c.out({ flags: 'A', seq: 14, data: 'head' });
    assert(!f.tcp!.flags.includes('P'));
  });

  it('is let off when memory has run out', () => {
    const c = new Conversation({ options: { TCP_SND_BUF: 2920 } }).open();
    c.write('a');
    c.out({ flags: 'A', len: 1 });
    c.write('b');
    c.silent();
    assert.equal(tcpWrite(c.pcb, new Uint8Array(4000), TCP_WRITE_FLAG_COPY), ERR_MEM);
    tcpOutput(c.pcb);
    c.poll();
    c.out({ flags: 'PA', seq: 2, data: 'b' });
  });
});

describe('TCP refused data', () => {
  it('are kept, offered again with what came since, and hold the window', () => {
    const c = new Conversation();
    let accept = false;
    let offered = 0;
    c.onRecv = (pcb, p) => {
      offered++;
      if (!accept) return ERR_MEM;
      c.take(pcb, p);
      return ERR_OK;
    };
    c.open();
    c.in({ flags: 'PA', seq: 1, ack: 1, data: 'first ' });
    assert.equal(offered, 1);
    c.run(250);
    assert.equal(offered, 2);
    c.in({ flags: 'PA', seq: 7, ack: 1, data: 'second' });
    assert.equal(offered, 3);
    c.in({ flags: 'FA', seq: 13, ack: 1 });
    assert.deepEqual(c.takeEvents(), []);
    assert.equal(c.pcb.rcvWnd, 5840 - 12);
    accept = true;
    c.run(250);
    assert.deepEqual(c.takeEvents(), ['recv 12', 'eof']);
    assert.equal(Buffer.from(c.received).toString(), 'first second');
    c.close();
    c.lab.peer.take();
    c.in({ flags: 'A', seq: 14, ack: 2 });
    c.clean();
  });

  it('come at once when the application asks for them', () => {
    const c = new Conversation();
    let accept = false;
    c.onRecv = (pcb, p) => {
      if (!accept) return ERR_MEM;
      c.take(pcb, p);
      return ERR_OK;
    };
    c.open();
    c.in({ flags: 'PA', seq: 1, ack: 1, data: 'data' });
    c.in({ flags: 'FA', seq: 5, ack: 1 });
    tcpProcessRefusedData(c.pcb);
    assert.deepEqual(c.takeEvents(), []);
    accept = true;
    for (let i = 0; i < 2; i++) c.lab.host.do(() => tcpProcessRefusedData(c.pcb));
    assert.deepEqual(c.takeEvents(), ['recv 4', 'eof']);
    c.close();
    c.lab.peer.take();
    c.in({ flags: 'A', seq: 6, ack: 2 });
    c.clean();
  });

  it('outlive the connection: in TIME_WAIT they are still offered', () => {
    const c = new Conversation();
    let accept = false;
    c.onRecv = (pcb, p) => {
      if (!accept) return ERR_MEM;
      c.take(pcb, p);
      return ERR_OK;
    };
    c.open();
    c.in({ flags: 'PA', seq: 1, ack: 1, data: 'late' });
    // Half-closed by us.
    c.lab.host.do(() => assert.equal(tcpShutdown(c.pcb, false, true), ERR_OK));
    c.run(0);
    c.in({ flags: 'FA', seq: 5, ack: 2 });
    c.lab.peer.take();
    c.clean({ TCP_TW: 1, TCP_PCB: 1, PBUF_POOL: 1 });
    accept = true;
    c.run(250);
    assert.deepEqual(
      c.takeEvents().filter((e) => !e.startsWith('sent')),
      ['recv 4', 'eof'],
    );
    c.clean({ TCP_TW: 1 });
  });

  it('are freed when the connection ends', () => {
    const c = new Conversation();
    c.onRecv = () => ERR_MEM;
    c.open();
    c.in({ flags: 'PA', seq: 1, ack: 1, data: 'x' });
    c.in({ flags: 'R', seq: 2 });
    c.clean();
  });

  it('the callback may close the connection and take the data', () => {
    const c = new Conversation();
    c.onRecv = (pcb, p) => {
      pbufFree(p);
      assert.equal(tcpClose(pcb), ERR_OK);
      assert.equal(pcb.state, 0);
      return ERR_OK;
    };
    c.open();
    c.in({ flags: 'PA', seq: 1, ack: 1, data: 'x' });
    // Not told by tcpRecved(): the peer learns that it was not read.
    c.out({ flags: 'RA' });
    c.clean();
  });
});
