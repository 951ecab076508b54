// The firmware as a whole: its start, its queue of commands, its two interfaces, and the way of frames. Each thing that
// it can do is a file of its own; they find one another through this object.

import type { Air } from '../../../air/index.js';
import { macOf } from '../../../air/index.js';
import type { Event, Scheduler } from '../../../sim/scheduler.js';
import type { ChipFirmware, ControlRequest, FirmwareHost } from '../firmware.js';
import { Bsscfg } from './bsscfg.js';
import { Clm } from './clm.js';
import { CommandQueue } from './command-queue.js';
import { BCME_BADARG, BCME_NOTUP, Refusal } from './errors.js';
import { Escan } from './escan.js';
import { Events } from './events.js';
import { Faults } from './faults.js';
import { FlowControl } from './flow-control.js';
import { Gpio } from './gpio.js';
import { checkRam } from './image.js';
import { Misuse } from './misuse.js';
import { MulticastFilter } from './multicast.js';
import { PowerSave } from './power-save.js';
import { SoftAp } from './soft-ap.js';
import { StationSide } from './station.js';
import { Variables } from './variables.js';

/** From the core's start until the firmware takes commands, µs. */
const BOOT_TIME = 29_000;
const FRAME_MIN = 14;
const FRAME_MAX = 1518;

export interface WlanFirmwareOptions {
  scheduler: Scheduler;
  air: Air;
  /** The address in the chip's one-time memory. */
  mac?: string | Uint8Array;
  /** When JOIN and SET_SSID are told: after the keys (default), or before them. */
  setSsidAfter?: 'keys' | 'association';
  /** Throw at the first misuse. Default false. */
  strict?: boolean;
}

export interface FirmwareCounters {
  commands: number;
  /** Commands answered with an error. */
  refused: number;
  framesFromHost: number;
  framesToHost: number;
  /** From the host, while there was no link. */
  noLink: number;
  unknownCommands: Map<number, number>;
  unknownIovars: Map<string, number>;
}

export class WlanFirmware implements ChipFirmware {
  readonly scheduler: Scheduler;
  readonly air: Air;
  readonly setSsidAfter: 'keys' | 'association';
  readonly misuse: Misuse;
  readonly faults = new Faults(this);
  readonly events = new Events(this);
  readonly gpio = new Gpio();
  readonly station = new StationSide(this);
  readonly softAp = new SoftAp(this);
  readonly escan = new Escan(this);
  readonly commands = new CommandQueue(this);
  readonly flow = new FlowControl(this);
  readonly powerSave: PowerSave;
  readonly variables = new Variables();
  readonly counters: FirmwareCounters = {
    commands: 0,
    refused: 0,
    framesFromHost: 0,
    framesToHost: 0,
    noLink: 0,
    unknownCommands: new Map(),
    unknownIovars: new Map(),
  };
  /** The interfaces' settings; 0 station, 1 access point. */
  bsscfgs = [new Bsscfg(), new Bsscfg()];
  clm = new Clm();
  multicast = new MulticastFilter();
  host: FirmwareHost | null = null;
  /** From ready() until power off, reset or crash. */
  running = false;
  /** WLC_UP. */
  up = false;
  antenna = 0;
  band = 0;
  mac: Uint8Array;
  apMac: Uint8Array;
  /** Of the image in RAM. */
  version = '';
  private readonly otpMac: Uint8Array;
  private boot: Event | null = null;

  constructor(options: WlanFirmwareOptions) {
    this.scheduler = options.scheduler;
    this.air = options.air;
    this.setSsidAfter = options.setSsidAfter ?? 'keys';
    this.otpMac = macOf(options.mac ?? '28:cd:c1:00:a9:af');
    this.mac = this.otpMac;
    this.apMac = localOf(this.otpMac);
    this.misuse = new Misuse(() => this.scheduler.now, options.strict);
    this.powerSave = new PowerSave(this.scheduler);
  }

