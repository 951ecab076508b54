// Small programs against `net`, each giving the log of what its sockets did: the same on Node's own sockets over the
// kernel as on a stack's.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import {
  alone,
  closedPort,
  closing,
  dialogue,
  errorLine,
  state,
  unordered,
  watch,
  type Logs,
  type Scenario,
  type Setting,
} from './scenario.js';

const HALF_OPEN: Setting = { server: { allowHalfOpen: true }, allowHalfOpen: true };
const BIG = 'x'.repeat(300_000);

export const SCENARIOS: Record<string, Scenario> = {
  'the client closes, the server answers and closes': dialogue(HALF_OPEN, ({ client, peer }) => {
    client.resume();
    peer.resume();
    peer.on('end', () => peer.end('answer'));
    client.end('question');
  }),

  'the server closes, the client answers and closes': dialogue(HALF_OPEN, ({ client, peer }) => {
    peer.resume();
    client.resume();
    client.on('end', () => client.end('answer'));
    peer.end('question');
  }),

  'without allowHalfOpen the other side closes by itself': dialogue({}, ({ client, peer }) => {
    client.resume();
    peer.resume();
    client.end('bye');
  }),

  'an empty connection': dialogue({}, ({ client, peer }) => {
    client.resume();
    peer.resume();
    peer.end();
  }),

  'nobody reads: an end without data is told all the same': dialogue({}, ({ client }) => void client.end()),

  'destroy(), nothing unread': dialogue({}, ({ client, peer }) => {
    client.resume();
    peer.resume();
    client.write('x', () => client.destroy());
  }),

  'destroy() with an error': dialogue({}, ({ client, peer }) => {
    peer.resume();
    client.destroy(new Error('own'));
  }),

  'destroySoon() sends first': dialogue({}, ({ client, peer }) => {
    peer.resume();
    client.resume();
    client.write(BIG);
    client.destroySoon();
  }),

  'resetAndDestroy()': dialogue({}, ({ client, peer }) => {
    peer.resume();
    client.resetAndDestroy();
  }),

  'the reset comes after the data': dialogue({}, ({ client, peer }) => {
    peer.on('data', () => client.resetAndDestroy());
    client.write('data');
  }),

  'both close at once': unordered(
    dialogue({}, ({ client, peer }) => {
      client.resume();
      peer.resume();
      client.end('a');
      peer.end('b');
    }),
  ),

  'a write after end()': dialogue({}, ({ client, peer, logs }) => {
    peer.resume();
    client.end('x');
    client.write('y', (error) => logs.client.push(`written: ${errorLine(error)}`));
  }),

  'a write after the peer has closed': dialogue({}, ({ client, peer, logs }) => {
    client.resume();
    peer.resume();
    client.on('finish', () => {
      logs.client.push(`${client.write('y', (error) => logs.client.push(`written: ${errorLine(error)}`))}`);
    });
    peer.end();
  }),

  'setEncoding(), bytes of a character in two writes': dialogue({}, ({ client, peer }) => {
    peer.setEncoding('utf8');
    peer.once('data', () => client.end(Buffer.from([0xa4])));
    client.write(Buffer.from([0x61, 0xc3]));
    client.resume();
  }),

  'cork() and uncork()': dialogue({}, ({ client, peer }) => {
    client.cork();
    for (let i = 0; i < 5; i++) client.write(`${i}`);
    client.uncork();
    client.end();
    client.resume();
    peer.resume();
  }),

  'pauseOnConnect': dialogue({ server: { pauseOnConnect: true } }, async ({ client, peer, logs }) => {
    client.resume();
    logs.server.push(`paused ${peer.isPaused()}`);
    client.end('data');
    await once(client, 'finish');
    logs.server.push('resume');
    peer.resume();
  }),

  'states of a connection': dialogue(HALF_OPEN, async ({ client, peer, logs }) => {
    client.resume();
    peer.resume();
    logs.client.push(state(client), Object.keys(client.address()).sort().join());
    logs.client.push(
      `${client.remoteFamily} ${client.localFamily} ${client.remoteAddress === peer.localAddress}`,
    );
    logs.client.push(`${client.localPort === peer.remotePort} ${client.remotePort === peer.localPort}`);
    client.end('12345');
    await once(peer, 'end');
    logs.client.push(state(client));
    logs.server.push(state(peer));
    peer.end('123');
    await once(client, 'close');
    logs.client.push(state(client));
  }),

  'setTimeout()': dialogue({}, async ({ client, peer, logs }) => {
    peer.resume();
    client.resume();
    client.setTimeout(20, () => logs.client.push(`after ${client.timeout}`));
    await once(client, 'timeout');
    client.setTimeout(0);
    logs.client.push(`${client.timeout}`);
    for (const wrong of [-1, NaN, '1' as unknown as number]) {
      try {
        client.setTimeout(wrong);
      } catch (error) {
        logs.client.push(`${(error as Error).name} ${(error as NodeJS.ErrnoException).code}`);
      }
    }
    client.end();
  }),

  'options set before and after': dialogue({}, ({ client, peer, logs }) => {
    peer.resume();
    client.resume();
    const same = [client.setNoDelay(), client.setKeepAlive(true, 5000), client.ref(), client.unref()];
    logs.client.push(`${same.every((s) => s === client)}`);
    client.end();
  }),

  'nobody listens': alone(async (ends, log) => {
    const port = await closedPort(ends);
    const socket = ends.connect({ port, host: ends.host });
    watch(socket, log);
    log.push(state(socket));
    socket.write('abc', (error) => log.push(`written: ${errorLine(error)}`));
    socket.on('close', () => log.push(state(socket)));
    return socket;
  }),

  'destroyed while connecting': alone(async (ends, log) => {
    const port = await closedPort(ends);
    const socket = ends.connect({ port, host: ends.host });
    watch(socket, log);
    socket.write('abc', (error) => log.push(`written: ${errorLine(error)}`));
    socket.destroy();
    log.push(state(socket));
    return socket;
  }),

  'written and ended while connecting': async (ends) => {
    const logs: Logs = { client: [], server: [] };
    const server = ends.createServer({}, (socket) => {
      watch(socket, logs.server);
      socket.resume();
    });
    server.listen(0, ends.host);
    await once(server, 'listening');
    const client = ends.connect({ port: (server.address() as AddressInfo).port, host: ends.host });
    watch(client, logs.client);
    client.resume();
    client.write('early', () => logs.client.push('written'));
    client.end();
    logs.client.push(state(client));
    const closed = closing(client);
    await new Promise<void>((resolve) =>
      server.once('connection', (s: Socket) => s.once('close', () => resolve())),
    );
    await closed;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    return logs;
  },

  'a port that is taken': async (ends) => {
    const log: string[] = [];
    const first = ends.createServer({}, () => {}).listen(0, ends.host);
    await once(first, 'listening');
    const { port } = first.address() as AddressInfo;
    for (const host of [ends.host, '0.0.0.0']) {
      const second = ends.createServer({}, () => {});
      second.listen(port, host);
      const [error] = (await once(second, 'error').catch((e: unknown) => [e])) as [Error];
      log.push(errorLine(error), `${second.listening} ${second.address()}`);
    }
    try {
      first.listen(port);
    } catch (error) {
      log.push(errorLine(error));
    }
    await new Promise<void>((resolve) => first.close(() => resolve()));
    first.listen(port, ends.host);
    await once(first, 'listening');
    log.push(`${first.listening}`);
    await new Promise<void>((resolve) => first.close(() => resolve()));
    return { client: [], server: log };
  },

  'an address that is not ours': async (ends) => {
    const server = ends.createServer({}, () => {}).listen(0, '192.0.2.1');
    const [error] = (await once(server, 'error').catch((e: unknown) => [e])) as [Error];
    return { client: [], server: [errorLine(error)] };
  },

  'ports out of range': async (ends) => {
    const log: string[] = [];
    for (const port of [65536, -1, 1.5, 'x' as unknown as number, undefined as unknown as number]) {
      const call = (connecting: boolean): unknown =>
        connecting
          ? ends.connect({ port, host: ends.host })
          : ends.createServer({}, () => {}).listen(port, ends.host);
      // A text is a path, and without a port there is a free one.
      for (const connecting of typeof port === 'number' ? [true, false] : [true]) {
        try {
          call(connecting);
          log.push('no error');
        } catch (error) {
          log.push(`${(error as Error).name} ${(error as NodeJS.ErrnoException).code}`);
        }
      }
    }
    return { client: log, server: [] };
  },

  'close() of a server that does not listen': async (ends) => {
    const server = ends.createServer({}, () => {});
    const error = await new Promise<Error | undefined>((resolve) => void server.close(resolve));
    return { client: [], server: [errorLine(error)] };
  },

  'a server closes only when its connections have': dialogue({}, async ({ client, peer, server, logs }) => {
    const count = (): Promise<number> =>
      new Promise((resolve) => void server.getConnections((_error, n) => resolve(n)));
    server.on('close', () => logs.server.push('server close'));
    server.close();
    logs.server.push(`${server.listening} ${await count()} ${server.address()}`);
    peer.resume();
    client.resume();
    client.end();
  }),

  'maxConnections': dialogue({}, async ({ client, peer, server, logs }) => {
    client.resume();
    peer.resume();
    server.maxConnections = 1;
    const dropped = once(server, 'drop');
    server.emit('more');
    const { port } = server.address() as AddressInfo;
    logs.server.push(`${port > 0}`);
    void dropped.then(([d]) =>
      logs.server.push(
        `drop ${Object.keys(d as object)
          .sort()
          .join()}`,
      ),
    );
    const second = extra(client, port);
    const log: string[] = [];
    watch(second, log);
    second.resume();
    await closing(second);
    await dropped;
    logs.client.push(...log.map((line) => `second ${line}`));
    client.end();
  }),
};

/** A further client to the same server, of the same kind as the first. */
function extra(client: Socket, port: number): Socket {
  const Kind = client.constructor as new () => Socket;
  return new Kind().connect(port, client.remoteAddress!);
}
