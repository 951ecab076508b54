// A socket as Node's net.Socket, on a connection of a stack: the same methods, events and errors, in the same order.

import { isIP, type Socket, type SocketReadyState } from 'node:net';
import type { DuplexOptions } from 'node:stream';
import { AddressedStream } from './addressed-stream.js';
import { connectArguments, duration, type ConnectOptions } from './arguments.js';
import { Connection, type ConnectionOwner } from './connection.js';
import type { StackContext } from './context.js';
import { openConnection } from './dial.js';
import { nodeError, systemError, type ErrorPlace } from './errors.js';
import { IdleTimer } from './idle-timer.js';
import { stackLookup, type Lookup } from './lookup.js';

/** What libuv sets for TCP_KEEPINTVL and TCP_KEEPCNT, and the kernel's TCP_KEEPIDLE when no delay is given; ms. */
const KEEP_INTERVAL = 1000;
const KEEP_COUNT = 10;
const KEEP_IDLE = 7_200_000;

/** As net.SocketConstructorOpts, without file descriptors. */
export interface SocketOptions {
  allowHalfOpen?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

type Callback = (error?: Error | null) => void;

export class StackSocket extends AddressedStream implements Socket {
  connecting = false;
  /** Milliseconds of setTimeout(), undefined when none was set. */
  declare timeout?: number;
  readonly autoSelectFamilyAttemptedAddresses: string[] = [];
  private connection: Connection | null = null;
  /** The reader wants more: push() has not returned false since it last asked. */
  private wanting = false;
  private endGiven = false;
  /** The connection failed, and what came before is not read yet. */
  private failure: NodeJS.ErrnoException | null = null;
  /** The callback of the write that is under way. */
  private writing: Callback | null = null;
  private place: ErrorPlace = {};
  private read_ = 0;
  private written_ = 0;
  /** Bytes of the write that waits for the connection. */
  private parked = 0;
  private noDelay = false;
  private keepAlive = { on: false, idle: KEEP_IDLE };
  private resetting = false;
  /** The peer has closed, and so this side closes, too. */
  private endedByPeer = false;
  private onDestroyed: () => void = () => {};
  private readonly idle: IdleTimer;

  constructor(
    private readonly ctx: StackContext,
    options: SocketOptions = {},
  ) {
    const duplex: DuplexOptions = {
      allowHalfOpen: options.allowHalfOpen === true,
      emitClose: false,
      autoDestroy: true,
    };
    if (options.signal) duplex.signal = options.signal;
    super(duplex);
    this.idle = new IdleTimer(ctx, () => this.emit('timeout'));
    this.on('end', () => {
      this.endedByPeer = !this.allowHalfOpen;
    });
  }

  /** Takes over a connection that a listener has accepted. @param onDestroyed called once, before 'close' */
  static accepted(
    ctx: StackContext,
    connection: Connection,
    options: SocketOptions & { pauseOnConnect?: boolean | undefined },
    onDestroyed: () => void,
  ): StackSocket {
    const socket = new StackSocket(ctx, options);
    socket.onDestroyed = onDestroyed;
    socket.connection = connection;
    connection.attach(socket.owner());
    socket.setAddresses(connection.local, connection.remote);
    if (options.pauseOnConnect) socket.pause();
    else socket.read(0);
    return socket;
  }

  connect(...args: unknown[]): this {
    const [options, listener] = connectArguments(args);
    if (this.destroyed) throw nodeError(new Error('Socket is closed'), 'ERR_SOCKET_CLOSED');
    if (listener) this.once('connect', listener);
    if (this.connecting || this.connection) {
      return this.destroy(systemError('connect', 'EISCONN', { address: options.host, port: options.port }));
    }
    this.connecting = true;
    this.idle.refresh();
    const host = options.host || 'localhost';
    if (options.noDelay) this.setNoDelay(true);
    if (options.keepAlive) this.setKeepAlive(true, options.keepAliveInitialDelay);
    if (isIP(host)) this.ctx.later(() => this.dial(host, isIP(host), options));
    else this.resolve(host, options);
    return this;
  }

  /** Finds the host's address, then connects. */
  private resolve(host: string, options: ConnectOptions): void {
    const lookup = (options.lookup as Lookup | undefined) ?? stackLookup(this.ctx);
    const hints = { family: options.family ?? 0, hints: options.hints ?? 0 };
    lookup(host, hints, (error, address, family) => {
      this.emit('lookup', error, error ? undefined : address, family, host);
      if (!this.connecting) return;
      if (error) this.ctx.later(() => this.destroy(error));
      else this.dial(String(address), family ?? isIP(String(address)), options);
    });
  }

  private dial(address: string, family: number, options: ConnectOptions): void {
    if (!this.connecting) return;
    this.place = { address, port: options.port };
    const opened = openConnection(this.ctx, address, family, options, this.owner());
    if (opened instanceof Connection) this.connection = opened;
    else this.destroy(opened);
  }

  private owner(): ConnectionOwner {
    return {
      connected: () => this.onConnected(),
      readable: () => this.deliver(),
      failed: (code) => {
        this.failure = this.connecting ? systemError('connect', code, this.place) : systemError('read', code);
        this.deliver();
      },
    };
  }

