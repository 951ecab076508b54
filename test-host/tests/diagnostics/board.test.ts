// The prompt's `net` in the bundles as built, typed at the console of the simulated board; and that a bundle without
// it holds nothing of it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pingNew, pingSend } from '../../../firmware/stack/icmp/ping.js';
import { ROOT, buildApp, buildWithDiagnostics, type BuiltApp } from '../../../tools/build/bundle.js';
import { ip } from '../../harness/host.js';
import { World, bundleOf } from '../apps/world.js';
import { Client } from '../services/http-client.js';
import { WIDTH } from './prompt.js';

/** Types a line at the board's prompt. @returns what came on the console within `ms`, answer included */
function type(w: World, line: string, ms = 100): string[] {
  const { board } = w.pico;
  const before = board.lines.length;
  board.input(line);
  w.run(ms);
  const lines = board.lines.slice(before);
  for (const l of lines) assert(l.length <= WIDTH, `${l.length} columns: ${l}`);
  return lines;
}

describe('diagnostics: on the simulated board', function () {
  this.timeout(120_000);
  let http: BuiltApp;
  before(async () => {
    http = await buildWithDiagnostics('http-server');
  });

  it('names itself at boot and lists its commands, `undefined` last', () => {
    const w = new World(http.code).boot();
    assert(w.log.includes('net.help() lists what the prompt can show'));
    const lines = type(w, 'net.help()');
    const names = ['ifconfig', 'netstat', 'arp', 'stats', 'chip', 'memp', 'ping', 'resolve', 'help'];
    assert.deepEqual(
      lines.map((l) => l.split('(')[0]),
      [...names.map((n) => `net.${n}`), 'undefined'],
    );
    assert.deepEqual(type(w, 'Object.keys(net).join()'), [`'${names.join()}'`]);
    w.assertSound();
  });

  it('shows the chip, and what its driver has counted', () => {
    const w = new World(http.code).boot();
    assert.deepEqual(type(w, 'net.chip()'), [
      'ENC28J60 revision 6, half duplex: running',
      'linkChange 1',
      'undefined',
    ]);
    w.assertSound();
  });

  it('shows addresses, lease, neighbours, connections, counters and pools', () => {
    const w = new World(http.code).boot();
    const client = new Client(w.client, w.address, 80).send('GET / HTTP/1.1\r\nHost: x\r\n');
    w.run(100);
    assert.equal(client.connected, true);
    const text = (command: string): string => type(w, command).join('\n');
    const [flags, ether, inet, lease, ...rest] = type(w, 'net.ifconfig()');
    assert.equal(flags, 'en0: <UP,LINK,BROADCAST,ARP,DHCP> mtu 1500');
    assert.match(ether!, /^ {2}ether [\da-f]{2}(:[\da-f]{2}){5}$/);
    assert.equal(inet, '  inet 10.0.0.100 mask 255.255.255.0 gateway 10.0.0.1');
    assert.match(lease!, /^ {2}dhcp BOUND, lease \d+ s left$/);
    assert.match(rest[0]!, /^ {2}RX packets \d+ bytes \d+$/);
    assert.match(rest[1]!, /^ {2}TX packets \d+ bytes \d+$/);
    assert.deepEqual(rest.slice(2), ['received and dropped: 0', 'dns 10.0.0.1', 'undefined']);
    assert.match(text('net.netstat()'), /\nESTABLISHED 10\.0\.0\.100:80 +10\.0\.0\.9:\d+ +\d+ +0 +0\n/);
    assert.match(text('net.netstat()'), /\nLISTEN {6}\*:80 /);
    assert.match(text('net.arp()'), /\n10\.0\.0\.9 +02:00:00:00:00:63 stable +0 s +0\nundefined$/);
    assert.match(text('net.stats()'), /^link +xmit \d+ recv \d+\n/);
    assert.match(text('net.stats()'), /\ndhcp +xmit 2 recv 2\n/);
    const memory = text('net.memp()');
    assert.match(memory, /^undefined\n\nPool /, 'a long table comes behind the answer, undivided');
    assert.match(memory, /\nTCP_PCB +1 +1 +12 +0\n/);
    assert.match(memory, /\nJavaScript heap +\d{5,6} +\d{5,6} +184312$/);
    w.assertSound();
  });

  it('pings by name and address, and looks names up', () => {
    const w = new World(http.code).boot();
    assert.deepEqual(type(w, "net.resolve('found.test')"), ['undefined', 'found.test is 192.0.2.7']);
    assert.deepEqual(type(w, "net.resolve('found.test')"), ['found.test is 192.0.2.7', 'undefined']);
    assert.deepEqual(type(w, "net.resolve('lost.test')"), ['undefined', 'resolve: lost.test is not known']);
    const lines = type(w, "net.ping('10.0.0.9')", 4000);
    assert.equal(
      lines.filter((l) => /^56 bytes from 10\.0\.0\.9: seq=\d ttl=64 time=\d ms$/.test(l)).length,
      4,
    );
    assert.match(lines.at(-1)!, /^4 sent, 4 received, 0% lost/);
    for (const wrong of ['net.ping(1)', 'net.ping()', 'net.resolve()', "net.ping('10.0.0.9', 'x')"]) {
      const answer = type(w, wrong);
      assert.equal(answer.length, 2, wrong);
      assert.match(answer[0]!, /^(ping|resolve): /);
    }
    w.assertSound();
  });

  it('keeps answering pings and requests while it prints and pings', () => {
    const w = new World(http.code).boot();
    for (let i = 0; i < 8; i++) new Client(w.client, w.address, 80).send('GET / HTTP/1.1\r\n');
    w.run(200);
    const pinger = pingNew(w.client.stack)!;
    const times: number[] = [];
    const echo = (): void => {
      pingSend(pinger, ip(w.address), 56, 1000, (_p, result) => {
        assert.equal(result.err, 0);
        times.push(result.time);
        echo();
      });
    };
    w.client.do(echo);
    const busy = (): void => {
      for (const c of ['netstat', 'memp', 'ifconfig', 'netstat', 'stats']) type(w, `net.${c}()`, 120);
    };
    w.pico.board.input("net.ping('10.0.0.1', 3)");
    busy();
    const page = new Client(w.client, w.address, 80).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    busy();
    assert.match(page.text, /^HTTP\/1\.1 200/);
    assert(times.length > 200, `${times.length} pings answered`);
    // Eight lines of 80 characters take 17 ms; 14 lines in one go would be 24 ms for net.memp(), 30 for net.netstat().
    assert(Math.max(...times) <= 20, `an answer took ${Math.max(...times)} ms`);
    w.assertSound();
  });
});

