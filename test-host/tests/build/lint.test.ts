// The lint rules that keep the house's arrows and the engines' limits do fire.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { ROOT } from '../../../tools/build/bundle.js';

const eslint = new ESLint({ cwd: ROOT });

/** Rules that object to `code` at `path`. */
async function objections(path: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: join(ROOT, path) });
  return result!.messages.map((m) => m.ruleId ?? m.message);
}

describe('lint: arrows', () => {
  const imports = (from: string): string => `import { x } from '${from}';\nexport const y = x;\n`;
  const cases: [path: string, from: string, allowed: boolean][] = [
    ['firmware/stack/tcp/a.ts', '../core/pbuf.js', true],
    ['firmware/stack/tcp/a.ts', '../../api/netconn.js', false],
    ['firmware/stack/core/a.ts', '../../../hal/interfaces.js', false],
    ['firmware/stack/core/a.ts', '../../../drivers/enc28j60/enc28j60.js', false],
    ['firmware/stack/core/a.ts', 'node:fs', false],
    ['firmware/api/a.ts', '../stack/tcp/tcp.js', true],
    ['firmware/api/a.ts', '../services/http/server.js', false],
    ['firmware/services/http/a.ts', '../../api/netconn.js', true],
    ['firmware/services/http/a.ts', '../../apps/http-server.js', false],
    ['firmware/diagnostics/a.ts', '../stack/core/stats.js', true],
    ['firmware/apps/a.ts', '../../drivers/enc28j60/enc28j60.js', true],
    ['firmware/apps/a.ts', '../../hal/kaluma/board.js', true],
    ['firmware/apps/a.ts', '../../test-host/sim/random.js', false],
    ['drivers/enc28j60/a.ts', '../../hal/interfaces.js', true],
    ['drivers/enc28j60/a.ts', '../../firmware/stack/core/pbuf.js', true],
    ['drivers/enc28j60/a.ts', '../../firmware/stack/tcp/tcp.js', false],
    ['drivers/enc28j60/a.ts', '../../hal/kaluma/board.js', false],
    ['hal/kaluma/a.ts', '../interfaces.js', true],
    ['hal/kaluma/a.ts', '../../firmware/stack/core/pbuf.js', false],
    ['hal/kaluma/a.ts', '../../tools/build/bundle.js', false],
    ['test-host/sim/a.ts', '../../firmware/stack/tcp/tcp.js', true],
    ['tools/flash/a.ts', '../../test-host/sim/random.js', true],
  ];
  for (const [path, from, allowed] of cases) {
    it(`${path} ${allowed ? 'may' : 'must not'} import ${from}`, async () => {
      assert.deepEqual(await objections(path, imports(from)), allowed ? [] : ['lightwire/arrows']);
    });
  }

  it('sees exports from elsewhere and dynamic imports, too', async () => {
    const path = 'firmware/stack/core/a.ts';
    assert.deepEqual(await objections(path, "export * from '../../api/a.js';\n"), ['lightwire/arrows']);
    assert.deepEqual(await objections(path, "export { x } from '../../api/a.js';\n"), ['lightwire/arrows']);
    const dynamic = "export function f(): unknown {\n  return import('../../api/a.js');\n}\n";
    assert.deepEqual(await objections(path, dynamic), ['lightwire/arrows']);
  });
});

