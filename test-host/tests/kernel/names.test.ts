// Addresses as text, and raw sockets.

import { IPPROTO_ICMP, MSG_DONTWAIT, POLLIN, SOCK_RAW, AF_INET } from '../../../firmware/api/socket_defs.js';
import { at, type Tracer } from '../../kernel/tracer.js';
import { differential } from './differential.js';

const ICMP_ECHO = Uint8Array.from([8, 0, 0xe5, 0xca, 0x12, 0x34, 0, 1]);

differential('addresses as text', [
  {
    name: 'inet_pton: what is an address',
    async run(t) {
      for (const text of ['127.0.0.1', '0.0.0.0', '255.255.255.255', '1.2.3.4']) t.inetPton(text);
    },
  },
  {
    name: 'inet_pton: what is none',
    async run(t) {
      for (const text of [
        '',
        '1',
        '1.2.3',
        '1.2.3.4.5',
        '1.2.3.256',
        '1.2.3.4 ',
        ' 1.2.3.4',
        '01.2.3.4',
        '1..2.3',
      ]) {
        t.inetPton(text);
      }
      for (const text of [
        'a.b.c.d',
        '0x7f.0.0.1',
        '1.2.3.-4',
        '1.2.3.',
        '.1.2.3',
        '1.2.3.0004',
        '1.2.3.00',
      ]) {
        t.inetPton(text);
      }
    },
  },
  {
    name: 'inet_pton: another family',
    async run(t) {
      t.inetPton('127.0.0.1', 99);
    },
  },
  {
    name: 'inet_ntop',
    async run(t) {
      for (const addr of [0, 1, 0x7f000001, 0xc0a80001, 0xffffffff]) t.inetNtop(addr);
      t.inetNtop(0, 99);
    },
  },
]);

/** Receives an ICMP message; of the IP header only what does not change. */
function recvIcmp(t: Tracer, fd: number): Promise<number> {
  const buf = new Uint8Array(100);
  return t.call('recv(raw)', t.api.recv(fd, buf, 0), (n) => {
    const icmp = (buf[0]! & 15) * 4;
    return `${n} header ${icmp} protocol ${buf[9]} type ${buf[icmp]} code ${buf[icmp + 1]}`;
  });
}

differential('raw sockets', [
  {
    needsRoot: true,
    name: 'a ping to the own host: request and answer both come by',
    async run(t) {
      const fd = await t.socket(SOCK_RAW, AF_INET, IPPROTO_ICMP);
      await t.connect(fd, at(0));
      await t.getpeername(fd);
      await t.send(fd, ICMP_ECHO);
      await t.until(fd, POLLIN);
      await recvIcmp(t, fd);
      await recvIcmp(t, fd);
      await t.recv(fd, 100, MSG_DONTWAIT);
    },
  },
  {
    needsRoot: true,
    name: 'without a peer; listen is not for it',
    async run(t) {
      const fd = await t.socket(SOCK_RAW, AF_INET, IPPROTO_ICMP);
      await t.send(fd, ICMP_ECHO);
      await t.listen(fd);
      await t.accept(fd);
      await t.getpeername(fd);
      await t.recv(fd, 100, MSG_DONTWAIT);
    },
  },
]);
