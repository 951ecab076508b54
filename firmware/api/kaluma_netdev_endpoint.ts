// What the parts of Kaluma's network device share: the objects that Kaluma's modules see, the endpoint behind each
// descriptor, and the list of endpoints that have something to tell. The stack's callbacks only take notes; the program's
// callbacks come from netdevRun(), at the end of the same turn, so that they begin high on the C stack.

import { ERR_OK } from '../stack/core/err.js';
import type { IpAddr } from '../stack/core/ipaddr.js';
import type { Stack } from '../stack/core/stack.js';
import { sysTimeout } from '../stack/core/timers.js';
import { tcpClose, tcpOutput } from '../stack/tcp/tcp.js';
import type { TcpListenPcb, TcpPcb } from '../stack/tcp/tcp_state.js';
import { udpRemove, type UdpPcb } from '../stack/udp/udp.js';
import type { Latin1Encode } from './latin1.js';

/** What ends a call: 0, or an errno as Kaluma's SystemError numbers them (Linux's numbers). */
export type NetdevDone = ((err: number) => void) | undefined;

/** NetdevSocket.state. */
export const NETDEV_CLOSED = 0;
export const NETDEV_BOUND = 1;
export const NETDEV_CONNECTED = 2;
export const NETDEV_LISTENING = 3;

/**
 * A socket as Kaluma's `net` sees it. Callbacks are the program's to set.
 * @external
 */
export interface NetdevSocket {
  fd: number;
  /** 'STREAM' or 'DGRAM'. */
  ptcl: string;
  /** NETDEV_... */
  state: number;
  /** Addresses in dotted decimal. */
  laddr: string;
  lport: number;
  raddr: string;
  rport: number;
  /** The connection is made. */
  connect_cb?: (() => void) | undefined;
  /** The socket is closed, by whomever; its descriptor is not valid any more. */
  close_cb?: (() => void) | undefined;
  read_cb?: ((data: Uint8Array) => void) | undefined;
  /** The peer sends no more. */
  shutdown_cb?: (() => void) | undefined;
  /** A listener has a new connection, `fd`. */
  accept_cb?: ((fd: number) => void) | undefined;
}

/**
 * `global.__netdev`. Each call sets `errno`; none throws.
 * @external
 */
export interface KalumaNetdev {
  /** Of the last call or, in a callback, of what it tells. */
  errno: number;
  /** Own address in dotted decimal, 0.0.0.0 while there is none. */
  ip: string;
  /** Station address, AA:BB:CC:DD:EE:FF. */
  mac: string;
  socket(domain: string, protocol: string): number;
  get(fd: number): NetdevSocket | undefined;
  bind(fd: number, addr: string, port: number, callback?: NetdevDone): void;
  listen(fd: number, callback?: NetdevDone): void;
  connect(fd: number, addr: string, port: number, callback?: NetdevDone): void;
  write(fd: number, data: string | Uint8Array, callback?: NetdevDone): void;
  close(fd: number, callback?: NetdevDone): void;
  shutdown(fd: number, how: number, callback?: NetdevDone): void;
}

/** Sockets at most; a power of two. */
export const NETDEV_SOCKETS = 32;

export interface Netdev {
  stack: Stack;
  device: KalumaNetdev;
  /** Calls a function in a turn of the event loop of its own. */
  later: (fn: () => void) => void;
  encode: Latin1Encode;
  slots: (Endpoint | null)[];
  /** Added to the number of a slot, another each time, so that a stale descriptor is nobody else's. */
  generation: number;
  /** Endpoints with something to do or to tell. */
  ready: Endpoint[];
  /** netdevRun() is under way, or will come. */
  due: boolean;
  /** Does what an endpoint has to do. */
  serve: (e: Endpoint) => void;
}

export interface NetdevWrite {
  data: string | Uint8Array;
  /** How much of it the stack has taken. */
  at: number;
  done: NetdevDone;
}

/** A datagram as it arrived. */
export interface NetdevDatagram {
  data: Uint8Array;
  addr: IpAddr;
  port: number;
}

export interface Endpoint {
  dev: Netdev;
  id: number;
  obj: NetdevSocket;
  /** The listener that the program has yet to be told of this connection. */
  parent: Endpoint | null;
  lpcb: TcpListenPcb | null;
  udp: UdpPcb | null;
  /** Whom datagrams go to. */
  peer: IpAddr;
  datagrams: NetdevDatagram[];
  /** From connect() until its callback: whom to connect to, and what ends the attempt. */
  host: string;
  cancel: ((e: Endpoint) => void) | null;
  onConnect: NetdevDone;
  /** Waits for the host to have an address. */
  waiting: boolean;
  /** The connection is made, and the program has yet to be told. */
  fresh: boolean;
  /** errno of what has ended it, 0 while nothing has. */
  fault: number;
  /** Looks at it, half closed, since something was received or sent. */
  idle: number;
  /** It is to be closed: nobody has any more use for it. */
  over: boolean;
  /** The program sends no more; and: so the peer is told. */
  shut: boolean;
  fin: boolean;
  /** The peer sends no more; and: so the program is told. */
  eof: boolean;
  eofTold: boolean;
  gone: boolean;
  listed: boolean;
  /** Callbacks of writes that are done. */
  written: NetdevDone[];
  out: NetdevWrite[];
  inbox: Uint8Array[];
  pcb: TcpPcb | null;
}

