// What a frame costs in hal calls and SPI bytes, as exact numbers: a change of the driver that costs more has to say so
// here. The README's table is this one.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { HostCalls } from '../../../hal/host.js';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { INT, Rig } from './rig.js';
import { send } from './send.js';

/** Calls of each kind, and bytes clocked. */
function line(c: HostCalls): string {
  return `write ${c.digitalWrite} read ${c.digitalRead} send ${c.send} transfer ${c.transfer} recv ${c.recv} bytes ${c.bytes}`;
}

/** A rig in steady state: frames have gone each way, the last one as told. */
function warm(int: number | null, last: 'sent' | 'received', size = 60): Rig {
  const rig = new Rig({ int });
  for (const what of last === 'sent' ? ['received', 'sent'] : ['sent', 'received']) {
    if (what === 'sent') send(rig, rig.frame(size));
    else rig.inject(rig.frame(size));
    rig.run(3);
  }
  // No regular look at the chip in between.
  rig.dev.nextCheck = 0x3fffffff;
  return rig;
}

describe('ENC28J60 driver: cost', () => {
  it('of an idle poll', () => {
    const rig = warm(INT, 'received');
    assert.equal(line(rig.cost(() => rig.poll())), 'write 0 read 1 send 0 transfer 0 recv 0 bytes 0');
    const polled = warm(null, 'received');
    polled.poll();
    assert.equal(line(polled.cost(() => polled.poll())), 'write 2 read 0 send 0 transfer 1 recv 0 bytes 2');
  });

  for (const [size, one] of [
    [60, 'write 14 read 2 send 5 transfer 2 recv 1 bytes 83'],
    [1514, 'write 14 read 2 send 5 transfer 2 recv 1 bytes 1537'],
  ] as const) {
    it(`of receiving ${size} bytes`, () => {
      const rig = warm(INT, 'received');
      rig.inject(rig.frame(size));
      rig.scheduler.runFor(3000);
      assert.equal(line(rig.cost(() => rig.poll())), one);
    });
  }

  it('of receiving eight small frames in one poll', () => {
    const rig = warm(INT, 'received');
    for (let i = 0; i < 8; i++) rig.inject(rig.frame(60));
    rig.scheduler.runFor(3000);
    assert.equal(line(rig.cost(() => rig.poll())), 'write 42 read 2 send 12 transfer 9 recv 8 bytes 594');
  });

  for (const [size, one] of [
    [60, 'write 12 read 0 send 5 transfer 1 recv 0 bytes 74'],
    [1514, 'write 14 read 0 send 6 transfer 1 recv 0 bytes 1532'],
  ] as const) {
    it(`of sending ${size} bytes`, () => {
      const rig = warm(INT, 'sent', size);
      assert.equal(line(rig.cost(() => send(rig, rig.frame(size)))), one);
    });
  }

  it('of answering a ping of 56 bytes', () => {
    const rig = warm(INT, 'received');
    rig.onInput = (p) => {
      rig.netif.linkoutput(rig.netif, p);
      pbufFree(p);
    };
    rig.inject(rig.frame(98));
    rig.scheduler.runFor(3000);
    assert.equal(line(rig.cost(() => rig.poll())), 'write 26 read 2 send 10 transfer 3 recv 1 bytes 235');
  });
});
