// The start of the firmware: which images and NVRAM texts run, and what a damaged download looks like.

import assert from 'node:assert/strict';
import { imageProblem } from '../../chips/cyw43/firmware/index.js';
import { STAND_IN_FIRMWARE_MAX, standInFirmware, standInNvram } from '../../chips/cyw43/stand-in.js';
import { Rig, loadedRam } from './rig.js';

describe('cyw43 model: start of the firmware', () => {
  it('stand-ins of any size and version run', () => {
    for (const size of [1024, 8192, 224192, STAND_IN_FIRMWARE_MAX]) {
      const r = new Rig();
      r.fw.start(loadedRam(standInFirmware({ size, version: '7.95.61' })), r);
      r.run(20);
      assert.equal(r.isReady, 0);
      r.run(20);
      assert.equal(r.isReady, 1);
      assert.equal(r.fw.version, '7.95.61');
      assert.equal(r.fw.misuse.summary(), '');
    }
    assert.throws(() => standInFirmware({ size: 1000 }), RangeError);
  });

  it('a stand-in has the trailer of the published images', () => {
    const image = standInFirmware();
    const length = image[image.length - 18]! | (image[image.length - 17]! << 8);
    const area = Buffer.from(image.subarray(image.length - 18 - length, image.length - 18)).toString(
      'latin1',
    );
    assert.match(area, /Version: 7\.95\.49 .*\0$/);
    assert.ok(length < 500 && area.length - area.indexOf('Version: ') > 80);
  });

  it('an image that is not a stand-in is known by its version text', () => {
    const other = standInFirmware();
    other.fill(7, 64, 80);
    const r = new Rig();
    r.fw.start(loadedRam(other), r);
    r.run(100);
    assert.equal(r.isReady, 1);
    assert.equal(r.fw.version, '7.95.49');
    assert.equal(imageProblem(loadedRam(other)), null);
  });

  it('RAM that nobody wrote to is of no account, whatever it holds', () => {
    const other = standInFirmware();
    other.fill(7, 64, 80);
    const ram = loadedRam(other);
    const nvram = ram.length - 4 - Math.ceil(standInNvram().length / 4) * 4;
    assert.equal(imageProblem(ram.fill(0xa5, other.length, nvram)), null);
    assert.match(imageProblem(ram.fill(0xa5, 0, nvram))!, /^imageMissing/);
  });

  const good = standInFirmware();
  const changed = (at: number): Uint8Array => {
    const image = good.slice();
    image[at]! ^= 0x10;
    return image;
  };
  const cases: [string, Uint8Array, RegExp][] = [
    ['no image', loadedRam(new Uint8Array(0)), /^imageMissing/],
    ['a bit differs', loadedRam(changed(5000)), /^imageDamaged/],
    ['the end is missing', loadedRam(good.subarray(0, 8000)), /^imageDamaged/],
    ['something else', loadedRam(new Uint8Array(5000).fill(1)), /^imageDamaged/],
    ['no NVRAM', loadedRam(good).fill(0, 500_000), /^nvramMissing/],
    ['NVRAM of no entry', loadedRam(good, new Uint8Array(8)), /^nvramMissing/],
    ['NVRAM of nonsense', loadedRam(good, new Uint8Array(64).fill(200)), /^nvramDamaged/],
    ['NVRAM length without complement', loadedRam(good).fill(9, 512 * 1024 - 2), /^nvramDamaged/],
  ];
  for (const [what, ram, problem] of cases) {
    it(`${what}: it never becomes ready, and that is counted`, () => {
      const r = new Rig();
      r.fw.start(ram, r);
      r.run(1000);
      assert.equal(r.isReady, 0);
      assert.match(r.fw.misuse.summary(), problem);
      assert.match(imageProblem(ram)!, problem);
    });
  }

  it('the core in reset again before it is ready', () => {
    const r = new Rig();
    r.fw.start(loadedRam(), r);
    r.run(10);
    r.fw.stop();
    r.run(1000);
    assert.equal(r.isReady, 0);
  });

  it('a second start begins with nothing of the first', () => {
    const r = new Rig().on();
    r.set(86, 2);
    r.setVar('mfp', 2);
    r.fw.stop();
    r.boot();
    assert.equal(r.fw.up, false);
    assert.equal(r.command(false, 85, new Uint8Array(4)).data[0], 0);
    assert.equal(r.getVar('mfp').data[0], 0);
    assert.equal(r.getVar('clmver').status, -30);
  });

  it('NVRAM entries are read', () => {
    const nvram = standInNvram({ boardrev: '0x1234' });
    assert.match(Buffer.from(nvram).toString('latin1'), /boardrev=0x1234\0/);
  });
});
