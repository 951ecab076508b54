// The selftest bundle as built, in engines without any hardware layer: Node's own with nothing but print, and
// Duktape's command line where it is installed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import vm from 'node:vm';
import { skipUnless } from '../support/skip.js';
import { bundleOf } from './world.js';

function assertPassed(lines: string[]): void {
  const last = lines[lines.length - 1]!;
  const m = /^(\d+) passed, 0 failed$/.exec(last);
  assert(m, lines.filter((l) => !l.startsWith('ok ')).join('\n'));
  assert.equal(Number(m[1]), lines.length - 1);
  assert(lines.length > 20);
}

describe('apps: selftest', function () {
  this.timeout(120_000);
  let bundle = '';
  before(async () => {
    bundle = await bundleOf('selftest');
  });

  it('passes in node:vm', () => {
    for (const name of ['print', 'console']) {
      const lines: string[] = [];
      const print = (line: string): void => void lines.push(line);
      vm.runInNewContext(
        bundle,
        name === 'print' ? { print, console: undefined } : { console: { log: print } },
      );
      assertPassed(lines);
    }
  });

  it('passes in Duktape', function () {
    const version = spawnSync('duk', ['-e', 'print(Duktape.version)'], { encoding: 'utf8' });
    skipUnless(this, !version.error && version.status === 0, 'duk is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'lightwire-selftest-'));
    try {
      const file = join(folder, 'selftest.js');
      writeFileSync(file, bundle);
      const r = spawnSync('duk', [file], { encoding: 'utf8' });
      assert.equal(r.stderr, '');
      assert.equal(r.status, 0);
      assertPassed(r.stdout.trim().split('\n'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
