// Debug builds, LWIP_ASSERT_CORE_LOCKED: a raw call outside the core context is stopped, with its name and where it came
// from; the apps as they are make none.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { appOptions, buildApp, type Features } from '../../../tools/build/bundle.js';
import { World } from '../apps/world.js';
import { Client } from '../services/http-client.js';
import type { Probe } from './asserted/fixture.js';

const DEBUG: Features = { NO_SYS: false, LWIP_ASSERT_CORE_LOCKED: true };

const LEGAL = [
  'main program with the lock',
  'message',
  'time-out',
  'frame',
  'task with the lock',
  'API call',
  'interrupt, by way of the mailbox',
];

describe('core context: assertion of debug builds', function () {
  this.timeout(600_000);
  let code = '';
  let readable = '';
  before(async () => {
    const entry = fileURLToPath(new URL('./asserted/fixture.ts', import.meta.url));
    code = (await buildApp('asserted', { entry, features: DEBUG, readable: true })).code;
    readable = (await buildApp('asserted', { entry, readable: true })).code;
  });

  function boot(script: string): { probe: Probe; failed: string[] } {
    let now = 1000;
    const failed: string[] = [];
    const probe = {
      clock: () => now++,
      random16: () => 4,
      taskError: (e: string) => failed.push(e),
    } as unknown as Probe;
    runInNewContext(script, { JSON: { probe }, Uint8Array, Uint16Array, Uint32Array });
    return { probe, failed };
  }

  it('before the first turn the main program may do everything', () => {
    const { probe } = boot(code);
    for (const [, call] of probe.calls) call();
  });

  for (const context of LEGAL) {
    it(`legal: ${context}`, () => {
      const { probe, failed } = boot(code);
      probe.turn();
      for (const [, call] of probe.calls) probe.contexts[context]!(call);
      assert.deepEqual(failed, []);
    });
  }

  it('caught: the main program', () => {
    const { probe } = boot(code);
    probe.turn();
    for (const [name, call] of probe.calls) {
      assert.throws(() => probe.contexts['main program']!(call), {
        message: `${name}() outside the core context: use tcpipLock(), or tcpipCallback()`,
      });
    }
  });

  it('caught: a task', () => {
    const { probe, failed } = boot(code);
    probe.turn();
    for (const [, call] of probe.calls) probe.contexts['task']!(call);
    assert.deepEqual(
      failed,
      Array.from(
        probe.calls,
        ([name]) => `Error: ${name}() outside the core context: use tcpipLock(), or tcpipCallback()`,
      ),
    );
  });

  for (const context of ['interrupt', 'interrupt of the core']) {
    it(`caught: ${context}`, () => {
      const { probe } = boot(code);
      probe.turn();
      for (const [name, call] of probe.calls) {
        assert.throws(() => probe.contexts[context]!(call), {
          message: `${name}() from interrupt handler INT0: use tcpipTryCallback()`,
        });
      }
    });
  }

  it('caught: the lock and an API call in an interrupt, giving back what is not held', () => {
    const { probe } = boot(code);
    probe.turn();
    const run = (context: string) => (): void => probe.contexts[context]!(() => undefined);
    assert.throws(run('lock in an interrupt'), /^Error: tcpipLock\(\) from interrupt handler INT0/);
    assert.throws(run('API call in an interrupt'), /^Error: an API function\(\) from interrupt handler INT0/);
    assert.throws(run('unlock without the lock'), /^Error: tcpipUnlock\(\) outside the core context/);
  });

  it('leaves nothing of it in other builds', () => {
    const { probe } = boot(readable);
    probe.turn();
    for (const [, call] of probe.calls) probe.contexts['main program']!(call);
    assert.doesNotMatch(readable, /outside the core context|from interrupt handler/);
    assert.match(code, /outside the core context/);
  });

  for (const app of ['echo-raw', 'echo-netconn', 'echo-socket', 'select-server', 'http-server']) {
    it(`${app} makes no such call`, async () => {
      const features = { ...appOptions(app).features, ...DEBUG };
      const bundle = (await buildApp(app, { features, budget: undefined as never })).code;
      assert.match(bundle, /outside the core context/);
      const w = new World(bundle).boot();
      const port = app === 'http-server' ? 80 : 7;
      const text = 'GET /api/resolve?name=found.test HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
      const c = new Client(w.client, w.address, port).send(text);
      w.until(() => c.over || (port === 7 && c.text.length >= text.length), 20, 'an answer');
      if (port === 7) assert.equal(c.text, text);
      else assert.match(c.text, /192\.0\.2\.7/);
      c.close();
      w.run(2000);
      w.cable.setLoss(1);
      w.run(40_000);
      w.assertSound();
      assert.doesNotMatch(w.log, /failed|core context/);
    });
  }
});
