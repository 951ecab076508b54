// The bus half of a CYW43439 as a whole: its power pin, its gSPI pins as words, and the blocks behind them. Each block
// is a file of its own; they find one another through this object. What runs on the ARM is a ChipFirmware.

import { SeededRandom } from '../../sim/random.js';
import type { Event, Scheduler } from '../../sim/scheduler.js';
import { Arm } from './arm.js';
import { BackplaneFunction } from './backplane-function.js';
import { Backplane } from './backplane.js';
import { BusRegisters } from './bus-registers.js';
import { Clocks } from './clocks.js';
import { Cores } from './cores.js';
import { newCounters } from './counters.js';
import type { ChipCounters } from './counters.js';
import { Faults } from './faults.js';
import type { ChipFirmware } from './firmware.js';
import { Gspi } from './gspi.js';
import type { GspiSlave } from './gspi-slave.js';
import { HostLink } from './host-link.js';
import { Interrupts } from './interrupts.js';
import { Mailbox } from './mailbox.js';
import { Misuse } from './misuse.js';
import { Packets } from './packets.js';

export interface Cyw43Options {
  scheduler: Scheduler;
  /** Dice for faults. */
  random?: SeededRandom;
  firmware: ChipFirmware;
  /** Judges the image in RAM when the ARM starts: what is wrong with it, or null. Default: everything runs. */
  checkImage?: (ram: Uint8Array) => string | null;
  /** µs from WL_REG_ON's rise until TEST can be read. Default 40 ms. */
  startUpTime?: number;
  /** Packets that the host may send ahead of what the firmware has taken. Default 12. */
  creditWindow?: number;
  /** µs that the firmware spends on a packet of the host. Default 0: it is done when chip select rises. */
  packetTime?: number;
  /** Words between the BDC header and the frame in packets to the host. Default 0. */
  bdcWords?: number;
  /** Packets that may wait for the host before frames and events are dropped. Default 32. */
  queueLimit?: number;
}

const START_UP_TIME = 40000;
/** WL_REG_ON must be low for this long, µs. CYW43439 data sheet, "Power-up sequence". */
const MIN_POWER_PULSE = 10000;

export class Cyw43 implements GspiSlave {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly firmware: ChipFirmware;
  readonly checkImage: (ram: Uint8Array) => string | null;
  /** May be changed at any time. */
  readonly options: { creditWindow: number; packetTime: number; bdcWords: number; queueLimit: number };
  readonly misuse: Misuse;
  readonly counters: ChipCounters = newCounters();
  readonly faults: Faults;

  onInterrupt: ((level: 0 | 1) => void) | null = null;
  powered = false;
  /** Powered, and the start-up is over. */
  answers = false;

  readonly bus: BusRegisters;
  readonly interrupts: Interrupts;
  readonly mailbox: Mailbox;
  readonly clocks: Clocks;
  readonly cores: Cores;
  readonly arm: Arm;
  readonly backplane: Backplane;
  readonly backplaneFunction: BackplaneFunction;
  readonly packets: Packets;
  readonly hostLink: HostLink;
  private readonly gspi: Gspi;
  private readonly startUpTime: number;
  private lowSince = -Infinity;
  private startEvent: Event | null = null;

  /** WL_REG_ON is low, and has been for long. */
  constructor(options: Cyw43Options) {
    this.scheduler = options.scheduler;
    this.random = options.random ?? new SeededRandom(43439);
    this.firmware = options.firmware;
    this.checkImage = options.checkImage ?? (() => null);
    this.startUpTime = options.startUpTime ?? START_UP_TIME;
    this.options = {
      creditWindow: options.creditWindow ?? 12,
      packetTime: options.packetTime ?? 0,
      bdcWords: options.bdcWords ?? 0,
      queueLimit: options.queueLimit ?? 32,
    };
    this.misuse = new Misuse(() => this.scheduler.now);
    this.faults = new Faults(this);
    this.bus = new BusRegisters(this);
    this.interrupts = new Interrupts(this);
    this.mailbox = new Mailbox(this);
    this.clocks = new Clocks(this);
    this.cores = new Cores(this);
    this.arm = new Arm(this);
    this.backplane = new Backplane(this);
    this.backplaneFunction = new BackplaneFunction(this);
    this.packets = new Packets(this);
    this.hostLink = new HostLink(this);
    this.gspi = new Gspi(this);
  }

  setPower(level: 0 | 1): void {
    if ((level === 1) === this.powered) return;
    if (level === 1) this.powerUp();
    else this.powerDown();
  }

  select(): void {
    this.gspi.select();
  }

  wordIn(word: number): void {
    this.gspi.wordIn(word);
  }

  wordOut(): number {
    return this.gspi.wordOut();
  }

  partial(bits: number): void {
    this.gspi.partial(bits);
  }

  deselect(): void {
    this.gspi.deselect();
  }

  get interrupt(): 0 | 1 {
    return this.interrupts.level;
  }

  private powerUp(): void {
    const { scheduler } = this;
    if (scheduler.now - this.lowSince < MIN_POWER_PULSE)
      this.misuse.count('powerPulse', `${scheduler.now - this.lowSince} µs`);
    this.counters.powerOns++;
    this.powered = true;
    this.startEvent = scheduler.after(this.startUpTime, () => {
      this.startEvent = null;
      this.answers = true;
      this.interrupts.update();
    });
  }

  private powerDown(): void {
    this.scheduler.cancel(this.startEvent);
    this.startEvent = null;
    this.lowSince = this.scheduler.now;
    this.powered = false;
    this.answers = false;
    this.arm.stop();
    this.cores.reset();
    this.clocks.reset();
    this.mailbox.reset();
    this.bus.reset();
    this.backplane.reset();
    this.backplaneFunction.reset();
    this.faults.powerLost();
    this.interrupts.reset();
    this.gspi.reset();
  }
}
