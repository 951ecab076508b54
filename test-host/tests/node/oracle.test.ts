// The same programs on Node's own sockets, over the kernel's loopback interface, and on the stack: what their sockets
// tell must be the same.

import assert from 'node:assert/strict';
import net from 'node:net';
import { A_IP, World } from './world.js';
import type { Ends } from './scenario.js';
import { SCENARIOS } from './scenarios.js';

const KERNEL: Ends = {
  host: '127.0.0.1',
  connect: (options) => net.connect(options),
  createServer: (options, onConnection) => net.createServer(options, onConnection),
};

function onStack(world: World): Ends {
  return {
    host: A_IP,
    connect: (options) => world.netB.connect(options),
    createServer: (options, onConnection) => world.netA.createServer(options, onConnection),
  };
}

describe('node: sockets as Node has them', () => {
  for (const [title, scenario] of Object.entries(SCENARIOS)) {
    it(title, async () => {
      const world = new World();
      const here = await world.run(scenario(onStack(world)));
      await world.finish();
      assert.deepEqual(here, await scenario(KERNEL));
      assert.ok(here.client.length + here.server.length > 0);
    });
  }
});