/**
 * A new endpoint with a descriptor.
 * @param ptcl 'STREAM' or 'DGRAM'
 * @returns null when NETDEV_SOCKETS are in use
 */
export function endpointNew(dev: Netdev, ptcl: string): Endpoint | null {
  let slot = 0;
  while (slot < NETDEV_SOCKETS && dev.slots[slot]) slot++;
  if (slot === NETDEV_SOCKETS) return null;
  dev.generation = (dev.generation + NETDEV_SOCKETS) & 0xffffff;
  const id = dev.generation + slot;
  const none = '0.0.0.0';
  const obj = { fd: id, ptcl, state: NETDEV_CLOSED, laddr: none, lport: 0, raddr: none, rport: 0 };
  const e: Endpoint = {
    dev,
    id,
    obj,
    parent: null,
    lpcb: null,
    udp: null,
    peer: 0,
    datagrams: [],
    host: '',
    cancel: null,
    onConnect: undefined,
    waiting: false,
    fresh: false,
    fault: 0,
    idle: 0,
    over: false,
    shut: false,
    fin: false,
    eof: false,
    eofTold: false,
    gone: false,
    listed: false,
    written: [],
    out: [],
    inbox: [],
    pcb: null,
  };
  dev.slots[slot] = e;
  return e;
}

/** The endpoint with a descriptor, or null. */
export function endpointFind(dev: Netdev, fd: number): Endpoint | null {
  const e = dev.slots[fd & (NETDEV_SOCKETS - 1)];
  return e && e.id === fd ? e : null;
}

/** Ends an endpoint, and tells its close_cb. No other callback of it comes any more; what is not sent is dropped. */
export function endpointClose(e: Endpoint): void {
  if (e.gone) return;
  e.gone = true;
  e.dev.slots[e.id & (NETDEV_SOCKETS - 1)] = null;
  e.out = [];
  e.written = [];
  e.inbox = [];
  if (e.cancel) e.cancel(e);
  if (e.pcb) tcpClose(e.pcb);
  if (e.lpcb) tcpClose(e.lpcb);
  if (e.udp) udpRemove(e.udp);
  e.pcb = e.lpcb = e.udp = null;
  e.obj.state = NETDEV_CLOSED;
  netdevTell(e.dev, e.obj.close_cb);
}

/**
 * When PCBs or descriptors run out: closes a connection whose peer has closed, if the program has nothing more to send
 * on one.
 * @returns whether there was one
 */
export function endpointReclaim(dev: Netdev): boolean {
  for (let i = 0; i < NETDEV_SOCKETS; i++) {
    const e = dev.slots[i];
    if (e && e.pcb && e.eofTold && !e.out.length) {
      e.over = true;
      netdevEvent(e);
      return true;
    }
  }
  return false;
}

/** In the stack's callbacks: `e` has something to tell, at the end of this turn. */
export function netdevEvent(e: Endpoint): void {
  const dev = e.dev;
  list(e);
  if (dev.due) return;
  dev.due = true;
  if (sysTimeout(dev.stack, 0, netdevRun, dev) !== ERR_OK) runLater(dev);
}

/** In the program's calls: `e` has something to do. */
export function netdevWake(e: Endpoint): void {
  const dev = e.dev;
  list(e);
  if (dev.due) return;
  dev.due = true;
  runLater(dev);
}

function list(e: Endpoint): void {
  if (e.listed) return;
  e.listed = true;
  e.dev.ready.push(e);
}

function runLater(dev: Netdev): void {
  dev.later(function () {
    netdevRun(dev);
  });
}

/** Serves the endpoints that are ready, and those that become so meanwhile. */
function netdevRun(dev: Netdev): void {
  const ready = dev.ready;
  dev.due = true;
  for (let i = 0; i < ready.length; i++) {
    const e = ready[i]!;
    e.listed = false;
    if (!e.gone) dev.serve(e);
  }
  // Not before: what the program has written and its FIN leave in the same segment.
  for (let i = 0; i < ready.length; i++) if (ready[i]!.pcb) tcpOutput(ready[i]!.pcb!);
  dev.ready = [];
  dev.due = false;
}

/** Calls the program. What it throws ends up where the engine reports what nobody has caught. */
export function netdevTell<T>(dev: Netdev, fn: ((arg: T) => void) | undefined, arg?: T): void {
  if (typeof fn !== 'function') return;
  try {
    fn(arg as T);
  } catch (error) {
    dev.later(function () {
      throw error;
    });
  }
}

/** As netdevTell(), with the errno that the program finds meanwhile. */
export function netdevAnswer(dev: Netdev, fn: NetdevDone, err: number): void {
  dev.device.errno = err;
  netdevTell(dev, fn, err);
}