  private onConnected(): void {
    const { connection } = this;
    if (!this.connecting || !connection) return;
    this.connecting = false;
    this.setAddresses(connection.local, connection.remote);
    connection.setNoDelay(this.noDelay);
    this.applyKeepAlive();
    this.idle.refresh();
    this.emit('connect');
    this.emit('ready');
    if (!this.destroyed && !this.isPaused()) this.read(0);
  }

  override _read(): void {
    this.wanting = true;
    this.deliver();
  }

  /** Gives the reader what came, as long as it wants it; then the end, or the failure. */
  private deliver(): void {
    const { connection } = this;
    if (!connection || this.destroyed) return;
    while (this.wanting && !connection.drained) {
      const bytes = connection.read()!;
      this.read_ += bytes.length;
      this.idle.refresh();
      this.wanting = false;
      if (this.push(bytes)) this.wanting = true;
      if (this.destroyed) return;
    }
    if (connection.ended && !this.endGiven) {
      this.endGiven = true;
      this.push(null);
      this.read(0);
    }
    const { failure } = this;
    if (!failure) return;
    if (connection.drained || this.connecting) this.destroy(failure);
    // Who does not read learns of it by writing.
    else if (this.writing) this.destroy(systemError('write', failure.code!));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Callback): void {
    this.send([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Callback): void {
    this.send(
      chunks.map((c) => c.chunk),
      done,
    );
  }

  private send(chunks: Buffer[], done: Callback): void {
    const bytes = chunks.reduce((n, chunk) => n + chunk.length, 0);
    if (this.connecting) {
      const close = (): void =>
        done(
          nodeError(
            new Error('Socket closed before the connection was established'),
            'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
          ),
        );
      this.parked = bytes;
      this.once('connect', () => {
        this.parked = 0;
        this.off('close', close);
        this.send(chunks, done);
      });
      this.once('close', close);
      return;
    }
    const { connection } = this;
    if (!connection) {
      done(nodeError(new Error('Socket is closed'), 'ERR_SOCKET_CLOSED'));
      return;
    }
    if (this.failure) return done(systemError('write', this.failure.code!));
    this.writing = done;
    this.idle.refresh();
    connection.write(chunks, (code) => {
      if (this.writing !== done) return;
      this.writing = null;
      this.written_ += bytes;
      this.idle.refresh();
      done(code === null ? null : systemError('write', code));
    });
  }

  override write(chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): boolean {
    if (!this.endedByPeer || !this.writableEnded) {
      return super.write(chunk, encoding as BufferEncoding, callback);
    }
    const error = nodeError(new Error('This socket has been ended by the other party'), 'EPIPE');
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done) this.ctx.later(() => done(error));
    this.destroy(error);
    return false;
  }

  override _final(done: Callback): void {
    if (this.pending) this.once('connect', () => this._final(done));
    else {
      this.connection!.shutdown();
      // As Node: after all that is due in this turn.
      setImmediate(done);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { connection, writing } = this;
    this.connecting = false;
    this.connection = null;
    this.writing = null;
    this.idle.stop();
    if (this.resetting) connection?.reset();
    else connection?.close();
    writing?.(error ?? systemError('write', 'ECANCELED'));
    done(error);
    const close = (): void => void this.emit('close', error !== null);
    // As Node: a handle's end is told after all that is due in this turn.
    if (connection) setImmediate(close);
    else this.ctx.later(close);
    this.onDestroyed();
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  resetAndDestroy(): this {
    if (!this.connection && !this.connecting) {
      return this.destroy(nodeError(new Error('Socket is closed'), 'ERR_SOCKET_CLOSED'));
    }
    const reset = (): void => {
      this.resetting = true;
      this.destroy();
    };
    if (this.connecting) this.once('connect', reset);
    else reset();
    return this;
  }

  setTimeout(ms: number, listener?: () => void): this {
    this.timeout = duration(ms, 'msecs');
    this.idle.set(this.destroyed ? 0 : this.timeout);
    if (!listener) return this;
    return this.timeout === 0 ? this.off('timeout', listener) : this.once('timeout', listener);
  }

  setNoDelay(on = true): this {
    this.noDelay = Boolean(on);
    if (!this.connecting) this.connection?.setNoDelay(this.noDelay);
    return this;
  }

  /** @param initialDelay milliseconds; below a second: as the system has it */
  setKeepAlive(on = false, initialDelay = 0): this {
    const idle = Math.floor(initialDelay / 1000) * 1000;
    this.keepAlive = { on: Boolean(on), idle: idle > 0 ? idle : KEEP_IDLE };
    if (!this.connecting) this.applyKeepAlive();
    return this;
  }

  private applyKeepAlive(): void {
    const { on, idle } = this.keepAlive;
    this.connection?.setKeepAlive(on, idle, KEEP_INTERVAL, KEEP_COUNT);
  }

  /** What keeps the process alive is the simulation's pacer, not a socket. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  get pending(): boolean {
    return !this.connection || this.connecting;
  }

  get readyState(): SocketReadyState {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get bytesRead(): number {
    return this.read_;
  }

  get bytesWritten(): number {
    return this.written_ + (this.destroyed ? this.parked : this.writableLength);
  }

  get bufferSize(): number {
    return this.writableLength;
  }
}
