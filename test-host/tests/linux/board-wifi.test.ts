// The web server's bundle on the simulated Pico W, through an access point, against the Linux kernel: lease, pings, web
// clients, and the connection lost and found again.

import assert from 'node:assert/strict';
import { pageText } from '../../../firmware/apps/http-server/page.js';
import { Bench, type WirelessBoard } from '../../linux/bench.js';
import { bundleOf } from '../../linux/bundle.js';
import type { Daemon } from '../../linux/process.js';
import { LIMIT, needLinux, wireIsSound } from './setup.js';

const REQUESTS = 200;
const PINGS = 100;

describe('linux: the simulated Pico W serves a page', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let w: WirelessBoard;
  let dnsmasq: Daemon;
  let address = '';

  before(async function () {
    await needLinux(this, 'dnsmasq', 'ping', 'curl', 'xargs');
    const bundle = await bundleOf('wifi-http-server');
    bench = await Bench.open('board');
    dnsmasq = await bench.startDnsmasq();
    w = bench.addWirelessBoard(bundle, 'wifi-http-server');
  });

  after(() => bench?.close());

  afterEach('nothing was thrown on the board', () => {
    assert.deepEqual(w?.board.errors ?? [], []);
  });

  const ups = (): number => w.board.lines.filter((line) => line === `link up, ${address}`).length;
  const up = async (times: number): Promise<void> => {
    for (let i = 0; i < 600 && ups() < times; i++) await bench.pause(50);
    assert.ok(ups() >= times, w.board.lines.join('\n'));
  };

  async function get(path: string): Promise<string> {
    return (await bench.space.check('curl', ['-sS', '-f', '-m', '60', `http://${address}${path}`])).stdout;
  }

  it('joins and gets a lease', async () => {
    address = (await dnsmasq.line(/DHCPACK\(tap0\) (10\.77\.0\.\d+) \S+ lightwire$/))[1]!;
    await up(1);
  });

  for (const size of [56, 1472, 4000]) {
    it(`answers ${PINGS} of ${PINGS} pings of ${size} bytes`, async () => {
      const loop = `for i in $(seq ${PINGS}); do ping -n -q -c 1 -W 10 -s "$1" "$2" || exit 1; done`;
      const out = (await bench.space.run('sh', ['-c', loop, 'sh', `${size}`, address])).stdout;
      assert.equal(out.match(/ 1 received, 0% packet loss/g)?.length, PINGS, out.slice(-500));
    });
  }

  it(`serves ${REQUESTS} curl requests, four at a time, none failed`, async () => {
    assert.equal(await get('/'), pageText());
    const command = `seq ${REQUESTS} | xargs -P 4 -I{} curl -sS -f -m 60 -o /dev/null -w '%{http_code}\\n' "http://$1/?{}"`;
    const out = (await bench.space.check('sh', ['-c', command, 'sh', address])).stdout;
    assert.equal(out.match(/200/g)?.length, REQUESTS);
  });

  it('is back after the access point has sent it away', async () => {
    const before = ups();
    bench.inject(() => {
      for (const { radio } of [...w.ap.members.values()]) w.ap.deauthenticate(radio.mac, 3);
    });
    await up(before + 1);
    assert.equal(await get('/'), pageText());
  });

  it('is back after a crash of the chip’s firmware', async () => {
    const before = ups();
    bench.inject(() => w.chip.faults.trap());
    await up(before + 1);
    assert.equal(await get('/'), pageText());
  });

  it('used the chip as it wants to be used', () => {
    const { counts } = w.chip.misuse;
    const kinds = Object.entries(counts).filter(([kind, n]) => n && kind !== 'poweredOff');
    assert.deepEqual(kinds, []);
  });

  wireIsSound(() => bench, 1000, { http: 2 * REQUESTS, dhcp: 4, icmp: 6 * PINGS });
});
