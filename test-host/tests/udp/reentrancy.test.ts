// What may be called from within the callbacks of UDP, raw PCBs, the resolver, time-outs and interfaces: each callback times
// each action. In no case is anything left over, called that was removed, or somebody else harmed.

import assert from 'node:assert/strict';
import { ERR_INPROGRESS, ERR_OK } from '../../../firmware/stack/core/err.js';
import type { IpAddr } from '../../../firmware/stack/core/ipaddr.js';
import {
  netifRemove,
  netifSetAddr,
  netifSetDown,
  netifSetLinkDown,
  netifSetLinkUp,
  netifSetUp,
} from '../../../firmware/stack/core/netif.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { sysTimeout, sysUntimeout } from '../../../firmware/stack/core/timers.js';
import { dhcpStart, dhcpStop } from '../../../firmware/stack/dhcp/dhcp.js';
import {
  dnsCancel,
  dnsFlush,
  dnsGethostbyname,
  dnsSetserver,
  type DnsFound,
} from '../../../firmware/stack/dns/dns.js';
import { SOF_REUSEADDR } from '../../../firmware/stack/ip/ip_pcb.js';
import { rawNew, rawRecv, rawRemove, rawSendto, type RawPcb } from '../../../firmware/stack/raw/raw.js';
import { tcpAbort, tcpConnect, tcpNew } from '../../../firmware/stack/tcp/tcp.js';
import {
  udpBind,
  udpConnect,
  udpDisconnect,
  udpErr,
  udpNew,
  udpRecv,
  udpRemove,
  udpSendto,
  type UdpPcb,
} from '../../../firmware/stack/udp/udp.js';
import { assertClean, usage } from '../../harness/clean.js';
import { ip } from '../../harness/host.js';
import { lab, PEER_IP, type Lab } from '../../harness/lab.js';
import { DnsServer } from '../../peers/dns-server.js';
import { FrameGround } from '../../peers/ground.js';

interface Stage {
  l: Lab;
  stack: Stack;
  udp: UdpPcb[];
  raw: RawPcb[];
  log: string[];
  /** Who has asked for www.test. */
  found: DnsFound<number>[];
}

function stage(): Stage {
  const l = lab({ MEMP_NUM_UDP_PCB: 8, MEMP_NUM_RAW_PCB: 6 });
  return { l, stack: l.host.stack, udp: [], raw: [], log: [], found: [] };
}

function send(s: Stage, pcb: UdpPcb, text: string): void {
  const p = pbufAlloc(s.stack, PBUF_TRANSPORT, text.length, PBUF_RAM)!;
  pbufTake(p, new Uint8Array(Buffer.from(text)));
  udpSendto(pcb, p, ip(PEER_IP), 9);
  pbufFree(p);
}

/** What can be done anywhere. */
const COMMON: Record<string, (s: Stage) => void> = {
  'nothing': () => undefined,
  'a new connection, then tcpAbort': (s) => {
    const pcb = tcpNew(s.stack)!;
    tcpConnect(pcb, ip(PEER_IP), 80, null);
    tcpAbort(pcb);
  },
  'udpNew, udpSendto, udpRemove': (s) => {
    const pcb = udpNew(s.stack)!;
    send(s, pcb, 'new');
    udpRemove(pcb);
  },
  'sysTimeout': (s) => void sysTimeout(s.stack, 5, (x: Stage) => x.log.push('later'), s),
  'netifSetDown': (s) => netifSetDown(s.l.host.netif),
  'netifSetLinkDown': (s) => netifSetLinkDown(s.l.host.netif),
  'down and up': (s) => {
    netifSetDown(s.l.host.netif);
    netifSetUp(s.l.host.netif);
  },
  'another address': (s) => void netifSetAddr(s.l.host.netif, ip('10.0.0.7'), ip('255.255.255.0'), 0),
  'netifRemove': (s) => netifRemove(s.l.host.netif),
  'dhcpStart, dhcpStop': (s) => {
    dhcpStart(s.l.host.netif);
    dhcpStop(s.l.host.netif);
  },
  'dnsFlush, dnsSetserver': (s) => {
    dnsFlush(s.stack);
    dnsSetserver(s.stack, 0, ip('10.0.0.9'));
  },
};

