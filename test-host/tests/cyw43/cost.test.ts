// What a frame costs in native calls, words on the bus and arrays, as exact numbers: a change of the driver that costs more
// has to say so here. The README's table is this one.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cyw43Linkoutput, cyw43Poll } from '../../../drivers/cyw43/index.js';
import { LEAD } from '../../../drivers/cyw43/opt.js';
import { PM_NONE } from '../../../drivers/cyw43/power.js';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import { PBUF_RAM, pbufAlloc, pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { macOf } from '../../air/index.js';
import { CHIP_MAC, Rig } from './rig.js';

/** A joined board in steady state, without a regular look at the chip in between. */
class Meter extends Rig {
  take: (p: Pbuf) => void = (p) => void pbufFree(p);

  constructor() {
    super({
      wifi: { powerSave: PM_NONE },
      input: (p) => {
        this.take(p);
        return ERR_OK;
      },
    });
    this.joined();
    this.run(500);
    this.send(60);
    this.receive(60);
    this.run(20);
    cyw43Poll(this.netif);
    this.dev.nextCheck = 0x3fffffff;
  }

  frame(size: number): Uint8Array {
    const frame = new Uint8Array(size);
    frame.set(macOf(CHIP_MAC), 6);
    return frame;
  }

  receive(size: number): void {
    this.firmware.host!.frame(0, this.frame(size));
  }

  /** A block as the stack has it: its view of words is made once. */
  send(size: number): () => void {
    const p = pbufAlloc(this.stack, LEAD, size, PBUF_RAM)!;
    p.payload.set(this.frame(size), LEAD);
    const send = (): void => assert.equal(cyw43Linkoutput(this.netif, p), ERR_OK);
    send();
    cyw43Poll(this.netif);
    return send;
  }

  cost(fn: () => void): string {
    const { calls, pioCalls } = this.hal;
    const before = { ...calls, ...pioCalls };
    const arrays = countArrays(fn);
    return (
      `digitalRead ${calls.digitalRead - before.digitalRead} put ${pioCalls.put - before.put} ` +
      `get ${pioCalls.get - before.get} words ${pioCalls.words - before.words} arrays ${arrays}`
    );
  }
}

/** Typed arrays that the driver makes meanwhile; the model works on numbers then. */
function countArrays(fn: () => void): number {
  let n = 0;
  const counted = (Real: typeof Uint8Array | typeof Uint32Array): typeof Real =>
    new Proxy(Real, {
      construct: (target, args) => {
        if (/drivers.cyw43|core.(mem|pbuf)/.test(new Error().stack!.split('\n')[2]!)) n++;
        return Reflect.construct(target, args) as object;
      },
    });
  const { Uint8Array: bytes, Uint32Array: words } = globalThis;
  globalThis.Uint8Array = counted(bytes) as Uint8ArrayConstructor;
  globalThis.Uint32Array = counted(words) as Uint32ArrayConstructor;
  try {
    fn();
  } finally {
    globalThis.Uint8Array = bytes;
    globalThis.Uint32Array = words;
  }
  return n;
}

describe('CYW43 driver: cost', () => {
  it('of an idle poll', () => {
    const meter = new Meter();
    const poll = (): void => assert.equal(cyw43Poll(meter.netif), 0);
    assert.equal(meter.cost(poll), 'digitalRead 1 put 0 get 0 words 0 arrays 0');
  });

  it('of the regular look, and of that which asks for the chip’s health', () => {
    const meter = new Meter();
    const look = (untilHealth: number) => (): void => {
      meter.dev.nextCheck = meter.hal.clock.millis();
      meter.dev.untilHealth = untilHealth;
      cyw43Poll(meter.netif);
    };
    assert.equal(meter.cost(look(5)), 'digitalRead 1 put 1 get 1 words 3 arrays 0');
    assert.equal(meter.cost(look(0)), 'digitalRead 1 put 4 get 8 words 16 arrays 0');
  });

  for (const [size, one] of [
    [60, 'digitalRead 1 put 2 get 22 words 26 arrays 2'],
    [1514, 'digitalRead 1 put 2 get 385 words 389 arrays 2'],
  ] as const) {
    it(`of receiving ${size} bytes`, () => {
      const meter = new Meter();
      meter.receive(size);
      assert.equal(
        meter.cost(() => cyw43Poll(meter.netif)),
        one,
      );
    });
  }

  it('of receiving eight small frames in one poll', () => {
    const meter = new Meter();
    for (let i = 0; i < 8; i++) meter.receive(60);
    assert.equal(
      meter.cost(() => assert.equal(cyw43Poll(meter.netif), 8)),
      'digitalRead 1 put 9 get 169 words 187 arrays 16',
    );
  });

  for (const [size, one] of [
    [60, 'digitalRead 0 put 2 get 2 words 36 arrays 0'],
    [1494, 'digitalRead 0 put 2 get 2 words 384 arrays 0'],
    [1514, 'digitalRead 0 put 2 get 2 words 389 arrays 0'],
  ] as const) {
    it(`of sending ${size} bytes`, () => {
      const meter = new Meter();
      const send = meter.send(size);
      assert.equal(meter.cost(send), one);
    });
  }

  it('of answering a ping of 56 bytes', () => {
    const meter = new Meter();
    meter.take = (p) => {
      assert.equal(cyw43Linkoutput(meter.netif, p), ERR_OK);
      pbufFree(p);
    };
    meter.receive(98);
    assert.equal(
      meter.cost(() => cyw43Poll(meter.netif)),
      'digitalRead 1 put 3 get 32 words 67 arrays 2',
    );
  });
});