  start(ram: Uint8Array, host: FirmwareHost): void {
    this.stop();
    this.host = host;
    const check = checkRam(ram);
    if ('fault' in check) {
      this.misuse.count(check.fault, check.detail);
      return;
    }
    this.version = check.version;
    this.boot = this.scheduler.after(BOOT_TIME, () => {
      this.running = true;
      host.ready();
    });
  }

  stop(): void {
    this.halt();
    this.host = null;
    this.clm = new Clm();
    this.multicast = new MulticastFilter();
    this.bsscfgs = [new Bsscfg(), new Bsscfg()];
    this.variables.reset();
    this.gpio.reset();
    this.powerSave.reset();
    this.setMac(this.otpMac);
    this.up = false;
    this.antenna = 0;
    this.band = 0;
  }

  /** The firmware traps: it is as dead as after power off, only that it says so. */
  crash(): void {
    this.halt();
    this.host?.trap();
  }

  control(request: ControlRequest): void {
    if (!this.running) {
      this.misuse.count('beforeReady', `command ${request.cmd}`);
      return;
    }
    this.commands.add(request);
  }

  frame(iface: number, frame: Uint8Array): void {
    const { counters, misuse } = this;
    if (!this.running) {
      misuse.count('beforeReady', 'frame');
      return;
    }
    counters.framesFromHost++;
    if (iface > 1 || (iface === 1 && !this.variables.get('apsta'))) {
      misuse.count('unknownInterface', `frame on ${iface}`);
      return;
    }
    if (frame.length < FRAME_MIN || frame.length > FRAME_MAX) {
      misuse.count('frameLength', `${frame.length}`);
      return;
    }
    if (iface === 1) {
      const own = this.softAp.ap;
      if (!own) {
        counters.noLink++;
        return;
      }
      this.softAp.transmit(frame);
      this.flow.check(own.medium);
      return;
    }
    const { ap } = this.station;
    if (!ap) {
      counters.noLink++;
      return;
    }
    if (!this.mac.every((x, i) => frame[6 + i] === x)) misuse.count('foreignSource');
    this.powerSave.traffic();
    ap.bridge.fromStation(this.station, frame);
    this.flow.check(ap.medium);
  }

  toHost(iface: number, frame: Uint8Array): void {
    if (!this.running) return;
    this.counters.framesToHost++;
    this.host?.frame(iface, frame);
  }

  /** WLC_DOWN. */
  down(): void {
    this.escan.abort();
    this.station.leave();
    this.softAp.down();
    this.up = false;
  }

  setMac(mac: Uint8Array): void {
    if (this.station.ap || this.station.joining) this.station.leave();
    this.mac = mac;
    this.apMac = localOf(mac);
  }

  requireUp(name: string): void {
    if (!this.up) throw new Refusal(BCME_NOTUP, 'commandBeforeUp', name);
  }

  checkInterface(iface: number, name: string): void {
    if (iface === 0 || (iface === 1 && this.variables.get('apsta') === 1)) return;
    throw new Refusal(BCME_BADARG, 'unknownInterface', `${name} on ${iface}`);
  }

  /** The channel that an interface is on, or 0. */
  channel(iface: number): number {
    return (iface ? this.softAp.ap?.channel : this.station.ap?.channel) ?? this.softAp.channel;
  }

  /** The name of the network that an interface is in, or null. */
  currentSsid(iface: number): Uint8Array | null {
    return (iface ? this.softAp.ap?.ssid : this.station.ap?.ssid) ?? null;
  }

  /** The iovar `ver`. */
  versionText(): string {
    return `wl0: Jan  1 2020 00:00:00 version ${this.version} (stand-in) FWID 01-00000000\n`;
  }

  private halt(): void {
    this.scheduler.cancel(this.boot);
    this.running = false;
    this.commands.clear();
    this.flow.reset();
    this.escan.stop();
    this.station.stop();
    this.softAp.stop();
  }
}

/** The access point's address: the station's, marked as locally administered. */
function localOf(mac: Uint8Array): Uint8Array {
  const own = Uint8Array.from(mac);
  own[0]! ^= 2;
  return own;
}
