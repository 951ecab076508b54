// Node's http on the stack against other people's programs on the Linux kernel, over a TAP: curl as client, Python's
// web server as server.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { assertClean, usage, type Usage } from '../../harness/clean.js';
import type { Host } from '../../harness/host.js';
import { Bench, HOST_IP, KERNEL_IP } from '../../linux/bench.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import { within, type Daemon } from '../../linux/process.js';
import { dnsSetserver } from '../../../firmware/stack/dns/dns.js';
import { ip } from '../../harness/host.js';
import type { StackAgent } from '../../node/agent.js';
import type { StackServer } from '../../node/server.js';
import { stackNet, type StackNet } from '../../node/stack-net.js';
import { LIMIT, needLinux, ROOMY, wireIsSound } from '../linux/setup.js';
import { collect, digest } from './world.js';

const BIG = Buffer.from(pattern(9, 1 << 19));
const PYTHON_PORT = 8000;

describe('node: http on the stack against curl and Python', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let host: Host;
  let net: StackNet;
  let agent: StackAgent;
  let web: http.Server;
  let server: StackServer;
  let python: Daemon;
  let atRest: Usage;

  before(async function () {
    await needLinux(this, 'curl', 'python3', 'dnsmasq');
    bench = await Bench.open('host');
    await bench.startDnsmasq();
    const folder = join(bench.folder, 'www');
    mkdirSync(folder);
    writeFileSync(join(folder, 'big'), BIG);
    writeFileSync(join(folder, 'small.txt'), 'from Python\n');
    const where = ['--bind', KERNEL_IP, '--directory', folder];
    python = bench.space.daemon('python3', ['-u', '-m', 'http.server', `${PYTHON_PORT}`, ...where]);
    await python.line(/Serving HTTP/);
    host = bench.addHost({ ...ROOMY, TCP_MSL: 50 });
    bench.do(host, (stack) => dnsSetserver(stack, 0, ip(KERNEL_IP)));
    atRest = { ...usage(host), TCP_PCB_LISTEN: 1 };
    net = stackNet(host, bench.pacer);
    agent = net.agent({ keepAlive: true });
    web = http.createServer((request, response) => {
      if (request.url === '/big') response.end(BIG);
      else void collect(request).then((body) => response.end(`${request.method} ${sha256(body)}\n`));
    });
    server = net.createServer((socket) => web.emit('connection', socket)).listen(80);
  });

  after(async () => {
    web?.close();
    web?.closeAllConnections();
    if (server) await new Promise<void>((resolve) => void server.close(() => resolve()));
    await python?.stop();
    await bench?.close();
  });

  afterEach('buffers are back', async () => {
    agent?.destroy();
    web?.closeIdleConnections();
    for (let left = 100; host; left--) {
      try {
        return bench.do(host, () => assertClean(host, atRest));
      } catch (error) {
        if (left === 0) throw error;
      }
      await bench.pause(20);
    }
  });

  const curl = async (...args: string[]): Promise<string> =>
    (await bench.space.check('curl', ['-sS', '-m', '60', ...args])).stdout;

  async function get(path: string, address = KERNEL_IP): Promise<http.IncomingMessage> {
    const response = new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get({ host: address, port: PYTHON_PORT, path, agent }, resolve).on('error', reject);
    });
    return within(response, path);
  }

  it('curl gets 512 KiB', async () => {
    const file = join(bench.folder, 'got');
    await curl('-o', file, `http://${HOST_IP}/big`);
    assert.match((await bench.space.check('sha256sum', [file])).stdout, new RegExp(`^${sha256(BIG)} `));
  });

  it('curl puts 512 KiB', async () => {
    const file = join(bench.folder, 'www', 'big');
    assert.equal(await curl('-T', file, `http://${HOST_IP}/up`), `PUT ${sha256(BIG)}\n`);
  });

  it('curl sends several requests on one connection', async () => {
    const urls = Array.from({ length: 20 }, (_, i) => `http://${HOST_IP}/${i}`);
    const out = await curl('-w', '%{num_connects}\n', '-d', 'body', ...urls);
    const answer = `POST ${sha256(Buffer.from('body'))}`;
    assert.deepEqual(
      out.trim().split('\n'),
      urls.flatMap((_, i) => [answer, i === 0 ? '1' : '0']),
    );
  });

  it('curl 20 times side by side', async () => {
    const urls = Array.from({ length: 20 }, (_, i) => `http://${HOST_IP}/${i}`);
    const out = await curl('--parallel', '--parallel-immediate', ...urls);
    const line = `GET ${sha256(new Uint8Array(0))}`;
    assert.deepEqual(out.trim().split('\n'), Array<string>(20).fill(line));
  });

  it("Python's server gives 512 KiB to an http.Agent", async () => {
    const response = await get('/big');
    assert.equal(response.statusCode, 200);
    assert.equal(await within(digest(response), 'the body'), sha256(BIG));
  });

  it("Python's server, by its name", async () => {
    const response = await get('/small.txt', 'server.example.test');
    assert.equal(String(await collect(response)), 'from Python\n');
    assert.equal(response.socket.remoteAddress, KERNEL_IP);
  });

  it('a name that nobody has', async () => {
    await assert.rejects(get('/', 'nobody.example.test'), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      hostname: 'nobody.example.test',
    });
  });

  it('a port that nobody listens on', async () => {
    const refused = net.connect(PYTHON_PORT + 1, KERNEL_IP);
    await assert.rejects(collect(refused), { code: 'ECONNREFUSED', syscall: 'connect' });
  });

  wireIsSound(() => bench, 800, { 'http.request': 40, 'http.response': 40 });
});
