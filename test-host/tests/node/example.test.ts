// The example of docs/node.md, as it stands there: Node's http between two stacks, in virtual time.

import assert from 'node:assert/strict';
import http from 'node:http';
import { Host } from '../../harness/host.js';
import { stackNet } from '../../node/stack-net.js';
import { runTurns } from '../../node/turns.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';

describe('node: the example of docs/node.md', () => {
  it('asks a web server over a cable that loses 5 % of the frames', async () => {
    const scheduler = new Scheduler();
    const cable = new Link(scheduler, { loss: 0.05, seed: 3 });
    const server = new Host(scheduler, 1);
    server.addInterface({ port: cable.a, mac: '02:00:00:00:00:01', ip: '10.0.0.1' });
    const client = new Host(scheduler, 2);
    client.addInterface({ port: cable.b, mac: '02:00:00:00:00:02', ip: '10.0.0.2' });

    const web = http.createServer((_request, response) => response.end('x'.repeat(20_000)));
    const listener = stackNet(server).createServer((socket) => web.emit('connection', socket));
    listener.listen(80);

    const agent = stackNet(client).agent();
    const length = new Promise<number>((resolve, reject) => {
      const request = http.get({ host: '10.0.0.1', agent }, (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => (bytes += chunk.length));
        response.on('end', () => resolve(bytes));
      });
      request.on('error', reject);
    });
    assert.equal(await runTurns(scheduler, length), 20_000);

    await runTurns(scheduler, new Promise((resolve) => listener.close(resolve)));
  });
});
