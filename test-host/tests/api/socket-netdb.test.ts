// Addresses as text, and getaddrinfo().

import assert from 'node:assert/strict';
import { dnsLocalAddhost } from '../../../firmware/stack/dns/dns.js';
import { dnsSetserver } from '../../../firmware/stack/dns/dns.js';
import { DnsServer } from '../../peers/dns-server.js';
import { FrameGround } from '../../peers/ground.js';
import { at, eachWorld, ip, S } from './socket-world.js';

const HINTS: S.AddrinfoHints = { aiFlags: 0, aiFamily: 0, aiSocktype: 0, aiProtocol: 0 };

describe('sockets: addresses and names', () => {
  const world = eachWorld();

  it('inet_pton, inet_ntop', () => {
    const { a } = world();
    const out = { value: 7 };
    assert.equal(S.inetPton(a.s, S.AF_INET, '192.0.2.33', out), 1);
    assert.equal(out.value, ip('192.0.2.33'));
    for (const text of [
      '',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '0x1.2.3.4',
      ' 1.2.3.4',
      '1.2.3.4 ',
      'a',
    ]) {
      assert.equal(S.inetPton(a.s, S.AF_INET, text, out), 0, text);
    }
    assert.equal(S.inetPton(a.s, S.AF_INET, null as unknown as string, out), 0);
    assert.equal(out.value, ip('192.0.2.33'));
    assert.equal(S.inetPton(a.s, 10, '::1', out), -1);
    assert.equal(a.s.errno, S.EAFNOSUPPORT);
    assert.equal(S.inetNtop(a.s, S.AF_INET, ip('192.0.2.33')), '192.0.2.33');
    assert.equal(S.inetNtop(a.s, 10, 1), null);
  });

  it('inet_aton, inet_addr, inet_ntoa: BSD’s forms', () => {
    const forms: [string, string][] = [
      ['1.2.3.4', '1.2.3.4'],
      ['127.1', '127.0.0.1'],
      ['10.1.258', '10.1.1.2'],
      ['3232235777', '192.168.1.1'],
      ['0xc0a80101', '192.168.1.1'],
      ['0300.0250.1.1', '192.168.1.1'],
      ['0', '0.0.0.0'],
    ];
    for (const [text, addr] of forms) {
      const out = { value: -1 };
      assert.equal(S.inetAton(text, out), 1, text);
      assert.equal(S.inetNtoa(out.value), addr);
      assert.equal(S.inetAddr(text), ip(addr));
    }
    for (const text of ['', '1.2.3.4.5', '256.1', '1.16777216', '4294967296', '08.1', '1..2', 'x', '-1']) {
      assert.equal(S.inetAton(text, { value: 0 }), 0, text);
      assert.equal(S.inetAddr(text), S.INADDR_NONE);
    }
  });

  it('byte order is no matter', () => {
    assert.equal(S.htons(7), 7);
  });

  it('getaddrinfo: addresses and services need no resolver', () => {
    const { a } = world();
    const out: { res: S.Addrinfo[] } = { res: [] };
    assert.equal(S.getaddrinfo(a.s, '192.0.2.1', '80', null, out), 0);
    assert.deepEqual(
      out.res.map((r) => [r.aiSocktype, r.aiProtocol, r.aiAddr.sinPort]),
      [
        [S.SOCK_STREAM, S.IPPROTO_TCP, 80],
        [S.SOCK_DGRAM, S.IPPROTO_UDP, 80],
        [S.SOCK_RAW, 0, 80],
      ],
    );
    assert.deepEqual(out.res[0]!.aiAddr, at('192.0.2.1', 80));
    assert.equal(S.getaddrinfo(a.s, null, '7', { ...HINTS, aiFlags: S.AI_PASSIVE, aiSocktype: 1 }, out), 0);
    assert.deepEqual(
      out.res.map((r) => r.aiAddr),
      [at(0, 7)],
    );
    assert.equal(S.getaddrinfo(a.s, null, '7', { ...HINTS, aiProtocol: 17 }, out), 0);
    assert.deepEqual(
      out.res.map((r) => r.aiAddr),
      [at('127.0.0.1', 7)],
    );
    const canon = { ...HINTS, aiFlags: S.AI_CANONNAME | S.AI_NUMERICHOST, aiSocktype: 2 };
    assert.equal(S.getaddrinfo(a.s, '10.1', null, canon, out), 0);
    assert.deepEqual([out.res[0]!.aiCanonname, out.res[0]!.aiAddr.sinAddr], ['10.1', ip('10.0.0.1')]);
  });

  it('getaddrinfo: errors', () => {
    const { a } = world();
    const out: { res: S.Addrinfo[] } = { res: [] };
    const cases: [string | null, string | null, Partial<S.AddrinfoHints>, number][] = [
      [null, null, {}, S.EAI_NONAME],
      ['x', null, { aiFlags: 0x8000 }, S.EAI_BADFLAGS],
      [null, '7', { aiFlags: S.AI_CANONNAME }, S.EAI_BADFLAGS],
      ['1.2.3.4', null, { aiFamily: 10 }, S.EAI_FAMILY],
      ['1.2.3.4', null, { aiSocktype: 9 }, S.EAI_SOCKTYPE],
      ['1.2.3.4', null, { aiSocktype: 1, aiProtocol: 17 }, S.EAI_SOCKTYPE],
      ['1.2.3.4', 'http', {}, S.EAI_SERVICE],
      ['1.2.3.4', '70000', {}, S.EAI_SERVICE],
      ['1.2.3.4', 'http', { aiFlags: S.AI_NUMERICSERV }, S.EAI_NONAME],
      ['a.test', null, { aiFlags: S.AI_NUMERICHOST }, S.EAI_NONAME],
      ['not a name', null, {}, S.EAI_NONAME],
      ['a.test', null, {}, S.EAI_AGAIN],
    ];
    for (const [node, service, hints, code] of cases) {
      assert.equal(
        S.getaddrinfo(a.s, node, service, { ...HINTS, ...hints }, out),
        code,
        `${node} ${service}`,
      );
      assert.deepEqual(out.res, []);
    }
  });

  it('getaddrinfo: waits for the resolver', () => {
    const w = world();
    const { a } = w;
    new DnsServer(new FrameGround(w.link.b, '02:00:00:00:00:02', '10.0.0.2'), {
      zone: { 'found.test': '192.0.2.7' },
    });
    dnsSetserver(a.host.stack, 0, ip('10.0.0.2'));
    const out: { res: S.Addrinfo[] } = { res: [] };
    const hints = { ...HINTS, aiSocktype: S.SOCK_STREAM };
    const call = a.call(S.getaddrinfo(a.s, 'found.test', '80', hints, out));
    assert.equal(call.done, false);
    w.run(1000);
    assert.equal(call.value, 0);
    assert.deepEqual(
      out.res.map((r) => r.aiAddr),
      [at('192.0.2.7', 80)],
    );
    assert.equal(S.getaddrinfo(a.s, 'found.test', '80', hints, out), 0, 'known now');
    const lost = a.call(S.getaddrinfo(a.s, 'lost.test', null, null, out));
    w.run(1000);
    assert.deepEqual([lost.value, out.res.length], [S.EAI_NONAME, 0]);
    dnsLocalAddhost(a.host.stack, 'here.test', ip('10.0.0.77'));
    assert.equal(S.getaddrinfo(a.s, 'here.test', null, hints, out), 0);
    assert.equal(out.res[0]!.aiAddr.sinAddr, ip('10.0.0.77'));
    w.run(700_000_000);
  });
});
