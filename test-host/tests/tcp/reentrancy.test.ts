// What may be called from within which callback of TCP: each callback times each action. The table says what the peer sees
// of it; in no case is anything left over, and nobody else is harmed. docs/core-context.md has the rules.

import assert from 'node:assert/strict';
import {
  ERR_ABRT,
  ERR_ARG,
  ERR_CLSD,
  ERR_CONN,
  ERR_MEM,
  ERR_OK,
  type Err,
} from '../../../firmware/stack/core/err.js';
import {
  netifRemove,
  netifSetAddr,
  netifSetDown,
  netifSetLinkDown,
} from '../../../firmware/stack/core/netif.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import {
  tcpAbort,
  tcpArg,
  tcpBind,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpNew,
  tcpOutput,
  tcpPoll,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpSetprio,
  tcpShutdown,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { udpBind, udpNew, udpRemove } from '../../../firmware/stack/udp/udp.js';
import { ip } from '../../harness/host.js';
import { A, B, Reentrant, type End } from './reentrant.js';

interface Scene {
  r: Reentrant;
  pcb: TcpPcb;
  /** Data that the callback was handed. */
  p: Pbuf | null;
  /** The action has told the stack that the data are used up, or the connection is gone with them. */
  recved: boolean;
}

/** Acts; returns what the callback is to return. */
type Action = (s: Scene) => Err;

const text = (s: string): Uint8Array => new Uint8Array(Buffer.from(s));

const ACTIONS: Record<string, Action> = {
  'nothing': () => ERR_OK,
  'tcpWrite, tcpOutput': ({ pcb }) => {
    tcpWrite(pcb, text('hello'), TCP_WRITE_FLAG_COPY);
    tcpOutput(pcb);
    return ERR_OK;
  },
  'tcpRecved, tcpClose': (s) => {
    if (s.p) tcpRecved(s.pcb, s.p.totLen);
    s.recved = true;
    tcpClose(s.pcb);
    return ERR_OK;
  },
  'tcpClose': (s) => {
    s.recved = true;
    tcpClose(s.pcb);
    return ERR_OK;
  },
  'tcpWrite, tcpClose': (s) => {
    if (s.p) tcpRecved(s.pcb, s.p.totLen);
    s.recved = true;
    tcpWrite(s.pcb, text('bye'), TCP_WRITE_FLAG_COPY);
    tcpClose(s.pcb);
    return ERR_OK;
  },
  'tcpClose twice': (s) => {
    if (s.p) tcpRecved(s.pcb, s.p.totLen);
    s.recved = true;
    tcpClose(s.pcb);
    tcpClose(s.pcb);
    return ERR_OK;
  },
  'tcpAbort': ({ pcb }) => {
    tcpAbort(pcb);
    return ERR_ABRT;
  },
  'tcpAbort, ERR_OK': ({ pcb }) => {
    tcpAbort(pcb);
    return ERR_OK;
  },
  'tcpShutdown sending': ({ pcb }) => {
    tcpShutdown(pcb, false, true);
    return ERR_OK;
  },
  'tcpShutdown receiving': ({ pcb }) => {
    tcpShutdown(pcb, true, false);
    return ERR_OK;
  },
  'tcpShutdown both': (s) => {
    if (s.p) tcpRecved(s.pcb, s.p.totLen);
    s.recved = true;
    tcpShutdown(s.pcb, true, true);
    return ERR_OK;
  },
  'tcpRecv, tcpArg, tcpSent, tcpPoll': ({ pcb }) => {
    tcpRecv(pcb, null);
    tcpSent(pcb, null);
    tcpPoll(pcb, null, 1);
    tcpArg(pcb, 'another');
    return ERR_OK;
  },
  'a new connection': ({ r }) => {
    r.connect();
    return ERR_OK;
  },
  'tcpClose of the listener': ({ r }) => {
    assert.equal(tcpClose(r.listener), r.listener.localPort && ERR_OK);
    return ERR_OK;
  },
  'tcpClose of another connection': ({ r }) => {
    r.other.close();
    return ERR_OK;
  },
  'tcpAbort of another connection': ({ r }) => {
    tcpAbort(r.other.pcb);
    return ERR_OK;
  },
  'tcpWrite to another connection': ({ r }) => {
    r.other.write('over');
    return ERR_OK;
  },
  'netifSetDown': ({ r }) => {
    netifSetDown(r.a.netif);
    return ERR_OK;
  },
  'netifSetLinkDown': ({ r }) => {
    netifSetLinkDown(r.a.netif);
    return ERR_OK;
  },
  'another address': ({ r }) => {
    netifSetAddr(r.a.netif, ip('10.0.0.77'), ip('255.255.255.0'), 0);
    return ERR_OK;
  },
  'netifRemove': ({ r }) => {
    netifRemove(r.a.netif);
    return ERR_OK;
  },
  'udpNew, udpBind, udpRemove': ({ r }) => {
    const pcb = udpNew(r.stack)!;
    udpBind(pcb, 0, 7);
    udpRemove(pcb);
    return ERR_OK;
  },
};