describe('diagnostics: in the build', function () {
  this.timeout(120_000);

  const build = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['--import', 'tsx', join(ROOT, 'tools/build/cli.ts'), ...args], {
      cwd: ROOT,
      encoding: 'utf8',
    });

  it('is in no bundle by default', async () => {
    const app = await buildApp('http-server');
    assert(!app.modules.some((m) => m.includes('diagnostics')));
    assert(!app.shares.some(([folder]) => folder.includes('diagnostics')));
    for (const name of ['http-server', 'echo-raw', 'selftest']) {
      assert.doesNotMatch(await bundleOf(name), /ifconfig|netstat|net\.help|\.net\b|PBUF_REF/, name);
    }
  });

  it('is put in by --diagnostics, into a file of its own, as far as the app has what it shows', () => {
    const { status, stdout, stderr } = build('--diagnostics', '--app', 'echo-raw', '--no-shares');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^echo-raw\.diag /m);
    const w = new World(readFileSync(join(ROOT, 'dist/echo-raw.diag.js'), 'utf8')).boot();
    assert.deepEqual(type(w, 'net.resolve'), ['undefined']);
    assert(!type(w, 'net.help()').some((l) => l.includes('resolve')));
    assert.deepEqual(type(w, "net.ping('example.com')"), ["ping: a host is '10.0.0.1'", 'undefined']);
    assert.match(type(w, "net.ping('10.0.0.9', 1)").at(-1)!, /^1 sent, 1 received, 0% lost/);
    w.assertSound();
  });

  it('is refused for an app without a board', () => {
    const { status, stderr } = build('--diagnostics', '--app', 'selftest', '--quiet');
    assert.equal(status, 1);
    assert.equal(stderr, 'selftest: runs on no board, so there is no prompt for diagnostics\n');
  });
});