const UDP: Record<string, (s: Stage, pcb: UdpPcb) => void> = {
  ...COMMON,
  'udpRemove': (_s, pcb) => udpRemove(pcb),
  'udpRemove twice': (_s, pcb) => {
    udpRemove(pcb);
    udpRemove(pcb);
  },
  'udpRemove of all': (s) => s.udp.forEach((u) => udpRemove(u)),
  'udpRemove of the others': (s, pcb) => s.udp.filter((u) => u !== pcb).forEach((u) => udpRemove(u)),
  'an answer': (s, pcb) => send(s, pcb, 'answer'),
  'udpConnect, udpDisconnect': (_s, pcb) => {
    udpConnect(pcb, ip(PEER_IP), 9);
    udpDisconnect(pcb);
  },
  'udpBind to another port': (_s, pcb) => void udpBind(pcb, 0, 99),
  'udpRecv with another': (s, pcb) =>
    udpRecv(
      pcb,
      (_arg, _pcb, p) => {
        s.log.push('another');
        pbufFree(p);
      },
      0,
    ),
  'a new PCB for the port': (s) => {
    const pcb = udpNew(s.stack)!;
    pcb.soOptions = SOF_REUSEADDR;
    udpBind(pcb, 0, 7);
    s.udp.push(pcb);
  },
};

/** Everything that was opened goes; then nothing may be in use. */
function finish(s: Stage): void {
  s.udp.forEach((u) => udpRemove(u));
  s.raw.forEach((r) => rawRemove(r));
  s.l.host.do(() => {
    netifSetUp(s.l.host.netif);
    netifSetLinkUp(s.l.host.netif);
    dnsFlush(s.stack);
  });
  s.l.run(400_000);
  assertClean(s.l.host);
}

describe('UDP re-entrancy', () => {
  for (const [name, action] of Object.entries(UDP)) {
    it(`in recv: ${name}`, () => {
      const s = stage();
      const gone = new Set<UdpPcb>();
      const removes = name.startsWith('udpRemove');
      for (let i = 0; i < 3; i++) {
        const pcb = udpNew(s.stack)!;
        pcb.soOptions = SOF_REUSEADDR;
        udpBind(pcb, 0, 7);
        udpRecv(
          pcb,
          (_arg, u, p) => {
            assert(!gone.has(u), 'called after its removal');
            s.log.push('recv');
            action(s, u);
            const all = name === 'udpRemove of all';
            if (removes) for (const x of s.udp) if (all || (x === u) !== name.endsWith('others')) gone.add(x);
            pbufFree(p);
          },
          0,
        );
        s.udp.push(pcb);
      }
      // To all of them, so that one acts while others are still to come; then to one alone.
      s.l.peer.send({ ip: { dst: '10.0.0.255' }, udp: { src: 9, dst: 7 }, payload: 'x' });
      s.l.run(10);
      const all = name === 'udpRemove of all' || name === 'udpRemove of the others' ? 1 : 3;
      assert.equal(s.log.filter((x) => x === 'recv').length, all);
      s.l.peer.send({ udp: { src: 9, dst: 7 }, payload: 'y' });
      s.l.run(10);
      finish(s);
    });

    it(`in err: ${name}`, () => {
      const s = stage();
      for (let i = 0; i < 2; i++) {
        const pcb = udpNew(s.stack)!;
        udpBind(pcb, 0, 7 + i);
        udpErr(
          pcb,
          (_arg, u, err) => {
            s.log.push('err ' + err);
            action(s, u);
          },
          0,
        );
        s.udp.push(pcb);
      }
      s.l.host.do(() => send(s, s.udp[0]!, 'to a closed port'));
      s.l.run(10);
      const quoted = s.l.peer.takeIp()[0]!.bytes.subarray(14);
      s.l.peer.send({ ip: {}, icmp: { type: 3, code: 3, rest: 0 }, payload: quoted });
      s.l.run(10);
      assert.equal(s.log[0], 'err -11');
      finish(s);
    });
  }
});

