// What the agent does with the kernel's sockets. Arguments and results are plain data.

import { createHash } from 'node:crypto';
import dgram from 'node:dgram';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { pattern } from './pattern.js';

export interface Behaviour {
  /** Bytes to send, made from `seed`. */
  send?: number;
  seed?: number;
  /** Text to send instead. */
  text?: string;
  /**
   * When to close this direction: as soon as all is sent, only after the peer has closed its own, or never:
   * the peer has to reset, or `reset` is given.
   */
  end: 'after-sending' | 'after-peer' | 'never';
  /** Reset the connection as soon as so many bytes have come. */
  resetAfter?: number;
  /** Read nothing until all is sent and so many milliseconds have gone by. */
  readLater?: number;
}

export interface Connection {
  /** What happened, in order: connect, end (the peer closed), finish (our data and FIN are sent), close. */
  events: string[];
  received: number;
  sha256: string;
  /** The beginning of what came, as text. */
  text: string;
  /** The error's code, such as ECONNREFUSED. */
  error: string | null;
  /** From the start to the close. */
  ms: number;
}

/** Ports that listen, with connections that nobody has asked for yet and those who wait for one. */
interface Listener {
  server: net.Server;
  queue: net.Socket[];
  waiting: ((socket: net.Socket) => void)[];
}

const listeners = new Map<number, Listener>();
const udpServers = new Map<number, dgram.Socket>();

function behave(socket: net.Socket, b: Behaviour): Promise<Connection> {
  const start = performance.now();
  const hash = createHash('sha256');
  const out: Connection = { events: [], received: 0, sha256: '', text: '', error: null, ms: 0 };
  const data = b.text !== undefined ? Buffer.from(b.text) : pattern(b.seed ?? 1, b.send ?? 0);
  let peerEnded = false;
  let sent = false;
  const endIfDue = (): void => {
    if (sent && (b.end === 'after-sending' || (b.end === 'after-peer' && peerEnded))) socket.end();
  };
  const reset = (): void => {
    if (b.resetAfter !== undefined && out.received >= b.resetAfter) socket.resetAndDestroy();
  };
  const read = (): void => {
    socket.on('data', (chunk: Buffer) => {
      out.received += chunk.length;
      hash.update(chunk);
      if (out.text.length < 4096) out.text += chunk.toString('latin1');
      reset();
    });
    socket.resume();
  };
  return new Promise((resolve) => {
    const begin = (): void => {
      out.events.push('connect');
      socket.setNoDelay(true);
      socket.write(data, () => {
        sent = true;
        if (b.readLater !== undefined) setTimeout(read, b.readLater);
        endIfDue();
        reset();
      });
    };
    if (b.readLater === undefined) read();
    socket.on('end', () => {
      peerEnded = true;
      out.events.push('end');
      endIfDue();
    });
    socket.on('finish', () => out.events.push('finish'));
    socket.on('error', (error: NodeJS.ErrnoException) => (out.error = error.code ?? error.message));
    socket.on('close', () => {
      out.events.push('close');
      out.sha256 = hash.digest('hex');
      out.ms = performance.now() - start;
      resolve(out);
    });
    if (socket.connecting) socket.on('connect', begin);
    else begin();
  });
}

export const operations = {
  hello: (_: null) => process.pid,

  /** Connects and does as told, until the connection is gone. */
  connect(o: { host: string; port: number; behaviour: Behaviour }): Promise<Connection> {
    return behave(net.connect({ host: o.host, port: o.port, allowHalfOpen: true }), o.behaviour);
  },

  /** Listens on a port until the process ends. */
  listen(o: { port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
      const listener: Listener = { server, queue: [], waiting: [] };
      server.on('connection', (socket) => {
        const take = listener.waiting.shift();
        if (take) take(socket);
        else listener.queue.push(socket);
      });
      server.on('error', reject);
      server.listen(o.port, () => {
        listeners.set(o.port, listener);
        resolve();
      });
    });
  },

  /** Takes the next connection of a port and does as told, until it is gone. */
  async accept(o: { port: number; behaviour: Behaviour }): Promise<Connection> {
    const listener = listeners.get(o.port)!;
    const socket = listener.queue.shift() ?? (await new Promise<net.Socket>((r) => listener.waiting.push(r)));
    return behave(socket, o.behaviour);
  },

  /**
   * Sends datagrams from a connected socket, each after the answer to the one before.
   * @returns the answers as base64, and the error that ended it, such as ECONNREFUSED
   */
  udp(o: { host: string; port: number; sizes: number[]; seed: number }): Promise<{
    equal: number;
    error: string | null;
  }> {
    return new Promise((resolve) => {
      const socket = dgram.createSocket('udp4');
      let equal = 0;
      let data = Buffer.alloc(0);
      const next = (): void => {
        if (equal === o.sizes.length) return finish(null);
        data = Buffer.from(pattern(o.seed + equal, o.sizes[equal]!));
        socket.send(data);
      };
      const finish = (error: string | null): void => {
        socket.close();
        resolve({ equal, error });
      };
      socket.on('message', (message) => {
        if (!message.equals(data)) return finish('differs');
        equal++;
        next();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
      socket.connect(o.port, o.host, next);
    });
  },

  /** Answers each datagram with itself, until the process ends. */
  udpEcho(o: { port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = dgram.createSocket('udp4');
      socket.on('message', (message, from) => socket.send(message, from.port, from.address));
      socket.on('error', reject);
      socket.bind(o.port, () => {
        udpServers.set(o.port, socket);
        resolve();
      });
    });
  },

  /** Joins a group on the interface with `address` and answers its members' datagrams, until the process ends. */
  multicastEcho(o: { group: string; port: number; address: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
      socket.on('message', (message, from) => socket.send(message, from.port, from.address));
      socket.on('error', reject);
      socket.bind(o.port, () => {
        socket.addMembership(o.group, o.address);
        udpServers.set(o.port, socket);
        resolve();
      });
    });
  },

  /** Sends a datagram to a group by the interface with `address`, and resolves with who answers it. */
  multicastAsk(o: { group: string; port: number; address: string; text: string }): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = dgram.createSocket('udp4');
      socket.on('message', (message, from) => {
        socket.close();
        resolve(`${message.toString()} from ${from.address}`);
      });
      socket.on('error', reject);
      socket.bind(0, () => {
        socket.setMulticastInterface(o.address);
        socket.setMulticastLoopback(false);
        socket.send(o.text, o.port, o.group);
      });
    });
  },

  /** The kernel's TCP connections with the given remote address, as `state localPort remotePort`. */
  tcpStates(o: { remote: string }): string[] {
    const names =
      'ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING';
    const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
    const out: string[] = [];
    for (const row of rows) {
      const [, local, remote, state] = row.trim().split(/\s+/);
      const [address, port] = remote!.split(':');
      const bytes = Buffer.from(address!, 'hex').reverse();
      if (bytes.join('.') !== o.remote) continue;
      const name = names.split(' ')[parseInt(state!, 16) - 1] ?? state!;
      out.push(`${name} ${parseInt(local!.split(':')[1]!, 16)} ${parseInt(port!, 16)}`);
    }
    return out;
  },
};
