// An http.Agent whose connections are a stack's.

import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { StackContext } from './context.js';
import { StackSocket } from './socket.js';

export class StackAgent extends Agent {
  constructor(
    private readonly ctx: StackContext,
    options: AgentOptions = {},
  ) {
    super(options);
  }

  override createConnection(options: ClientRequestArgs): Duplex {
    const { timeout } = options;
    const socket = new StackSocket(this.ctx);
    if (timeout) socket.setTimeout(timeout);
    return socket.connect({
      ...options,
      host: options.host ?? 'localhost',
      port: Number(options.port) || 80,
    });
  }
}
