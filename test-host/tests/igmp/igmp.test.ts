// IGMP: the host's state machine (RFC 2236, 6), its messages, and what joins and leaves do to reception.

import assert from 'node:assert/strict';
import { ERR_MEM, ERR_OK, ERR_VAL } from '../../../firmware/stack/core/err.js';
import { MEMP_IGMP_GROUP, MEMP_SYS_TIMEOUT } from '../../../firmware/stack/core/memp.js';
import {
  netifRemove,
  netifSetAddr,
  netifSetDown,
  netifSetLinkDown,
  netifSetLinkUp,
  type Netif,
} from '../../../firmware/stack/core/netif.js';
import { PBUF_RAM, PBUF_UDP, pbufAlloc, pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { CHKERR, LENERR, PROTERR, STAT_IGMP } from '../../../firmware/stack/core/stats.js';
import {
  igmpJoingroup,
  igmpJoingroupNetif,
  igmpLeavegroup,
  igmpLeavegroupNetif,
  igmpLookfor,
} from '../../../firmware/stack/igmp/igmp.js';
import {
  udpBind,
  udpNew,
  udpRecv,
  udpRemove,
  udpSendto,
  udpSetMulticastLoop,
  udpSetMulticastNetif,
  udpSetMulticastTtl,
} from '../../../firmware/stack/udp/udp.js';
import { checksum, type Parsed } from '../../harness/frames.js';
import { ip } from '../../harness/host.js';
import { HOST_IP, lab, type Lab } from '../../harness/lab.js';

const GROUP = '239.1.2.3';
const GROUP_MAC = '01:00:5e:01:02:03';
const ALL_HOSTS = '224.0.0.1';

/** A lab whose host does multicast, and what its driver was told to receive. */
function multicastLab(): Lab & { filter: Map<string, number> } {
  // Groups may share a hardware address: drivers count.
  const filter = new Map<string, number>();
  const macFilter = (_netif: Netif, mac: Uint8Array, join: boolean): number => {
    const text = [...mac].map((x) => x.toString(16).padStart(2, '0')).join(':');
    const n = (filter.get(text) ?? 0) + (join ? 1 : -1);
    assert.ok(n >= 0, `${text} left twice`);
    if (n) filter.set(text, n);
    else filter.delete(text);
    return ERR_OK;
  };
  return Object.assign(lab({}, { macFilter }), { filter });
}

function igmp(type: number, max: number, group: string, extra: number[] = []): Uint8Array {
  const message = [type, max, 0, 0, ...group.split('.').map(Number), ...extra];
  const sum = checksum(message);
  message[2] = sum >> 8;
  message[3] = sum & 0xff;
  return Uint8Array.from(message);
}

function hear(l: Lab, type: number, max: number, group: string, dst: string, extra: number[] = []): void {
  const eth = { src: '02:00:00:00:00:02', dst: '01:00:5e:00:00:01' };
  l.peer.send({
    eth,
    ip: { dst, proto: 2, ttl: 1, options: [0x94, 4, 0, 0] },
    payload: igmp(type, max, group, extra),
  });
  l.run(0);
}

/** The IGMP messages that the peer has heard: type, group, destination. */
function heard(l: Lab): string[] {
  return l.peer
    .take()
    .filter((f) => f.ip?.proto === 2)
    .map((f: Parsed) => {
      const b = f.payload;
      assert.equal(checksum(b), 0, 'checksum');
      assert.equal(f.ip!.ttl, 1);
      assert.equal(f.ip!.tos, 0xc0);
      assert.deepEqual([...(f.ip!.options ?? [])], [0x94, 4, 0, 0], 'Router Alert');
      const group = [...b.subarray(4, 8)].join('.');
      return `${b[0]!.toString(16)} ${group} to ${f.ip!.dst}, ${f.eth.dst}`;
    });
}

const REPORT = `16 ${GROUP} to ${GROUP}, ${GROUP_MAC}`;
const LEAVE = `17 ${GROUP} to 224.0.0.2, 01:00:5e:00:00:02`;

describe('igmp: membership', () => {
  it('joins with a report at once and one more within 10 s, and receives the hardware address', () => {
    const l = multicastLab();
    assert.deepEqual([...l.filter.keys()], ['01:00:5e:00:00:01']);
    l.host.do(() => assert.equal(igmpJoingroupNetif(l.host.netif, ip(GROUP)), ERR_OK));
    assert.ok(l.filter.has(GROUP_MAC));
    l.run(0);
    assert.deepEqual(heard(l), [REPORT]);
    l.run(10001);
    assert.deepEqual(heard(l), [REPORT]);
    l.run(60000);
    assert.deepEqual(heard(l), []);
  });

  it('leaves with a message to all routers, once the last who joined has left', () => {
    const l = multicastLab();
    const { netif } = l.host;
    l.host.do(() => igmpJoingroupNetif(netif, ip(GROUP)));
    l.host.do(() => igmpJoingroupNetif(netif, ip(GROUP)));
    l.run(20000);
    assert.equal(heard(l).length, 2);
    l.host.do(() => assert.equal(igmpLeavegroupNetif(netif, ip(GROUP)), ERR_OK));
    l.run(0);
    assert.deepEqual(heard(l), []);
    l.host.do(() => assert.equal(igmpLeavegroupNetif(netif, ip(GROUP)), ERR_OK));
    l.run(0);
    assert.deepEqual(heard(l), [LEAVE]);
    assert.ok(!l.filter.has(GROUP_MAC));
    l.host.do(() => assert.equal(igmpLeavegroupNetif(netif, ip(GROUP)), ERR_VAL));
  });

  it('leaves in silence when another member reported last', () => {
    const l = multicastLab();
    l.host.do(() => igmpJoingroupNetif(l.host.netif, ip(GROUP)));
    l.run(0);
    hear(l, 0x16, 0, GROUP, GROUP);
    l.run(20000);
    assert.deepEqual(heard(l), [REPORT], 'no second report');
    l.host.do(() => igmpLeavegroupNetif(l.host.netif, ip(GROUP)));
    l.run(0);
    assert.deepEqual(heard(l), []);
  });

  it('refuses what is no group, and more groups than there is room for', () => {
    const l = multicastLab();
    const { netif } = l.host;
    l.host.do((stack) => {
      assert.equal(igmpJoingroupNetif(netif, ip('10.0.0.9')), ERR_VAL);
      assert.equal(igmpJoingroup(stack, ip('10.0.0.9'), ip(GROUP)), ERR_VAL, 'no such interface');
      for (let i = 1; i < 8; i++) assert.equal(igmpJoingroup(stack, 0, ip('239.0.0.' + i)), ERR_OK);
      assert.equal(igmpJoingroup(stack, ip(HOST_IP), ip(GROUP)), ERR_MEM);
      assert.equal(stack.memp[MEMP_IGMP_GROUP]!.err, 1);
      for (let i = 1; i < 8; i++) assert.equal(igmpLeavegroup(stack, 0, ip('239.0.0.' + i)), ERR_OK);
      assert.equal(igmpLeavegroupNetif(netif, ip(ALL_HOSTS)), ERR_VAL, 'nobody leaves the all-hosts group');
      assert.equal(stack.memp[MEMP_IGMP_GROUP]!.used, 1);
    });
  });

  it('an interface without multicast takes part in nothing', () => {
    const l = lab();
    l.host.do(() => assert.equal(igmpJoingroupNetif(l.host.netif, ip(GROUP)), ERR_VAL));
    assert.equal(igmpLookfor(l.host.netif, ip(ALL_HOSTS)), null);
  });
});

describe('igmp: queries', () => {
  function member(): ReturnType<typeof multicastLab> {
    const l = multicastLab();
    l.host.do(() => igmpJoingroupNetif(l.host.netif, ip(GROUP)));
    l.run(20000);
    heard(l);
    return l;
  }

  it('a general one is answered for each group within its time, never for all hosts', () => {
    const l = member();
    l.host.do(() => igmpJoingroupNetif(l.host.netif, ip('239.9.9.9')));
    l.run(20000);
    heard(l);
    hear(l, 0x11, 50, '0.0.0.0', ALL_HOSTS);
    assert.deepEqual(heard(l), [], 'not at once');
    l.run(5001);
    assert.deepEqual(
      heard(l)
        .map((x) => x.split(' ')[1])
        .sort(),
      [GROUP, '239.9.9.9'],
    );
  });

  it('one about a group is answered for that alone; a shorter time wins, a longer one changes nothing', () => {
    const l = member();
    hear(l, 0x11, 255, GROUP, GROUP);
    hear(l, 0x11, 5, GROUP, GROUP);
    hear(l, 0x11, 255, GROUP, GROUP);
    l.run(501);
    assert.deepEqual(heard(l), [REPORT]);
    l.run(60000);
    assert.deepEqual(heard(l), []);
    hear(l, 0x11, 5, '239.7.7.7', '239.7.7.7');
    l.run(1000);
    assert.deepEqual(heard(l), []);
  });

  it("is not answered when another's report comes first", () => {
    const l = member();
    hear(l, 0x11, 100, '0.0.0.0', ALL_HOSTS);
    hear(l, 0x16, 0, GROUP, GROUP);
    l.run(20000);
    assert.deepEqual(heard(l), []);
  });

  it('of version 1: reports of version 1 and no leave, for 400 s', () => {
    const l = member();
    hear(l, 0x11, 0, '0.0.0.0', ALL_HOSTS);
    l.run(10001);
    assert.deepEqual(heard(l), [`12 ${GROUP} to ${GROUP}, ${GROUP_MAC}`]);
    l.host.do(() => igmpLeavegroupNetif(l.host.netif, ip(GROUP)));
    l.run(0);
    assert.deepEqual(heard(l), []);
    l.run(400000);
    l.host.do(() => igmpJoingroupNetif(l.host.netif, ip(GROUP)));
    l.run(0);
    assert.deepEqual(heard(l), [REPORT]);
  });

  it('of version 3 is answered as one of version 2, with its own coding of long times', () => {
    const l = member();
    // 0x8f: (0x0f | 0x10) << 3 tenths of a second.
    hear(l, 0x11, 0x8f, '0.0.0.0', ALL_HOSTS, [0x02, 125, 0, 0]);
    l.run(24801);
    assert.deepEqual(heard(l), [REPORT]);
  });

  it('that is damaged, short, or sent to the wrong place is dropped and counted', () => {
    const l = member();
    const stats = l.host.stack.stats;
    const bad = igmp(0x11, 10, '0.0.0.0');
    bad[7]! ^= 1;
    const eth = { src: '02:00:00:00:00:02', dst: '01:00:5e:00:00:01' };
    l.peer.send({ eth, ip: { dst: ALL_HOSTS, proto: 2, ttl: 1 }, payload: bad });
    l.peer.send({ eth, ip: { dst: ALL_HOSTS, proto: 2, ttl: 1 }, payload: bad.subarray(0, 7) });
    hear(l, 0x11, 10, '0.0.0.0', HOST_IP);
    hear(l, 0x99, 10, '0.0.0.0', ALL_HOSTS);
    l.run(60000);
    assert.deepEqual(heard(l), []);
    assert.equal(stats[STAT_IGMP + CHKERR], 1);
    assert.equal(stats[STAT_IGMP + LENERR], 1);
    assert.equal(stats[STAT_IGMP + PROTERR], 1);
  });
});

describe('igmp: the interface', () => {
  it('reports again after the link was away, and with a new address', () => {
    const l = multicastLab();
    const { netif } = l.host;
    l.host.do(() => netifSetLinkDown(netif));
    l.host.do(() => igmpJoingroupNetif(netif, ip(GROUP)));
    l.run(20000);
    assert.deepEqual(heard(l), []);
    l.host.do(() => netifSetLinkUp(netif));
    l.run(0);
    assert.deepEqual(heard(l), [REPORT]);
    l.run(20000);
    heard(l);
    l.host.do(() => netifSetAddr(netif, ip('10.0.0.7'), ip('255.255.255.0'), 0));
    l.run(0);
    assert.deepEqual(heard(l), [REPORT]);
  });

  it('takes its groups, and their time-out, with it', () => {
    const l = multicastLab();
    const { stack, netif } = l.host;
    const before = stack.memp[MEMP_SYS_TIMEOUT]!.used;
    l.host.do(() => igmpJoingroupNetif(netif, ip(GROUP)));
    assert.equal(stack.memp[MEMP_SYS_TIMEOUT]!.used, before + 1);
    l.host.do(() => netifSetDown(netif));
    l.host.do(() => netifRemove(netif));
    assert.equal(stack.memp[MEMP_IGMP_GROUP]!.used, 0);
    assert.equal(l.filter.size, 0);
    assert.ok(stack.memp[MEMP_SYS_TIMEOUT]!.used <= before);
  });
});

describe('igmp: datagrams', () => {
  /** A PCB on port 5000 and what it has received. */
  function listener(l: Lab): { got: string[]; pcb: ReturnType<typeof udpNew> & object } {
    const got: string[] = [];
    const pcb = udpNew(l.host.stack)!;
    assert.equal(udpBind(pcb, 0, 5000), ERR_OK);
    udpRecv(
      pcb,
      (_arg, _pcb, p) => {
        got.push(Buffer.from(p.payload.subarray(p.off, p.off + p.len)).toString());
        pbufFree(p);
      },
      null,
    );
    return { got, pcb };
  }

  function say(l: Lab, text: string): void {
    l.peer.send({
      eth: { src: '02:00:00:00:00:02', dst: GROUP_MAC },
      ip: { dst: GROUP, ttl: 1 },
      udp: { src: 6000, dst: 5000 },
      payload: text,
    });
    l.run(0);
  }

  function send(l: Lab, pcb: NonNullable<ReturnType<typeof udpNew>>): void {
    l.host.do((stack) => {
      const p = pbufAlloc(stack, PBUF_UDP, 4, PBUF_RAM)!;
      p.payload.set([1, 2, 3, 4], p.off);
      assert.equal(udpSendto(pcb, p, ip(GROUP), 5000), ERR_OK);
      pbufFree(p);
    });
    l.run(2);
  }

  it('of a group arrive while it is joined, and no longer', () => {
    const l = multicastLab();
    const { got } = listener(l);
    say(l, 'before');
    l.host.do(() => igmpJoingroupNetif(l.host.netif, ip(GROUP)));
    say(l, 'member');
    l.host.do(() => igmpLeavegroupNetif(l.host.netif, ip(GROUP)));
    say(l, 'after');
    assert.deepEqual(got, ['member']);
  });

  it('leave with TTL 1, or what was set, and come back to members unless that is off', () => {
    const l = multicastLab();
    const { got, pcb } = listener(l);
    send(l, pcb);
    assert.equal(got.length, 0, 'not a member');
    l.host.do(() => igmpJoingroupNetif(l.host.netif, ip(GROUP)));
    send(l, pcb);
    assert.equal(got.length, 1);
    udpSetMulticastLoop(pcb, false);
    udpSetMulticastTtl(pcb, 9);
    send(l, pcb);
    assert.equal(got.length, 1);
    udpSetMulticastLoop(pcb, true);
    udpSetMulticastTtl(pcb, 0);
    send(l, pcb);
    assert.equal(got.length, 2, 'TTL 0 stays on this host');
    const sent = l.peer.take().filter((f) => f.udp);
    assert.deepEqual(
      sent.map((f) => [f.eth.dst, f.ip!.dst, f.ip!.ttl]),
      [
        [GROUP_MAC, GROUP, 1],
        [GROUP_MAC, GROUP, 1],
        [GROUP_MAC, GROUP, 9],
      ],
    );
    udpRemove(pcb);
  });

  it('leave by the interface that was set', () => {
    const l = multicastLab();
    const { pcb } = listener(l);
    udpSetMulticastNetif(pcb, l.host.netif);
    send(l, pcb);
    assert.equal(l.peer.take().filter((f) => f.udp).length, 1);
    l.host.do(() => netifRemove(l.host.netif));
    assert.equal(pcb.mcastNetif, null);
  });
});
