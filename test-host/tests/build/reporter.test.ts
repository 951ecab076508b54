// The report's last line counts truly, skips carry their reason, and failures reach the exit code.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../../../tools/build/bundle.js';

describe('build: reporter', () => {
  const run = (...more: string[]) =>
    spawnSync(
      process.execPath,
      [
        join(ROOT, 'node_modules/mocha/bin/mocha.js'),
        '--no-config',
        '--import=tsx',
        '--reporter=tools/build/reporter.cjs',
        ...more,
        'test-host/tests/build/fixtures/outcomes.ts',
      ],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: '' } },
    );

  it('reports every outcome', () => {
    const { stdout, status } = run();
    assert.match(stdout, /one is not two/);
    assert.match(stdout, /skipped: is skipped by itself \(no such thing here\)/);
    assert.match(stdout, /skipped: suite a \(no root\)/);
    assert.match(stdout, /skipped: suite b \(no root\)/);
    assert.equal(stdout.trim().split('\n').at(-1), '2 passed, 1 failed, 3 skipped');
    assert.equal(status, 1);
  });

  it('names failures, and tests that were run again, next to the counts', () => {
    const end = run('--retries=1').stdout.trim().split('\n').slice(-3);
    assert.match(end[0]!, /^run again: fails \(one is not two/);
    assert.match(end[1]!, /^failed: fails \(one is not two/);
    assert.equal(end[2], '2 passed, 1 failed, 3 skipped');
  });

  it('exits with 0 when nothing fails', () => {
    const { stdout, status } = run('--grep=pass|skipped');
    assert.equal(stdout.trim().split('\n').at(-1), '2 passed, 0 failed, 1 skipped');
    assert.equal(status, 0);
  });
});
