// Each kind of misuse is counted once where it happens, and correct use is not counted.

import assert from 'node:assert/strict';
import { MISUSE_KINDS } from '../../chips/enc28j60/index.js';
import type { MisuseKind } from '../../chips/enc28j60/index.js';
import { Driver, TX_START, frame, wired } from './driver.js';

type Wired = ReturnType<typeof wired>;

/** What a driver may do wrong, and nothing else. */
const CASES: Partial<Record<MisuseKind, (w: Wired) => void>> = {
  unimplementedRegister: ({ d }) => {
    d.selectBank(0);
    d.spi(0x18, 0);
  },
  reservedRegister: ({ d }) => {
    d.selectBank(2);
    d.spi(0x4c, 0);
  },
  reservedBits: ({ d }) => d.set('EIE', 0x04),
  readOnlyRegister: ({ d }) => d.set('EPKTCNT', 0),
  bitFieldOnMac: ({ d }) => d.bfs('MACON1', 1),
  macInPowerSave: ({ d }) => {
    d.bfc('ECON1', 4);
    d.bfs('ECON2', 0x20);
    d.get('MACON1');
  },
  spiNotSelected: ({ chip }) => void chip.spiTransfer(Uint8Array.of(0x1f)),
  spiClockTooFast: ({ d, chip }) => {
    chip.spiClockHz = 21e6;
    d.get('ESTAT');
  },
  unknownOpcode: ({ d }) => void d.spi(0x20, 0),
  abortedCommand: ({ d }) => void d.spi(0x40 | 0x1b),
  trailingBytes: ({ d }) => void d.spi(0x40 | 0x1b, 0, 0),
  rxPointersWhileEnabled: ({ d }) => d.set('ERXST', 0),
  rxRingEmpty: ({ d }) => {
    d.bfc('ECON1', 4);
    d.set16('ERXND', 0);
    d.bfs('ECON1', 4);
  },
  erxrdptOutside: ({ d }) => d.set16('ERXRDPT', 0x1a01),
  writeIntoReceiveBuffer: ({ d }) => d.writeMemory(0x100, [1, 2, 3]),
  readFreeSpace: ({ d }) => void d.readMemory(0x100, 4),
  packetDecrementAtZero: ({ d }) => d.bfs('ECON2', 0x40),
  transmitWhileBusy: ({ d, s }) => {
    d.startSend(frame(1500));
    d.bfs('ECON1', 8);
    s.runFor(2000);
  },
  transmitInReset: ({ d }) => {
    d.bfs('ECON1', 0x80);
    d.bfs('ECON1', 0x08);
  },
  transmitEmpty: ({ d }) => void d.send([]),
  transmitOverlap: ({ d }) => {
    d.set16('ETXST', 0x1fc0);
    d.set16('ETXND', 0x1ffc);
    d.bfs('ECON1', 8);
  },
  transmitPointersChanged: ({ d }) => {
    d.startSend(frame(1500));
    d.set('ETXND', 1);
  },
  writeIntoTransmitBuffer: ({ d }) => {
    d.startSend(frame(1500));
    d.writeMemory(TX_START + 20, [1, 2, 3]);
  },
  duplexDiffers: ({ d }) => {
    d.writePhy(0, 0);
    d.send(frame(60));
  },
  gapTooShort: ({ d }) => {
    d.set('MABBIPG', 0x12);
    d.send(frame(60));
  },
  miiBusy: ({ d }) => {
    d.selectBank(2);
    d.spi(0x54, 2);
    d.spi(0x52, 1);
    d.spi(0x18, 0, 0);
  },
  unimplementedPhy: ({ d }) => void d.readPhy(5),
  readOnlyPhy: ({ d }) => d.writePhy(2, 0),
  phyReservedBits: ({ d }) => d.writePhy(0x14, 0x0422),
  dmaPointersChanged: ({ d }) => {
    d.set16('EDMAND', 0x1000);
    d.bfs('ECON1', 0x30);
    d.set('EDMAND', 1);
  },
  dmaEndless: ({ d }) => {
    d.set16('EDMAST', 0x100);
    d.set16('EDMAND', 0x1b00);
    d.bfs('ECON1', 0x30);
    d.s.runFor(1e6);
    assert.equal(d.get('ECON1') & 0x20, 0x20);
    d.bfc('ECON1', 0x30);
  },
  powerSaveWhileActive: ({ d }) => d.bfs('ECON2', 0x20),
};

/** Counted in other tests: reset.test.ts and errata.test.ts. */
const ELSEWHERE: MisuseKind[] = [
  'macBeforeClockReady',
  'spiInReset',
  'spiClockTooSlow',
  'rxStartNotZero',
  'erxrdptEven',
  'resetInPowerSave',
];

describe('enc28j60 model: misuse', () => {
  for (const [kind, act] of Object.entries(CASES) as [MisuseKind, (w: Wired) => void][]) {
    it(`${kind}: ${MISUSE_KINDS[kind]}`, () => {
      // transmitOverlap's status vector reaches 0000h, where the ring starts.
      const w = wired();
      act(w);
      assert.equal(w.chip.misuse.summary(), `${kind} 1`);
      assert.equal(w.chip.misuse.recent[0]!.kind, kind);
    });
  }

  it('every kind has its case', () => {
    assert.deepEqual([...Object.keys(CASES), ...ELSEWHERE].sort(), Object.keys(MISUSE_KINDS).sort());
  });

  it('counts a bulk command once, whether clocked at once or byte by byte', () => {
    for (const bytewise of [false, true]) {
      const { d, chip } = wired();
      d.set16('ERDPT', 0x100);
      chip.spiSelect();
      chip.spiExchange(0x3a);
      if (bytewise) for (let i = 0; i < 50; i++) chip.spiExchange(0);
      else chip.spiTransfer(new Uint8Array(50));
      chip.spiDeselect();
      assert.equal(chip.misuse.counts.readFreeSpace, 1);
    }
  });

  it('allows writes into a packet that ERXRDPT protects, and reads of it to its end', () => {
    const { d, far, chip } = wired();
    far.give(frame(61));
    d.writeMemory(20, [1, 2]);
    d.readMemory(0, 6 + 65);
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
    d.readMemory(0, 6 + 65 + 2);
    assert.equal(chip.misuse.counts.readFreeSpace, 1);
  });

  it('throws at the first case when strict, and reports each to a listener', () => {
    const d = new Driver({ strict: true });
    d.s.runFor(300);
    assert.throws(() => d.bfs('MACON1', 1), /BFS or BFC on a MAC/);
    const { d: e, chip } = wired();
    const seen: string[] = [];
    chip.misuse.onMisuse = (c) => seen.push(`${c.kind} ${c.detail}`);
    e.bfc('MACON3', 1);
    assert.deepEqual(seen, ['bitFieldOnMac BFC MACON3']);
  });
});
