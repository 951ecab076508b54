// How the chip is started: the steps, what may go wrong with each, and that a failed start is tried again.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  cyw43FaultText,
  cyw43PowerOff,
  cyw43Restart,
  cyw43Stats,
  type Cyw43Config,
} from '../../../drivers/cyw43/index.js';
import {
  FAULT_BUS,
  FAULT_CLM,
  FAULT_CLOCK,
  FAULT_CORE,
  FAULT_FIRMWARE,
  FAULT_IMAGE_DAMAGED,
  FAULT_NO_ANSWER,
  FAULT_NO_CODE,
  FAULT_NO_IMAGE,
  FAULT_NONE,
  FAULT_SETTING,
} from '../../../drivers/cyw43/fault.js';
import { CONTROL_LIMIT, POWER_OFF, POWER_ON, RETRY } from '../../../drivers/cyw43/opt.js';
import { onesSum } from '../../../tools/cyw43/image.js';
import { MODE_FAILED } from '../../../drivers/cyw43/device.js';
import { IN_RESET } from '../../chips/cyw43/registers.js';
import { withBoundedArrays } from '../../harness/bounded-arrays.js';
import { reachable } from './reachable.js';
import { POWER, Rig, type RigOptions } from './rig.js';

/** Where the script begins, and bytes of it that are the firmware's: behind the first transaction's header and command. */
const SCRIPT = 4096;
const CLM = 1024;

/** How a start is spoilt, and what cures it. */
interface Trouble {
  options?: RigOptions;
  spoil: (rig: Rig) => void;
  cure: (rig: Rig) => void;
}

const flip = (at: number): Trouble => ({
  spoil: (rig) => (rig.image![at]! ^= 4),
  cure: (rig) => (rig.image![at]! ^= 4),
});
const summed: Partial<Cyw43Config> = { wordSum: onesSum };

const TROUBLE: [string, number, Trouble][] = [
  [
    'no chip, the line high',
    FAULT_NO_ANSWER,
    { spoil: (rig) => rig.chip.faults.beDeaf(Infinity), cure: (rig) => rig.chip.faults.beDeaf(0) },
  ],
  [
    'no chip, the line low',
    FAULT_NO_ANSWER,
    { spoil: (rig) => rig.chip.faults.beDeaf(Infinity, 0), cure: (rig) => rig.chip.faults.beDeaf(0) },
  ],
  [
    'a wrong test pattern',
    FAULT_NO_ANSWER,
    { spoil: (rig) => rig.chip.faults.spoilTest(Infinity), cure: (rig) => rig.chip.faults.spoilTest(0) },
  ],
  [
    'a test pattern that is wrong once the bus is set up',
    FAULT_BUS,
    {
      spoil: (rig) => {
        const { faults } = rig.chip;
        let reads = 0;
        faults.testPattern = (value) => (reads++ & 1 ? value ^ 0x100 : value);
      },
      cure: (rig) => (rig.chip.faults.testPattern = (value) => value),
    },
  ],
  [
    'no ALP clock',
    FAULT_CLOCK,
    {
      spoil: (rig) => (rig.chip.faults.withoutAlp = true),
      cure: (rig) => (rig.chip.faults.withoutAlp = false),
    },
  ],
  [
    'a core that is not in reset',
    FAULT_CORE,
    {
      spoil: (rig) => {
        const { cores } = rig.chip;
        const read = cores.readWrapper.bind(cores);
        cores.readWrapper = (core, register) => read(core, register) & ~IN_RESET;
      },
      cure: (rig) => {
        const { cores } = rig.chip;
        cores.readWrapper = Object.getPrototypeOf(cores).readWrapper;
      },
    },
  ],
  (() => {
    let start: Cyw43Config['start'];
    return [
      'no code to start it',
      FAULT_NO_CODE,
      {
        spoil: ({ dev }: Rig) => {
          start = dev.config.start;
          dev.config.start = () => null;
          dev.start = null;
        },
        cure: ({ dev }: Rig) => (dev.config.start = start),
      },
    ];
  })(),
  (() => {
    let image: Uint8Array | null = null;
    return [
      'no image',
      FAULT_NO_IMAGE,
      {
        spoil: (rig: Rig) => {
          image = rig.image;
          rig.image = null;
        },
        cure: (rig: Rig) => (rig.image = image),
      },
    ];
  })(),
  ['an image whose sum is wrong', FAULT_IMAGE_DAMAGED, { options: summed, ...flip(SCRIPT + 3000) }],
  [
    'an image damaged in the length of a transaction',
    FAULT_IMAGE_DAMAGED,
    { options: summed, ...flip(SCRIPT) },
  ],
  ['an image damaged in the direction of one', FAULT_IMAGE_DAMAGED, { options: summed, ...flip(SCRIPT + 2) }],
  ['an image damaged near its end', FAULT_IMAGE_DAMAGED, { options: summed, ...flip(SCRIPT + 7000) }],
  ['an image that the chip refuses', FAULT_FIRMWARE, flip(SCRIPT + 3000)],
  [
    'no HT clock',
    FAULT_FIRMWARE,
    {
      spoil: (rig) => (rig.chip.faults.withoutHt = true),
      cure: (rig) => (rig.chip.faults.withoutHt = false),
    },
  ],
  [
    'firmware that never takes a packet',
    FAULT_FIRMWARE,
    {
      spoil: (rig) => {
        const { faults } = rig.chip;
        faults.stallReady(Infinity);
        // Whatever happens to the power.
        faults.releaseReady = () => undefined;
      },
      cure: (rig) => {
        const { faults } = rig.chip;
        faults.releaseReady = Object.getPrototypeOf(faults).releaseReady;
        faults.releaseReady();
      },
    },
  ],
  ['CLM that the firmware refuses', FAULT_CLM, flip(CLM + 500)],
  [
    'a setting that the firmware refuses',
    FAULT_SETTING,
    {
      options: { wifi: { country: '?!' } },
      spoil: () => undefined,
      cure: (rig) => (rig.dev.wifi.config.country = 'DE'),
    },
  ],
];