const RAW: Record<string, (s: Stage, pcb: RawPcb) => void> = {
  ...COMMON,
  'rawRemove': (_s, pcb) => rawRemove(pcb),
  'rawRemove twice': (_s, pcb) => {
    rawRemove(pcb);
    rawRemove(pcb);
  },
  'rawRemove of all': (s) => s.raw.forEach((r) => rawRemove(r)),
  'rawRemove of the others': (s, pcb) => s.raw.filter((r) => r !== pcb).forEach((r) => rawRemove(r)),
  'a datagram of its own': (s, pcb) => {
    const p = pbufAlloc(s.stack, PBUF_TRANSPORT, 4, PBUF_RAM)!;
    rawSendto(pcb, p, ip(PEER_IP));
    pbufFree(p);
  },
  'a new PCB': (s) => void s.raw.push(rawNew(s.stack, 1)!),
};

describe('raw re-entrancy', () => {
  for (const taken of [0, 1]) {
    for (const [name, action] of Object.entries(RAW)) {
      it(`in recv, datagram ${taken ? 'taken' : 'left'}: ${name}`, () => {
        const s = stage();
        const gone = new Set<RawPcb>();
        for (let i = 0; i < 3; i++) {
          const pcb = rawNew(s.stack, 1)!;
          rawRecv(
            pcb,
            (_arg, r, p) => {
              assert(!gone.has(r), 'called after its removal');
              s.log.push('recv');
              action(s, r);
              if (name === 'rawRemove of all') s.raw.forEach((x) => gone.add(x));
              if (name === 'rawRemove of the others') s.raw.forEach((x) => x !== r && gone.add(x));
              if (taken) pbufFree(p);
              return taken;
            },
            0,
          );
          s.raw.push(pcb);
        }
        s.l.peer.send({ ip: {}, icmp: { type: 8, id: 1, seq: 1 } });
        s.l.run(10);
        const alone = taken || name === 'rawRemove of all' || name === 'rawRemove of the others';
        assert.equal(s.log.filter((x) => x === 'recv').length, alone ? 1 : 3);
        finish(s);
      });
    }
  }
});

describe('DNS re-entrancy', () => {
  const actions: Record<string, (s: Stage) => void> = {
    ...COMMON,
    'the same name again': (s) => {
      const out = { addr: 0 as IpAddr };
      s.log.push('again ' + dnsGethostbyname(s.stack, 'www.test', out, note(s, 'again'), 0));
    },
    'another name': (s) => {
      assert.equal(dnsGethostbyname(s.stack, 'other.test', { addr: 0 }, note(s, 'other'), 0), ERR_INPROGRESS);
    },
    'dnsCancel of the next to be told': (s) => {
      // Too late: the answer is there already, and he is told.
      assert.equal(dnsCancel(s.stack, s.found[1]!, 0), false);
    },
  };
  const note =
    (s: Stage, who: string) =>
    (_name: string, addr: IpAddr | null): void =>
      void s.log.push(who + ' ' + addr);

  for (const outcome of ['found', 'not found']) {
    for (const [name, action] of Object.entries(actions)) {
      it(`${outcome}: ${name}`, () => {
        const s = stage();
        const ground = new FrameGround(s.l.link.b, '02:00:00:00:00:02', PEER_IP);
        new DnsServer(ground, {
          zone: outcome === 'found' ? { 'www.test': '192.0.2.7', 'other.test': '192.0.2.8' } : {},
        });
        dnsSetserver(s.stack, 0, ip(PEER_IP));
        const told = (who: string) => (_name: string, addr: IpAddr | null) => {
          s.log.push(who + ' ' + (addr === null ? 'none' : 'found'));
          if (who === 'first') action(s);
        };
        s.l.host.do(() => {
          for (const who of ['first', 'second']) {
            const found = told(who);
            s.found.push(found);
            assert.equal(dnsGethostbyname(s.stack, 'www.test', { addr: 0 }, found, 0), ERR_INPROGRESS);
          }
        });
        s.l.run(60_000);
        const result = outcome === 'found' ? 'found' : 'none';
        assert.equal(s.log[0], 'first ' + result);
        assert(s.log.includes('second ' + result), s.log.join());
        if (name === 'the same name again') {
          assert(
            s.log.includes(outcome === 'found' ? 'again ' + ERR_OK : 'again ' + ERR_INPROGRESS),
            s.log.join(),
          );
        }
        finish(s);
      });
    }
  }
});

