// What programs against `net` are made of that run on Node's own sockets as well as on a stack's: the ends, the logs of
// what their sockets did, and the frames for one connection or one client.

import { once, type EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { AddressInfo, ConnectOpts, Socket } from 'node:net';

/** As much of a server as the programs use. */
export interface AnyServer extends EventEmitter {
  maxConnections?: number | undefined;
  readonly listening: boolean;
  listen(...args: [port: number, host?: string]): this;
  address(): AddressInfo | string | null;
  close(callback?: (error?: Error) => void): this;
  getConnections(callback: (error: Error | null, count: number) => void): unknown;
}

export interface ServerOptions {
  allowHalfOpen?: boolean;
  pauseOnConnect?: boolean;
}

/** The two ends: `server` listens on `host`, `client` connects to it. */
export interface Ends {
  host: string;
  connect(options: ConnectOpts & { port: number; host?: string; allowHalfOpen?: boolean }): Socket;
  createServer(options: ServerOptions, onConnection: (socket: Socket) => void): AnyServer;
}

/** What happened on the client's side, on the server's, and to the server itself; each in order. */
export interface Logs {
  client: string[];
  server: string[];
}

export type Scenario = (ends: Ends) => Promise<Logs>;

const EVENTS = ['lookup', 'connect', 'ready', 'end', 'finish', 'timeout', 'drain'] as const;

/** What an error says, without address and port, which differ. */
export function errorLine(error: unknown): string {
  const e = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const place = `${'address' in e} ${'port' in e}`;
  return `${e.name} ${e.code} ${e.errno} ${e.syscall} ${place} ${e.message.replace(/ [\d.]+:\d+/, ' HOST:PORT')}`;
}

/** Keeps a socket's log. */
export function watch(socket: Duplex, log: string[]): void {
  let text = '';
  const flush = (): void => {
    if (text) log.push(`data ${text.length > 40 ? text.length : text}`);
    text = '';
  };
  for (const event of EVENTS) {
    socket.on(event, () => {
      flush();
      log.push(event);
    });
  }
  socket.on('error', (error) => {
    flush();
    log.push(errorLine(error));
  });
  socket.on('close', (hadError: unknown) => {
    flush();
    log.push(`close ${hadError}`);
  });
  // Not a listener for data, which would make it flow.
  const emit = socket.emit.bind(socket);
  socket.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event === 'data') text += String(args[0]);
    return emit(event, ...args);
  };
}

export function state(socket: Socket): string {
  const { readyState, pending, connecting, destroyed, bytesRead, bytesWritten } = socket;
  return `${readyState} pending=${pending} connecting=${connecting} destroyed=${destroyed} ${bytesRead}/${bytesWritten}`;
}

interface Play {
  client: Socket;
  peer: Socket;
  server: AnyServer;
  logs: Logs;
}

export interface Setting {
  server?: ServerOptions;
  allowHalfOpen?: boolean;
}

/**
 * A program for one connection: when it stands, `play` is called; when both ends are closed, the logs are complete.
 */
export function dialogue(setting: Setting, play: (p: Play) => void | Promise<void>): Scenario {
  return async (ends) => {
    const logs: Logs = { client: [], server: [] };
    const accepted: Socket[] = [];
    const server = ends.createServer(setting.server ?? {}, (socket) => {
      watch(socket, logs.server);
      accepted.push(socket);
      server.emit('taken');
    });
    server.listen(0, ends.host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = ends.connect({ port, host: ends.host, allowHalfOpen: setting.allowHalfOpen ?? false });
    watch(client, logs.client);
    const taken = accepted.length ? null : once(server, 'taken');
    await once(client, 'connect');
    if (!accepted.length) await taken;
    const peer = accepted[0]!;
    const closed = Promise.all([closing(client), closing(peer)]);
    await play({ client, peer, server, logs });
    await closed;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    return logs;
  };
}

/** For what comes in no certain order. */
export function unordered(scenario: Scenario): Scenario {
  return async (ends) => {
    const { client, server } = await scenario(ends);
    return { client: client.sort(), server: server.sort() };
  };
}

export function closing(socket: Duplex): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}

/** A program for one client without a connection to be had, or one that it does not want. */
export function alone(play: (ends: Ends, log: string[]) => Socket | Promise<Socket>): Scenario {
  return async (ends) => {
    const log: string[] = [];
    const socket = await play(ends, log);
    await closing(socket);
    return { client: log, server: [] };
  };
}

/** A port of the server's host on which nobody listens. */
export async function closedPort(ends: Ends): Promise<number> {
  const server = ends.createServer({}, () => {}).listen(0, ends.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
