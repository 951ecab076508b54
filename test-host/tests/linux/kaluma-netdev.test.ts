// A web server on Kaluma's own `http`, over the network device of kaluma-netdev, on the emulated Pico against the Linux kernel.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createEmulatedPico, type EmulatedPico } from '../../emulator/kaluma-pico.js';
import { Bench } from '../../linux/bench.js';
import { bundleOf } from '../../linux/bundle.js';
import type { Daemon } from '../../linux/process.js';
import { needKaluma } from '../support/kaluma.js';
import { needLinux, wireIsSound } from './setup.js';

/** Milliseconds; the board may run at a tenth of its speed. */
const LIMIT = 900_000;
const REQUESTS = 20;
const PROGRAM = new URL('../../programs/http-server.js', import.meta.url);

describe("linux: Kaluma's http over __netdev on the emulated board", function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let pico: EmulatedPico;
  let dnsmasq: Daemon;
  let address = '';

  before(async function () {
    const firmware = needKaluma(this);
    await needLinux(this, 'dnsmasq', 'curl');
    const bundle = `${await bundleOf('kaluma-netdev')}\n${readFileSync(PROGRAM, 'utf8')}`;
    bench = await Bench.open('board');
    dnsmasq = await bench.startDnsmasq();
    pico = createEmulatedPico({ scheduler: bench.scheduler, port: bench.link.a, firmware, bundle });
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

  const curl = (...args: string[]) => bench.space.check('curl', ['-sS', '-f', '-m', '60', ...args]);

  it(`serves ${REQUESTS} curl requests, none failed`, async () => {
    for (let i = 1; i <= REQUESTS; i++) {
      const { stdout } = await curl(`http://${address}/${i}`);
      assert.equal(stdout, `<h1>Kaluma</h1><p>GET /${i}, request ${i}</p>`);
    }
  });

  it('serves four clients at once, with larger pages', async () => {
    const pages = await Promise.all([0, 1, 2, 3].map(() => curl(`http://${address}/large`)));
    for (const { stdout } of pages) assert.equal(stdout, '0123456789abcdef'.repeat(256));
  });

  it('used the chip as its datasheet wants it, and did not restart', () => {
    assert.equal(pico.chip.misuse.total, 0, pico.chip.misuse.summary());
    assert.equal(pico.board.resets, 0);
  });

  wireIsSound(() => bench, 100, { http: REQUESTS, dhcp: 4 });
});
