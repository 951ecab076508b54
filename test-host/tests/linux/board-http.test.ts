// The web server's bundle on the simulated Pico against the Linux kernel: lease, names, pings, web clients.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageText } from '../../../firmware/apps/http-server/page.js';
import type { Pico } from '../../board/pico-enc28j60.js';
import type { Behaviour } from '../../linux/agent-operations.js';
import { Bench, DEVICE, KERNEL_IP } from '../../linux/bench.js';
import { bundleOf } from '../../linux/bundle.js';
import { sha256 } from '../../linux/pattern.js';
import type { Daemon } from '../../linux/process.js';
import { LIMIT, needLinux, wireIsSound } from './setup.js';

const REQUESTS = 500;
const AT_A_TIME = 8;

describe('linux: the simulated board serves a page', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let pico: Pico;
  let dnsmasq: Daemon;
  let address = '';

  before(async function () {
    await needLinux(this, 'dnsmasq', 'ping', 'curl', 'xargs');
    const bundle = await bundleOf('http-server');
    bench = await Bench.open('board');
    dnsmasq = await bench.startDnsmasq();
    pico = bench.addBoard(bundle, 'http-server');
  });

  after(() => bench?.close());

  afterEach('nothing was thrown on the board', () => {
    assert.deepEqual(pico?.board.errors ?? [], []);
  });

  async function get(path: string, ...args: string[]): Promise<string> {
    return (await bench.space.check('curl', ['-sS', '-m', '60', ...args, `http://${address}${path}`])).stdout;
  }

  /**
   * 200 pings, each after the answer to the one before. With more than one under way a stall of this process could
   * fill the chip's receive buffer, which holds four full frames.
   */
  async function ping200(size: number): Promise<string> {
    const loop = 'for i in $(seq 200); do ping -n -q -c 1 -W 10 -s "$1" "$2" || exit 1; done';
    return (await bench.space.run('sh', ['-c', loop, 'sh', `${size}`, address])).stdout;
  }

  function client(behaviour: Behaviour): ReturnType<typeof bench.agent.call<'connect'>> {
    return bench.agent.call('connect', { host: address, port: 80, behaviour });
  }

  it('gets a lease', async () => {
    address = (await dnsmasq.line(/DHCPACK\(tap0\) (10\.77\.0\.\d+) \S+ lightwire$/))[1]!;
    for (let i = 0; i < 200 && !pico.board.lines.includes(`link up, ${address}`); i++) await bench.pause(50);
    assert.ok(pico.board.lines.includes(`link up, ${address}`), pico.board.lines.join('\n'));
  });

  it('serves the page', async () => {
    assert.equal(await get('/'), pageText());
  });

  it('tells its state as JSON', async () => {
    const status = JSON.parse(await get('/api/status')) as Record<string, unknown>;
    assert.equal(status['address'], address);
    assert.equal(status['gateway'], KERNEL_IP);
    assert.equal(status['resolver'], KERNEL_IP);
    assert.equal(status['link'], true);
  });

  it('resolves names by dnsmasq', async () => {
    const ask = async (name: string): Promise<unknown> =>
      (JSON.parse(await get(`/api/resolve?name=${name}`)) as { address: unknown }).address;
    assert.equal(await ask('server.example.test'), KERNEL_IP);
    assert.equal(await ask('alias.example.test'), KERNEL_IP);
    assert.equal(await ask('other.example.test'), '10.77.0.77');
    assert.equal(await ask('lightwire.example.test'), address);
    assert.equal(await ask('nobody.example.test'), null);
    await dnsmasq.line(new RegExp(`query\\[A\\] server\\.example\\.test from ${address}`));
  });

  for (const [size, what] of [
    [56, ''],
    [1472, ''],
    [4000, ' in fragments'],
  ] as const) {
    it(`answers 200 of 200 pings of ${size} bytes${what}`, async () => {
      const out = await ping200(size);
      assert.equal(out.match(/ 1 received, 0% packet loss/g)?.length, 200, out.slice(-500));
    });
  }

  it('outlives floods of pings that it cannot keep up with', async () => {
    for (const size of ['0', '1472', '4000', '65507']) {
      await bench.space.run('ping', [
        '-n',
        '-q',
        '-f',
        '-l',
        '10',
        '-c',
        '300',
        '-W',
        '1',
        '-s',
        size,
        address,
      ]);
      assert.equal(await get('/'), pageText());
    }
  });

  it(`serves ${REQUESTS} curl requests, ${AT_A_TIME} at a time, none failed`, async () => {
    const folder = join(bench.folder, 'curl');
    mkdirSync(folder);
    const numbers = Array.from({ length: REQUESTS }, (_, i) => `${i}\n`).join('');
    const curl = ['-sS', '-f', '-m', '60', '-o', join(folder, '{}'), `http://${address}/`];
    const result = await bench.space.run('xargs', ['-P', `${AT_A_TIME}`, '-I', '{}', 'curl', ...curl], {
      input: numbers,
      limit: LIMIT,
    });
    assert.deepEqual([result.code, result.stderr], [0, '']);
    assert.equal(readdirSync(folder).length, REQUESTS);
    const expected = sha256(Buffer.from(pageText()));
    for (const file of readdirSync(folder)) {
      assert.equal(sha256(readFileSync(join(folder, file))), expected, `answer ${file}`);
    }
  });

  it(`serves ${REQUESTS} requests on ${AT_A_TIME} connections that are kept alive, none failed`, async () => {
    const folder = join(bench.folder, 'kept');
    mkdirSync(folder);
    const urls = Array.from(
      { length: REQUESTS },
      (_, i) => `url = "http://${address}/?${i}"\noutput = "${join(folder, `${i}`)}"\n`,
    ).join('');
    const result = await bench.space.run(
      'curl',
      [
        '-sS',
        '-f',
        '-m',
        '240',
        '--no-progress-meter',
        '--parallel',
        '--parallel-max',
        `${AT_A_TIME}`,
        '-K',
        '-',
      ],
      { input: urls, limit: LIMIT },
    );
    assert.deepEqual([result.code, result.stderr], [0, '']);
    const expected = sha256(Buffer.from(pageText()));
    assert.equal(readdirSync(folder).length, REQUESTS);
    for (const file of readdirSync(folder)) {
      assert.equal(sha256(readFileSync(join(folder, file))), expected, `answer ${file}`);
    }
  });

  it('answers a client that closes its side first', async () => {
    const c = await client({ end: 'after-sending', text: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' });
    assert.equal(c.error, null);
    assert.deepEqual(c.events, ['connect', 'finish', 'end', 'close']);
    assert.ok(c.text.startsWith('HTTP/1.1 200 OK\r\n'));
  });

  it('closes first when it is asked to', async () => {
    const c = await client({
      end: 'after-peer',
      text: 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    });
    assert.equal(c.error, null);
    assert.deepEqual(c.events, ['connect', 'end', 'finish', 'close']);
  });

  it('outlives clients that reset, connect and leave, or send nonsense', async () => {
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    for (let i = 0; i < 20; i++) {
      await client({ end: 'never', text: request, resetAfter: i % 2 ? 1 : 0 });
      await client({ end: 'after-sending' });
      await client({ end: 'after-sending', text: '\0\xff\r\n\r\n' });
    }
    assert.equal(await get('/'), pageText());
  });

  it('refuses other ports at once', async () => {
    const c = await bench.agent.call('connect', { host: address, port: 81, behaviour: { end: 'never' } });
    assert.equal(c.error, 'ECONNREFUSED');
    const u = await bench.agent.call('udp', { host: address, port: 81, sizes: [4], seed: 1 });
    assert.equal(u.error, 'ECONNREFUSED');
  });

  it('is found again after the kernel has forgotten its address', async () => {
    for (let i = 0; i < 5; i++) {
      await bench.space.ip('neigh', 'flush', 'all', 'dev', DEVICE);
      assert.equal(await get('/'), pageText());
    }
  });

  it('ran without the traps of the hardware', () => {
    const { spiSubarray, cHeapFull, spiUnselected, spiContended } = pico.board.traps;
    assert.deepEqual([spiSubarray, cHeapFull, spiUnselected, spiContended], [0, 0, 0, 0]);
  });

  wireIsSound(() => bench, 5000, { http: 2000, dns: 8, dhcp: 4 });
});
