import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import { netifSetLinkDown, netifSetLinkUp } from '../../../firmware/stack/core/netif.js';
import {
  dhcpInform,
  dhcpOption,
  dhcpReleaseAndStop,
  dhcpRenew,
  dhcpStart,
} from '../../../firmware/stack/dhcp/dhcp.js';
import {
  dhcpServerStart,
  dhcpServerStop,
  type DhcpServer,
  type DhcpServerConfig,
} from '../../../firmware/services/dhcp_server.js';
import { udpBind, udpNew } from '../../../firmware/stack/udp/udp.js';
import { assertClean } from '../../harness/clean.js';
import { Host, ip } from '../../harness/host.js';
import {
  ACK,
  DECLINE,
  DISCOVER,
  INFORM,
  NAK,
  OFFER,
  RELEASE,
  REQUEST,
  decodeDhcp,
  encodeDhcp,
  ipBytes,
  typeOf,
  u32,
  type DhcpMessage,
} from '../../peers/dhcp-messages.js';
import { FrameGround } from '../../peers/ground.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';

const OWN = '10.3.0.1';
const DAY = 86400;

class Garden {
  readonly scheduler = new Scheduler();
  readonly ether = new Switch(this.scheduler);
  readonly board = new Host(this.scheduler, 1);
  readonly server: DhcpServer;

  constructor(config: Partial<DhcpServerConfig> = {}) {
    this.board.addInterface({ port: this.ether.addPort({}), mac: '02:00:00:00:00:01', ip: OWN });
    this.server = dhcpServerStart(this.board.netif, { first: ip(OWN), count: 4, ...config })!;
    assert.ok(this.server);
  }

  guest(n: number): Host {
    const host = new Host(this.scheduler, 100 + n);
    host.addInterface({ port: this.ether.addPort({}), mac: `5c:00:00:00:00:0${n}` });
    dhcpStart(host.netif);
    return host;
  }

  run(seconds: number): void {
    this.scheduler.runFor(seconds * 1e6);
  }
}

function addressOf(host: Host): string {
  return ipaddrNtoa(host.netif.ipAddr);
}

/** A client of which the test says every word. */
class Client {
  readonly answers: (DhcpMessage & { dst: string })[] = [];
  readonly ground: FrameGround;
  readonly mac: string;

  constructor(
    private readonly garden: Garden,
    n: number,
    readonly own = '0.0.0.0',
  ) {
    this.mac = `5c:00:00:00:00:0${n}`;
    this.ground = new FrameGround(garden.ether.addPort({}), this.mac, own);
    this.ground.serve(68, (d) => void this.answers.push({ ...decodeDhcp(d.data), dst: d.dst }));
  }

  /** @returns the answer in words, or '' when there is none */
  say(type: number, options: Record<number, number[]> = {}, fields: Partial<DhcpMessage> = {}): string {
    const message: DhcpMessage = {
      op: 1,
      xid: 0x12345678,
      secs: 0,
      broadcast: false,
      ciaddr: '0.0.0.0',
      yiaddr: '0.0.0.0',
      siaddr: '0.0.0.0',
      giaddr: '0.0.0.0',
      chaddr: this.mac,
      ...fields,
      options: { 53: [type], ...options },
    };
    this.answers.length = 0;
    this.ground.send(68, '255.255.255.255', 67, encodeDhcp(message));
    this.garden.run(1);
    assert.ok(this.answers.length <= 1);
    const answer = this.answers[0];
    return answer ? `${['', '', 'OFFER', '', '', 'ACK', 'NAK'][typeOf(answer)]} ${answer.yiaddr}` : '';
  }
}

