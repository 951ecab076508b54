// The state of one CYW43439 and what an application configures. The counters here tell what netif and link statistics
// do not. What Wi-Fi is about, networks and how they are joined, is in join.ts and kept in `wifi`.

import type { Err } from '../../firmware/stack/core/err.js';
import type { IpAddr } from '../../firmware/stack/core/ipaddr.js';
import type { MempPool } from '../../firmware/stack/core/memp.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import type { Pbuf } from '../../firmware/stack/core/pbuf.js';
import type { BlobReader, BlobSource, Clock, Gpio, PinId, PioBus, WordSum } from '../../hal/interfaces.js';
import { controlNew, type Control } from './control.js';
import { wifiNew, type Wifi, type WifiConfig } from './wifi.js';

export interface Cyw43Config {
  bus: PioBus;
  gpio: Gpio;
  clock: Clock;
  /** WL_REG_ON, the chip's power. */
  power: PinId;
  /** The data line, which is the interrupt while no transaction is under way; high when the chip wants something. */
  data: PinId;
  /**
   * Gives what a start needs. Asked at each start of the chip, and let go of when that is over: what only this leads to
   * need not stay in memory. null: it is gone, FAULT_NO_CODE.
   */
  start: () => Cyw43Start | null;
  /** Sums the image before it is trusted; absent: only its header is checked. */
  wordSum?: WordSum | null;
  /** Most packets that one poll takes; default 8. */
  budget?: number;
  /** Address, country, power save. */
  wifi?: WifiConfig;
  /** How a datagram leaves: etharpOutput. */
  output: (netif: Netif, p: Pbuf, dst: IpAddr) => Err;
}

/** What a start of the chip needs, and nothing afterwards. */
export interface Cyw43Start {
  /** cyw43BootStep. */
  step: (dev: Cyw43, now: number) => number;
  /** Where the firmware's image is stored. */
  image: BlobSource;
}

/** What went other than planned; frames and bytes that went well are counted by the netif. */
export interface Cyw43Counters {
  /** The chip was started, and started anew because something below was wrong. */
  start: number;
  restart: number;
  /**
   * Why: it did not answer, the firmware stopped after a trap, it did not let send anything (no credit, flow control, not
   * ready), a control had no reply.
   */
  noAnswer: number;
  firmwareTrap: number;
  creditStarved: number;
  controlTimeout: number;
  /** The bus told of an error: a command or data bit, an overflow or underflow. */
  busError: number;
  /** Packets whose length or header made no sense: dropped. */
  rxBad: number;
  /** Frames dropped for want of a receive buffer of the stack. */
  rxNoBuffer: number;
  /** Packets found while the interrupt was low. */
  interruptMissed: number;
  /** Frames to be sent without a link. */
  txNoLink: number;
  /** Frames given back because of their length. */
  txLength: number;
  /** Frames given back because the chip had no room, or had given no credit. */
  txBusy: number;
  txNoCredit: number;
  /** Events that came, and those not understood. */
  events: number;
  eventBad: number;
  /** Controls that the chip refused. */
  controlRefused: number;
}

export const MODE_OFF = 0;
/** Did not start; tried again after some seconds. The modes from here on are looked after. */
export const MODE_FAILED = 1;
/** Being started, step by step. */
export const MODE_STARTING = 2;
/** The firmware runs. */
export const MODE_RUNNING = 3;

/** An image on its way to the chip. */
export interface Download {
  reader: BlobReader;
  /** A piece of it, and the same memory in words. */
  bytes: Uint8Array;
  words: Uint32Array;
  /** The next byte to read, and where the script ends. */
  at: number;
  end: number;
  /** The sum that the script must have, and that of what was read so far. */
  sum: number;
  summed: number;
  /** It has been summed, or nobody can: it is being sent. */
  trusted: boolean;
}

export interface Cyw43 {
  config: Cyw43Config;
  counters: Cyw43Counters;
  /** Interface 0, the station, and 1, the access point. */
  netif: Netif | null;
  apNetif: Netif | null;
  /** What the last start found, a FAULT_ constant, and who is told when a start is over. */
  fault: number;
  onStarted: (() => void) | null;
  /** While the chip is being started. */
  start: Cyw43Start | null;
  /** Why there is no image. */
  imageReason: string;
  /** The step of the start, and how often it has looked for what it waits for. */
  step: number;
  looks: number;
  /** The stored image while the chip is being started. */
  image: Download | null;
  /** Milliseconds that the last start took, and of them the download of the firmware. */
  startTime: number;
  downloadTime: number;
  clock: Clock;
  stopWatch: (() => void) | null;
  /** The backplane window, -1 unknown. */
  window: number;
  /** Looks until the next one at the chip's health. */
  untilHealth: number;
  /** Clock value when something could be sent last, and whether something could not since. */
  starvedSince: number;
  starved: boolean;
  polling: boolean;
  control: Control;
  /** Networks and how they are joined. */
  wifi: Wifi;
  scratch: Uint8Array | null;
  access: Uint32Array;
  // What the fast path reads, last because the engine finds the last-added property first.
  budget: number;
  nextCheck: number;
  data: PinId;
  digitalRead: (pin: PinId) => number;
  rxPool: MempPool | null;
  readStatus: Uint32Array;
  readPacket: Uint32Array;
  /** The chip holds packets back: nothing may be sent. */
  flowStopped: number;
  /** SDPCM sequence number of the next packet to send, and the first that may not be sent. */
  credit: number;
  txSequence: number;
  mode: number;
  /** The chip's status word, as the last transaction brought it. */
  status: number;
  sm: number;
  pio: number;
  get: PioBus['get'];
  put: PioBus['put'];
}

/**
 * Makes the state of a device; no hardware is touched before cyw43Init().
 * @param config wiring and options
 */
export function cyw43New(config: Cyw43Config): Cyw43 {
  const bus = config.bus;
  return {
    config,
    counters: {
      start: 0,
      restart: 0,
      noAnswer: 0,
      firmwareTrap: 0,
      creditStarved: 0,
      controlTimeout: 0,
      busError: 0,
      rxBad: 0,
      rxNoBuffer: 0,
      interruptMissed: 0,
      txNoLink: 0,
      txLength: 0,
      txBusy: 0,
      txNoCredit: 0,
      events: 0,
      eventBad: 0,
      controlRefused: 0,
    },
    netif: null,
    apNetif: null,
    fault: 0,
    onStarted: null,
    start: null,
    imageReason: '',
    step: 0,
    looks: 0,
    image: null,
    startTime: 0,
    downloadTime: 0,
    clock: config.clock,
    stopWatch: null,
    window: -1,
    untilHealth: 0,
    starvedSince: 0,
    starved: false,
    polling: false,
    control: controlNew(),
    wifi: wifiNew(config.wifi || {}),
    scratch: null,
    access: new Uint32Array(3),
    budget: config.budget || 8,
    nextCheck: 0,
    data: config.data,
    digitalRead: config.gpio.digitalRead,
    rxPool: null,
    readStatus: new Uint32Array(2),
    readPacket: new Uint32Array(2),
    flowStopped: 0,
    credit: 0,
    txSequence: 0,
    mode: MODE_OFF,
    status: 0,
    sm: bus.sm,
    pio: bus.pio,
    get: bus.get,
    put: bus.put,
  };
}
