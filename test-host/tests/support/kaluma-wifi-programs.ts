// Kaluma programs for the Pico W that know nothing of the driver and stack, over the devices of the app kaluma-wifi, in a
// world with networks, DHCP and a host: what they do on any board that runs them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { RAW_OFFSET } from '../../../tools/cyw43/image.js';
import { dhcpStart } from '../../../firmware/stack/dhcp/dhcp.js';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import { Air, Station, type AccessPoint } from '../../air/index.js';
import type { WlanFirmware } from '../../chips/cyw43/firmware/index.js';
import type { Cyw43 } from '../../chips/cyw43/index.js';
import { cyw43OnAir } from '../../chips/cyw43/on-air.js';
import { standInImage } from '../../chips/cyw43/stand-in-image.js';
import { Host } from '../../harness/host.js';
import { bundleOf } from '../../linux/bundle.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { HostGround } from '../../peers/ground.js';
import { Link } from '../../sim/link.js';
import { SeededRandom } from '../../sim/random.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Client } from '../services/http-client.js';

/** A Pico W with a program in its flash. */
export interface WifiProgramBoard {
  /** What its console has shown. */
  readonly lines: string[];
  start(): void;
  stop(): void;
  /** Types a line at the prompt. */
  type(line: string): void;
  /** Throws when the board has not stayed what it was. */
  assertSound(): void;
}

export interface WifiProgramBoardOptions {
  scheduler: Scheduler;
  chip: Cyw43;
  bundle: string;
  /** What lies in flash beside the program: offset into all of it, and bytes. */
  image: { offset: number; bytes: Uint8Array };
}

export type MakeWifiBoard = (options: WifiProgramBoardOptions) => WifiProgramBoard;

const BOARD = '10.0.0.100';
const WORLD = '10.0.0.9';
const SSID = 'home';
const PASSPHRASE = 'correct horse';

/** The board with a program of its user, a network, and a host in it. */
class World {
  readonly scheduler = new Scheduler();
  readonly air = new Air(this.scheduler);
  readonly ap: AccessPoint;
  readonly host: Host;
  readonly chip: Cyw43;
  readonly firmware: WlanFirmware;
  readonly board: WifiProgramBoard;

  constructor(make: MakeWifiBoard, bundle: string, program: string) {
    const { scheduler, air } = this;
    const link = new Link(scheduler, { seed: 1 });
    this.ap = air.add({ ssid: SSID, passphrase: PASSPHRASE, port: link.a });
    this.host = new Host(scheduler, 99, { MEM_SIZE: 200_000, MEMP_NUM_TCP_SEG: 128, MEMP_NUM_TCP_PCB: 32 });
    this.host.addInterface({ port: link.b, mac: '02:00:00:00:00:63', ip: WORLD });
    new DhcpServer(new HostGround(this.host), { first: BOARD, router: WORLD, dns: [WORLD] });
    const { chip, firmware } = cyw43OnAir({ scheduler, air, random: new SeededRandom(43439) });
    this.chip = chip;
    this.firmware = firmware;
    const source = readFileSync(new URL(`../../programs/${program}`, import.meta.url), 'utf8');
    this.board = make({
      scheduler,
      chip,
      bundle: `${bundle}\n${source}`,
      image: { offset: RAW_OFFSET, bytes: standInImage() },
    });
    this.board.start();
  }

  until(done: () => boolean, what: string, seconds = 20): void {
    assert(
      this.scheduler.runWhile(done, seconds * 1e6),
      `${what}: not within ${seconds} s\n${this.board.lines.join('\n')}`,
    );
  }

  /** Waits until the console has shown a line for the `count`th time. */
  line(text: string, seconds = 20, count = 1): void {
    const shown = (): number => this.board.lines.filter((line) => line === text).length;
    this.until(() => shown() >= count, text, seconds);
  }

  page(path: string, host = this.host, address = BOARD): string {
    const c = new Client(host, address).send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    this.until(() => c.over, path);
    return c.text;
  }

