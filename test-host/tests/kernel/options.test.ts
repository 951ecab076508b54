// Socket options: defaults, what is set is what is got, and what is refused.

import {
  IPPROTO_IP,
  IPPROTO_TCP,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TOS,
  IP_TTL,
  MSG_DONTWAIT,
  SOL_SOCKET,
  SO_BROADCAST,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDTIMEO,
  SO_TYPE,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  type OptionValue,
} from '../../../firmware/api/socket_defs.js';
import type { Sequence } from '../../kernel/run-program.js';
import { at } from '../../kernel/tracer.js';
import { differential } from './differential.js';

type Kind = 'tcp' | 'udp';

interface Option {
  name: string;
  level: number;
  option: number;
  values: OptionValue[];
  kinds?: Kind[];
}

const FLAG = [1, 0, 5];

/** The default is read first, then each value is set and read. */
const OPTIONS: Option[] = [
  { name: 'SO_REUSEADDR', level: SOL_SOCKET, option: SO_REUSEADDR, values: FLAG },
  { name: 'SO_KEEPALIVE', level: SOL_SOCKET, option: SO_KEEPALIVE, values: FLAG },
  { name: 'SO_BROADCAST', level: SOL_SOCKET, option: SO_BROADCAST, values: FLAG },
  { name: 'SO_TYPE', level: SOL_SOCKET, option: SO_TYPE, values: [1] },
  { name: 'SO_ERROR', level: SOL_SOCKET, option: SO_ERROR, values: [1] },
  {
    name: 'SO_LINGER',
    level: SOL_SOCKET,
    option: SO_LINGER,
    values: [
      { onoff: 1, linger: 0 },
      { onoff: 1, linger: 30 },
      { onoff: 0, linger: 7 },
    ],
  },
  {
    name: 'SO_RCVTIMEO',
    level: SOL_SOCKET,
    option: SO_RCVTIMEO,
    values: [
      { tvSec: 3, tvUsec: 0 },
      { tvSec: 1, tvUsec: 500000 },
      { tvSec: 0, tvUsec: 0 },
      { tvSec: 0, tvUsec: 1000000 },
      { tvSec: 0, tvUsec: -1 },
      { tvSec: -1, tvUsec: 0 },
    ],
  },
  {
    name: 'SO_SNDTIMEO',
    level: SOL_SOCKET,
    option: SO_SNDTIMEO,
    values: [
      { tvSec: 2, tvUsec: 200000 },
      { tvSec: 0, tvUsec: 0 },
      { tvSec: 0, tvUsec: 1000000 },
      { tvSec: -1, tvUsec: 0 },
      { tvSec: -5, tvUsec: 999999 },
    ],
  },
  { name: 'IP_TTL', level: IPPROTO_IP, option: IP_TTL, values: [1, 128, 255, 0, 256, -1] },
  { name: 'IP_TOS', level: IPPROTO_IP, option: IP_TOS, values: [16, 0xb8, 0] },
  {
    name: 'IP_MULTICAST_TTL',
    level: IPPROTO_IP,
    option: IP_MULTICAST_TTL,
    values: [4, 0, 255, 256, -1],
    kinds: ['udp'],
  },
  { name: 'IP_MULTICAST_LOOP', level: IPPROTO_IP, option: IP_MULTICAST_LOOP, values: FLAG, kinds: ['udp'] },
  { name: 'TCP_NODELAY', level: IPPROTO_TCP, option: TCP_NODELAY, values: FLAG },
  {
    name: 'TCP_KEEPIDLE',
    level: IPPROTO_TCP,
    option: TCP_KEEPIDLE,
    values: [60, 1, 32767, 0, 32768, -1],
    kinds: ['tcp'],
  },
  {
    name: 'TCP_KEEPINTVL',
    level: IPPROTO_TCP,
    option: TCP_KEEPINTVL,
    values: [10, 1, 0, 32768],
    kinds: ['tcp'],
  },
  { name: 'TCP_KEEPCNT', level: IPPROTO_TCP, option: TCP_KEEPCNT, values: [3, 127, 0, 128], kinds: ['tcp'] },
];

const sequences: Sequence[] = [];
for (const { name, level, option, values, kinds } of OPTIONS) {
  for (const kind of kinds ?? (['tcp', 'udp'] as Kind[])) {
    sequences.push({
      name: `${name} of ${kind}`,
      async run(t) {
        const fd = await t[kind]();
        await t.getsockopt(fd, level, option);
        for (const value of values) {
          await t.setsockopt(fd, level, option, value);
          await t.getsockopt(fd, level, option);
        }
      },
    });
  }
}

