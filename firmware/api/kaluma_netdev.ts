// `global.__netdev` as the modules `net` and `http` of Kaluma 1.2.1 use it, on the raw API: the calls that they make.
// All of it runs in the core context; with NO_SYS that is anywhere in the main loop.

import { ERR_OK } from '../stack/core/err.js';
import { ipaddrAton, ipaddrNtoa } from '../stack/core/ipaddr.js';
import type { Stack } from '../stack/core/stack.js';
import { tcpShutdown } from '../stack/tcp/tcp.js';
import {
  EADDRNOTAVAIL,
  EALREADY,
  EBADF,
  EINVAL,
  EISCONN,
  EMFILE,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  EPROTOTYPE,
  errToErrno,
} from './errno.js';
import { netdevConnect, netdevHasAddress } from './kaluma_netdev_connect.js';
import {
  endpointClose,
  endpointFind,
  endpointNew,
  endpointReclaim,
  NETDEV_BOUND,
  NETDEV_CLOSED,
  NETDEV_CONNECTED,
  NETDEV_LISTENING,
  netdevWake,
  type Endpoint,
  type KalumaNetdev,
  type Netdev,
  type NetdevDone,
} from './kaluma_netdev_endpoint.js';
import { netdevServe } from './kaluma_netdev_serve.js';
import { netdevTcpBind, netdevTcpListen } from './kaluma_netdev_tcp.js';
import { netdevUdpBind, netdevUdpSend } from './kaluma_netdev_udp.js';
import { latin1Encoder } from './latin1.js';
import { ownInterface } from './own_interface.js';

export type { KalumaNetdev, NetdevSocket } from './kaluma_netdev_endpoint.js';

/**
 * Kaluma's network device. Sockets may be made before there is a link or an address: listeners then work once there is
 * one, and connecting waits for it.
 * @param later calls a function soon, in a turn of the event loop of its own, where what it throws is reported
 */
export function kalumaNetdev(stack: Stack, later: (fn: () => void) => void): KalumaNetdev {
  const device: KalumaNetdev = {
    mac: '',
    ip: '',
    errno: 0,

    socket: function (domain, protocol) {
      const known = domain === 'AF_INET' && (protocol === 'STREAM' || protocol === 'DGRAM');
      const e = known ? endpointNew(dev, protocol) : null;
      device.errno = e ? 0 : known ? EMFILE : EPROTOTYPE;
      if (known && !e) endpointReclaim(dev);
      return e ? e.id : -1;
    },

    get: function (fd) {
      const e = endpointFind(dev, fd);
      return e ? e.obj : undefined;
    },

    bind: function (fd, addr, port, callback) {
      const e = endpointFind(dev, fd);
      answer(dev, e ? bind(e, addr, port) : EBADF, callback);
    },

    listen: function (fd, callback) {
      const e = endpointFind(dev, fd);
      answer(dev, e ? listen(e) : EBADF, callback);
    },

    connect: function (fd, addr, port, callback) {
      const e = endpointFind(dev, fd);
      const err = e ? connect(e, addr, port, callback) : EBADF;
      device.errno = err;
      if (err) answer(dev, err, callback);
    },

    write: function (fd, data, callback) {
      const e = endpointFind(dev, fd);
      const err = e ? write(e, data, callback) : EBADF;
      device.errno = err;
      if (err) answer(dev, err, callback);
    },

    close: function (fd, callback) {
      const e = endpointFind(dev, fd);
      if (e) endpointClose(e);
      answer(dev, e ? 0 : EBADF, callback);
    },

    shutdown: function (fd, how, callback) {
      const e = endpointFind(dev, fd);
      answer(dev, e ? shutdown(e, how) : EBADF, callback);
    },
  };
  const dev: Netdev = {
    stack,
    device,
    later,
    encode: latin1Encoder(),
    slots: [],
    generation: 0,
    ready: [],
    due: false,
    serve: netdevServe,
  };
  const note = function (): void {
    const netif = ownInterface(stack);
    const any = netif || stack.netifs;
    device.ip = ipaddrNtoa(netif ? netif.ipAddr : 0);
    device.mac = any ? macText(any.hwaddr) : '';
    // The address comes before the servers that are to be asked for names.
    if (netif)
      later(function () {
        netdevHasAddress(dev);
      });
  };
  stack.netifHooks.push(note);
  note();
  return device;
}

function answer(dev: Netdev, err: number, callback: NetdevDone): void {
  dev.device.errno = err;
  if (typeof callback === 'function') callback(err);
}

function isPort(port: number, least: number): boolean {
  return port >= least && port <= 0xffff && port % 1 === 0;
}

function bind(e: Endpoint, addr: string, port: number): number {
  if (e.obj.state !== NETDEV_CLOSED || e.cancel || !isPort(port, 0)) return EINVAL;
  const ip = addr ? ipaddrAton(addr) : 0;
  if (ip === -1) return EINVAL;
  // An own address means all of them: it may change with the lease.
  const netif = ownInterface(e.dev.stack);
  if (ip && !(netif && netif.ipAddr === ip)) return EADDRNOTAVAIL;
  const err = e.obj.ptcl === 'DGRAM' ? netdevUdpBind(e, port) : netdevTcpBind(e, port);
  if (err !== ERR_OK) return errToErrno(err);
  e.obj.laddr = addr || '0.0.0.0';
  e.obj.state = NETDEV_BOUND;
  return 0;
}

function listen(e: Endpoint): number {
  if (e.obj.ptcl === 'DGRAM') return EOPNOTSUPP;
  if (e.obj.state !== NETDEV_BOUND || e.cancel) return EINVAL;
  const err = netdevTcpListen(e);
  if (!err) e.obj.state = NETDEV_LISTENING;
  return err;
}

function connect(e: Endpoint, host: string, port: number, callback: NetdevDone): number {
  if (e.obj.state >= NETDEV_CONNECTED && e.obj.ptcl === 'STREAM') return EISCONN;
  if (e.cancel) return EALREADY;
  if (typeof host !== 'string' || !isPort(port, 1)) return EINVAL;
  e.host = host;
  e.obj.rport = port;
  e.onConnect = callback;
  netdevConnect(e);
  return 0;
}

function write(e: Endpoint, data: string | Uint8Array, callback: NetdevDone): number {
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) return EINVAL;
  if (e.obj.state !== NETDEV_CONNECTED && !e.cancel) return ENOTCONN;
  if (e.shut || e.fault) return EPIPE;
  if (e.udp) {
    const err = netdevUdpSend(e, data);
    if (err) return err;
    e.written.push(callback);
  } else e.out.push({ data, at: 0, done: callback });
  e.idle = 0;
  netdevWake(e);
  return 0;
}

function shutdown(e: Endpoint, how: number): number {
  if (e.obj.ptcl === 'DGRAM') return 0;
  if (e.obj.state !== NETDEV_CONNECTED && !e.cancel) return ENOTCONN;
  if (how !== 1 && e.pcb) {
    // From now on the stack tells no end of the stream.
    tcpShutdown(e.pcb, true, false);
    e.eof = e.eofTold = true;
  }
  if (how !== 0) e.shut = true;
  netdevWake(e);
  return 0;
}

function macText(mac: Uint8Array): string {
  let text = '';
  for (let i = 0; i < mac.length; i++) {
    text += (i ? ':' : '') + (mac[i]! < 16 ? '0' : '') + mac[i]!.toString(16).toUpperCase();
  }
  return text;
}
