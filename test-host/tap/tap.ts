// A Linux TAP device as a port on the virtual wire: what the kernel sends on the interface arrives as frames,
// frames sent to the port arrive at the kernel. System calls through koffi; waiting costs one thread of
// Node's pool while the device is open.

import koffi from 'koffi';
import type { FrameHandler, FrameMeta, Port } from '../sim/wire.js';
import { libc } from './libc.js';

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const TUNSETIFF = 0x400454ca;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_UP = 0x1;
const IFNAMSIZ = 16;
const POLLIN = 1;
const EPERM = 1;
const ENOENT = 2;
const EINTR = 4;
const EIO = 5;
const EAGAIN = 11;
const EACCES = 13;
const EBUSY = 16;
const ENODEV = 19;
const EINVAL = 22;

/** A MAC sends no frame shorter than this, FCS not counted (IEEE 802.3, 4A.4.2: minFrameSize). */
const MIN_FRAME = 60;
const MAX_FRAME = 65536;
/** Frames read before other work of the process gets its turn. */
const BATCH = 256;

/** The one line says what is wrong and, where it helps, what to do. */
export class TapError extends Error {
  override readonly name = 'TapError';
}

export interface TapOptions {
  /** Interface name, 1 to 15 characters. An existing TAP is attached to, a missing one is made (needs root). */
  name: string;
  /** Set the interface up when it is down (needs root; quietly left alone without the right). Default true. */
  up?: boolean;
  /**
   * Runs a delivery at the right moment, for a scheduler in real-time mode: `(fn) => pacer.inject(fn)`.
   * Default: at once.
   */
  inject?: (deliver: () => void) => void;
  /** Told when the device dies while open (deleted, say); the port is closed then. */
  onError?: (error: TapError) => void;
}

export class TapPort implements Port {
  onFrame: FrameHandler | null = null;
  readonly name: string;
  /** Frames from the kernel, frames to the kernel, and frames that the kernel did not take. */
  received = 0;
  sent = 0;
  dropped = 0;
  private open = true;
  private readonly buffer = Buffer.alloc(MAX_FRAME);
  private readonly inject: (deliver: () => void) => void;
  private readonly onError: ((error: TapError) => void) | undefined;
  private waiting: Promise<void> = Promise.resolve();

  private constructor(
    private readonly fd: number,
    private readonly wakeFd: number,
    options: TapOptions,
  ) {
    this.name = options.name;
    this.inject = options.inject ?? ((deliver) => deliver());
    this.onError = options.onError;
  }

  /** @throws TapError when the device cannot be had, with the reason in one line */
  static open(options: TapOptions): TapPort {
    const { name } = options;
    if (process.platform !== 'linux') throw new TapError('TAP devices exist on Linux only');
    if (!/^[^\s/:%]{1,15}$/.test(name) || name === '.' || name === '..') {
      throw new TapError(`'${name}' is no interface name (1 to 15 characters, no blanks, slashes or colons)`);
    }
    const sys = libc();
    const fd = sys.open('/dev/net/tun', O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) throw openError(koffi.errno());
    const request = interfaceRequest(name, IFF_TAP | IFF_NO_PI);
    if (sys.ioctl(fd, TUNSETIFF, request) < 0) {
      const errno = koffi.errno();
      sys.close(fd);
      throw attachError(name, errno);
    }
    const wakeFd = sys.eventfd(0, O_NONBLOCK | O_CLOEXEC);
    if (wakeFd < 0) {
      sys.close(fd);
      throw new TapError(`no descriptor left to wait on TAP ${name}`);
    }
    const port = new TapPort(fd, wakeFd, options);
    if (options.up !== false) port.setUp();
    port.waiting = port.readLoop();
    return port;
  }

  /** Whether the interface is up; a TAP that is down takes no frames. Null when it is not in this namespace. */
  get isUp(): boolean | null {
    const flags = interfaceFlags(this.name);
    return flags === null ? null : (flags & IFF_UP) !== 0;
  }

