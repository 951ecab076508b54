// Loads the user-mode gateway only when a simulation needs it.

import type { Scheduler } from '../../test-host/sim/scheduler.js';
import type { Port } from '../../test-host/sim/wire.js';

export interface GatewayOptions {
  scheduler: Scheduler;
  port: Port;
  /** Port on 127.0.0.1 that leads to port 80 of the board. */
  httpPort: number;
  /** Runs `fn` in virtual time's present. */
  inject: (fn: () => void) => void;
  log: (line: string) => void;
}

export interface RunningGateway {
  /** The address of the board's page. */
  url: string;
  close(): void | Promise<void>;
}

export async function createGateway(options: GatewayOptions): Promise<RunningGateway> {
  const path = '../../test-host/gateway/gateway.js';
  const module = (await import(path)) as {
    createGateway(options: GatewayOptions): Promise<RunningGateway>;
  };
  return module.createGateway(options);
}
