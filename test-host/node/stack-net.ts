// Node's module `net` on a host's stack: what Node libraries need in order to run through this stack.

import type { AgentOptions } from 'node:http';
import type { Host } from '../harness/host.js';
import { StackAgent } from './agent.js';
import { connectArguments, type ConnectArguments, type ConnectOptions } from './arguments.js';
import { StackContext, type Injector } from './context.js';
import { stackLookup, type Lookup } from './lookup.js';
import { StackServer, type ServerOptions } from './server.js';
import { StackSocket, type SocketOptions } from './socket.js';

type OnConnection = (socket: StackSocket) => void;

export interface StackNet {
  /** As net.connect(). */
  connect(...args: ConnectArguments): StackSocket;
  createConnection(...args: ConnectArguments): StackSocket;
  createServer(onConnection?: OnConnection): StackServer;
  createServer(options: ServerOptions, onConnection?: OnConnection): StackServer;
  readonly Socket: new (options?: SocketOptions) => StackSocket;
  readonly Server: new (options?: ServerOptions, onConnection?: OnConnection) => StackServer;
  /** As dns.lookup(). */
  readonly lookup: Lookup;
  /** An agent for http.request(). */
  agent(options?: AgentOptions): StackAgent;
}

/**
 * @param host on a wire; its options limit connections and buffers
 * @param injector what drives the host in real time, such as a Pacer; absent in virtual time
 */
export function stackNet(host: Host, injector?: Injector): StackNet {
  const ctx = new StackContext(host, injector);
  class Socket extends StackSocket {
    constructor(options?: SocketOptions) {
      super(ctx, options);
    }
  }
  class Server extends StackServer {
    constructor(options?: ServerOptions, onConnection?: OnConnection) {
      super(ctx, options, onConnection);
    }
  }
  const connect = (...args: ConnectArguments): StackSocket => {
    const options: ConnectOptions = connectArguments(args)[0];
    const socket = new Socket(options);
    if (options.timeout) socket.setTimeout(options.timeout);
    return socket.connect(...args);
  };
  return {
    connect,
    createConnection: connect,
    createServer: (options?: ServerOptions | OnConnection, onConnection?: OnConnection) =>
      typeof options === 'function' ? new Server({}, options) : new Server(options, onConnection),
    Socket,
    Server,
    lookup: stackLookup(ctx),
    agent: (options) => new StackAgent(ctx, options),
  };
}