  /** The prompt lives, nothing was thrown, and the chip was used as it wants it. */
  assertSound(): void {
    this.board.type('6 * 7');
    this.line('42');
    this.board.assertSound();
    assert.doesNotMatch(this.board.lines.join('\n'), /Error/);
    assert.equal(this.chip.misuse.summary() + this.firmware.misuse.summary(), '');
    assert.deepEqual([...this.firmware.counters.unknownIovars], []);
  }
}

/** The tests of a suite for such boards. */
export function kalumaWifiProgramTests(make: MakeWifiBoard): void {
  let station = '';
  let both = '';
  let world: World | null = null;

  before(async () => {
    station = await bundleOf('kaluma-wifi');
    both = await bundleOf('kaluma-wifi-ap');
  });

  afterEach(() => {
    world?.board.stop();
    world = null;
  });

  it('joins and serves pages, and does so again after it was sent away', () => {
    const w = (world = new World(make, station, 'wifi-http-server.js'));
    w.line('web server on port 80');
    const events = w.board.lines.filter((line) =>
      /^wifi (associated|connected|disconnected)$|^in /.test(line),
    );
    assert.deepEqual(events, ['wifi associated', 'wifi connected', 'in home']);
    assert.match(w.page('/one'), /GET \/one, request 1/);
    w.ap.deauthenticate(null, 3);
    w.line('wifi disconnected');
    w.line('wifi connected', 20, 2);
    assert.match(w.page('/two'), /GET \/two, request 2/);
    w.assertSound();
  });

  it('tells the program why it is in no network', () => {
    const wrong = (world = new World(make, station, 'wifi-http-server.js'));
    wrong.ap.close();
    wrong.air.add({ ssid: SSID, passphrase: 'another horse' });
    wrong.line('no network: Permission denied');
    wrong.assertSound();
    wrong.board.stop();
    const none = (world = new World(make, station, 'wifi-http-server.js'));
    none.ap.close();
    none.line('no network: Network is unreachable');
    none.assertSound();
  });

  it('scans, connects by what the storage says, leaves, resets', () => {
    const w = (world = new World(make, station, 'wifi-scan.js'));
    w.air.add({ ssid: 'café', channel: 1, rssi: -70 });
    w.air.add({ ssid: 'new', channel: 11, rssi: -80, security: 'wpa3', passphrase: PASSPHRASE });
    w.line('reset: undefined');
    const lines = w.board.lines.filter((line) => /channel|^(connection|connected|left|reset):/.test(line));
    assert.deepEqual(lines.slice(0, 3).sort(), [
      'café OPEN channel 1 -70 dBm',
      'home WPA2_PSK channel 6 -50 dBm',
      'new WPA3_PSK channel 11 -80 dBm',
    ]);
    const [before, joined, during, left, after] = lines.slice(3);
    assert.equal(before, 'connection: null');
    assert.match(joined!, /^connected: \{.*"ssid":"home","password":"correct horse"/);
    assert.match(during!, /^connection: \{"ssid":"home","bssid":"02:A9:AF:00:00:01"\}$/);
    assert.equal(left, 'left: undefined');
    assert.equal(after, 'connection: null');
    w.assertSound();
  });

  it('opens a network of its own, with addresses for its guests, and closes it', () => {
    const w = (world = new World(make, both, 'wifi-access-point.js'));
    w.line('the garden is open');
    const phone = new Station(w.air, { mac: '5c:00:00:00:00:01' });
    const guest = new Host(w.scheduler, 7);
    guest.addInterface({ port: phone, mac: '5c:00:00:00:00:01' });
    w.until(() => w.firmware.softAp.ap !== null, 'the access point');
    phone.join('garden', 'sunflowers');
    w.until(() => phone.state === 'joined', 'the phone is in');
    dhcpStart(guest.netif);
    w.until(() => guest.netif.ipAddr >>> 24 === 10, 'an address', 60);
    assert.equal(ipaddrNtoa(guest.netif.ipAddr), '10.3.0.2');
    assert.match(w.page('/', guest, '10.3.0.1'), /guests: 5c:00:00:00:00:01/);
    w.page('/close', guest, '10.3.0.1');
    w.until(() => phone.state === 'idle', 'the phone is out');
    w.assertSound();
  });

  it('is no access point in the app for stations alone', () => {
    const w = (world = new World(make, station, 'wifi-access-point.js'));
    w.line('no network: No such device or address');
  });
}
