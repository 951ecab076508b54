// The chip as a whole: its pins, its resets and the two control registers that steer all blocks (ECON1, ECON2). Each
// block is a file of its own; they find one another through this object.

import { SeededRandom } from '../../sim/random.js';
import type { Scheduler } from '../../sim/scheduler.js';
import type { Port } from '../../sim/wire.js';
import { BufferMemory } from './buffer-memory.js';
import { newCounters } from './counters.js';
import type { ChipCounters } from './counters.js';
import { Dma } from './dma.js';
import { REVISION_ID, defaultRates, errataOf, noErrata } from './errata.js';
import type { ErrataRates, ErrataSwitches, Revision } from './errata.js';
import { FlowControl } from './flow-control.js';
import { Interrupts } from './interrupts.js';
import { Mii } from './mii.js';
import { Misuse } from './misuse.js';
import { Phy } from './phy.js';
import { Power, SOFT_RESET_TIME, START_UP_TIME } from './power.js';
import { Receiver } from './receiver.js';
import { RegisterFile } from './register-file.js';
import {
  ECON1,
  ECON1_CSUMEN,
  ECON1_DMAST,
  ECON1_RXEN,
  ECON1_RXRST,
  ECON1_TXRST,
  ECON1_TXRTS,
  ECON2,
  ECON2_PKTDEC,
  ECON2_PWRSV,
  EREVID,
  ESTAT,
  ESTAT_CLKRDY,
} from './registers.js';
import type { WriteOperation } from './register-file.js';
import { SpiSlave } from './spi-slave.js';
import { Transmitter } from './transmitter.js';

export interface Enc28j60Options {
  scheduler: Scheduler;
  /** The cable; may be attached later. */
  port?: Port;
  /** Default 'B7', what is sold today. */
  revision?: Revision;
  /** 'revision' (default): what that silicon has; 'none': a perfect chip; or single switches over the revision's. */
  errata?: 'revision' | 'none' | Partial<ErrataSwitches>;
  /** How often an erratum strikes where it may, 0 to 1. */
  errataRates?: Partial<ErrataRates>;
  /** Dice for errata and back-off. */
  random?: SeededRandom;
  /** LEDB is wired so that the chip starts in full duplex. Default false. */
  fullDuplexStrap?: boolean;
  /** µs from the moment a link is possible until it is up. Default 0; real ones take from 10 ms to 2 s. */
  linkUpTime?: number;
  /** In half duplex, a frame that begins to arrive while one is sent collides with it. Default false. */
  collideOnCarrier?: boolean;
  /** Throw at the first misuse. Default false. */
  strict?: boolean;
}

export class Enc28j60 {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly revision: Revision;
  readonly options: { fullDuplexStrap: boolean; linkUpTime: number; collideOnCarrier: boolean };
  /** May be switched at any time. */
  readonly errata: ErrataSwitches;
  readonly errataRates: ErrataRates;
  readonly misuse: Misuse;
  readonly counters: ChipCounters = newCounters();

  /** Called when the INT pin changes; 0 is active. */
  onInterrupt: ((level: 0 | 1) => void) | null = null;
  /** SPI clock, Hz, as the master has set it; 0 when unknown. */
  spiClockHz = 0;
  /** The RESET pin is low. */
  inReset = false;
  port: Port | null = null;

  readonly regs: RegisterFile;
  readonly memory: BufferMemory;
  readonly power: Power;
  readonly interrupts: Interrupts;
  readonly phy: Phy;
  readonly mii: Mii;
  readonly receiver: Receiver;
  readonly transmitter: Transmitter;
  readonly dma: Dma;
  readonly flowControl: FlowControl;
  private readonly spi: SpiSlave;
  private spoilNext = false;

  /** Power-on at the scheduler's present: the clock runs 300 µs later. */
  constructor(options: Enc28j60Options) {
    this.scheduler = options.scheduler;
    this.random = options.random ?? new SeededRandom(28);
    this.revision = options.revision ?? 'B7';
    this.options = {
      fullDuplexStrap: options.fullDuplexStrap ?? false,
      linkUpTime: options.linkUpTime ?? 0,
      collideOnCarrier: options.collideOnCarrier ?? false,
    };
    const errata = options.errata ?? 'revision';
    this.errata = errata === 'none' ? noErrata() : errataOf(this.revision);
    if (typeof errata === 'object') Object.assign(this.errata, errata);
    this.errataRates = { ...defaultRates(), ...options.errataRates };
    this.misuse = new Misuse(() => this.scheduler.now, options.strict);

    this.regs = new RegisterFile(this.misuse);
    this.memory = new BufferMemory(this.regs, this.misuse);
    this.power = new Power(this);
    this.interrupts = new Interrupts(this);
    this.phy = new Phy(this);
    this.mii = new Mii(this);
    this.transmitter = new Transmitter(this);
    this.dma = new Dma(this);
    this.receiver = new Receiver(this);
    this.flowControl = new FlowControl(this);
    this.spi = new SpiSlave(this);
    this.memory.isTransmitting = (a) => this.transmitter.isInPacket(a);
    this.memory.writePointer = () => this.receiver.writePointer;
    this.regs.onWrite(ECON1, (next, old, data, op) => this.econ1(next, old, data, op));
    this.regs.onWrite(ECON2, (next, old) => this.econ2(next, old));

    this.resetBlocks();
    this.power.startUp(START_UP_TIME, false);
    if (options.port) this.attach(options.port);
  }

