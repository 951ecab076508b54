// Addresses as text, and raw sockets.

import {
  AF_INET,
  IPPROTO_ICMP,
  IPPROTO_UDP,
  MSG_DONTWAIT,
  POLLIN,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from '../../../firmware/api/socket_defs.js';
import {
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
} from '../../../firmware/api/socket_netdb.js';
import { at, type Tracer } from '../../kernel/tracer.js';
import { differential } from './differential.js';

const ICMP_ECHO = Uint8Array.from([8, 0, 0xe5, 0xca, 0x12, 0x34, 0, 1]);

differential('addresses as text', [
  {
    name: 'getaddrinfo: an address and a port, for each type of socket',
    async run(t) {
      await t.getaddrinfo('127.0.0.1', '80', null);
      await t.getaddrinfo('192.0.2.7', null, { aiFamily: AF_INET });
      await t.getaddrinfo('192.0.2.7', '0', { aiSocktype: SOCK_STREAM });
      await t.getaddrinfo('192.0.2.7', '65535', { aiSocktype: SOCK_DGRAM });
      await t.getaddrinfo('192.0.2.7', null, { aiSocktype: SOCK_RAW });
      await t.getaddrinfo('192.0.2.7', '80', { aiProtocol: IPPROTO_UDP });
      await t.getaddrinfo('192.0.2.7', '80', { aiSocktype: SOCK_STREAM, aiProtocol: IPPROTO_UDP });
    },
  },
  {
    name: 'getaddrinfo: no host means this one, or any address to bind to',
    async run(t) {
      const hints = { aiFamily: AF_INET, aiSocktype: SOCK_STREAM };
      await t.getaddrinfo(null, '80', hints);
      await t.getaddrinfo(null, '80', { ...hints, aiFlags: AI_PASSIVE });
      await t.getaddrinfo('192.0.2.7', '80', { ...hints, aiFlags: AI_PASSIVE });
      await t.getaddrinfo(null, null, hints);
    },
  },
  {
    name: 'getaddrinfo: other spellings of an address',
    async run(t) {
      const hints = { aiFamily: AF_INET, aiSocktype: SOCK_STREAM, aiFlags: AI_NUMERICHOST };
      for (const text of [
        '127.1',
        '0x7f.0.0.1',
        '0300.0250.1',
        '3221225985',
        '1.2.3.4.5',
        '1.2.3.256',
        'host',
        '',
      ]) {
        await t.getaddrinfo(text, '80', hints);
      }
    },
  },
  {
    name: 'getaddrinfo: the canonical name of an address is itself',
    async run(t) {
      await t.getaddrinfo('192.0.2.7', '80', { aiSocktype: SOCK_STREAM, aiFlags: AI_CANONNAME });
      await t.getaddrinfo(null, '80', { aiSocktype: SOCK_STREAM, aiFlags: AI_CANONNAME });
    },
  },
  {
    name: 'getaddrinfo: hints and services that are none',
    async run(t) {
      await t.getaddrinfo('192.0.2.7', '80', { aiFamily: 99 });
      await t.getaddrinfo('192.0.2.7', '80', { aiSocktype: 99 });
      await t.getaddrinfo('192.0.2.7', '80', { aiFlags: 0x8000 });
      await t.getaddrinfo('192.0.2.7', '80', { aiSocktype: SOCK_RAW });
      await t.getaddrinfo('192.0.2.7', 'no-such-service', { aiFlags: AI_NUMERICSERV });
    },
  },
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
