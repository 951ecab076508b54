// Kaluma on the emulated Pico, in real time, at the other end of the wire from the kernel: the set-up that the suites with a
// firmware image share, their lease, and what they ask of the chip in the end.

import assert from 'node:assert/strict';
import { createEmulatedPico, type EmulatedPico } from '../../emulator/kaluma-pico.js';
import { Bench } from '../../linux/bench.js';
import type { Daemon } from '../../linux/process.js';
import { needKaluma } from '../support/kaluma.js';
import { needLinux } from './setup.js';

/** Milliseconds; the board may run at a tenth of its speed. */
export const LIMIT = 900_000;

export class EmulatedBench {
  bench!: Bench;
  pico!: EmulatedPico;
  /** Of the lease. */
  address = '';
  private dnsmasq!: Daemon;

  /**
   * Adds the hooks, and the test that gets the lease.
   * @param commands that the suite needs beside dnsmasq
   * @param program what the board runs
   */
  constructor(commands: string[], program: () => Promise<string>) {
    const open = (context: Mocha.Context): Promise<void> => this.open(context, commands, program);
    before(function () {
      return open(this);
    });
    after(() => this.close());
    it('gets a lease', () => this.lease());
  }

  /** Adds the test for the end. */
  itWasSound(): void {
    it('used the chip as its datasheet wants it, and did not restart', () => {
      assert.equal(this.pico.chip.misuse.total, 0, this.pico.chip.misuse.summary());
      assert.equal(this.pico.board.resets, 0);
    });
  }

  private async open(
    context: Mocha.Context,
    commands: string[],
    program: () => Promise<string>,
  ): Promise<void> {
    const firmware = needKaluma(context);
    await needLinux(context, 'dnsmasq', ...commands);
    const bundle = await program();
    const bench = (this.bench = await Bench.open('board'));
    this.dnsmasq = await bench.startDnsmasq();
    this.pico = createEmulatedPico({ scheduler: bench.scheduler, port: bench.link.a, firmware, bundle });
    bench.inject(() => this.pico.board.start());
  }

  private async close(): Promise<void> {
    this.bench?.inject(() => this.pico?.board.stop());
    await this.bench?.close();
  }

  private async lease(): Promise<void> {
    const lease = await this.dnsmasq.line(/DHCPACK\(tap0\) (10\.77\.0\.\d+) \S+ lightwire$/, 0, LIMIT);
    this.address = lease[1]!;
    while (!this.pico.text.lines.includes(`link up, ${this.address}`)) await this.bench.pause(50);
  }
}
