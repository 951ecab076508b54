// What the gateway is to the board: DHCP server, DNS server, the one who answers pings.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import { dhcpReleaseAndStop, dhcpStart } from '../../../firmware/stack/dhcp/dhcp.js';
import { dnsGetserver } from '../../../firmware/stack/dns/dns.js';
import { createGateway } from '../../gateway/gateway.js';
import { Host, ip } from '../../harness/host.js';
import { decodeDns, encodeDns, TYPE_A, type DnsRecord } from '../../peers/dns-messages.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { skipUnless } from '../support/skip.js';
import { BOARD, FOREIGN, GATEWAY, World } from './world.js';

describe('gateway: DHCP', () => {
  it('leases the board an address, with itself as router and DNS server', async () => {
    const scheduler = new Scheduler();
    const link = new Link(scheduler, { delay: 50 });
    const log: string[] = [];
    const gateway = await createGateway({ scheduler, port: link.b, log: (line) => log.push(line) });
    const board = new Host(scheduler, 7);
    const netif = board.addInterface({ port: link.a, mac: '02:00:00:00:00:15' });
    netif.hostname = 'pico';
    const leased = gateway.whenLeased();
    const up = gateway.whenBoardUp();
    board.do(() => dhcpStart(netif));
    assert(
      scheduler.runWhile(() => netif.ipAddr !== 0, 30e6),
      'no address after 30 s',
    );
    assert.equal(ipaddrNtoa(netif.ipAddr), '10.0.2.15');
    assert.equal(ipaddrNtoa(netif.netmask), '255.255.255.0');
    assert.equal(ipaddrNtoa(netif.gw), GATEWAY);
    assert.equal(ipaddrNtoa(dnsGetserver(board.stack, 0)), GATEWAY);
    const lease = await leased;
    assert.deepEqual(
      { ip: lease.ip, mac: lease.mac, hostname: lease.hostname },
      { ip: '10.0.2.15', mac: '02:00:00:00:00:15', hostname: 'pico' },
    );
    assert.equal(gateway.leases().length, 1);
    scheduler.runFor(5e6);
    assert.equal(await up, '10.0.2.15');
    assert(
      log.some((line) => line.includes('lease of 10.0.2.15')),
      log.join('\n'),
    );

    board.do(() => dhcpReleaseAndStop(netif));
    scheduler.runFor(1e6);
    assert.deepEqual(gateway.leases(), []);
    await gateway.close();
  });

  it('drops what is no DHCP message, in one line of the log', async () => {
    const world = await World.start();
    const d = world.datagrams();
    d.send(new Uint8Array(20), GATEWAY, 67);
    d.send(new Uint8Array(2), GATEWAY, 53);
    assert.equal(await world.resolve('host.lightwire'), ip(GATEWAY));
    assert.equal(world.log.filter((line) => line.includes('port 67 dropped')).length, 1);
    await world.stop();
  });
});