/** Data of a callback that has not passed them on are used up. */
function consume(s: Scene): void {
  if (!s.p) return;
  if (!s.recved) tcpRecved(s.pcb, s.p.totLen);
  pbufFree(s.p);
}

function perform(r: Reentrant, pcb: TcpPcb, p: Pbuf | null, action: Action): Err {
  const s: Scene = { r, pcb, p, recved: false };
  const err = action(s);
  consume(s);
  return err;
}

/** Makes the callback come, with the action in it. @returns the peer's end; null where it is the first that the peer accepts */
type Callback = (r: Reentrant, act: (pcb: TcpPcb, p?: Pbuf | null) => Err) => End | null;

/** Receives as the rest of an application does. */
function serve(pcb: TcpPcb): void {
  tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null): Err => {
    if (p) {
      tcpRecved(q, p.totLen);
      pbufFree(p);
    }
    return ERR_OK;
  });
}

const CALLBACKS: Record<string, Callback> = {
  'recv, data': (r, act) => {
    const [pcb, peer] = r.establish();
    tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null) => {
      if (p) serve(q);
      return p ? act(q, p) : ERR_OK;
    });
    r.b.do(() => peer.write('data'));
    return peer;
  },
  'recv, data refused before': (r, act) => {
    const [pcb, peer] = r.establish();
    let calls = 0;
    tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null) => {
      if (!p || calls++ === 0) return p ? ERR_MEM : ERR_OK;
      serve(q);
      return act(q, p);
    });
    r.b.do(() => peer.write('data'));
    return peer;
  },
  'recv, end of stream': (r, act) => {
    const [pcb, peer] = r.establish();
    tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null) => {
      assert.equal(p, null);
      return act(q);
    });
    r.b.do(() => tcpShutdown(peer.pcb, false, true));
    return peer;
  },
  'sent': (r, act) => {
    const [pcb, peer] = r.establish();
    serve(pcb);
    r.a.do(() => {
      tcpSent(pcb, (_arg: never, q: TcpPcb) => {
        tcpSent(q, null);
        return act(q);
      });
      tcpWrite(pcb, text('x'), TCP_WRITE_FLAG_COPY);
      tcpOutput(pcb);
    });
    return peer;
  },
  'sent, data in the same segment': (r, act) => {
    const [pcb, peer] = r.establish();
    serve(pcb);
    r.a.do(() => {
      tcpSent(pcb, (_arg: never, q: TcpPcb) => {
        tcpSent(q, null);
        return act(q);
      });
      tcpWrite(pcb, text('x'), TCP_WRITE_FLAG_COPY);
      tcpOutput(pcb);
    });
    tcpRecv(peer.pcb, (_arg: never, q: TcpPcb, p: Pbuf | null): Err => {
      if (!p) peer.seen.push('eof');
      else {
        const s = Buffer.from(p.payload.subarray(p.off, p.off + p.len)).toString();
        peer.seen.push('data ' + s);
        tcpRecved(q, p.totLen);
        pbufFree(p);
        if (s === 'x') tcpWrite(q, text('answer'), TCP_WRITE_FLAG_COPY);
      }
      return ERR_OK;
    });
    return peer;
  },
  'poll': (r, act) => {
    const [pcb, peer] = r.establish();
    serve(pcb);
    r.a.do(() =>
      tcpPoll(
        pcb,
        (_arg: never, q: TcpPcb) => {
          tcpPoll(q, null, 1);
          return act(q);
        },
        1,
      ),
    );
    return peer;
  },
  'connected': (r, act) => {
    const pcb = tcpNew(r.stack)!;
    serve(pcb);
    r.a.do(() => tcpConnect(pcb, ip(B), 9, (_arg: never, q: TcpPcb) => act(q)));
    return null;
  },
  'accept': (r, act) =>
    r.reach((pcb) => {
      serve(pcb);
      return act(pcb);
    }),
};

/** What the peer sees in the end. Where nothing is said for a callback, '*' holds. */
const SEEN: Record<string, Record<string, string>> = {
  'nothing': { '*': '' },
  'tcpWrite, tcpOutput': { '*': 'data hello' },
  'tcpRecved, tcpClose': { '*': 'eof', 'sent, data in the same segment': 'reset' },
  // Data not told to be used up: the peer shall know that they are lost.
  'tcpClose': {
    '*': 'eof',
    'recv, data': 'reset',
    'recv, data refused before': 'reset',
    'sent, data in the same segment': 'reset',
  },
  'tcpWrite, tcpClose': { '*': 'data bye, eof', 'sent, data in the same segment': 'reset' },
  'tcpClose twice': { '*': 'eof', 'sent, data in the same segment': 'reset' },
  // The reset comes before the end of the handshake, so the peer's application never hears of it.
  'tcpAbort': { '*': 'reset', 'connected': '' },
  'tcpAbort, ERR_OK': { '*': 'reset', 'connected': '' },
  'tcpShutdown sending': { '*': 'eof' },
  'tcpShutdown receiving': { '*': '', 'sent, data in the same segment': 'reset' },
  'tcpShutdown both': { '*': 'eof', 'sent, data in the same segment': 'reset' },
  'netifRemove': { '*': '' },
};

