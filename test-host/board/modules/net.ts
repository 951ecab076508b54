// Kaluma's `net`: sockets and servers over `global.__netdev`.

import { EventEmitter, type Listener } from './events.js';
import { answer, deviceError, networkDevice, type DeviceSocket, type NetworkDevice } from './netdev.js';
import { Duplex, type Done } from './stream.js';

export interface Remote {
  host: string;
  port: number;
}

export class Socket extends Duplex {
  localAddress: string | null = null;
  localPort: number | null = null;
  remoteAddress: string | null = null;
  remotePort: number | null = null;
  _fd = -1;
  readonly _dev: NetworkDevice;

  /** @throws Error without a network device */
  constructor() {
    super();
    this._dev = networkDevice();
  }

  /** Takes over a descriptor, and sets the callbacks on the device's object for it, or on `socket` instead. */
  _socket(fd: number, socket: DeviceSocket | undefined = this._dev.get(fd)): void {
    this._fd = fd;
    if (!socket) return;
    const noteAddresses = (): void => {
      this.localAddress = socket.laddr;
      this.localPort = socket.lport;
      this.remoteAddress = socket.raddr;
      this.remotePort = socket.rport;
    };
    noteAddresses();
    socket.connect_cb = () => {
      noteAddresses();
      this.emit('connect');
    };
    socket.read_cb = (data) => void this.push(data);
    socket.shutdown_cb = () => this._afterEnd();
    socket.close_cb = () => this._afterDestroy();
  }

  /** Emits 'connect', then 'ready', or 'error'; nothing at all when the device has no socket left. */
  connect(remote: Remote, connected?: Listener): this {
    const device = this._dev;
    const fd = device.socket('AF_INET', 'STREAM');
    if (connected) this.on('connect', connected);
    if (fd < 0) return this;
    this._socket(fd);
    const done = answer(device, (error) => void (error ? this.emit('error', error) : this.emit('ready')));
    device.connect(fd, remote.host, remote.port, done);
    return this;
  }

  override _write(data: string, done: Done): void {
    this._dev.write(this._fd, data, answer(this._dev, done));
  }

  override _final(done: Done): void {
    this._dev.shutdown(this._fd, 1, answer(this._dev, done));
  }

  override _destroy(done: Done): void {
    this._dev.close(this._fd, answer(this._dev, done));
  }
}

export class Server extends EventEmitter {
  _fd = -1;
  readonly _dev: NetworkDevice;

  /** @throws Error without a network device */
  constructor(onConnection?: Listener) {
    super();
    this._dev = networkDevice();
    if (onConnection) this.on('connection', onConnection);
  }

  /** @returns the server, or nothing when the device has no socket left */
  listen(port: number, listening?: Listener): this | undefined {
    const device = this._dev;
    const fd = (this._fd = device.socket('AF_INET', 'STREAM'));
    const listener = fd < 0 ? undefined : device.get(fd);
    if (!listener) {
      this.emit('error', deviceError(device));
      return undefined;
    }
    // The connection's callbacks go to the listener's object: the device knows.
    listener.accept_cb = (accepted) => {
      const socket = new Socket();
      socket._socket(accepted, listener);
      this.emit('connection', socket);
    };
    const orFail = (next: () => void) =>
      answer(device, (error) => {
        if (error) this.emit('error', error);
        else next();
      });
    const listens = orFail(() => {
      if (listening) this.on('listening', listening);
      this.emit('listening');
    });
    device.bind(
      fd,
      device.ip,
      port,
      orFail(() => device.listen(fd, listens)),
    );
    return this;
  }

  close(closed?: () => void): this {
    const done = answer(this._dev, (error) => {
      if (error) {
        this.emit('error', error);
        return;
      }
      this.emit('close');
      if (closed) closed();
    });
    this._dev.close(this._fd, done);
    return this;
  }
}

/** Connects only when there is a listener for it. */
export function createConnection(remote: Remote, connected?: Listener): Socket {
  const socket = new Socket();
  if (connected) socket.connect(remote, connected);
  return socket;
}

export const connect = createConnection;

/** Looks at its first argument only. */
export function createServer(onConnection?: Listener): Server {
  return new Server(onConnection);
}