describe('time-out re-entrancy', () => {
  const actions: Record<string, (s: Stage) => void> = {
    ...COMMON,
    'sysUntimeout of the next that is due': (s) => sysUntimeout(s.stack, next, s),
    'itself again': (s) => {
      if (s.log.length < 3) sysTimeout(s.stack, 1, again, s);
    },
  };
  const next = (s: Stage): void => void s.log.push('next');
  const again = (s: Stage): void => void s.log.push('again');

  for (const [name, action] of Object.entries(actions)) {
    it(name, () => {
      const s = stage();
      sysTimeout(s.stack, 5, action, s);
      sysTimeout(s.stack, 5, next, s);
      s.l.host.do(() => undefined);
      s.l.run(20);
      const cancelled = name.startsWith('sysUntimeout');
      assert.equal(s.log.includes('next'), !cancelled);
      assert.equal(s.log.includes('again'), name === 'itself again');
      finish(s);
    });
  }
});

describe('interface re-entrancy', () => {
  const events: Record<string, (s: Stage) => void> = {
    'status callback, down': (s) => netifSetDown(s.l.host.netif),
    'status callback, up': (s) => {
      netifSetDown(s.l.host.netif);
      netifSetUp(s.l.host.netif);
    },
    'status callback, address': (s) =>
      void netifSetAddr(s.l.host.netif, ip('10.0.0.3'), ip('255.255.255.0'), 0),
    'status callback, removed': (s) => netifRemove(s.l.host.netif),
    'link callback, down': (s) => netifSetLinkDown(s.l.host.netif),
    'link callback, up': (s) => {
      netifSetLinkDown(s.l.host.netif);
      netifSetLinkUp(s.l.host.netif);
    },
  };
  for (const dhcp of [false, true]) {
    for (const [event, cause] of Object.entries(events)) {
      for (const [name, action] of Object.entries(COMMON)) {
        it(`in ${event}${dhcp ? ', with DHCP' : ''}: ${name}`, () => {
          const s = stage();
          const netif = s.l.host.netif;
          const before = usage(s.l.host);
          let depth = 0;
          let calls = 0;
          const callback = (): void => {
            calls++;
            if (depth) return;
            depth++;
            action(s);
            depth--;
          };
          if (dhcp) {
            s.l.host.do(() => dhcpStart(netif));
            s.l.run(100);
          }
          netif.statusCallback = netif.linkCallback = callback;
          s.l.host.do(() => cause(s));
          s.l.run(5000);
          assert(calls >= 1 && calls <= 8, `${calls} calls`);
          netif.statusCallback = netif.linkCallback = null;
          s.l.host.do(() => dhcpStop(netif));
          s.l.run(1000);
          finish(s);
          assert.equal(usage(s.l.host)['UDP_PCB'], before['UDP_PCB']);
        });
      }
    }
  }
});
