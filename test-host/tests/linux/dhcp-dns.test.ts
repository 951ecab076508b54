// DHCP client and DNS resolver of a host of ours against dnsmasq.

import assert from 'node:assert/strict';
import { ERR_INPROGRESS, ERR_OK } from '../../../firmware/stack/core/err.js';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import {
  dhcpLeaseLeft,
  dhcpRelease,
  dhcpRenew,
  dhcpStart,
  dhcpStateName,
  dhcpStop,
  dhcpSuppliedAddress,
} from '../../../firmware/stack/dhcp/dhcp.js';
import { dnsGethostbyname, dnsGetserver } from '../../../firmware/stack/dns/dns.js';
import type { Host } from '../../harness/host.js';
import { Bench, KERNEL_IP } from '../../linux/bench.js';
import { LEASE_TIME } from '../../linux/dnsmasq.js';
import type { Daemon } from '../../linux/process.js';
import { LIMIT, needLinux, wireIsSound } from './setup.js';

describe('linux: DHCP and DNS from dnsmasq', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let host: Host;
  let dnsmasq: Daemon;
  let address = '';

  before(async function () {
    await needLinux(this, 'dnsmasq', 'ping');
    bench = await Bench.open('host');
    dnsmasq = await bench.startDnsmasq();
    host = bench.addHost({}, null);
    host.netif.hostname = 'lightwire-test';
  });

  after(() => bench?.close());

  /** Resolves when the interface has its address from DHCP. */
  async function bound(): Promise<void> {
    for (let i = 0; i < 600; i++) {
      if (bench.do(host, () => dhcpSuppliedAddress(host.netif))) return;
      await bench.pause(50);
    }
    assert.fail(`no lease; the client is ${dhcpStateName(host.netif)}\n${dnsmasq.lines.join('\n')}`);
  }

  /** @returns the address, or null when there is none */
  function resolve(name: string): Promise<string | null> {
    return new Promise((resolve) =>
      bench.do(host, (stack) => {
        const out = { addr: 0 };
        const err = dnsGethostbyname(
          stack,
          name,
          out,
          (_name, addr) => resolve(addr === null ? null : ipaddrNtoa(addr)),
          null,
        );
        if (err === ERR_OK) resolve(ipaddrNtoa(out.addr));
        else assert.equal(err, ERR_INPROGRESS);
      }),
    );
  }

  it('gets a lease with router, DNS server and lease time', async () => {
    bench.do(host, () => assert.equal(dhcpStart(host.netif), ERR_OK));
    await bound();
    address = ipaddrNtoa(host.netif.ipAddr);
    assert.match(address, /^10\.77\.0\.([1-4]\d|50)$/);
    assert.equal(ipaddrNtoa(host.netif.netmask), '255.255.255.0');
    assert.equal(ipaddrNtoa(host.netif.gw), KERNEL_IP);
    assert.equal(ipaddrNtoa(dnsGetserver(host.stack, 0)), KERNEL_IP);
    const left = bench.do(host, () => dhcpLeaseLeft(host.netif));
    assert.ok(left > LEASE_TIME - 30 && left <= LEASE_TIME, `${left} s left`);
    await dnsmasq.line(new RegExp(`DHCPACK\\(tap0\\) ${address} 02:00:00:77:00:02 lightwire-test`));
  });

  it('answers the kernel at the leased address', async () => {
    const out = await bench.space.run('ping', ['-n', '-c', '3', '-i', '0.05', address]);
    assert.match(out.stdout, / 3 received/);
  });

  it('resolves names, aliases and its own', async () => {
    assert.equal(await resolve('server.example.test'), KERNEL_IP);
    assert.equal(await resolve('other.example.test'), '10.77.0.77');
    assert.equal(await resolve('alias.example.test'), KERNEL_IP);
    assert.equal(await resolve('lightwire-test.example.test'), address);
  });

  it('reports names that do not exist', async () => {
    assert.equal(await resolve('nobody.example.test'), null);
  });

  it('asks once for a name that it has just resolved', async () => {
    await resolve('other.example.test');
    const asked = dnsmasq.lines.filter((l) => /query\[A\] other\.example\.test/.test(l)).length;
    assert.equal(asked, 1);
  });

  it('renews its lease', async () => {
    const from = dnsmasq.lines.length;
    bench.do(host, () => assert.equal(dhcpRenew(host.netif), ERR_OK));
    await dnsmasq.line(new RegExp(`DHCPACK\\(tap0\\) ${address}`), from);
    await bound();
    assert.equal(ipaddrNtoa(host.netif.ipAddr), address);
    assert.ok(!dnsmasq.lines.slice(from).some((l) => /DHCPDISCOVER|DHCPNAK/.test(l)));
  });

  it('releases its lease and gets one again', async () => {
    let from = dnsmasq.lines.length;
    bench.do(host, () => assert.equal(dhcpRelease(host.netif), ERR_OK));
    await dnsmasq.line(new RegExp(`DHCPRELEASE\\(tap0\\) ${address}`), from);
    assert.equal(host.netif.ipAddr, 0);
    bench.do(host, () => dhcpStop(host.netif));
    from = dnsmasq.lines.length;
    bench.do(host, () => assert.equal(dhcpStart(host.netif), ERR_OK));
    await dnsmasq.line(/DHCPACK\(tap0\)/, from);
    await bound();
  });

  it('starts anew when the server refuses what it asks for', async () => {
    // dnsmasq with another range answers a request for the old address by DHCPNAK.
    await bench.dnsmasq!.stop();
    dnsmasq = await bench.startDnsmasq({ range: ['10.77.0.60', '10.77.0.70'], folder: `${bench.folder}` });
    bench.do(host, () => assert.equal(dhcpRenew(host.netif), ERR_OK));
    await dnsmasq.line(/DHCPNAK/);
    await dnsmasq.line(/DHCPACK\(tap0\) 10\.77\.0\.[67]\d/);
    await bound();
    assert.match(ipaddrNtoa(host.netif.ipAddr), /^10\.77\.0\.[67]\d$/);
  });

  wireIsSound(() => bench, 30, { dhcp: 8, dns: 8 });
});
