// `lightwire simulate` as a whole: prompt, capture and clean end with any bundle; the page through the gateway with
// the built http-server.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../../tools/flash/bundle-file.js';
import { readPcapng } from '../../sim/pcapng.js';
import { skipUnless } from '../support/skip.js';
import { lightwire } from './lightwire.js';

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function get(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { timeout: 120_000 }, (response) => {
      let body = '';
      response.on('data', (d) => (body += d));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.on('timeout', () => request.destroy(new Error('no answer from the board')));
    request.on('error', reject);
  });
}

describe('cli: simulate', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'lightwire-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('boots a bundle, takes lines for its prompt, and ends after --seconds', async () => {
    const app = join(folder, 'hello.js');
    const pcap = join(folder, 'hello.pcapng');
    writeFileSync(app, 'var n = 41; console.log("hello from", board.name); setInterval(function () {}, 10);');
    const port = await freePort();
    const { code, stdout, stderr } = await lightwire(
      ['simulate', '--app', app, '--http-port', String(port), '--seconds', '0.5', '--pcap', pcap],
      { input: 'n + 1\nnope\n' },
    );
    assert.equal(stderr, '');
    assert.equal(code, 0);
    const lines = stdout.split('\n');
    for (const line of ['hello from pico', '42', 'ReferenceError: nope is not defined']) {
      assert.ok(lines.includes(line), `${line} in ${stdout}`);
    }
    assert.equal(readPcapng(readFileSync(pcap)).interfaces[0]!.name, 'enc28j60');
  });

  it('builds the app before, with --build', async () => {
    const dist = join(ROOT, 'dist/dhcp-client.js');
    rmSync(dist, { force: true });
    const port = await freePort();
    const { code, stdout, stderr } = await lightwire(
      ['simulate', '--build', '--app', 'dhcp-client', '--http-port', String(port), '--seconds', '60'],
      { onOutput: (child, out) => void (out.includes('address 10.0.2.15') && child.kill('SIGINT')) },
    );
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^address 10\.0\.2\.15$/m);
    assert.ok(existsSync(dist));
  });

  it('refuses to build what is no app', async () => {
    const { code, stderr } = await lightwire(['simulate', '--build', '--app', 'nothing']);
    assert.equal(code, 1);
    assert.match(stderr, /^lightwire: no bundle dist\/nothing\.js/);
  });

  it('reports what a program throws, and keeps quiet with --quiet', async () => {
    const app = join(folder, 'broken.js');
    writeFileSync(app, 'console.log("up");\nthrow new RangeError("down");');
    const port = String(await freePort());
    const args = ['simulate', '--app', app, '--http-port', port, '--seconds', '0.3'];
    const loud = await lightwire(args);
    assert.match(loud.stdout, /\nup\nRangeError: down\n {2}at <anonymous>:2\n/);
    assert.equal(loud.code, 0);
    const quiet = await lightwire([...args, '--quiet']);
    assert.equal(quiet.stdout, '');
    assert.equal(quiet.code, 0);
  });

  it('runs a program for Kaluma’s http behind its network device', async function () {
    skipUnless(
      this,
      existsSync(join(ROOT, 'dist/kaluma-netdev.js')),
      'needs dist/kaluma-netdev.js (npm run build)',
    );
    const program = join(ROOT, 'test-host/programs/http-server.js');
    const port = await freePort();
    let asked: Promise<{ status: number; body: string }> | null = null;
    const { code, stdout, stderr } = await lightwire(
      ['simulate', '--app', 'kaluma-netdev', '--program', program, '--http-port', String(port)],
      {
        onOutput(child, output) {
          if (asked || !output.includes(`127.0.0.1:${port} leads to its port 80`)) return;
          asked = get(`http://127.0.0.1:${port}/some/page`);
          const end = (): boolean => child.kill('SIGINT');
          asked.then(end, end);
        },
      },
    );
    assert.equal(stderr, '');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^web server on port 80$/m);
    assert.ok(asked, stdout);
    assert.deepEqual(await (asked as Promise<unknown>), {
      status: 200,
      body: '<h1>Kaluma</h1><p>GET /some/page, request 1</p>',
    });
  });

  it('serves the page through the gateway, and closes the capture on Ctrl-C', async function () {
    skipUnless(
      this,
      existsSync(join(ROOT, 'dist/http-server.js')),
      'needs dist/http-server.js (npm run build)',
    );
    const pcap = join(folder, 'page.pcapng');
    const port = await freePort();
    let asked: Promise<{ status: number; body: string }> | null = null;
    const { code, stdout, stderr } = await lightwire(
      ['simulate', '--http-port', String(port), '--pcap', pcap, '--seed', '7'],
      {
        onOutput(child, output) {
          const url = /^open (http:\S+)$/m.exec(output)?.[1];
          if (!url || asked) return;
          asked = get(url);
          const end = (): boolean => child.kill('SIGINT');
          asked.then(end, end);
        },
      },
    );
    assert.equal(stderr, '');
    assert.equal(code, 0, stdout);
    assert.ok(asked, `an address in ${stdout}`);
    const page = await (asked as Promise<{ status: number; body: string }>);
    assert.equal(page.status, 200);
    assert.match(page.body, /<html/i);
    const frames = readPcapng(readFileSync(pcap)).packets;
    assert.ok(frames.length > 10);
  });
});