describe('lint: what every engine can run', () => {
  const bodies = [
    'return [...a];',
    'const { length } = a;\n  return length;',
    'for (const x of a) return x;\n  return 0;',
    'l: for (;;) break l;\n  return 0;',
    'switch (a[0]) {\n    default:\n      return 1;\n    case 2:\n      return 3;\n  }',
    'return { get x() { return 1; } };',
    'a.length = 0;\n  return a;',
    'return Array.prototype.slice.call(a);',
    'return a.fill(0);',
    'return a.find(Boolean);',
    'return Math.imul(1, 2);',
    'return Object.assign({}, a);',
    'return new Map();',
    'return Promise.resolve(async () => 1);',
    'return a?.[0];',
    'return 10n;',
    'if (a) {\n    function g(): void {}\n    g();\n  }\n  return 0;',
    'return JSON.stringify({ upTime: 1 });',
  ];
  for (const body of bodies) {
    it(`refuses: ${body.replace(/\s+/g, ' ')}`, async () => {
      const code = `export function f(a: number[]): unknown {\n  ${body}\n}\n`;
      const found = await objections('firmware/stack/core/a.ts', code);
      assert.ok(found.includes('no-restricted-syntax'), found.join());
      assert.ok(!(await objections('tools/flash/a.ts', code)).includes('no-restricted-syntax'));
    });
  }

  it('refuses classes, generators, module state and side effects at the top', async () => {
    for (const code of [
      'export class A {}\n',
      'export function* f(): unknown {\n  yield 1;\n}\n',
      'let n = 0;\nexport const f = (): number => n++;\n',
      'export let n = 0;\nexport const f = (): number => n++;\n',
      'export const n = 0;\nparseInt(String(n));\n',
    ]) {
      assert.deepEqual(
        [...new Set(await objections('drivers/slip/a.ts', code))],
        ['no-restricted-syntax'],
        code,
      );
    }
    assert.deepEqual(await objections('firmware/apps/a.ts', 'const n = 0;\nparseInt(String(n));\n'), []);
  });

  it('accepts generators in apps and services only, and neither yield* nor try in them', async () => {
    const task = (step: string): string =>
      `export function* f(): Generator<number, void, number> {\n  ${step}\n}\n`;
    const refused = async (path: string, step: string): Promise<boolean> =>
      (await objections(path, task(step))).includes('no-restricted-syntax');
    for (const path of ['firmware/apps/a.ts', 'firmware/services/a.ts', 'firmware/services/http/a.ts']) {
      assert.equal(await refused(path, 'yield 1;'), false, path);
      assert.equal(await refused(path, 'yield* [1];'), true, `yield* in ${path}`);
      const caught = 'try {\n    yield 1;\n  } catch {\n    yield 2;\n  }';
      assert.equal(await refused(path, caught), true, `try in ${path}`);
      assert.equal(
        await refused(path, 'try {\n    yield 1;\n  } finally {\n    parseInt("1");\n  }'),
        true,
        path,
      );
    }
    for (const path of [
      'firmware/stack/core/a.ts',
      'firmware/api/a.ts',
      'firmware/diagnostics/a.ts',
      'drivers/slip/a.ts',
      'hal/a.ts',
    ]) {
      assert.equal(await refused(path, 'yield 1;'), true, path);
    }
    assert.equal(await refused('test-host/tests/a.ts', 'yield* [1];'), false);
  });

  it('accepts plain functions over plain objects', async () => {
    const code =
      'interface P {\n  n: number;\n}\n\nexport function f(p: P): string {\n' +
      '  const add = (x: number): number => x + p.n;\n  let s = 0;\n' +
      '  for (let i = 0; i < 3; i++) s = add(s);\n' +
      '  switch (s) {\n    case 1:\n      return `${s}`;\n    default:\n      return JSON.stringify({ "n": s });\n  }\n}\n';
    assert.deepEqual(await objections('firmware/stack/core/a.ts', code), []);
  });

  it('refuses any and ts-ignore everywhere', async () => {
    for (const path of ['firmware/stack/core/a.ts', 'tools/flash/a.ts', 'test-host/sim/a.ts']) {
      assert.deepEqual(await objections(path, 'export type A = any;\n'), [
        '@typescript-eslint/no-explicit-any',
      ]);
      const ignored = '// @ts-ignore\nexport const a: number = 1;\n';
      assert.deepEqual(await objections(path, ignored), ['@typescript-eslint/ban-ts-comment']);
    }
  });
});
