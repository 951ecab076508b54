// Tasks in a bundle: the generators, lowered to ES5, do the same in Node, in the bundle and in an engine that has none.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { ROOT, buildApp } from '../../../tools/build/bundle.js';
import { skipUnless } from '../support/skip.js';

const ENTRY = join(ROOT, 'test-host/tests/build/fixtures/generators.ts');

function run(code: string): string[] {
  const lines: string[] = [];
  vm.runInNewContext(code, { print: (s: string) => lines.push(s) });
  return lines;
}

describe('build: generators', function () {
  this.timeout(600_000);
  const expected: string[] = [];
  let code = '';
  before(async () => {
    (globalThis as { print?: unknown }).print = (s: string) => expected.push(s);
    try {
      await import(pathToFileURL(ENTRY).href);
    } finally {
      delete (globalThis as { print?: unknown }).print;
    }
    code = (await buildApp('generators', { entry: ENTRY, features: { LWIP_OPT_CHECK: false } })).code;
  });

  it('do in Node what they are written to do', () => {
    assert.deepEqual(expected.slice(-1), ['at 140']);
    assert.equal(expected.filter((l) => l.startsWith('slept 0')).length, 2);
    for (const line of [
      'failed: five',
      'sent 16',
      'sum 1189',
      'signalled after 1',
      'given up after 20',
      'child 1',
      'child 2',
      'child 3',
      'empty',
      'children are done',
    ])
      assert(expected.includes(line), `${line}\n${expected.join('\n')}`);
  });

  it('do the same in the bundle, which has none', () => {
    assert.doesNotMatch(code, /function\s*\*|\byield\b/);
    assert.deepEqual(run(code), expected);
  });

  it('do the same under Duktape', function () {
    skipUnless(this, !spawnSync('duk', ['-e', '0']).error, 'duk is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'lightwire-duk-'));
    try {
      const file = join(folder, 'generators.js');
      writeFileSync(file, code);
      const { stdout, stderr } = spawnSync('duk', [file], { encoding: 'utf8' });
      assert.deepEqual(stdout.trim().split('\n'), expected, stderr);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
