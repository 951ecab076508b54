// A closed gateway leaves nothing behind that would keep a process alive.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

describe('gateway: close()', () => {
  it('ends every socket, port, timer and process', async () => {
    const program = fileURLToPath(new URL('./fixture-close.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30000,
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.equal(output, 'closed\n');
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, 'the process ends by itself');
  });
});
