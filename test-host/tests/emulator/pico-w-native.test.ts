// The chip model against a driver that is not ours: Kaluma's firmware for the Pico W, with the driver and the network stack that
// are built into it, on the emulated pins, by PIO and DMA, with the radio's own firmware image.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Air, Station } from '../../air/index.js';
import type { AccessPoint } from '../../air/index.js';
import { cyw43OnAir } from '../../chips/cyw43/on-air.js';
import { readImage, type Chunk } from '../../emulator/image.js';
import { createEmulatedPicoW } from '../../emulator/kaluma-pico-w.js';
import { Host } from '../../harness/host.js';
import { Peer } from '../../harness/peer.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { DnsServer } from '../../peers/dns-server.js';
import { FrameGround } from '../../peers/ground.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import { httpServerStart } from '../../../firmware/services/http/server.js';
import { Client } from '../services/http-client.js';
import { skipUnless } from '../support/skip.js';

/** Path of Kaluma's image for the Pico W, UF2 or raw, or ''. */
const KALUMA_W = process.env['LIGHTWIRE_KALUMA_W'] ?? '';
/** Milliseconds of real time. */
const LIMIT = 300_000;
const BOARD = '10.0.0.100';
const WORLD = '10.0.0.9';
const PASSPHRASE = 'correct horse';

class World {
  readonly scheduler = new Scheduler();
  private readonly ether = new Switch(this.scheduler);
  readonly air = new Air(this.scheduler, 5);
  readonly ap: AccessPoint;
  readonly radio = cyw43OnAir({ scheduler: this.scheduler, air: this.air, mac: '28:cd:c1:00:a9:af' });
  readonly host = new Host(this.scheduler, 99, { MEM_SIZE: 200_000, MEMP_NUM_TCP_SEG: 128 });
  readonly kaluma;

  constructor(firmware: Chunk[], bundle = '') {
    const { scheduler, ether } = this;
    const ground = new FrameGround(ether.addPort(), '02:00:00:00:00:fe', '10.0.0.1');
    new DhcpServer(ground, { first: BOARD, router: '10.0.0.1', dns: ['10.0.0.1'] });
    new DnsServer(ground, { zone: { 'web.test': WORLD } });
    this.host.addInterface({ port: ether.addPort(), mac: '02:00:00:00:00:63', ip: WORLD });
    this.ap = this.air.add({ ssid: 'demo', passphrase: PASSPHRASE, rssi: -40, port: ether.addPort() });
    this.kaluma = createEmulatedPicoW({
      scheduler,
      firmware,
      bundle,
      chip: this.radio.chip,
      onWarning: (text) => assert.fail(`not emulated: ${text}`),
      onHalt: (pc) => assert.fail(`halted at ${pc.toString(16)}`),
    });
    this.kaluma.board.start();
  }

  until(done: () => boolean, what: string, seconds = 20): void {
    assert(
      this.scheduler.runWhile(done, seconds * 1e6),
      `${what}: not within ${seconds} s\n${this.kaluma.text.lines.join('\n')}`,
    );
  }

  /** Waits for a line, and for all of it. */
  line(pattern: RegExp, seconds?: number): string {
    const found = (): string | undefined => this.kaluma.text.lines.find((line) => pattern.test(line));
    this.until(() => found() !== undefined, String(pattern), seconds);
    return found()!;
  }

  /** What the program has printed. */
  told(): string[] {
    return this.kaluma.text.lines.filter((line) => /^[a-z]/.test(line));
  }

  assertSound(): void {
    this.kaluma.type('6 * 7');
    this.line(/^42$/);
    const { chip, firmware } = this.radio;
    assert.equal(chip.misuse.summary(), '');
    assert.equal(firmware.misuse.summary(), '');
    assert.deepEqual([...firmware.counters.unknownCommands.keys()], []);
    assert.deepEqual([...firmware.counters.unknownIovars.keys()], []);
    assert.equal(firmware.counters.refused, 0);
    assert.equal(chip.counters.traps, 0);
    assert.equal(this.kaluma.board.resets, 0);
  }
}

const CONNECT = `
var wifi = new (require('wifi').WiFi)();
wifi.on('associated', function () { console.log('associated'); });
wifi.on('connected', function () { console.log('connected'); });
wifi.on('disconnected', function () { console.log('disconnected'); });
function connect(password) {
  wifi.connect({ ssid: 'demo', password: password }, function (error, info) {
    console.log('answer ' + (error ? 'error ' + error.errno : JSON.stringify(info)));
  });
}
`;