describe('CYW43 driver: start', () => {
  it('brings the chip up without misuse, and never writes past the end of an array', () => {
    const rig = new Rig(summed);
    withBoundedArrays(() => rig.started().run(1));
    assert.equal(rig.dev.fault, FAULT_NONE);
    assert.equal(rig.chip.counters.armStarts, 1);
    assert.equal(rig.chip.counters.powerOns, 1);
    assert.ok(rig.firmware.up);
    assert.equal(rig.firmware.clm.loaded, true);
    assert.equal(rig.firmware.clm.country, 'XX');
    assert.deepEqual([...rig.netif.hwaddr], [0x28, 0xcd, 0xc1, 1, 2, 3]);
    assert.equal(rig.netif.mtu, 1500);
    const stats = cyw43Stats(rig.netif);
    assert.equal(stats.running, true);
    assert.equal(stats.link, false);
    assert.equal(stats.counters.start, 1);
    assert.equal(stats.counters.restart, 0);
    rig.sound();
  });

  it('gives the chip its times: power off, power on, a turn of the event loop for every 16 KB', () => {
    const levels: [number, number][] = [];
    const rig = new Rig({ firmwareSize: 200 * 1024 });
    rig.hal.onWrite(POWER, (level) => {
      levels.push([level, rig.scheduler.now]);
      rig.chip.setPower(level);
    });
    const reads: number[] = [];
    rig.chip.misuse.reset();
    rig.started();
    rig.hal.onWrite(POWER, (level) => {
      levels.push([level, rig.scheduler.now]);
      rig.chip.setPower(level);
    });
    cyw43Restart(rig.netif);
    rig.run(100);
    const [off, on] = levels.slice(-2) as [[number, number], [number, number]];
    assert.deepEqual([off[0], on[0]], [0, 1]);
    assert.ok(on[1] - off[1] >= POWER_OFF * 1000);
    rig.chip.faults.testPattern = (value) => {
      reads.push(rig.scheduler.now);
      return value;
    };
    const polls = rig.polls;
    rig.started();
    assert.ok(reads[0]! - on[1] >= POWER_ON * 1000);
    assert.ok(rig.polls - polls >= 13, 'the event loop has turned');
    rig.sound();
  });

  it('gives the chip its times also when what a start needs takes long to get', () => {
    const rig = new Rig().started();
    const { config } = rig.dev;
    const { start } = config;
    config.start = () => {
      rig.hal.clock.delayMs(45);
      return start();
    };
    cyw43Restart(rig.netif);
    rig.started();
    rig.sound();
  });

  it('gives the firmware its time after it got its country, whenever that was', () => {
    for (let late = 0; late < 120; late += 11) {
      const rig = new Rig();
      const { firmware } = rig;
      const times: number[] = [];
      const control = firmware.control.bind(firmware);
      firmware.control = (request) => {
        if (times.length === 1) times.push(rig.scheduler.now);
        if (Buffer.from(request.data).includes('country')) times.push(rig.scheduler.now);
        control(request);
      };
      firmware.faults.delayReplies(1 + late * 1000, 1, { iovar: 'clmload' });
      rig.started();
      assert.ok(times[1]! - times[0]! > 50_000, `${times[1]! - times[0]!} µs, replies ${late} ms late`);
      rig.sound();
    }
  });

  it('is no slower the second time', () => {
    const rig = new Rig({ ...summed, firmwareSize: 200 * 1024 }).started();
    rig.run(10);
    const { startTime, downloadTime } = rig.dev;
    assert.ok(downloadTime > 20 && startTime > downloadTime + POWER_OFF + POWER_ON, `${startTime} ms`);
    cyw43Restart(rig.netif);
    rig.started();
    assert.ok(rig.dev.downloadTime <= downloadTime, `download ${downloadTime}, ${rig.dev.downloadTime} ms`);
    assert.ok(rig.dev.startTime <= startTime + 1, `start ${startTime}, ${rig.dev.startTime} ms`);
    assert.equal(rig.dev.counters.start, 2);
    assert.equal(rig.dev.counters.restart, 0, 'that was no recovery');
    rig.sound();
  });

  it('holds nothing of the download afterwards', () => {
    for (const spoilt of [false, true]) {
      const rig = new Rig(summed);
      if (spoilt) rig.image![CLM + 500]! ^= 1;
      rig.until(() => rig.dev.image !== null, 1000, 'the image is open');
      const { reader, bytes } = rig.dev.image!;
      const start = rig.dev.start!;
      rig.until(() => rig.dev.wifi.up || rig.dev.fault !== FAULT_NONE, 3000, 'the start ends');
      assert.equal(rig.dev.fault, spoilt ? FAULT_CLM : FAULT_NONE);
      const all = reachable(rig.dev);
      assert.ok(all.has(rig.netif), 'the search gets about');
      assert.ok(!all.has(start));
      assert.equal(rig.imagesOpen, 0);
      assert.ok(!all.has(reader));
      assert.ok(!all.has(bytes));
      const large = [...all.keys()].filter((o) => ArrayBuffer.isView(o) && o.byteLength >= 1024);
      assert.deepEqual(large, []);
    }
  });

  for (const [what, fault, { options, spoil, cure }] of TROUBLE) {
    it(`tells of ${what}, takes the power away, and tries again`, () => {
      const rig = new Rig(options);
      const told: number[] = [];
      rig.dev.onStarted = () => told.push(rig.dev.fault);
      spoil(rig);
      rig.until(() => told.length > 0, 3000, 'the fault is told');
      assert.deepEqual(told, [fault]);
      assert.ok(cyw43FaultText(fault).length > 15);
      assert.equal(rig.dev.mode, MODE_FAILED);
      assert.equal(rig.chip.powered, false);
      assert.equal(cyw43Stats(rig.netif).running, false);
      rig.run(RETRY - 100);
      assert.equal(rig.chip.powered, false, 'not before its time');
      // Once more, then it is mended.
      rig.until(() => told.length > 1, 3000, 'and told again');
      assert.deepEqual(told, [fault, fault]);
      cure(rig);
      rig.until(() => rig.dev.wifi.up, RETRY + 3000, 'it works');
      rig.run(1);
      assert.equal(rig.dev.fault, FAULT_NONE);
      rig.joined();
    });
  }

  it('that fails within its controls leaves none behind', () => {
    const rig = new Rig();
    rig.image![CLM + 500]! ^= 1;
    rig.until(() => rig.dev.fault === FAULT_CLM, 3000, 'refused');
    assert.equal(rig.dev.control.first, null);
    assert.equal(rig.dev.control.sent, false);
    rig.image![CLM + 500]! ^= 1;
    rig.until(() => rig.dev.wifi.up, RETRY + 3000, 'it works');
    rig.run(CONTROL_LIMIT + 1000);
    assert.equal(rig.dev.counters.controlTimeout, 0);
  });

  it('may be asked for at any step', () => {
    const whole = new Rig({ ...summed, firmwareSize: 40 * 1024 }).started();
    const total = whole.scheduler.now;
    for (let at = 0; at < total; at += 9000) {
      const rig = new Rig({ ...summed, firmwareSize: 40 * 1024 });
      rig.dev.onStarted = () => assert.equal(rig.dev.fault, 0, cyw43FaultText(rig.dev.fault));
      rig.run(at / 1000);
      cyw43Restart(rig.netif);
      rig.until(() => rig.dev.wifi.up, 1500, `started after a restart at ${at} µs`);
      assert.equal(rig.dev.control.first, null);
      rig.joined();
      rig.sound();
    }
  });

  it('may be called off at any step', () => {
    const whole = new Rig(summed).started();
    const total = whole.scheduler.now;
    for (let at = 0; at < total + 50_000; at += 11_000) {
      const rig = new Rig(summed);
      rig.dev.onStarted = () => assert.equal(rig.dev.fault, 0, cyw43FaultText(rig.dev.fault));
      rig.run(at / 1000);
      cyw43PowerOff(rig.netif);
      const { transactions } = rig.chip.counters;
      assert.equal(rig.chip.powered, false);
      assert.equal(rig.dev.image, null, 'nothing of the download is held');
      assert.equal(rig.dev.start, null);
      assert.equal(rig.imagesOpen, 0);
      rig.run(10_000);
      assert.equal(rig.chip.counters.transactions, transactions, 'silence');
      cyw43Restart(rig.netif);
      rig.started();
      rig.sound();
    }
  });
});
