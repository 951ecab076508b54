// A web server on Kaluma's own `http`, over the network device of kaluma-netdev, on the emulated Pico against the Linux kernel.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { bundleOf } from '../../linux/bundle.js';
import { EmulatedBench, LIMIT } from './emulated.js';
import { wireIsSound } from './setup.js';

const REQUESTS = 20;
const PROGRAM = new URL('../../programs/http-server.js', import.meta.url);

describe("linux: Kaluma's http over __netdev on the emulated board", function () {
  this.timeout(LIMIT);
  const board = new EmulatedBench(
    ['curl'],
    async () => `${await bundleOf('kaluma-netdev')}\n${readFileSync(PROGRAM, 'utf8')}`,
  );

  const curl = (...args: string[]) => board.bench.space.check('curl', ['-sS', '-f', '-m', '60', ...args]);

  it(`serves ${REQUESTS} curl requests, none failed`, async () => {
    for (let i = 1; i <= REQUESTS; i++) {
      const { stdout } = await curl(`http://${board.address}/${i}`);
      assert.equal(stdout, `<h1>Kaluma</h1><p>GET /${i}, request ${i}</p>`);
    }
  });

  it('serves four clients at once, with larger pages', async () => {
    const pages = await Promise.all([0, 1, 2, 3].map(() => curl(`http://${board.address}/large`)));
    for (const { stdout } of pages) assert.equal(stdout, '0123456789abcdef'.repeat(256));
  });

  board.itWasSound();
  wireIsSound(() => board.bench, 100, { http: REQUESTS, dhcp: 4 });
});
