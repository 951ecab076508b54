// A Pico W on the emulated board: Kaluma's own firmware, the bundle as built, its driver's PIO program on real PIO
// instructions and pins, and the chip model behind them. All in device time.

import assert from 'node:assert/strict';
import { DeviceLab, LAB_NETWORK, type LabOptions } from '../../bench/device-lab.js';
import type { Chunk } from '../../emulator/image.js';
import { bundleOf } from '../apps/world.js';
import { needKaluma } from '../support/kaluma.js';

describe('emulator: Wi-Fi', function () {
  this.timeout(300_000);
  let firmware: Chunk[];
  let server: string;
  let lab: DeviceLab | null = null;
  before(async function () {
    firmware = needKaluma(this);
    server = await bundleOf('wifi-http-server');
  });
  afterEach(() => {
    lab?.pico.board.stop();
    lab = null;
  });

  const start = (options: Partial<LabOptions>): DeviceLab =>
    (lab = new DeviceLab({ firmware, bundle: server, board: 'cyw43', ...options }));
  const says = (l: DeviceLab, text: string | RegExp, limit = 15e6): void =>
    l.until(
      () =>
        l.pico.text.lines.some((line) => (typeof text === 'string' ? line.includes(text) : text.test(line))),
      limit,
      `no line with ${text}`,
    );
  /** Nothing that a chip would mind. */
  const wellBehaved = (l: DeviceLab): void => {
    const { chip, firmware: running } = l.radio!;
    assert.equal(chip.misuse.summary() + running.misuse.summary(), '');
    assert.deepEqual([...running.counters.unknownIovars], []);
  };

  it('loads the firmware, joins, gets its lease and serves its page', () => {
    const l = start({});
    l.boot();
    says(l, /chip started in \d+ ms, \d+ of them for its firmware/);
    const { bytes } = l.requests('/', 10, 2);
    assert.ok(bytes > 900);
    l.pings(1400, 3);
    wellBehaved(l);
  });

  it('does so again when the program is loaded anew, in no more time', () => {
    const l = start({});
    l.boot();
    const times = (): number[] =>
      l.pico.text.lines.flatMap((line) => {
        const match = /chip started in (\d+) ms/.exec(line);
        return match ? [Number(match[1])] : [];
      });
    const leases = (): number => l.pico.text.lines.filter((line) => line.includes('link up, 10')).length;
    for (let i = 0; i < 3; i++) {
      const before = leases();
      l.pico.type('.load');
      l.until(() => leases() > before, 15e6, 'no lease');
    }
    const [first, ...later] = times();
    assert.equal(later.length, 3);
    for (const time of later) assert.ok(time <= first! + 5, `${time} ms after ${first} ms`);
    l.requests('/', 2, 1);
  });

  it('comes back after the access point has sent it away, and after its chip has crashed', () => {
    const l = start({});
    l.boot();
    const { ap, chip } = l.radio!;
    const leases = (): number => l.pico.text.lines.filter((line) => line.includes('link up, 10')).length;
    const before = leases();
    for (const { radio } of [...ap.members.values()]) ap.deauthenticate(radio.mac, 3);
    says(l, 'wifi: connection lost');
    l.until(() => leases() > before, 30e6, 'not back');
    l.requests('/', 2, 1);
    chip.faults.trap();
    says(l, 'link down');
    l.until(() => leases() > before + 1, 30e6, 'not back');
    l.requests('/', 2, 1);
  });

  it('says that the password is wrong', () => {
    const l = start({ join: { ...LAB_NETWORK, passphrase: 'incorrect horse' } });
    l.pico.board.start();
    says(l, 'wifi: wrong password');
  });

  it('says that there is no such network', () => {
    const l = start({ join: { ssid: 'elsewhere', passphrase: 'correct horse' } });
    l.pico.board.start();
    says(l, 'wifi: no such network');
  });

  it('says that the code of a start is not in flash any more', () => {
    const l = start({});
    l.boot();
    // The first sector of the program area, erased.
    l.pico.type("new (require('flash').Flash)(4, 128).ioctl(6, 0)");
    l.run(1e6);
    l.radio!.chip.faults.trap();
    says(l, 'cannot be started: its code is not where the program is stored');
    l.pico.type("console.log('alive: ' + 6 * 7)");
    says(l, 'alive: 42');
  });

  it('says that the firmware is missing', () => {
    const l = start({ noImage: true });
    l.pico.board.start();
    says(l, 'has no firmware on this board');
  });
});