  send(frame: Uint8Array, meta?: FrameMeta): void {
    if (!this.open || meta?.badFcs) {
      this.dropped++;
      return;
    }
    if (libc().write(this.fd, frame, frame.length) === frame.length) this.sent++;
    else this.dropped++;
  }

  /** Lets go of the device; one made by this process disappears. Resolves when no read is under way. */
  async close(): Promise<void> {
    if (this.open) {
      this.open = false;
      libc().write(this.wakeFd, ONE, 8);
    }
    await this.waiting;
  }

  private async readLoop(): Promise<void> {
    const sys = libc();
    const fds = Buffer.alloc(16);
    fds.writeInt32LE(this.fd, 0);
    fds.writeInt16LE(POLLIN, 4);
    fds.writeInt32LE(this.wakeFd, 8);
    fds.writeInt16LE(POLLIN, 12);
    try {
      while (this.open) {
        const ready = await sys.pollAsync(fds, 2, -1);
        if (!this.open) break;
        if (ready < 0) continue;
        while (this.open && !this.readBatch()) await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      this.open = false;
      this.onError?.(error instanceof TapError ? error : new TapError(String(error)));
    } finally {
      sys.close(this.fd);
      sys.close(this.wakeFd);
    }
  }

  /** @returns true when the kernel has no more frames for now */
  private readBatch(): boolean {
    const sys = libc();
    for (let i = 0; i < BATCH; i++) {
      const n = sys.read(this.fd, this.buffer, MAX_FRAME);
      if (n < 0) {
        const errno = koffi.errno();
        if (errno === EAGAIN) return true;
        if (errno === EINTR) continue;
        throw new TapError(`TAP ${this.name} is gone`);
      }
      const frame = new Uint8Array(n < MIN_FRAME ? MIN_FRAME : n);
      frame.set(this.buffer.subarray(0, n));
      this.received++;
      this.inject(() => this.onFrame?.(frame));
      if (!this.open) return true;
    }
    return false;
  }

  private setUp(): void {
    const flags = interfaceFlags(this.name);
    if (flags === null || flags & IFF_UP) return;
    withSocket((fd) => libc().ioctl(fd, SIOCSIFFLAGS, interfaceRequest(this.name, flags | IFF_UP)));
  }
}

const ONE = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

/** struct ifreq: name, flags. */
function interfaceRequest(name: string, flags: number): Buffer {
  const request = Buffer.alloc(40);
  request.write(name, 0, IFNAMSIZ - 1, 'latin1');
  request.writeUInt16LE(flags & 0xffff, IFNAMSIZ);
  return request;
}

function interfaceFlags(name: string): number | null {
  const request = interfaceRequest(name, 0);
  const result = withSocket((fd) => libc().ioctl(fd, SIOCGIFFLAGS, request));
  return result === 0 ? request.readUInt16LE(IFNAMSIZ) : null;
}

function withSocket(act: (fd: number) => number): number {
  const AF_INET = 2;
  const SOCK_DGRAM = 2;
  const fd = libc().socket(AF_INET, SOCK_DGRAM | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  try {
    return act(fd);
  } finally {
    libc().close(fd);
  }
}

function openError(errno: number): TapError {
  switch (errno) {
    case ENOENT:
    case ENODEV:
      return new TapError('/dev/net/tun is missing: this kernel or container offers no TAP devices');
    case EACCES:
    case EPERM:
      return new TapError('no right to open /dev/net/tun');
    default:
      return new TapError(`/dev/net/tun cannot be opened (errno ${errno})`);
  }
}

function attachError(name: string, errno: number): TapError {
  switch (errno) {
    case EPERM:
      return new TapError(
        `no right to use TAP ${name}: run as root, or have root do 'ip tuntap add ${name} mode tap user ${userName()}'`,
      );
    case EBUSY:
      return new TapError(`TAP ${name} is in use by another program`);
    case EINVAL:
      return new TapError(`${name} exists and is no TAP device`);
    case EIO:
    default:
      return new TapError(`TAP ${name} cannot be attached (errno ${errno})`);
  }
}

function userName(): string {
  return process.env['USER'] ?? String(process.getuid?.() ?? 'NAME');
}
