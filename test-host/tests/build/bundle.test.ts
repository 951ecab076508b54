// The build as a whole: what a bundle computes, what is left out of it, what is refused.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { type BuiltApp, type Overrides, ROOT, buildApp, overBudget } from '../../../tools/build/bundle.js';
import { positions, decode } from '../../../tools/build/source-map.js';
import { skipUnless } from '../support/skip.js';

const FIXTURES = join(ROOT, 'test-host/tests/build/fixtures');
const build = (overrides: Overrides = {}): Promise<BuiltApp> =>
  buildApp('fixture', { entry: join(FIXTURES, 'app.ts'), opt: join(FIXTURES, 'opt.ts'), ...overrides });

/** Builds a program given as text. */
async function buildText(code: string, overrides: Overrides = {}): Promise<BuiltApp> {
  const folder = mkdtempSync(join(tmpdir(), 'lightwire-build-'));
  try {
    const entry = join(folder, 'app.ts');
    writeFileSync(entry, code);
    return await build({ entry, ...overrides });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(code: string): string[] {
  const lines: string[] = [];
  vm.runInNewContext(code, { print: (s: string) => lines.push(s) });
  return lines;
}

describe('build: bundle', () => {
  let app: BuiltApp;
  before(async () => {
    app = await build();
  });

  it('computes what the sources compute', async () => {
    const expected: string[] = [];
    (globalThis as { print?: unknown }).print = (s: string) => expected.push(s);
    try {
      await import(pathToFileURL(join(FIXTURES, 'app.ts')).href);
    } finally {
      delete (globalThis as { print?: unknown }).print;
    }
    assert.equal(expected.length, 10);
    assert.deepEqual(run(app.code), expected);
    assert.deepEqual(run((await build({ readable: true })).code), expected);
  });

  it('runs under Duktape', function () {
    const duk = spawnSync('duk', ['-e', '0']);
    skipUnless(this, !duk.error, 'duk is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'lightwire-duk-'));
    try {
      const file = join(folder, 'app.js');
      writeFileSync(file, app.code);
      const { stdout } = spawnSync('duk', [file], { encoding: 'utf8' });
      assert.deepEqual(stdout.trim().split('\n'), run(app.code));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('leaves no call of an inlined function and no named constant', async () => {
    const { code } = await build({ readable: true });
    assert.doesNotMatch(code, /get16|put16|HEADER|TABLE_SIZE|fold\(/);
    assert.match(code, /b\[16\] << 8 \| b\[17\]/);
  });

  it('leaves out what a feature switch excludes', async () => {
    const without = await build({ features: { LWIP_TCP: false } });
    assert.ok(app.modules.some((m) => m.endsWith('/tcp.ts')));
    assert.ok(app.code.includes('tcp is in here'));
    assert.ok(!without.modules.some((m) => m.endsWith('/tcp.ts')));
    assert.ok(!without.code.includes('tcp is in here'));
    assert.ok(without.bytes < app.bytes);
  });

  it('leaves no TCP, DHCP or DNS of the real stack in a bundle without them', async () => {
    const of = (features: Overrides['features']): Promise<BuiltApp> =>
      buildApp('datagram', {
        entry: join(FIXTURES, 'datagram.ts'),
        features: { LWIP_OPT_CHECK: false, ...features },
      });
    const folders = (built: BuiltApp): string[] => built.shares.map(([folder]) => folder);
    const all = await of({});
    const few = await of({ LWIP_TCP: false, LWIP_DHCP: false, LWIP_DNS: false, LWIP_AUTOIP: false });
    for (const protocol of ['tcp', 'dhcp', 'dns', 'autoip']) {
      const folder = `firmware/stack/${protocol}`;
      assert.ok(folders(all).includes(folder), `${folder} is in the full bundle`);
      assert.ok(!folders(few).includes(folder), `${folder} is not in the bundle without it`);
      assert.deepEqual(
        few.modules.filter((m) => m.startsWith(`${folder}/`)),
        [],
      );
    }
    assert.ok(folders(few).includes('firmware/stack/udp'));
    const gone = all.shares
      .filter(([f]) => /stack\/(tcp|dhcp|dns|autoip)$/.test(f))
      .reduce((sum, [, n]) => sum + n, 0);
    assert.ok(few.bytes < all.bytes - gone * 0.95, `${few.bytes} of ${all.bytes} bytes, ${gone} left out`);
  });

  it('sets numeric options', async () => {
    const { code } = await build({ features: { TABLE_SIZE: 77 } });
    assert.ok(run(code).includes('table 77'));
  });

  it('names a feature switch that does not exist', () =>
    assert.rejects(build({ features: { LWIP_TPC: false } }), /opt\.ts has no switch LWIP_TPC/));

  it('keeps quoted and external names, shortens the others', async () => {
    assert.ok(run(app.code).includes('quoted {"upTime":1,"payload":2}'));
    const text = `
      declare const print: { (s: string): void; flush(): void };
      /** @external */
      interface Seen { outside: number }
      interface Own { inside: number }
      const seen: Seen = { outside: 1 };
      const own: Own = { inside: seen.outside };
      print.flush();
      print(String(own.inside + seen.outside + [1].length));`;
    const { code } = await buildText(text);
    assert.doesNotMatch(code, /inside/);
    assert.match(code, /flush/);
  });

  it('maps output back to its source lines', async () => {
    const map = JSON.parse(app.map) as { mappings: string; sources: string[] };
    const at = app.code.indexOf('tcp is in here');
    const [line, column] = positions(app.code)(at);
    const before = decode(map.mappings)[line]!.filter((s) => s[0] <= column);
    const segment = before.at(-1)!;
    assert.match(map.sources[segment[1]]!, /fixtures\/tcp\.ts$/);
    assert.equal(segment[2] + 1, 5);
    const shared = app.shares.reduce((sum, [, bytes]) => sum + bytes, 0);
    assert.equal(shared, app.bytes);
  });

  const refused: [what: string, code: string, why: RegExp][] = [
    [
      'a global that the ground lacks',
      'setTimeout(function () {}, 1);',
      /uses the global setTimeout, which bare/,
    ],
    [
      'a Promise on an engine without',
      'print(String(new Promise(function () {})));',
      /uses the global Promise/,
    ],
    ['what needs a helper', 'print(String([...Object.keys(Math)]));', /__spreadArray/],
    ['a class with a base', 'class A {}\nclass B extends A {}\nprint(String(new B()));', /__extends/],
    ['a label', 'a: for (;;) { for (;;) { print(""); if (Math.random() > 2) break a; } }', /a label/],
    [
      'a case after default',
      'switch (Math.random()) { default: print(""); case 1: print("1"); break; case 2: print("2"); }',
      /a case after default/,
    ],
    [
      'an assignment to length',
      'const a = [1]; a.length = Math.random(); print(a.join());',
      /assignment to length/,
    ],
    ['a borrowed method', 'print(String(Array.prototype.slice.call([1])));', /method read from a prototype/],
    ['a getter', 'print(String({ get x() { return 1; } }.x));', /getter/],
    ['an import that is not there', 'import { x } from "./nowhere.js"; print(x);', /nowhere/],
  ];
  for (const [what, code, why] of refused) {
    it(`refuses ${what}`, () => assert.rejects(buildText(`declare const print: any;\n${code}`), why));
  }

  it('notices a broken budget', async () => {
    assert.equal(overBudget(app), undefined);
    assert.equal(overBudget(await build({ budget: app.bytes })), undefined);
    assert.match(
      overBudget(await build({ budget: app.bytes - 5 }))!,
      /^fixture: \d+ bytes, 5 over its budget of \d+$/,
    );
  });

  it('allows the globals of Kaluma on that ground', async () => {
    const { code } = await buildText('declare const millis: () => number;\nsetTimeout(millis, 1);', {
      ground: 'kaluma',
    });
    assert.match(code, /setTimeout\(millis,1\)/);
  });
});
