import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ERR_ARG, ERR_IF, ERR_OK } from '../../../firmware/stack/core/err.js';
import { NETIF_FLAG_LINK_UP } from '../../../firmware/stack/core/netif.js';
import {
  enc28j60FaultText,
  enc28j60Stats,
  FAULT_CLOCK,
  FAULT_MAC,
  FAULT_MEMORY,
  FAULT_NO_ANSWER,
  FAULT_REGISTERS,
  FAULT_STUCK_HIGH,
} from '../../../drivers/enc28j60/index.js';
import { withBoundedArrays } from '../../harness/bounded-arrays.js';
import { MAC, RESET, Rig } from './rig.js';

describe('ENC28J60 driver: set-up', () => {
  it('brings the chip up, in each revision, without misuse', () => {
    for (const revision of ['B1', 'B4', 'B5', 'B7'] as const) {
      const rig = new Rig({ chip: { revision, errata: 'revision' } });
      assert.equal(rig.dev.fault, 0);
      assert.equal(rig.dev.revision, { B1: 2, B4: 4, B5: 5, B7: 6 }[revision]);
      assert.ok(rig.netif.flags & NETIF_FLAG_LINK_UP);
      assert.deepEqual([...rig.netif.hwaddr], MAC);
      assert.equal(rig.netif.mtu, 1500);
      rig.check();
    }
  });

  it('never writes past the end of an array, which throws on the device', () => {
    const rig = withBoundedArrays(() => new Rig({ reset: RESET }));
    assert.equal(rig.dev.fault, 0);
    rig.check();
  });

  it('programs what the data sheet asks for in half duplex', () => {
    const { chip } = new Rig();
    const v = chip.regs.values;
    assert.equal(chip.regs.word(0x08), 0, 'ERXST');
    assert.equal(chip.regs.word(0x0a), 0x19ff, 'ERXND');
    assert.equal(chip.regs.word(0x0c), 0x19ff, 'ERXRDPT');
    assert.equal(chip.regs.word(0x04), 0x1a00, 'ETXST');
    assert.equal(v[0x40], 0x01, 'MACON1');
    assert.equal(v[0x42], 0x32, 'MACON3');
    assert.equal(v[0x43], 0x40, 'MACON4');
    assert.equal(v[0x44], 0x12, 'MABBIPG');
    assert.equal(chip.regs.word(0x46), 0x0c12, 'MAIPG');
    assert.equal(chip.regs.word(0x4a), 1518, 'MAMXFL');
    assert.deepEqual(
      [0x64, 0x65, 0x62, 0x63, 0x60, 0x61].map((a) => v[a]),
      MAC,
    );
    assert.equal(v[0x1b], 0xd3, 'EIE');
    assert.equal(v[0x1f]! & 0x04, 0x04, 'RXEN');
    assert.equal(chip.phy.led('A'), 'link');
    assert.equal(chip.phy.fullDuplex, false);
  });

  it('and in full duplex', () => {
    const { chip } = new Rig({ fullDuplex: true });
    const v = chip.regs.values;
    assert.equal(v[0x40], 0x0d, 'MACON1');
    assert.equal(v[0x42], 0x33, 'MACON3');
    assert.equal(v[0x44], 0x15, 'MABBIPG');
    assert.equal(chip.phy.fullDuplex, true);
  });

  it('does not rely on LEDB for the duplex mode (erratum 16)', () => {
    const rig = new Rig({ chip: { errata: { e16LedPolarity: true }, errataRates: { e16LedPolarity: 1 } } });
    assert.equal(rig.chip.phy.fullDuplex, false);
    rig.check();
  });

  it('uses the RESET pin when it is wired', () => {
    const rig = new Rig({ reset: RESET });
    assert.equal(rig.chip.counters.resets, 2, 'pin and command');
    rig.check();
  });

  it('wakes a chip that was left in power-save mode (erratum 19)', () => {
    const rig = new Rig({ noInit: true, chip: { errata: { e19ResetPowerSave: true } } });
    rig.chip.spiSelect();
    rig.chip.spiTransfer(Uint8Array.of(0x9e, 0x20));
    rig.chip.spiDeselect();
    rig.scheduler.runFor(1000);
    assert.equal(rig.init(), ERR_OK);
    rig.check();
  });

  it('says so when nothing answers', () => {
    const quiet = (value: number) => ({
      spiSelect() {},
      spiDeselect() {},
      spiTransfer: (tx: Uint8Array) => new Uint8Array(tx.length).fill(value),
    });
    for (const [value, fault] of [
      [0x00, FAULT_NO_ANSWER],
      [0xff, FAULT_STUCK_HIGH],
    ] as const) {
      const rig = new Rig({ noInit: true, cs: 5 });
      rig.hal.connect(quiet(value), 5);
      const before = rig.scheduler.now;
      assert.equal(rig.init(), ERR_IF);
      assert.ok(rig.scheduler.now - before < 50_000, 'in bounded time');
      assert.equal(rig.dev.fault, fault);
      assert.match(enc28j60FaultText(fault), /does not answer/);
      assert.equal(enc28j60Stats(rig.netif).running, false);
      assert.equal(rig.poll(), 0);
    }
  });

  it('says so when the clock never starts, registers, memory or MAC registers do not hold', () => {
    const broken = (
      fault: number,
      spoil: (rx: Uint8Array, tx: Uint8Array, first: number, bank: number) => void,
    ): void => {
      const rig = new Rig({ noInit: true, cs: 5 });
      const { chip } = rig;
      let first = -1;
      rig.hal.connect(
        {
          spiSelect: () => {
            first = -1;
            chip.spiSelect();
          },
          spiDeselect: () => chip.spiDeselect(),
          spiTransfer: (tx) => {
            if (first < 0) first = tx[0]!;
            const rx = chip.spiTransfer(tx);
            spoil(rx, tx, first, chip.regs.bank);
            return rx;
          },
        },
        5,
      );
      assert.equal(rig.init(), ERR_IF);
      assert.equal(rig.dev.fault, fault);
      assert.ok(enc28j60FaultText(fault).length > 20);
    };
    broken(FAULT_CLOCK, (rx, _tx, first) => {
      if (first === 0x1d) rx[1]! &= ~1;
    });
    broken(FAULT_REGISTERS, (rx, _tx, first, bank) => {
      if (bank === 1 && first === 3) rx[1]! |= 0x10;
    });
    broken(FAULT_MEMORY, (rx, _tx, first) => {
      if (first === 0x3a) rx[17]! ^= 1;
    });
    broken(FAULT_MAC, (rx, _tx, first, bank) => {
      if (bank === 3 && first === 4) rx[2]! ^= 2;
    });
  });

  it('refuses a group address as its own', () => {
    const rig = new Rig({ noInit: true, mac: Uint8Array.of(1, 0, 0, 0, 0, 1) });
    assert.equal(rig.init(), ERR_ARG);
  });
});
