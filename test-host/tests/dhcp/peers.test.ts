// The small servers on a host's own UDP, as the user-mode gateway has them: a lease and a look-up end to end.

import assert from 'node:assert/strict';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import { dhcpRelease, dhcpStart, dhcpStateName } from '../../../firmware/stack/dhcp/dhcp.js';
import { dnsGethostbyname } from '../../../firmware/stack/dns/dns.js';
import { assertClean, usage } from '../../harness/clean.js';
import { Host } from '../../harness/host.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { DnsServer } from '../../peers/dns-server.js';
import { HostGround } from '../../peers/ground.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';

describe('peers on a host', () => {
  it('give a lease, renew it, and look up names, also those that take their time', async () => {
    const s = new Scheduler();
    const link = new Link(s, { delay: 200 });
    const gateway = new Host(s, 1);
    gateway.addInterface({ port: link.b, mac: '02:00:00:00:00:01', ip: '10.0.2.2' });
    const ground = new HostGround(gateway);
    const dhcp = new DhcpServer(ground, { first: '10.0.2.15', dns: ['10.0.2.2'], lease: 600 });
    const dns = new DnsServer(ground, {
      lookup: (q) =>
        q.name === 'slow.example'
          ? Promise.resolve({ answers: [{ name: q.name, type: 1, data: '192.0.2.7' }] })
          : q.name === 'bad.example'
            ? Promise.reject(new Error('no network'))
            : { answers: [], rcode: 3 },
    });
    const atRest = usage(gateway);
    const client = new Host(s, 2);
    const clientAtRest = usage(client);
    const netif = client.addInterface({ port: link.a, mac: '02:00:00:00:00:10' });
    client.do(() => assert.equal(dhcpStart(netif), 0));
    s.runFor(1e6);
    assert.equal(dhcpStateName(netif), 'BOUND');
    assert.equal(ipaddrNtoa(netif.ipAddr), '10.0.2.15');
    s.runFor(1000e6);
    assert.deepEqual(dhcp.types(), ['DISCOVER', 'REQUEST', 'REQUEST', 'REQUEST', 'REQUEST']);
    const found: (string | null)[] = [];
    for (const name of ['slow.example', 'bad.example', 'none.example']) {
      client.do((stack) =>
        dnsGethostbyname(
          stack,
          name,
          { addr: 0 },
          (n, a) => void found.push(`${n} ${a === null ? a : ipaddrNtoa(a)}`),
          null,
        ),
      );
      s.runFor(0.1e6);
      await new Promise((done) => setImmediate(done));
      s.runFor(0.1e6);
    }
    assert.deepEqual(found, ['slow.example 192.0.2.7', 'bad.example null', 'none.example null']);
    assert.equal(dns.log.length, 3);
    client.do(() => assert.equal(dhcpRelease(netif), 0));
    s.runFor(1000e6);
    assert.equal(dhcp.leases.size, 0);
    assertClean(client, clientAtRest);
    assertClean(gateway, atRest);
  });
});