  /** CS low. */
  spiSelect(): void {
    this.spi.select();
  }

  /** Clocks bytes through; any number of calls within one select. */
  spiTransfer(tx: Uint8Array): Uint8Array {
    return this.spi.transfer(tx);
  }

  /** Clocks one byte through. */
  spiExchange(byte: number): number {
    return this.spi.exchange(byte & 255);
  }

  /** CS high. */
  spiDeselect(): void {
    this.spi.deselect();
  }

  /** Level of the INT pin; 0 is active. */
  get intPin(): 0 | 1 {
    return this.interrupts.pin;
  }

  /** The RESET pin, active low. The chip starts when it goes high. */
  setResetPin(level: 0 | 1): void {
    if (level === 0 && !this.inReset) {
      this.inReset = true;
      this.counters.resets++;
      this.power.asleep = false;
      this.resetBlocks();
      this.power.stop();
      this.phy.refreshLink();
    } else if (level === 1 && this.inReset) {
      this.inReset = false;
      this.power.startUp(START_UP_TIME, false);
    }
  }

  /** Connects a port as the chip's cable; the link comes up with it. */
  attach(port: Port): void {
    this.detach();
    this.port = port;
    port.onFrame = (frame, meta) => {
      const bad = (meta?.badFcs ?? false) || this.spoilNext;
      this.spoilNext = false;
      this.phy.receive(frame, bad);
    };
    port.onCarrier = (microseconds) => this.carrier(microseconds);
    this.phy.setCable(true);
  }

  /** Pulls the cable. */
  detach(): void {
    if (this.port) {
      this.port.onFrame = null;
      this.port.onCarrier = null;
    }
    this.port = null;
    this.phy.setCable(false);
  }

  /** The link partner appears or goes, with the port left in place. */
  setLink(up: boolean): void {
    this.phy.setCable(up);
  }

  /** The SPI reset command. DS39662E, 11.2. */
  softReset(): void {
    const { regs, power } = this;
    // DS80349C, 19.
    if (power.asleep && this.errata.e19ResetPowerSave) {
      this.misuse.count('resetInPowerSave');
      return;
    }
    this.counters.resets++;
    const ready = this.errata.e2ClockReady && regs.has(ESTAT, ESTAT_CLKRDY);
    this.resetBlocks();
    power.startUp(ready ? SOFT_RESET_TIME : START_UP_TIME, ready);
    this.phy.refreshLink();
  }

  /** All registers to their reset values; the buffer memory keeps its contents. */
  private resetBlocks(): void {
    this.transmitter.reset();
    this.dma.reset();
    this.mii.reset();
    this.flowControl.reset();
    this.regs.reset();
    this.regs.values[EREVID] = REVISION_ID[this.revision];
    this.receiver.reset();
    this.power.clockRunning = false;
    this.phy.reset();
    this.interrupts.update();
  }

  private carrier(microseconds: number): void {
    const until = this.scheduler.now + microseconds;
    if (this.options.collideOnCarrier && this.transmitter.collide()) this.spoilNext = true;
    this.receiver.carrierUntil = Math.max(this.receiver.carrierUntil, until);
  }

  /** Register 3-1. */
  private econ1(next: number, old: number, data: number, operation: WriteOperation): number {
    const { regs, misuse } = this;
    const rose = next & ~old;
    const fell = old & ~next;
    if (operation === 'BFS' && data & old & ECON1_TXRTS) misuse.count('transmitWhileBusy');
    if (this.dma.busy && next & ECON1_DMAST && (next ^ old) & ECON1_CSUMEN)
      misuse.count('dmaPointersChanged', 'CSUMEN');
    regs.values[ECON1] = next;
    // 11.4: the receive reset clears RXEN.
    if (next & ECON1_RXRST) regs.clear(ECON1, ECON1_RXEN);
    if (regs.values[ECON1]! & rose & ECON1_RXEN) this.receiver.start();
    if (rose & ECON1_TXRST) this.transmitter.hold();
    else if (rose & ECON1_TXRTS) {
      if (this.transmitter.mayStart()) this.transmitter.start();
      else regs.clear(ECON1, ECON1_TXRTS);
    }
    if (fell & ECON1_TXRTS) this.transmitter.cancel();
    if (fell & ECON1_TXRST) this.transmitter.release();
    if (rose & ECON1_DMAST) this.dma.start();
    if (fell & ECON1_DMAST) this.dma.cancel();
    return regs.values[ECON1]!;
  }

  /** Register 3-2. */
  private econ2(next: number, old: number): number {
    const { regs } = this;
    // PKTDEC clears itself.
    regs.values[ECON2] = next & ~ECON2_PKTDEC;
    if (next & ECON2_PKTDEC) this.receiver.decrement();
    if (next & ~old & ECON2_PWRSV) this.power.sleep();
    if (old & ~next & ECON2_PWRSV) this.power.wake();
    return regs.values[ECON2]!;
  }
}
