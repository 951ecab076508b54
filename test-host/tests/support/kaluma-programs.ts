// Kaluma programs that know nothing of the stack, over the network device of the app kaluma-netdev, in a world with DHCP, DNS
// and a host: what they do on any board that runs them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Enc28j60 } from '../../chips/enc28j60/index.js';
import { Host } from '../../harness/host.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { DnsServer } from '../../peers/dns-server.js';
import { FrameGround } from '../../peers/ground.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import type { Port } from '../../sim/wire.js';
import { httpServerStart } from '../../../firmware/services/http/server.js';
import { bundleOf } from '../../linux/bundle.js';
import { Client } from '../services/http-client.js';

/** A board with an ENC28J60 on a cable, and a program in its flash. */
export interface ProgramBoard {
  /** What its console has shown. */
  readonly lines: string[];
  readonly chip: Enc28j60;
  start(): void;
  stop(): void;
  /** Types a line at the prompt. */
  type(line: string): void;
  /** Throws when the board has not stayed what it was. */
  assertSound(): void;
}

export type MakeBoard = (scheduler: Scheduler, port: Port, bundle: string) => ProgramBoard;

const BOARD = '10.0.0.100';
const WORLD = '10.0.0.9';

function programOf(name: string): string {
  return readFileSync(new URL(`../../programs/${name}`, import.meta.url), 'utf8');
}

/** The content of a response that Kaluma's `http` has sent in chunks (RFC 9112, 7.1). */
function contentOf(text: string): string {
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  let rest = text.slice(text.indexOf('\r\n\r\n') + 4);
  let content = '';
  while (rest !== '0\r\n\r\n') {
    const size = /^([0-9a-f]+)\r\n/.exec(rest);
    assert(size, JSON.stringify(rest.slice(0, 100)));
    const n = parseInt(size[1]!, 16);
    content += rest.slice(size[0].length, size[0].length + n);
    rest = rest.slice(size[0].length + n + 2);
  }
  return content;
}

/** The board with a program of its user, and a world with DHCP, DNS and a host. */
class World {
  readonly scheduler = new Scheduler();
  readonly host: Host;
  readonly board: ProgramBoard;

  constructor(make: MakeBoard, bundle: string, program: string) {
    const { scheduler } = this;
    const ether = new Switch(scheduler);
    const port = ether.addPort({ delay: 5 });
    const ground = new FrameGround(ether.addPort(), '02:00:00:00:00:fe', '10.0.0.1');
    new DhcpServer(ground, { first: BOARD, router: '10.0.0.1', dns: ['10.0.0.1'] });
    new DnsServer(ground, { zone: { 'web.test': WORLD } });
    this.host = new Host(scheduler, 99, { MEM_SIZE: 200_000, MEMP_NUM_TCP_SEG: 128, MEMP_NUM_TCP_PCB: 32 });
    this.host.addInterface({ port: ether.addPort({ delay: 5 }), mac: '02:00:00:00:00:63', ip: WORLD });
    this.board = make(scheduler, port, `${bundle}\n${program}`);
  }

  /** Boots up to a lease. */
  boot(): this {
    this.board.start();
    this.line(`link up, ${BOARD}`);
    return this;
  }

  until(done: () => boolean, what: string, seconds = 20): void {
    assert(
      this.scheduler.runWhile(done, seconds * 1e6),
      `${what}: not within ${seconds} s\n${this.board.lines.join('\n')}`,
    );
  }

  line(text: string): void {
    this.until(() => this.board.lines.includes(text), text);
  }

  /** The prompt lives, whatever the network has gone through. */
  assertAlive(): void {
    this.board.type('6 * 7');
    this.line('42');
    this.board.assertSound();
  }

  /** As well, nothing was thrown, and the chip was used as its datasheet wants it. */
  assertSound(): void {
    this.assertAlive();
    const { lines, chip } = this.board;
    assert.doesNotMatch(lines.join('\n'), /Error/);
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
  }
}