/** What the peer of the other connection sees. */
const OTHER: Record<string, string> = {
  'tcpClose of another connection': 'eof',
  'tcpAbort of another connection': 'reset',
  'tcpWrite to another connection': 'data over',
};

describe('TCP re-entrancy', function () {
  this.timeout(60_000);
  for (const [callback, arrange] of Object.entries(CALLBACKS)) {
    describe(`in ${callback}`, () => {
      for (const [name, action] of Object.entries(ACTIONS)) {
        it(name, () => {
          const r = new Reentrant();
          let calls = 0;
          const arranged = arrange(r, (pcb, p = null) => {
            calls++;
            return perform(r, pcb, p, action);
          });
          r.run(2000);
          assert.equal(calls, 1, 'the callback came once');
          const peer = arranged ?? r.peers[0];
          const want = SEEN[name]?.[callback] ?? SEEN[name]?.['*'] ?? '';
          // What the peer was sent to make the callback come is not the point.
          const seen = (peer?.seen ?? []).filter((x) => x !== 'data x');
          assert.equal(seen.join(', '), want, 'what the peer sees');
          assert.equal(
            r.otherPeer.seen.join(', '),
            OTHER[name] ?? '',
            "what the other connection's peer sees",
          );
          if (name === 'a new connection') {
            const fresh = r.peers.filter((e) => e !== peer);
            assert.equal(fresh.length, 1, 'the new connection is there');
          }
          r.finish();
        });
      }
    });
  }

  describe('in err, where the pcb is gone', () => {
    const causes: Record<string, (r: Reentrant, peer: End) => void> = {
      'reset by the peer': (r, peer) => r.b.do(() => tcpAbort(peer.pcb)),
      'no address any more': (r) =>
        r.a.do(() => netifSetAddr(r.a.netif, ip('10.0.0.3'), ip('255.255.255.0'), 0)),
      'the interface removed': (r) => r.a.do(() => netifRemove(r.a.netif)),
    };
    for (const [cause, fail] of Object.entries(causes)) {
      for (const [name, action] of Object.entries(ACTIONS)) {
        if (name === 'a new connection' || name.endsWith('another connection')) continue;
        it(`${cause}: ${name}`, () => {
          const r = new Reentrant();
          const [pcb, peer] = r.establish();
          serve(pcb);
          let calls = 0;
          tcpErr(pcb, () => {
            calls++;
            perform(r, pcb, null, action);
          });
          fail(r, peer);
          r.run(2000);
          assert.equal(calls, 1);
          r.finish();
        });
      }
    }

    it('calls on it return errors and do nothing', () => {
      const r = new Reentrant();
      const [pcb, peer] = r.establish();
      const results: unknown[] = [];
      tcpErr(pcb, () => {
        results.push(
          tcpWrite(pcb, text('x'), TCP_WRITE_FLAG_COPY),
          tcpOutput(pcb),
          tcpShutdown(pcb, false, true),
          tcpBind(pcb, 0, 99),
          tcpConnect(pcb, ip(B), 9, null),
          tcpClose(pcb),
          tcpClose(pcb),
        );
        tcpAbort(pcb);
        tcpRecved(pcb, 10);
      });
      r.b.do(() => tcpAbort(peer.pcb));
      r.run(100);
      assert.deepEqual(results, [ERR_CONN, ERR_CLSD, ERR_CONN, ERR_ARG, ERR_ARG, ERR_CLSD, ERR_CLSD]);
      r.finish();
    });

    it('the connection may be opened anew, also with the address that is gone', () => {
      for (const change of [
        netifRemove,
        (n: Reentrant['a']['netif']) => netifSetAddr(n, ip('10.0.0.3'), n.netmask, 0),
      ]) {
        const r = new Reentrant();
        let calls = 0;
        const again = (): void => {
          const pcb = calls > 100 ? null : tcpNew(r.stack);
          if (!pcb) return;
          tcpBind(pcb, ip(A), 0);
          tcpErr(pcb, () => {
            calls++;
            again();
          });
          if (tcpConnect(pcb, ip(B), 9, null) !== ERR_OK) tcpClose(pcb);
        };
        r.a.do(again);
        r.run(10);
        r.a.do(() => void change(r.a.netif));
        assert(calls <= 2, `${calls} connections given up at once`);
        r.run(10);
        calls = 1000;
        r.finish();
      }
    });

    it('a listener that is closed while room is made for its connection does not accept it', () => {
      const r = new Reentrant({ MEMP_NUM_TCP_PCB: 1 });
      let accepted = 0;
      tcpSetprio(r.other.pcb, 1);
      tcpErr(r.other.pcb, () => {
        r.other.closed = true;
        tcpClose(r.listener);
      });
      const peer = r.reach(() => {
        accepted++;
        return ERR_OK;
      });
      r.run(2000);
      assert.equal(r.other.closed, true);
      assert.equal(accepted, 0);
      assert.equal(peer.seen.join(), 'reset');
      r.finish();
    });
  });
});
