// The chip's processor as the bus half sees it: whether what RAM holds may run, whether it is ready, and its crash.

import type { Cyw43 } from './cyw43.js';
import { nvramProblem } from './nvram.js';

export class Arm {
  /** Runs an acceptable image. */
  running = false;
  trapped = false;
  /** Why the last image was refused; null when it was not. */
  problem: string | null = null;
  private firmwareReady = false;

  constructor(private readonly chip: Cyw43) {}

  /** Initialised, and the HT clock runs. */
  get ready(): boolean {
    return this.firmwareReady && this.chip.clocks.ht;
  }

  start(): void {
    const { chip } = this;
    const ram = chip.backplane.ram;
    this.problem = nvramProblem(ram) ?? chip.checkImage(ram);
    if (this.problem !== null) {
      chip.counters.imagesRefused++;
      return;
    }
    chip.counters.armStarts++;
    this.running = true;
    chip.clocks.armStarted();
    chip.firmware.start(ram, chip.hostLink.connect());
  }

  /** Into reset, or power off. */
  stop(): void {
    const { chip } = this;
    this.halt();
    this.trapped = false;
    this.firmwareReady = false;
    chip.clocks.armStopped();
    chip.hostLink.reset();
    chip.packets.reset();
  }

  becomeReady(): void {
    this.firmwareReady = true;
  }

  /** The firmware crashed; packets that wait for the host stay. */
  trap(): void {
    const { chip } = this;
    if (!this.running) return;
    chip.counters.traps++;
    this.trapped = true;
    this.halt();
    chip.mailbox.tellHalted();
  }

  private halt(): void {
    if (!this.running) return;
    this.running = false;
    this.chip.hostLink.disconnect();
    this.chip.firmware.stop();
  }
}
