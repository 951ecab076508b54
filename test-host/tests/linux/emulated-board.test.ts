// The web server's bundle in Kaluma on the emulated Pico against the Linux kernel: lease, pings, curl.

import assert from 'node:assert/strict';
import { pageText } from '../../../firmware/apps/http-server/page.js';
import { createEmulatedPico, type EmulatedPico } from '../../emulator/kaluma-pico.js';
import { Bench } from '../../linux/bench.js';
import { bundleOf } from '../../linux/bundle.js';
import type { Daemon } from '../../linux/process.js';
import { needKaluma } from '../support/kaluma.js';
import { needLinux, wireIsSound } from './setup.js';

/** Milliseconds; the board may run at a tenth of its speed. */
const LIMIT = 900_000;
const REQUESTS = 100;
const PINGS = 20;

describe('linux: Kaluma on the emulated board serves a page', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let pico: EmulatedPico;
  let dnsmasq: Daemon;
  let address = '';

  before(async function () {
    const firmware = needKaluma(this);
    await needLinux(this, 'dnsmasq', 'ping', 'curl');
    const bundle = await bundleOf('http-server');
    bench = await Bench.open('board');
    dnsmasq = await bench.startDnsmasq();
    pico = createEmulatedPico({
      scheduler: bench.scheduler,
      port: bench.link.a,
      firmware,
      bundle,
    });
    bench.inject(() => pico.board.start());
  });

  after(async () => {
    bench?.inject(() => pico?.board.stop());
    await bench?.close();
  });

  it('gets a lease', async () => {
    address = (await dnsmasq.line(/DHCPACK\(tap0\) (10\.77\.0\.\d+) \S+ lightwire$/, 0, LIMIT))[1]!;
    while (!pico.text.lines.includes(`link up, ${address}`)) await bench.pause(50);
  });

  for (const size of [56, 1400]) {
    it(`answers ${PINGS} of ${PINGS} pings of ${size} bytes`, async () => {
      const out = await bench.space.run('ping', [
        ...['-n', '-q', '-c', `${PINGS}`, '-i', '0.5', '-W', '10', '-s', `${size}`, address],
      ]);
      assert.match(out.stdout, new RegExp(`${PINGS} received, 0% packet loss`));
    });
  }

  it(`serves ${REQUESTS} curl requests, none failed`, async () => {
    for (let i = 0; i < REQUESTS; i++) {
      const { stdout } = await bench.space.check('curl', [
        '-sS',
        '-f',
        '-m',
        '60',
        `http://${address}/?${i}`,
      ]);
      assert.equal(stdout, pageText(), `request ${i}`);
    }
  });

  it('used the chip as its datasheet wants it, and did not restart', () => {
    assert.equal(pico.chip.misuse.total, 0, pico.chip.misuse.summary());
    assert.equal(pico.board.resets, 0);
  });

  wireIsSound(() => bench, 500, { http: 2 * REQUESTS, dhcp: 4, icmp: 4 * PINGS });
});
