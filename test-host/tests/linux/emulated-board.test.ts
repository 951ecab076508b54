// The web server's bundle in Kaluma on the emulated Pico against the Linux kernel: lease, pings, curl.

import assert from 'node:assert/strict';
import { pageText } from '../../../firmware/apps/http-server/page.js';
import { bundleOf } from '../../linux/bundle.js';
import { EmulatedBench, LIMIT } from './emulated.js';
import { wireIsSound } from './setup.js';

const REQUESTS = 100;
const PINGS = 20;

describe('linux: Kaluma on the emulated board serves a page', function () {
  this.timeout(LIMIT);
  const board = new EmulatedBench(['ping', 'curl'], () => bundleOf('http-server'));

  for (const size of [56, 1400]) {
    it(`answers ${PINGS} of ${PINGS} pings of ${size} bytes`, async () => {
      const out = await board.bench.space.run('ping', [
        ...['-n', '-q', '-c', `${PINGS}`, '-i', '0.5', '-W', '10', '-s', `${size}`, board.address],
      ]);
      assert.match(out.stdout, new RegExp(`${PINGS} received, 0% packet loss`));
    });
  }

  it(`serves ${REQUESTS} curl requests, none failed`, async () => {
    for (let i = 0; i < REQUESTS; i++) {
      const { stdout } = await board.bench.space.check('curl', [
        '-sS',
        '-f',
        '-m',
        '60',
        `http://${board.address}/?${i}`,
      ]);
      assert.equal(stdout, pageText(), `request ${i}`);
    }
  });

  board.itWasSound();
  wireIsSound(() => board.bench, 500, { http: 2 * REQUESTS, dhcp: 4, icmp: 4 * PINGS });
});
