// Bundles without the optional parts of DHCP and DNS: smaller, without a trace of them, and still good for a lease
// and a name.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import vm from 'node:vm';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { DnsServer } from '../../peers/dns-server.js';
import { FrameGround } from '../../peers/ground.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { type BuiltApp, type Features, ROOT, buildApp } from '../../../tools/build/bundle.js';

type Turn = (frame: Uint8Array | null, name: string | null) => string;
type Start = (send: (frame: Uint8Array) => void, clock: () => number) => Turn;

const SMALL = { LWIP_TCP: false, LWIP_ACD: false, LWIP_AUTOIP: false, LWIP_OPT_CHECK: false };

const build = (features: Features): Promise<BuiltApp> =>
  buildApp('host', {
    entry: join(ROOT, 'test-host/tests/build/fixtures/host.ts'),
    features: { ...SMALL, ...features },
  });

/** Runs a bundle beside servers for 12 s of virtual time; looks up a name in the fourth and `again` in the tenth. */
function run(
  code: string,
  again: string,
): { first: string; last: string; asked: string[]; requests: number } {
  const scheduler = new Scheduler();
  const link = new Link(scheduler, { delay: 100 });
  const ground = new FrameGround(link.b, '02:00:00:00:00:01', '10.0.0.1');
  const dhcp = new DhcpServer(ground, { first: '10.0.0.100', lease: 3600, dns: ['10.0.0.1'] });
  const zone = { 'www.example.com': '93.184.216.34', 'alias.example.com': 'cname:www.example.com' };
  const dns = new DnsServer(ground, { zone, followAliases: false });
  let start: Start | undefined;
  vm.runInNewContext(code, { print: (value: Start) => (start = value) });
  const turn = start!(
    (frame) => link.a.send(frame),
    () => Math.floor(scheduler.now / 1000),
  );
  link.a.onFrame = (frame) => void turn(frame, null);
  const seconds = (n: number): void => {
    for (let i = 0; i < n * 20; i++) {
      scheduler.runFor(50000);
      turn(null, null);
    }
  };
  seconds(3);
  turn(null, 'www.example.com');
  seconds(6);
  const first = turn(null, null);
  turn(null, again);
  seconds(3);
  return {
    first,
    last: turn(null, null),
    asked: dns.log.map((e) => e.name),
    requests: dhcp.types().length,
  };
}

describe('build: DHCP and DNS without their extras', function () {
  this.timeout(120000);
  let all: BuiltApp;
  before(async () => {
    all = await build({});
  });

  const share = (app: BuiltApp, folder: string): number =>
    app.shares.find(([f]) => f === `firmware/stack/${folder}`)![1];

  it('is the whole thing by default', () => {
    const { first, last, asked, requests } = run(all.code, 'alias.example.com');
    assert.equal(first, '10.0.0.100 www.example.com 93.184.216.34');
    assert.equal(last, '10.0.0.100 alias.example.com 93.184.216.34');
    assert.deepEqual(asked, ['www.example.com', 'alias.example.com', 'www.example.com']);
    assert.equal(requests, 2);
    assert.match(run(all.code, 'localhost').last, /localhost 127\.0\.0\.1$/);
  });

  it('gets a lease and a name without DHCP_EXTRAS, DNS_EXTRAS and DNS_LOCAL_HOSTLIST', async () => {
    const few = await build({ DHCP_EXTRAS: false, DNS_EXTRAS: false, DNS_LOCAL_HOSTLIST: false });
    assert.ok(share(few, 'dhcp') < share(all, 'dhcp') - 300, `dhcp: ${share(few, 'dhcp')}`);
    assert.ok(share(few, 'dns') < share(all, 'dns') - 200, `dns: ${share(few, 'dns')}`);
    assert.ok(!few.code.includes('localhost'));
    const { first, last, asked, requests } = run(few.code, 'alias.example.com');
    assert.equal(first, '10.0.0.100 www.example.com 93.184.216.34');
    assert.equal(last, '10.0.0.100 alias.example.com none', 'an alias is not asked for anew');
    assert.deepEqual(asked, ['www.example.com', 'alias.example.com']);
    assert.equal(requests, 2);
  });

  it('has no conflict check without LWIP_ACD', async () => {
    const folders = all.shares.map(([folder]) => folder);
    assert.ok(!folders.includes('firmware/stack/acd') && !folders.includes('firmware/stack/autoip'));
    const checked = await build({ LWIP_ACD: true });
    assert.ok(share(checked, 'acd') > 0);
    assert.ok(share(checked, 'dhcp') > share(all, 'dhcp') + 150, 'what the client does about conflicts');
  });
});