describe("emulator: the driver inside Kaluma's image for the Pico W", function () {
  this.timeout(LIMIT);
  let firmware: Chunk[];
  let world: World | null = null;

  before(function () {
    skipUnless(this, KALUMA_W, 'set LIGHTWIRE_KALUMA_W to a Kaluma 1.2.1 image for the Pico W');
    firmware = readImage(readFileSync(KALUMA_W));
  });

  afterEach(() => {
    world?.kaluma.board.stop();
    world = null;
  });

  it('starts the chip, and finds the networks', () => {
    world = new World(
      firmware,
      `new (require('wifi').WiFi)().scan(function (error, list) { console.log('scan ' + error + ' ' + JSON.stringify(list)); });`,
    );
    world.air.add({ ssid: 'open', rssi: -70, channel: 11 });
    const text = world.line(/^scan /);
    assert.match(text, /^scan null /);
    const list = JSON.parse(text.slice(10)) as {
      ssid: string;
      security: string;
      rssi: number;
      channel: number;
    }[];
    const seen = new Set(
      list.map(({ ssid, security, rssi, channel }) => `${ssid} ${security} ${rssi} ${channel}`),
    );
    assert.deepEqual([...seen].sort(), ['demo WPA2_PSK -40 6', 'open OPEN -70 11']);
    world.assertSound();
  });

  it('joins, gets its address by DHCP, asks for a page and serves some', () => {
    const w = (world = new World(
      firmware,
      `${CONNECT}
      var http = require('http');
      wifi.on('connected', function () {
        http.createServer(function (request, response) {
          response.writeHead(200);
          response.write('from the board: ' + request.url);
          response.end();
        }).listen(80);
        // Its \`http\` closes its side behind a request, and then hears nothing any more: \`net\` does not.
        var socket = require('net').createConnection({ host: '${WORLD}', port: 8000 }, function () {
          socket.write('GET /hello HTTP/1.1\\r\\nHost: world\\r\\nConnection: close\\r\\n\\r\\n');
        });
        var text = '';
        socket.on('data', function (data) { text += String.fromCharCode.apply(null, data); });
        socket.on('close', function () { console.log('page ' + text.split('\\r\\n\\r\\n')[1]); });
      });
      connect('${PASSPHRASE}');`,
    ));
    httpServerStart(w.host.stack, 8000, (_request, response) => (response.body = 'from the world'));
    w.line(/^page /);
    assert.deepEqual(
      w.told().filter((line) => !line.startsWith('answer')),
      ['associated', 'connected', 'page from the world'],
    );
    assert.match(w.line(/^answer/), /^answer {"ssid":"demo"/);
    for (let i = 0; i < 3; i++) {
      const client = new Client(w.host, BOARD).send(
        `GET /${i} HTTP/1.1\r\nHost: ${BOARD}\r\nConnection: close\r\n\r\n`,
      );
      w.until(() => client.over, `request ${i}`);
      assert.match(client.text, new RegExp(`from the board: /${i}`));
    }
    w.assertSound();
  });

  it('takes a wrong password for what it is, and joins with the right one', () => {
    const w = (world = new World(firmware, `${CONNECT}\nconnect('wrong horse');`));
    // It gives up when the chip says so, not when its 20 s are over; and tells Kaluma, who calls that no error.
    w.line(/^answer/, 8);
    assert.deepEqual(w.told(), [`answer {"ssid":"demo","password":"wrong horse","security":null}`]);
    w.kaluma.type(`connect('${PASSPHRASE}')`);
    w.line(/^connected/);
    w.assertSound();
  });

  it('hears that the access point sends it away, and joins again', () => {
    const w = (world = new World(firmware, `${CONNECT}\nconnect('${PASSPHRASE}');`));
    const connection = (mark: string): string => {
      w.kaluma.type(`wifi.getConnection(function (e, i) { console.log('${mark} ' + JSON.stringify(i)); })`);
      return w.line(new RegExp(`^${mark} `));
    };
    w.line(/^answer/);
    assert.match(connection('first'), /"ssid":"demo"/);
    assert.ok(w.ap.deauthenticate(null, 3));
    w.scheduler.runFor(1e6);
    assert.equal(connection('second'), 'second undefined');
    w.kaluma.type(`connect('${PASSPHRASE}')`);
    w.until(() => w.told().filter((line) => line === 'connected').length === 2, 'joined again');
    assert.match(connection('third'), /"ssid":"demo"/);
    w.assertSound();
  });

  it('is an access point that a station joins', () => {
    const w = (world = new World(
      firmware,
      `new (require('wifi').WiFi)().wifiApMode({ ssid: 'from the board', password: '${PASSPHRASE}',
        gateway: '192.168.4.1', subnet_mask: '255.255.255.0' }, function () { console.log('access point'); });`,
    ));
    w.line(/^access point/);
    const station = new Station(w.air, { mac: '02:00:00:00:00:77' });
    station.join('from the board', PASSPHRASE);
    w.until(() => station.state !== 'joining', 'the station has an answer');
    assert.equal(station.state, 'joined');
    const leases = new Peer({ port: station, mac: '02:00:00:00:00:77', ip: '192.168.4.9' });
    leases.send({
      eth: { dst: 'ff:ff:ff:ff:ff:ff', src: leases.mac },
      arp: { op: 1, sha: leases.mac, spa: leases.ip, tha: '00:00:00:00:00:00', tpa: '192.168.4.1' },
    });
    w.until(() => leases.heard.some((frame) => frame.arp?.op === 2), 'an answer to ARP');
    w.assertSound();
  });
});
