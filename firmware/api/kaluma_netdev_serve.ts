// Kaluma's network device: telling the program what has happened to an endpoint, in the order of the connection's life.

import { ipaddrNtoa } from '../stack/core/ipaddr.js';
import { tcpRecved } from '../stack/tcp/tcp.js';
import {
  endpointClose,
  netdevAnswer,
  netdevTell,
  type Endpoint,
  type NetdevSocket,
} from './kaluma_netdev_endpoint.js';
import { netdevTcpPump } from './kaluma_netdev_tcp.js';

type Fields = Record<string, unknown>;

/** What Kaluma's `net` reads from, and sets on, a listener's object while it is told of a connection. */
const ENDS: (keyof NetdevSocket)[] = ['laddr', 'lport', 'raddr', 'rport'];
const CALLBACKS: (keyof NetdevSocket)[] = ['connect_cb', 'close_cb', 'read_cb', 'shutdown_cb'];

/** Does what an endpoint has to do. Any of the program's callbacks may close it. */
export function netdevServe(e: Endpoint): void {
  const dev = e.dev;
  const obj = e.obj;
  if (e.parent) tellAccept(e, e.parent);
  if (e.fresh) {
    const done = e.onConnect;
    e.fresh = false;
    e.onConnect = undefined;
    dev.device.errno = 0;
    netdevTell(dev, obj.connect_cb);
    netdevAnswer(dev, done, 0);
  }
  while (e.inbox.length && typeof obj.read_cb === 'function') {
    const data = e.inbox.shift()!;
    if (e.pcb) tcpRecved(e.pcb, data.length);
    netdevTell(dev, obj.read_cb, data);
  }
  while (e.datagrams.length && typeof obj.read_cb === 'function') {
    const d = e.datagrams.shift()!;
    obj.raddr = ipaddrNtoa(d.addr);
    obj.rport = d.port;
    netdevTell(dev, obj.read_cb, d.data);
  }
  if (e.eof && !e.eofTold && !e.inbox.length) {
    e.eofTold = true;
    netdevTell(dev, obj.shutdown_cb);
  }
  if (e.pcb && !e.cancel) netdevTcpPump(e, e.pcb);
  while (e.written.length) netdevAnswer(dev, e.written.shift(), 0);
  if (e.fault) tellFault(e);
  else if (e.over || (e.fin && e.eofTold)) endpointClose(e);
}

/** Tells a listener of a connection. The callbacks that Kaluma's `net` sets on its object become the connection's own. */
function tellAccept(e: Endpoint, parent: Endpoint): void {
  const l = parent.obj as unknown as Fields;
  const own = e.obj as unknown as Fields;
  const kept: Fields = {};
  e.parent = null;
  if (parent.gone || typeof parent.obj.accept_cb !== 'function') return endpointClose(e);
  put(kept, l, ENDS);
  put(kept, l, CALLBACKS);
  put(l, own, ENDS);
  put(l, {}, CALLBACKS);
  netdevTell(e.dev, parent.obj.accept_cb, e.id);
  for (let i = 0; i < CALLBACKS.length; i++) {
    const name = CALLBACKS[i]!;
    if (!own[name]) own[name] = l[name];
  }
  put(l, kept, ENDS);
  put(l, kept, CALLBACKS);
}

function put(to: Fields, from: Fields, names: string[]): void {
  for (let i = 0; i < names.length; i++) to[names[i]!] = from[names[i]!];
}

/** Tells what has ended the connection: to those who wait for it, and by close_cb. */
function tellFault(e: Endpoint): void {
  const dev = e.dev;
  const out = e.out;
  e.out = [];
  if (e.onConnect) netdevAnswer(dev, e.onConnect, e.fault);
  for (let i = 0; i < out.length && !e.gone; i++) netdevAnswer(dev, out[i]!.done, e.fault);
  dev.device.errno = e.fault;
  endpointClose(e);
}
