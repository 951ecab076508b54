import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { hostHal } from '../../../hal/host.js';

describe('hal: host', () => {
  it('selects chips by their pins, counts calls and spends time', () => {
    let spent = 0;
    const hal = hostHal({ spend: (us) => (spent += us) });
    const log: string[] = [];
    hal.connect(
      {
        spiSelect: () => log.push('select'),
        spiDeselect: () => log.push('deselect'),
        spiTransfer: (tx) => tx.map((b) => b ^ 255),
      },
      5,
    );
    hal.gpio.digitalWrite(5, 0);
    assert.deepEqual([...hal.spi.transfer(Uint8Array.of(1, 2))], [254, 253]);
    assert.deepEqual([...hal.spi.recv(2)], [255, 255]);
    hal.spi.send(Uint8Array.of(9));
    hal.gpio.digitalWrite(5, 1);
    assert.deepEqual([...hal.spi.recv(1)], [255], 'nobody drives MISO');
    assert.deepEqual(log, ['select', 'deselect']);
    assert.deepEqual(hal.calls, { digitalWrite: 2, digitalRead: 0, send: 1, transfer: 1, recv: 2, bytes: 6 });
    assert.ok(spent > 200);
  });

  it('refuses what a board would do wrongly', () => {
    const hal = hostHal({});
    assert.throws(() => hal.spi.send(new Uint8Array(8).subarray(2)), /whole buffers/);
    assert.throws(() => hal.gpio.digitalWrite(99, 1), /no such pin/);
  });

  it('calls watches at falling edges until they are stopped', () => {
    const hal = hostHal({});
    let n = 0;
    const stop = hal.gpio.watch(3, 0, () => n++);
    hal.drive(3, 0);
    hal.drive(3, 0);
    hal.drive(3, 1);
    hal.drive(3, 0);
    assert.equal(n, 2);
    assert.equal(hal.gpio.digitalRead(3), 0);
    hal.drive(3, 1);
    stop();
    hal.drive(3, 0);
    assert.equal(n, 2);
  });

  it('has a clock and random numbers of its own', () => {
    const hal = hostHal({});
    assert.ok(hal.clock.millis() >= 0 && hal.clock.millis() < 0x100000000);
    assert.ok(hal.random.random16() <= 0xffff);
    hal.timers.clearTimeout(hal.timers.setTimeout(() => assert.fail(), 1000));
  });
});
