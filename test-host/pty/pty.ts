// A pseudo-terminal whose master side this process drives: what a board writes to its serial port is written here,
// and serial programs open the path. System calls through koffi; waiting costs one thread of Node's pool while it
// is open.

import koffi from 'koffi';
import { libc } from '../tap/libc.js';

const O_RDWR = 2;
const O_NOCTTY = 0o400;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const TCSANOW = 0;
const POLLIN = 1;
const POLLOUT = 4;
const EINTR = 4;
const EAGAIN = 11;
/** struct termios of any Linux fits. */
const TERMIOS_SIZE = 256;
const PATH_MAX = 256;
const READ_SIZE = 4096;
/** Bytes kept for a client that does not read; what comes after them is lost, as on a serial line. */
const QUEUE_MAX = 1 << 20;

/** The one line says what is wrong. */
export class PtyError extends Error {
  override readonly name = 'PtyError';
}

export interface Pty {
  /** The terminal device that clients open, again and again as they like. */
  readonly path: string;
  /** Takes what clients write; called from the event loop. */
  onData: (bytes: Uint8Array) => void;
  /** Bytes that were lost because no client read them. */
  readonly dropped: number;
  /** Hands bytes to whoever has, or next has, the path open. Never blocks. */
  write(bytes: Uint8Array): void;
  /** Closes it; clients read an end of file. Resolves when no system call is under way. */
  close(): Promise<void>;
}

/**
 * Opens a pseudo-terminal in raw mode: no echo, no signals, no translation of line ends.
 * @throws PtyError where there is none to be had
 */
export function openPty(): Pty {
  if (process.platform !== 'linux') throw new PtyError('pseudo-terminals are made on Linux only');
  const sys = libc();
  const master = sys.posixOpenpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (master < 0) throw new PtyError(`no pseudo-terminal to be had (errno ${koffi.errno()})`);
  const name = Buffer.alloc(PATH_MAX);
  if (sys.grantpt(master) < 0 || sys.unlockpt(master) < 0 || sys.ptsname(master, name, PATH_MAX) !== 0) {
    return fail('a pseudo-terminal cannot be unlocked', [master]);
  }
  const path = name.toString('latin1', 0, name.indexOf(0));
  // Held open, so that the master does not read errors, and settings stay, while no client is there.
  const slave = sys.open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) return fail(`${path} cannot be opened`, [master]);
  const termios = Buffer.alloc(TERMIOS_SIZE);
  if (sys.tcgetattr(slave, termios) < 0) return fail(`${path} has no settings`, [master, slave]);
  sys.cfmakeraw(termios);
  if (sys.tcsetattr(slave, TCSANOW, termios) < 0) return fail(`${path} cannot be set raw`, [master, slave]);
  const wake = sys.eventfd(0, O_NONBLOCK | O_CLOEXEC);
  if (wake < 0) return fail(`no descriptor left to wait on ${path}`, [master, slave]);
  return new OpenPty(path, master, slave, wake);
}

function fail(message: string, fds: readonly number[]): never {
  const errno = koffi.errno();
  for (const fd of fds) libc().close(fd);
  throw new PtyError(`${message} (errno ${errno})`);
}

class OpenPty implements Pty {
  onData: (bytes: Uint8Array) => void = () => {};
  dropped = 0;
  private open = true;
  private readonly queue: Uint8Array[] = [];
  private queued = 0;
  private readonly waiting: Promise<void>;

  constructor(
    readonly path: string,
    private readonly master: number,
    private readonly slave: number,
    private readonly wake: number,
  ) {
    this.waiting = this.loop();
  }

  write(bytes: Uint8Array): void {
    if (!this.open || bytes.length === 0) return;
    const sent = this.queue.length ? 0 : this.send(bytes);
    if (sent === bytes.length) return;
    const rest = bytes.slice(sent);
    if (this.queued + rest.length > QUEUE_MAX) {
      this.dropped += rest.length;
      return;
    }
    this.queue.push(rest);
    this.queued += rest.length;
    this.wakeUp();
  }

  async close(): Promise<void> {
    this.open = false;
    this.wakeUp();
    await this.waiting;
  }

  private wakeUp(): void {
    libc().write(this.wake, ONE, 8);
  }

  /** @returns bytes that the kernel took */
  private send(bytes: Uint8Array): number {
    const n = libc().write(this.master, bytes, bytes.length);
    return n < 0 ? 0 : n;
  }

  private async loop(): Promise<void> {
    const sys = libc();
    const fds = Buffer.alloc(16);
    const drain = Buffer.alloc(8);
    fds.writeInt32LE(this.master, 0);
    fds.writeInt32LE(this.wake, 8);
    fds.writeInt16LE(POLLIN, 12);
    while (this.open) {
      fds.writeInt16LE(this.queue.length ? POLLIN | POLLOUT : POLLIN, 4);
      const ready = await sys.pollAsync(fds, 2, -1);
      if (!this.open) break;
      if (ready < 0) continue;
      sys.read(this.wake, drain, 8);
      this.flush();
      this.receive();
    }
    for (const fd of [this.slave, this.master, this.wake]) sys.close(fd);
  }

  private flush(): void {
    while (this.queue.length) {
      const first = this.queue[0]!;
      const sent = this.send(first);
      this.queued -= sent;
      if (sent < first.length) {
        this.queue[0] = first.subarray(sent);
        return;
      }
      this.queue.shift();
    }
  }

  private receive(): void {
    const buffer = Buffer.alloc(READ_SIZE);
    const n = libc().read(this.master, buffer, READ_SIZE);
    if (n > 0) return this.onData(new Uint8Array(buffer.subarray(0, n)));
    const errno = koffi.errno();
    if (n < 0 && errno !== EAGAIN && errno !== EINTR) {
      throw new PtyError(`${this.path} is gone (errno ${errno})`);
    }
  }
}

const ONE = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