describe('gateway: DNS', () => {
  let world: World;
  let upstream: Socket;
  const zone: Record<string, { rcode?: number; answers?: DnsRecord[] } | 'refuse'> = {
    'far.example': { answers: [{ name: 'far.example', type: TYPE_A, ttl: 77, data: '192.0.2.9' }] },
    'here.example': { answers: [{ name: 'here.example', type: TYPE_A, ttl: 5, data: '127.0.0.1' }] },
    'none.example': { rcode: 3 },
    'broken.example': { rcode: 2 },
    'six.example': { answers: [] },
  };
  const asked: string[] = [];

  before(async () => {
    upstream = createSocket('udp4');
    upstream.on('message', (bytes, from) => {
      const query = decodeDns(bytes);
      const q = query.questions[0]!;
      asked.push(q.name);
      const found = zone[q.name.toLowerCase()];
      if (!found || found === 'refuse') return;
      const reply = encodeDns({
        id: query.id,
        response: true,
        recursionDesired: true,
        recursionAvailable: true,
        rcode: found.rcode ?? 0,
        questions: query.questions,
        answers: found.answers ?? [],
      });
      upstream.send(reply, from.port, from.address);
    });
    upstream.bind(0, '127.0.0.1');
    await once(upstream, 'listening');
    world = await World.start({
      dnsUpstream: `127.0.0.1:${upstream.address().port}`,
      hosts: { 'table.example': ['192.0.2.5', '192.0.2.6'], 'gone.example': null },
    });
  });

  after(async () => {
    await world.stop();
    upstream.close();
  });

  /** Asks by hand, to see all of the answer. */
  async function query(
    name: string,
    type: number,
    at = world,
  ): Promise<{ rcode: number; addresses: string[]; ttl: number }> {
    const d = at.datagrams();
    const bytes = encodeDns({
      id: 0x4321,
      response: false,
      recursionDesired: true,
      questions: [{ name, type, class: 1 }],
      answers: [],
    });
    d.send(bytes, GATEWAY, 53);
    const { bytes: reply, from, port } = await d.receive();
    assert.equal(from, ip(GATEWAY));
    assert.equal(port, 53);
    const v = new DataView(reply.buffer, reply.byteOffset, reply.length);
    assert.equal(v.getUint16(0), 0x4321);
    assert.equal(v.getUint16(2) & 0xfff0, 0x8180);
    const count = v.getUint16(6);
    const addresses: string[] = [];
    let ttl = 0;
    for (let i = 0, o = reply.length - 16 * count; i < count; i++, o += 16) {
      assert.equal(v.getUint16(o + 2), 1);
      ttl = v.getUint32(o + 6);
      addresses.push([...reply.subarray(o + 12, o + 16)].join('.'));
    }
    return { rcode: v.getUint16(2) & 15, addresses, ttl };
  }

  it('answers from its table', async () => {
    assert.equal(await world.resolve('table.example'), ip('192.0.2.5'));
    assert.equal(await world.resolve('host.lightwire'), ip(GATEWAY));
    assert.equal(await world.resolve('gone.example'), null);
    assert.deepEqual(await query('TABLE.example', 1), {
      rcode: 0,
      addresses: ['192.0.2.5', '192.0.2.6'],
      ttl: 60,
    });
    assert.deepEqual(asked, []);
  });

  it("hands on the resolver's answers, with their time to live", async () => {
    assert.deepEqual(await query('far.example', 1), { rcode: 0, addresses: ['192.0.2.9'], ttl: 77 });
    assert.equal(await world.resolve('far.example'), ip('192.0.2.9'));
  });

  it("maps this machine's loopback to the gateway", async () => {
    assert.deepEqual((await query('here.example', 1)).addresses, [GATEWAY]);
  });

  it('tells no such name, no such record and failure apart', async () => {
    assert.equal((await query('none.example', 1)).rcode, 3);
    assert.deepEqual(await query('six.example', 1), { rcode: 0, addresses: [], ttl: 0 });
    assert.equal((await query('broken.example', 1)).rcode, 2);
    assert.deepEqual(await query('table.example', 28), { rcode: 0, addresses: [], ttl: 0 });
    assert.equal((await query('table.example', 16)).rcode, 4);
    assert.equal((await query('192.0.2.1', 1)).rcode, 3);
  });

  it("asks this machine's resolver when no server is named", async () => {
    const own = await World.start();
    // The board's own resolver knows this name, so it is asked by hand.
    assert.deepEqual((await query('localhost', 1, own)).addresses, [GATEWAY]);
    await own.stop();
  });

  it('refuses a table that is wrong', async () => {
    const scheduler = new Scheduler();
    await assert.rejects(
      createGateway({ scheduler, port: new Link(scheduler).b, hosts: { 'a.example': '1.2.3' } }),
      /hosts table: a\.example: 1\.2\.3 is no IPv4 address/,
    );
  });
});

describe('gateway: ping', () => {
  it('answers for itself', async () => {
    const world = await World.start();
    for (const size of [0, 56, 1472, 4000]) {
      const reply = await world.ping(GATEWAY, size);
      assert.equal(reply[0], 0);
      assert.equal(reply.length, 8 + size);
    }
    await world.stop();
  });

  it('asks the system for others, and gives the board its own data back', async function () {
    const works = spawnSync('ping', ['-c', '1', '-W', '2', '127.0.0.1'], { stdio: 'ignore' }).status === 0;
    skipUnless(this, works, 'no working ping program on this machine');
    const world = await World.start();
    for (const size of [0, 56, 4000]) {
      const reply = await world.ping(FOREIGN, size, size & 0xff);
      assert.equal(reply[0], 0, world.log.join('\n'));
      assert.equal(reply.length, 8 + size);
      assert.equal(reply[7], size & 0xff);
      for (let i = 8; i < reply.length; i++) assert.equal(reply[i], i & 0xff);
    }
    assert.equal(world.gateway.counts().pings, 0);
    await world.stop();
  });

  it('tells the board that a host is unreachable where it is, or where ping is missing', async () => {
    const world = await World.start({ pingCommand: 'lightwire-no-such-program' });
    const cut = await world.ping('198.51.100.1', 56);
    assert.deepEqual([...cut.subarray(0, 2)], [3, 1]);
    const missing = await world.ping(FOREIGN, 56);
    assert.deepEqual([...missing.subarray(0, 2)], [3, 1]);
    // The quoted datagram is the board's own (RFC 792).
    assert.equal([...missing.subarray(8 + 12, 8 + 16)].join('.'), BOARD);
    assert.equal([...missing.subarray(8 + 16, 8 + 20)].join('.'), FOREIGN);
    assert.equal(world.log.filter((line) => line.includes('ping does not work here')).length, 1);
    await world.stop();
  });
});