/** The tests of a suite for such boards. */
export function kalumaProgramTests(make: MakeBoard): void {
  let bundle = '';
  let world: World | null = null;

  before(async () => {
    bundle = await bundleOf('kaluma-netdev');
  });

  afterEach(() => {
    world?.board.stop();
    world = null;
  });

  it('serves pages to one client after another and to four at a time', () => {
    const w = (world = new World(make, bundle, programOf('http-server.js')).boot());
    const get = (path: string): Client =>
      new Client(w.host, BOARD).send(`GET ${path} HTTP/1.1\r\nHost: ${BOARD}\r\nConnection: close\r\n\r\n`);
    const check = (c: Client, path: string): void => {
      assert.match(contentOf(c.text), new RegExp(`^<h1>Kaluma</h1><p>GET ${path}, request \\d+</p>$`));
    };
    for (let i = 0; i < 20; i++) {
      const c = get(`/page${i}`);
      w.until(() => c.over, `request ${i}`);
      check(c, `/page${i}`);
    }
    for (let round = 0; round < 5; round++) {
      const clients = [0, 1, 2, 3].map((i) => get(`/client${i}`));
      w.until(() => clients.every((c) => c.over), `round ${round}`);
      clients.forEach((c, i) => check(c, `/client${i}`));
    }
    const large = get('/large');
    w.until(() => large.over, 'the large page');
    assert.equal(contentOf(large.text), '0123456789abcdef'.repeat(256));
    w.assertSound();
  });

  it('survives clients that say nothing, reset, half-close, or leave in the middle', () => {
    const w = (world = new World(make, bundle, programOf('http-server.js')).boot());
    for (let i = 0; i < 24; i++) {
      const c = new Client(w.host, BOARD);
      w.until(() => c.connected || c.over, `client ${i}`);
      if (i % 4 === 1) c.send('GET /large HTTP/1.1\r\n\r\n');
      if (i % 4 === 2) c.send('GET / HT');
      w.scheduler.runFor(20e3);
      if (i % 4 === 3) c.shutdown();
      else if (i % 2) c.reset();
      else if (!c.over) c.close();
    }
    w.scheduler.runFor(15e6);
    const c = new Client(w.host, BOARD).send('GET /after HTTP/1.1\r\nHost: x\r\n\r\n');
    c.shutdown();
    w.until(() => c.over, 'a good client');
    assert.match(c.text, /GET \/after/);
    w.assertAlive();
  });

  it('gets a page by host name, asked for before there is an address', () => {
    const w = (world = new World(make, bundle, programOf('http-get.js')));
    const requests: string[] = [];
    httpServerStart(w.host.stack, 8000, (request, response) => {
      requests.push(request.path);
      response.body = 'hello from the world';
    });
    w.boot();
    w.line('status 200, body hello from the world');
    w.line('closed');
    assert.deepEqual(requests, ['/hello']);
    w.assertSound();
  });

  it('tells the program why a page cannot be had', () => {
    const w = (world = new World(make, bundle, programOf('http-get.js')));
    w.boot();
    w.line('failed: Connection refused');
    const other = (world = new World(make, bundle, programOf('http-get.js').replace('web.test', 'no.test')));
    other.boot();
    other.line('failed: No route to host');
    w.board.stop();
  });

  it('echoes to several clients at once, each with its own address, until they close', () => {
    const w = (world = new World(make, bundle, programOf('net-echo.js')).boot());
    const bytes = Array.from({ length: 4000 }, (_, i) => String.fromCharCode((i * 7) & 255)).join('');
    const clients = [0, 1, 2, 3].map(() => new Client(w.host, BOARD, 7));
    clients.forEach((c, i) => c.send(`${i}${bytes}`));
    w.until(() => clients.every((c) => c.text.length > 4000 || c.over), 'the echoes');
    clients.forEach((c, i) => assert.equal(c.text, `${i}${bytes}`));
    for (const c of clients) {
      w.line(`connection from ${WORLD}:${c.pcb.localPort}`);
      c.shutdown();
    }
    w.until(() => clients.every((c) => c.eof), 'the ends');
    const closed = (): number => w.board.lines.filter((line) => line === 'connection closed').length;
    w.until(() => closed() === 4, 'four closed connections');
    w.assertSound();
  });

  it('streams to two clients, of whom one reads late, more than the heap could hold', () => {
    const w = (world = new World(make, bundle, programOf('net-stream.js')).boot());
    const clients = [0, 1].map(() => new Client(w.host, BOARD, 19));
    clients[1]!.reading = false;
    const want = Array.from({ length: 100 }, (_, i) =>
      String.fromCharCode(97 + ((99 - i) % 26)).repeat(1024),
    ).join('');
    w.until(() => clients[0]!.over, 'the first', 60);
    assert.equal(clients[0]!.text, want);
    assert(clients[1]!.text.length < want.length);
    clients[1]!.readAgain();
    w.until(() => clients[1]!.over, 'the second', 60);
    assert.equal(clients[1]!.text, want);
    w.assertSound();
  });
}
