// A Pico W on the command line: it joins its network, and shows what goes wrong with another name, another password, and
// without the radio's firmware.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../../tools/flash/bundle-file.js';
import type { Measurements } from '../../../tools/flash/emulate-report.js';
import { readPcapng } from '../../sim/pcapng.js';
import { KALUMA, needKaluma } from '../support/kaluma.js';
import { skipUnless } from '../support/skip.js';
import { lightwire, type Outcome } from './lightwire.js';

const LIMIT = 300_000;
const SECRET = ['--ssid', 'demo', '--pass', 'correct horse'];

describe('cli: a Pico W', function () {
  this.timeout(LIMIT);
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'lightwire-'))));
  after(() => rmSync(folder, { recursive: true }));

  describe('simulated', () => {
    before(function () {
      const built = existsSync(join(ROOT, 'dist/wifi-http-server.js'));
      skipUnless(this, built, 'needs dist/wifi-http-server.js (npm run build)');
    });

    /** Runs until the board says something. */
    async function until(said: RegExp, ...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await lightwire(['simulate', '--board', 'cyw43', ...args], {
        limit: LIMIT,
        onOutput: (child, output) => void (said.test(output) && child.kill('SIGINT')),
      });
      assert.equal(stderr, '');
      assert.equal(code, 0, stdout);
      assert.match(stdout, said);
      return stdout;
    }

    it('joins its network and serves its page', async () => {
      const pcap = join(folder, 'radio.pcapng');
      const stdout = await until(/^open http:/m, ...SECRET, '--pcap', pcap);
      assert.match(
        stdout,
        /^wifi-http-server on a simulated Pico W \(Kaluma 1\.2\.1, network "demo", WPA2\); /,
      );
      assert.match(stdout, /^link up, 10\.0\.2\.15$/m);
      assert.equal(readPcapng(readFileSync(pcap)).interfaces[0]!.name, 'cyw43');
    });

    it('joins an open network, and one with WPA3', async () => {
      assert.match(await until(/^open http:/m), /network "lightwire", open\)/);
      assert.match(await until(/^open http:/m, ...SECRET, '--security', 'wpa3'), /network "demo", WPA3\)/);
    });

    it('says so when the password is wrong', () =>
      until(/^wifi: wrong password$/m, ...SECRET, '--join-pass', 'another horse'));

    it('says so when there is no such network', () =>
      until(/^wifi: no such network$/m, ...SECRET, '--join-ssid', 'other'));

    it("says so when the radio's firmware is missing", () =>
      until(/^wifi: chip has no firmware on this board.* \(no image\)$/m, '--no-cyw43-firmware'));

    it('hands the credentials to the program by storage', async () => {
      const app = join(folder, 'keys.js');
      const keys = ['WIFI_SSID', 'WIFI_PASSWORD', 'WIFI_SECURITY'];
      const read = keys.map((key) => `storage.getItem('${key}')`).join(" + ', ' + ");
      writeFileSync(app, `console.log(${read});\nsetInterval(function () {}, 1000);`);
      await until(/^demo, correct horse, WPA2_PSK$/m, '--app', app, ...SECRET);
      await until(
        /^other, another horse, WPA_PSK$/m,
        '--app',
        app,
        ...SECRET,
        '--security',
        'wpa',
        '--join-ssid',
        'other',
        '--join-pass',
        'another horse',
      );
      await until(/^lightwire, null, null$/m, '--app', app);
    });
  });

  describe('emulated, with Kaluma', () => {
    before(function () {
      needKaluma(this);
      const built = existsSync(join(ROOT, 'dist/wifi-http-server.js'));
      skipUnless(this, built, 'needs dist/wifi-http-server.js (npm run build)');
    });

    const emulate = (...args: string[]): Promise<Outcome> =>
      lightwire(['emulate', '--offline', '--board', 'cyw43', ...args], { limit: LIMIT });

    it('joins its network, without misusing the chip', async () => {
      const json = join(folder, 'radio.json');
      const { code, stdout, stderr } = await emulate(
        '--firmware',
        KALUMA,
        ...SECRET,
        '--seconds',
        '5',
        '--json',
        json,
      );
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, /^wifi-http-server on an emulated Pico W \(network "demo", WPA2\); /);
      assert.match(stdout, /^link up, 10\.0\.0\.100$/m);
      const m = JSON.parse(readFileSync(json, 'utf8')) as Measurements;
      assert.deepEqual(m.misuse, {});
      assert.ok(m.gspi!.bytes > 224_192 && m.spi === undefined);
    });

    it("keeps the radio's firmware in the flash image", async () => {
      const image = join(folder, 'radio.bin');
      const none = ['--firmware', KALUMA, '--no-cyw43-firmware', '--seconds', '3'];
      assert.match(
        (await emulate(...none, '--flash-image', image, '--app', 'wifi-http-server')).stdout,
        /\(no image\)/,
      );
      const put = await emulate(
        '--flash-image',
        image,
        ...SECRET,
        '--app',
        'wifi-http-server',
        '--seconds',
        '5',
      );
      assert.match(put.stdout, /^link up, 10\.0\.0\.100$/m);
      const kept = await emulate('--flash-image', image, ...SECRET, '--no-cyw43-firmware', '--seconds', '5');
      assert.match(kept.stdout, /^link up, 10\.0\.0\.100$/m);
    });
  });
});