sequences.push(
  {
    name: 'unknown options and levels',
    async run(t) {
      for (const fd of [await t.tcp(), await t.udp()]) {
        for (const [level, name] of [
          [SOL_SOCKET, 9999],
          [IPPROTO_IP, 9999],
          [IPPROTO_TCP, 9999],
          [77, 1],
        ] as [number, number][]) {
          await t.getsockopt(fd, level, name);
          await t.setsockopt(fd, level, name, 1);
        }
      }
    },
  },
  {
    name: 'an int where a structure belongs',
    async run(t) {
      const fd = await t.udp();
      await t.setsockopt(fd, SOL_SOCKET, SO_LINGER, 1);
      await t.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, 1);
      await t.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, 1);
    },
  },
  {
    name: 'SO_RCVBUF grows and never vanishes',
    async run(t) {
      const fd = await t.udp();
      const sizes: number[] = [];
      for (const size of [0, 20000, 40000]) {
        await t.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size);
        const out = { value: 0 as OptionValue };
        await t.api.getsockopt(fd, SOL_SOCKET, SO_RCVBUF, out);
        sizes.push(out.value as number);
      }
      t.lines.push(sizes[0]! > 0 && sizes[1]! >= 20000 && sizes[2]! > sizes[1]! ? 'grows' : 'does not grow');
    },
  },
  {
    name: 'SO_TYPE of each kind',
    async run(t) {
      const l = await t.listener();
      const [a, b] = await t.pairAt(l);
      for (const fd of [l.fd, a, b, await t.udp()]) await t.getsockopt(fd, SOL_SOCKET, SO_TYPE);
    },
  },
  {
    name: 'options of a connection that is over',
    async run(t) {
      const [a, b] = await t.pair();
      await t.close(b);
      await t.until(a, 1);
      await t.setsockopt(a, SOL_SOCKET, SO_KEEPALIVE, 1);
      await t.setsockopt(a, IPPROTO_TCP, TCP_NODELAY, 1);
      await t.getsockopt(a, IPPROTO_TCP, TCP_NODELAY);
      await t.setsockopt(a, IPPROTO_IP, IP_TTL, 9);
      await t.getsockopt(a, IPPROTO_IP, IP_TTL);
    },
  },
  {
    name: 'options set before connect last',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.setsockopt(c, SOL_SOCKET, SO_KEEPALIVE, 1);
      await t.setsockopt(c, IPPROTO_TCP, TCP_NODELAY, 1);
      await t.setsockopt(c, IPPROTO_TCP, TCP_KEEPINTVL, 5);
      await t.setsockopt(c, IPPROTO_IP, IP_TTL, 9);
      await t.connect(c, l.addr);
      await t.getsockopt(c, SOL_SOCKET, SO_KEEPALIVE);
      await t.getsockopt(c, IPPROTO_TCP, TCP_NODELAY);
      await t.getsockopt(c, IPPROTO_TCP, TCP_KEEPINTVL);
      await t.getsockopt(c, IPPROTO_IP, IP_TTL);
    },
  },
  {
    name: 'groups: joined on the loopback interface, twice, left, left twice',
    async run(t) {
      const fd = await t.udp();
      const group = { imrMultiaddr: 0xefff0007, imrInterface: 0x7f000001 };
      await t.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, group);
      await t.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, group);
      await t.setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, group);
      await t.setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, group);
    },
  },
  {
    name: 'groups and multicast options are not for TCP',
    async run(t) {
      const fd = await t.tcp();
      const group = { imrMultiaddr: 0xefff0007, imrInterface: 0x7f000001 };
      await t.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, group);
      await t.setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, group);
      await t.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, 5);
      await t.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
      await t.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, 0x7f000001);
    },
  },
  {
    name: 'groups: an address that is none, an interface that is none',
    async run(t) {
      const fd = await t.udp();
      await t.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, {
        imrMultiaddr: 0x7f000001,
        imrInterface: 0x7f000001,
      });
      await t.setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, {
        imrMultiaddr: 0xefff0007,
        imrInterface: 0xcb007101,
      });
      await t.setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, {
        imrMultiaddr: 0xefff0007,
        imrInterface: 0x7f000001,
      });
    },
  },
  {
    name: 'groups: what is sent to one comes to its member',
    async run(t) {
      const member = await t.bound(t.udp(), 0);
      await t.setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, {
        imrMultiaddr: 0xefff0008,
        imrInterface: 0x7f000001,
      });
      const sender = await t.bound(t.udp());
      await t.setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, 0x7f000001);
      await t.getsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF);
      await t.sendto(sender, 'to all', at(await t.portOf(member), 0xefff0008));
      await t.until(member, 1);
      await t.recvfrom(member, 100, MSG_DONTWAIT);
    },
  },
);

differential('options', sequences);