describe('services: DHCP server', () => {
  it('gives each guest an address, mask, router, and a name server where there is one', () => {
    const garden = new Garden({ dns: ip('9.9.9.9') });
    const guests = [1, 2, 3].map((n) => garden.guest(n));
    garden.run(30);
    assert.deepEqual(guests.map(addressOf), ['10.3.0.2', '10.3.0.3', '10.3.0.4']);
    for (const { netif } of guests) {
      assert.equal(netif.netmask, ip('255.255.255.0'));
      assert.equal(netif.gw, ip(OWN));
    }
    assert.deepEqual(dhcpOption(guests[0]!.netif, 6), [9, 9, 9, 9]);
    assert.deepEqual(dhcpOption(guests[0]!.netif, 51), u32(DAY));
  });

  it('has an address for a guest that comes back, and for another one when it has gone', () => {
    const garden = new Garden({ count: 3 });
    const [a, b] = [1, 2].map((n) => garden.guest(n)) as [Host, Host];
    garden.run(30);
    const c = garden.guest(3);
    garden.run(30);
    assert.equal(addressOf(c), '0.0.0.0', 'the pool is empty');
    netifSetLinkDown(b.netif);
    netifSetLinkUp(b.netif);
    garden.run(30);
    assert.deepEqual([a, b].map(addressOf), ['10.3.0.2', '10.3.0.3']);
    dhcpReleaseAndStop(a.netif);
    garden.run(120);
    assert.equal(addressOf(c), '10.3.0.2');
  });

  it('renews leases, and takes back those that are not renewed', () => {
    const garden = new Garden({ lease: 600, count: 2 });
    const a = garden.guest(1);
    garden.run(3600);
    assert.equal(addressOf(a), '10.3.0.2');
    assert.equal(dhcpRenew(a.netif), 0);
    garden.run(10);
    assert.equal(addressOf(a), '10.3.0.2');
    netifSetLinkDown(a.netif);
    const b = garden.guest(2);
    garden.run(300);
    assert.notEqual(addressOf(b), '10.3.0.2');
    garden.run(500);
    assert.equal(addressOf(b), '10.3.0.2');
  });

  it('answers whoever has an address already with the rest', () => {
    const garden = new Garden({ dns: ip('9.9.9.9') });
    const host = new Host(garden.scheduler, 9);
    host.addInterface({ port: garden.ether.addPort({}), mac: '5c:00:00:00:00:09', ip: '10.3.0.77' });
    dhcpInform(host.netif);
    garden.run(10);
    assert.deepEqual(dhcpOption(host.netif, 6), [9, 9, 9, 9]);
    assert.equal(dhcpOption(host.netif, 51), null);
  });

  it('keeps what it offers, and offers what is asked for where it can', () => {
    const garden = new Garden();
    const a = new Client(garden, 1);
    const b = new Client(garden, 2);
    const c = new Client(garden, 3);
    assert.equal(a.say(DISCOVER, { 50: ipBytes('10.3.0.3') }), 'OFFER 10.3.0.3');
    assert.equal(a.answers[0]!.dst, '255.255.255.255');
    assert.equal(b.say(DISCOVER, { 50: ipBytes('10.3.0.3') }), 'OFFER 10.3.0.2');
    assert.equal(a.say(DISCOVER), 'OFFER 10.3.0.3');
    assert.equal(c.say(DISCOVER, { 50: ipBytes('10.9.9.9') }), 'OFFER 10.3.0.4');
    assert.equal(new Client(garden, 4).say(DISCOVER), '');
    garden.run(61);
    assert.equal(new Client(garden, 4).say(DISCOVER, { 50: ipBytes('10.3.0.3') }), 'OFFER 10.3.0.3');
  });

  it('says no to what cannot be, and nothing to what is for others', () => {
    const garden = new Garden();
    const a = new Client(garden, 1);
    const b = new Client(garden, 2);
    const server = (address: string): Record<number, number[]> => ({ 54: ipBytes(address) });
    const want = (address: string): Record<number, number[]> => ({ 50: ipBytes(address) });
    assert.equal(a.say(REQUEST, { ...want('10.3.0.2'), ...server(OWN) }), 'ACK 10.3.0.2');
    assert.equal(b.say(REQUEST, { ...want('10.3.0.2'), ...server(OWN) }), 'NAK 0.0.0.0');
    assert.equal(b.say(REQUEST, want(OWN)), 'NAK 0.0.0.0');
    assert.equal(b.say(REQUEST, want('192.168.1.7')), 'NAK 0.0.0.0');
    assert.equal(b.say(REQUEST, { ...want('10.3.0.3'), ...server('10.3.0.99') }), '');
    assert.equal(b.say(DISCOVER, {}, { giaddr: '10.3.0.50' }), '');
    assert.equal(b.say(OFFER), '');
    assert.equal(b.say(NAK), '');
    assert.equal(b.say(DISCOVER, {}, { op: 2 }), '');
    // After a reboot: the address of before.
    assert.equal(a.say(REQUEST, want('10.3.0.2')), 'ACK 10.3.0.2');
    // One client, one lease.
    assert.equal(a.say(REQUEST, want('10.3.0.4')), 'ACK 10.3.0.4');
    assert.equal(b.say(REQUEST, want('10.3.0.2')), 'ACK 10.3.0.2');
  });

  it('answers to the address that a client has', () => {
    const garden = new Garden();
    const a = new Client(garden, 1, '10.3.0.2');
    assert.equal(a.say(REQUEST, {}, { ciaddr: '10.3.0.2' }), 'ACK 10.3.0.2');
    assert.equal(a.answers[0]!.dst, '10.3.0.2');
    assert.equal(a.say(INFORM, {}, { ciaddr: '10.3.0.2' }), 'ACK 0.0.0.0');
    assert.equal(a.say(REQUEST, {}, { ciaddr: '10.3.0.99' }), 'NAK 0.0.0.0');
    assert.equal(a.answers[0]!.dst, '255.255.255.255');
    assert.equal(a.answers[0]!.ciaddr, '0.0.0.0');
  });

  it('sets aside what a client declines, and nobody else can', () => {
    const garden = new Garden({ count: 3 });
    const a = new Client(garden, 1);
    const b = new Client(garden, 2);
    const want = { 50: ipBytes('10.3.0.2') };
    const server = { 54: ipBytes(OWN) };
    a.say(REQUEST, want);
    b.say(DECLINE, { ...want, ...server });
    b.say(RELEASE, server, { ciaddr: '10.3.0.2' });
    assert.equal(b.say(DISCOVER, want), 'OFFER 10.3.0.3');
    a.say(DECLINE, { ...want, ...server });
    assert.equal(a.say(DISCOVER, want), '');
    garden.run(70);
    assert.equal(a.say(DISCOVER, want), 'OFFER 10.3.0.3');
    assert.equal(a.say(REQUEST, { 50: ipBytes('10.3.0.3') }), 'ACK 10.3.0.3');
    garden.run(DAY);
    assert.equal(b.say(DISCOVER, want), 'OFFER 10.3.0.2');
  });

  it('drops what is no message', () => {
    const garden = new Garden();
    const a = new Client(garden, 1);
    const send = (data: Uint8Array): void => {
      a.ground.send(68, '255.255.255.255', 67, data);
      garden.run(1);
    };
    const message = encodeDhcp({
      op: 1,
      xid: 1,
      secs: 0,
      broadcast: true,
      ciaddr: '0.0.0.0',
      yiaddr: '0.0.0.0',
      siaddr: '0.0.0.0',
      giaddr: '0.0.0.0',
      chaddr: a.mac,
      options: { 53: [DISCOVER], 12: [65, 66, 67] },
    });
    for (let n = 0; n < 250; n++) send(message.slice(0, n));
    const changed = message.slice();
    changed[236]! ^= 1;
    send(changed);
    assert.equal(a.answers.filter((m) => typeOf(m) !== OFFER).length, 0);
    assert.ok(a.answers.length < 12, 'only those that had their type');
    send(message);
    assert.ok([OFFER, ACK].includes(typeOf(a.answers.pop()!)));
  });

  it('starts where the port is free, and stops', () => {
    const garden = new Garden();
    assert.equal(dhcpServerStart(garden.board.netif, { first: ip(OWN), count: 4 }), null);
    dhcpServerStop(garden.server);
    assertClean(garden.board);
    const pcb = udpNew(garden.board.stack)!;
    assert.equal(udpBind(pcb, 0, 67), 0);
    assert.equal(dhcpServerStart(garden.board.netif, { first: ip(OWN), count: 4 }), null);
    assert.equal(new Client(garden, 1).say(DISCOVER), '');
    assertClean(garden.board, { UDP_PCB: 1 });
  });
});
