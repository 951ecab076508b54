// What net.connect() and server.listen() may be called with, brought to one form, with the errors that Node throws.

import type { ListenOptions, LookupFunction, TcpSocketConnectOpts } from 'node:net';
import { nodeError } from './errors.js';

export type Listener = () => void;

/** Options of a connection, as net.connect() takes them, without those for pipes. */
export type ConnectOptions = Omit<TcpSocketConnectOpts, 'lookup'> & {
  lookup?: LookupFunction | undefined;
  /** Milliseconds, for connect() of stackNet(): as socket.setTimeout(). */
  timeout?: number | undefined;
  allowHalfOpen?: boolean | undefined;
};

/** Options, or a port with perhaps a host; and perhaps a listener at the end. */
export type ConnectArguments =
  [options: ConnectOptions, ...rest: unknown[]] | [port: number, ...rest: unknown[]];

function trailingListener(args: readonly unknown[]): Listener | undefined {
  const last = args[args.length - 1];
  return typeof last === 'function' ? (last as Listener) : undefined;
}

/**
 * @throws TypeError without a port (ERR_MISSING_ARGS) or with a path, which a stack has not
 *   (ERR_INVALID_ARG_VALUE); RangeError for a port out of range (ERR_SOCKET_BAD_PORT)
 */
export function connectArguments(args: readonly unknown[]): [ConnectOptions, Listener | undefined] {
  const first = args[0];
  let options: ConnectOptions;
  if (typeof first === 'object' && first !== null) options = { ...(first as ConnectOptions) };
  else {
    const host = typeof args[1] === 'string' ? args[1] : undefined;
    options = { port: first as number, ...(host === undefined ? {} : { host }) };
  }
  if ((options as { path?: unknown }).path) throw noPaths();
  if (options.port === undefined || options.port === null) {
    const message = 'The "options" or "port" or "path" argument must be specified';
    throw nodeError(new TypeError(message), 'ERR_MISSING_ARGS');
  }
  options.port = portNumber(options.port);
  return [options, trailingListener(args)];
}

/** @throws as connectArguments() */
export function listenArguments(args: readonly unknown[]): [ListenOptions, Listener | undefined] {
  const first = args[0];
  let options: ListenOptions;
  if (typeof first === 'object' && first !== null) options = { ...(first as ListenOptions) };
  else {
    options = { port: typeof first === 'function' ? 0 : ((first as number | undefined) ?? 0) };
    const rest = args.slice(1).filter((a) => typeof a !== 'function' && a !== undefined);
    for (const a of rest) {
      if (typeof a === 'string') options.host = a;
      else options.backlog = a as number;
    }
  }
  if (options.path) throw noPaths();
  options.port = portNumber(options.port ?? 0);
  return [options, trailingListener(args)];
}

function noPaths(): Error {
  return nodeError(new TypeError('A stack has ports and no paths'), 'ERR_INVALID_ARG_VALUE');
}

function portNumber(port: unknown): number {
  const n = typeof port === 'string' && port.trim() !== '' ? Number(port) : port;
  if (typeof n === 'number' && Number.isInteger(n) && n >= 0 && n <= 0xffff) return n;
  const message = `Port should be >= 0 and < 65536. Received type ${typeof port} (${String(port)}).`;
  throw nodeError(new RangeError(message), 'ERR_SOCKET_BAD_PORT');
}

/** Milliseconds for a time-out. @throws RangeError (ERR_OUT_OF_RANGE) or TypeError (ERR_INVALID_ARG_TYPE) */
export function duration(ms: unknown, name: string): number {
  if (typeof ms !== 'number') {
    const message = `The "${name}" argument must be of type number. Received ${typeof ms}`;
    throw nodeError(new TypeError(message), 'ERR_INVALID_ARG_TYPE');
  }
  if (ms >= 0 && Number.isFinite(ms)) return Math.min(ms, 0x7fffffff);
  const message = `The value of "${name}" is out of range. It must be a non-negative finite number. Received ${ms}`;
  throw nodeError(new RangeError(message), 'ERR_OUT_OF_RANGE');
}
