// The SPI side and the register file: instructions, banks, dummy bytes, reset values, masks, buffer pointers.

import assert from 'node:assert/strict';
import { REGISTERS } from '../../chips/enc28j60/index.js';
import { Driver } from './driver.js';

function ready(options?: ConstructorParameters<typeof Driver>[0]): Driver {
  const d = new Driver(options);
  d.s.runFor(300);
  return d;
}

describe('enc28j60 model: SPI and registers', () => {
  it('has the reset values of table 3-2', () => {
    const d = ready();
    const words: Record<string, number> = {
      ERDPT: 0x05fa,
      EWRPT: 0,
      ETXST: 0,
      ETXND: 0,
      ERXST: 0x05fa,
      ERXND: 0x1fff,
      ERXRDPT: 0x05fa,
      ERXWRPT: 0,
      EDMACS: 0,
      MAMXFL: 0x0600,
      EPAUS: 0x1000,
    };
    for (const [name, value] of Object.entries(words)) assert.equal(d.get16(name), value, name);
    const single: Record<string, number> = {
      EIE: 0,
      EIR: 0,
      ECON2: 0x80,
      ERXFCON: 0xa1,
      EPKTCNT: 0,
      MACON1: 0,
      MACON3: 0,
      MACLCON1: 0x0f,
      MACLCON2: 0x37,
      ECOCON: 0x04,
      EREVID: 0x06,
      MISTAT: 0,
    };
    for (const [name, value] of Object.entries(single)) assert.equal(d.get(name), value, name);
    assert.equal(d.chip.misuse.total, 0, d.chip.misuse.summary());
  });

  it('tells its revision', () => {
    for (const [revision, id] of [
      ['B1', 2],
      ['B4', 4],
      ['B5', 5],
      ['B7', 6],
    ] as const) {
      assert.equal(ready({ revision }).get('EREVID'), id);
    }
  });

  it('sends a dummy byte before MAC and MII registers, and none before ETH registers', () => {
    const d = ready();
    d.set16('MAMXFL', 0x1234);
    d.selectBank(2);
    assert.deepEqual([...d.spi(0x0a, 0, 0, 0)], [0, 0, 0x34, 0x34]);
    assert.deepEqual([...d.spi(0x1e, 0, 0)], [0, 0x80, 0x80], 'ECON2, the byte repeated');
    d.selectBank(3);
    assert.deepEqual([...d.spi(0x12, 0)], [0, 6], 'EREVID is an ETH register');
    assert.equal(d.chip.misuse.total, 0, d.chip.misuse.summary());
  });

  it('has as many registers of each group as table 3-1', () => {
    const of = (group: string): number => REGISTERS.filter((r) => r.group === group).length;
    // 5 common registers in 4 banks; 24 + 8 + 8 + 4 + 2 ETH in banks 0 and 1, 4 + 1 + 4 in bank 3.
    assert.equal(of('eth'), 20 + 24 + 22 + 9);
    assert.equal(of('mac'), 11 + 6);
    assert.equal(of('mii'), 6 + 1);
  });

  it('switches banks by ECON1, the common registers being in each', () => {
    const d = ready();
    d.set('ERXFCON', 0x5a);
    for (let bank = 0; bank < 4; bank++) {
      d.spi(0xbf, 3);
      d.spi(0x9f, bank);
      assert.equal(d.spi(0x1f, 0)[1], bank);
      assert.equal(d.spi(0x1e, 0)[1], 0x80);
    }
    d.spi(0x5f, 1); // WCR ECON1
    assert.equal(d.spi(0x18, 0)[1], 0x5a);
    d.spi(0x5f, 0);
  });

  it('sets and clears bit fields of ETH registers only', () => {
    const d = ready();
    d.bfs('EIE', 0xc8);
    d.bfc('EIE', 0x08);
    assert.equal(d.get('EIE'), 0xc0);
    d.set('MACON1', 0x05);
    assert.equal(d.chip.misuse.total, 0);
    d.bfs('MACON1', 0x08);
    d.bfc('MACON1', 0x01);
    assert.equal(d.get('MACON1'), 0x05);
    assert.equal(d.chip.misuse.counts.bitFieldOnMac, 2);
    assert.equal(d.chip.misuse.total, 2);
  });

  it('keeps unimplemented bits at 0', () => {
    const d = ready();
    d.set16('ETXST', 0xffff);
    assert.equal(d.get16('ETXST'), 0x1fff);
    d.set('MACLCON1', 0xff);
    assert.equal(d.get('MACLCON1'), 0x0f);
    d.set('ECOCON', 0xff);
    assert.equal(d.get('ECOCON'), 0x07);
    assert.equal(d.chip.power.clockOut, 0);
    d.set('ECOCON', 3);
    assert.equal(Math.round(d.chip.power.clockOut), 8333333);
    assert.equal(d.chip.misuse.total, 0);
  });

  it('takes several transfers within one select, byte by byte or at once', () => {
    const d = ready();
    const { chip } = d;
    d.set16('EWRPT', 0x100);
    chip.spiSelect();
    chip.spiTransfer(Uint8Array.of(0x7a, 1));
    chip.spiTransfer(Uint8Array.of(2, 3));
    chip.spiExchange(4);
    chip.spiDeselect();
    d.set16('ERDPT', 0x100);
    chip.spiSelect();
    chip.spiExchange(0x3a);
    assert.equal(chip.spiExchange(0), 1);
    assert.deepEqual([...chip.spiTransfer(new Uint8Array(3))], [2, 3, 4]);
    chip.spiDeselect();
    assert.equal(d.get16('ERDPT'), 0x104);
    assert.equal(d.get16('EWRPT'), 0x104);
  });

  it('wraps ERDPT at ERXND to ERXST and at 1FFFh to 0000h', () => {
    const d = ready();
    d.set16('ERXST', 0x0100);
    d.set16('ERXND', 0x01ff);
    d.writeMemory(0x01fe, [1, 2, 3, 4]);
    d.writeMemory(0x0100, [5, 6]);
    assert.deepEqual([...d.readMemory(0x01fe, 4)], [1, 2, 5, 6], 'reading follows the ring');
    assert.equal(d.get16('ERDPT'), 0x0102);
    assert.deepEqual([...d.readMemory(0x0200, 2)], [3, 4], 'writing did not');
    d.writeMemory(0x1ffe, [7, 8, 9]);
    assert.equal(d.get16('EWRPT'), 1);
    assert.deepEqual([...d.readMemory(0x1ffe, 3)], [7, 8, 9]);
    d.set16('ERXND', 0x1fff);
    assert.deepEqual([...d.readMemory(0x1ffe, 3)], [7, 8, 5], '1FFFh being ERXND, it goes to ERXST');
  });

  it('reads a long ring many times around in one command', () => {
    const d = ready();
    d.set16('ERXST', 0);
    d.set16('ERXND', 9);
    d.writeMemory(0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(
      [...d.readMemory(7, 25)],
      Array.from({ length: 25 }, (_, i) => (i + 7) % 10),
    );
  });

  it('stands still without AUTOINC', () => {
    const d = ready();
    d.writeMemory(0x300, [1, 2, 3]);
    d.bfc('ECON2', 0x80);
    assert.deepEqual([...d.readMemory(0x301, 3)], [2, 2, 2]);
    d.writeMemory(0x301, [8, 9]);
    assert.equal(d.get16('EWRPT'), 0x301);
    assert.deepEqual([...d.readMemory(0x301, 1)], [9]);
  });

  it('moves ERXRDPT when the high byte is written', () => {
    const d = ready();
    d.set('ERXRDPT', 0x35);
    assert.equal(d.get16('ERXRDPT'), 0x05fa);
    d.set('ERXRDPT', 0x12, 1);
    assert.equal(d.get16('ERXRDPT'), 0x1235);
    d.set('ERXRDPT', 0x13, 1);
    assert.equal(d.get16('ERXRDPT'), 0x1335, 'the buffered low byte stays');
  });

  it('starts the ring at ERXST when ERXST or ERXND is written', () => {
    const d = ready();
    d.set16('ERXST', 0x0400);
    assert.equal(d.get16('ERXWRPT'), 0x0400);
    d.set16('ERXND', 0x07ff);
    assert.equal(d.get16('ERXWRPT'), 0x0400);
  });

  it('counts the bus traffic', () => {
    const d = ready();
    const c = d.chip.counters;
    d.get('ECON1');
    d.set('EIE', 0);
    d.bfs('EIE', 1);
    d.bfc('EIE', 1);
    d.writeMemory(0, [1]);
    const { rcr, wcr, bfs, bfc, wbm, spiBytes, spiSelects } = c;
    assert.deepEqual([rcr, wcr, bfs, bfc, wbm, spiBytes, spiSelects], [1, 3, 1, 1, 1, 14, 7]);
  });
});
