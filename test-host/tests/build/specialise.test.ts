// Folding, inlining and ordering, step by step.
import assert from 'node:assert/strict';
import { arrange } from '../../../tools/build/arrange.js';
import { specialise } from '../../../tools/build/specialise.js';

/** The last line of a specialised module, blanks and redundant brackets of single words taken out. */
function last(code: string): string {
  return specialise(code)
    .code.trim()
    .split('\n')
    .at(-1)!
    .replace(/\s+/g, '')
    .replace(/(?<![\w$])\((\w+)\)/g, '$1');
}

const GET = '/** @inline */\nfunction get(b, o) {\n  return b[o] << 8 | b[o + 1];\n}\n';
const PUT = '/** @inline */\nfunction put(b, o, v) {\n  b[o] = v >> 8;\n  b[o + 1] = v;\n}\n';

describe('build: specialise', () => {
  it('folds constants into literals, also derived and negative ones', () => {
    assert.equal(
      last('const A = 20 - 6;\nconst B = -A;\nconst C = A > 3 && true;\nf(A, B, C);'),
      'f(14,(-14),true);',
    );
  });

  it('leaves a local of the same name alone', () => {
    assert.equal(
      last('const A = 1;\nfunction f(A) { return A + { A }.A + { A: 2 }.A; }'),
      'functionf(A){returnA+{A}.A+{A:2}.A;}',
    );
  });

  it('expands shorthand properties', () => {
    assert.equal(last('const A = 1;\nf({ A });'), 'f({A:1});');
  });

  it('puts plain arguments in place and joins the constants of an index', () => {
    assert.equal(
      last(`${GET}const H = 14;\nfunction f(b, o) { return get(b, o + H + 2); }`),
      'functionf(b,o){return((b[o+16]<<8|b[o+17]));}',
    );
    assert.equal(
      last(`${GET}function f(b, o) { return get(b, o - 1); }`),
      'functionf(b,o){return((b[o-1]<<8|b[o]));}',
    );
  });

  it('takes a temporary for what is read twice, in the function around the call', () => {
    assert.equal(
      last(`${GET}function f(p) { return get(p.b, 2); }`),
      'functionf(p){var$t0;return($t0=(p.b),($t0[2]<<8|$t0[2+1]));}',
    );
  });

  it('evaluates arguments with effects once and in order', () => {
    const code = specialise(
      `${GET}const b = [1, 2, 3, 4];\nlet i = 0;\nresult = [get(b, i++), get(b, i++), i];`,
    ).code;
    assert.deepEqual(new Function('let result;' + code + 'return result;')(), [258, 515, 2]);
  });

  it('does not let a later argument change an earlier one', () => {
    const code = specialise(
      `${PUT}const b = [0, 0, 0, 0, 0];\nlet i = 1;\nput(b, i, i = 3);\nresult = b;`,
    ).code;
    assert.deepEqual(new Function('let result;' + code + 'return result;')(), [0, 0, 3, 0, 0]);
  });

  it('keeps temporaries of nested calls apart', () => {
    const code = specialise(
      `${GET}const o = { b: [1, 2, 3, 4, 5] };\nfunction at(i) { return { b: o.b, i: i }; }\n` +
        'result = get(at(0).b, get(at(0).b, at(0).i) - 257);',
    ).code;
    assert.deepEqual(new Function('let result;' + code + 'return result;')(), 515);
  });

  it('inlines a function that calls others only as safely as they allow', () => {
    const code = specialise(
      'let n = 1;\nfunction bump() { n = n + 10; return 0; }\n' +
        '/** @inline */\nfunction add(x) { return bump() + x; }\nresult = add(n);',
    ).code;
    assert.equal(new Function('let result;' + code + 'return result;')(), 1);
  });

  it('inlines where the code is cold only what gets no longer', () => {
    const small = '/** @inline */\nfunction twice(x) { return x + x; }\n';
    const cold = (code: string): string =>
      specialise(code, () => true)
        .code.split('\n')
        .at(-1)!;
    assert.equal(cold(`${GET}f(get(b, 7));`), 'f(get(b, 7));');
    assert.equal(
      cold(`${GET}function f(p) { return get(p.b, 2); }`),
      'function f(p) { return get(p.b, 2); }',
    );
    assert.doesNotMatch(cold(`${small}f(twice(a));`), /twice/);
    assert.doesNotMatch(
      specialise(`${GET}f(get(b, 7));`, () => false)
        .code.split('\n')
        .at(-1)!,
      /get/,
    );
  });

  it('writes templates as sums', () => {
    assert.equal(last('f(`a${b}c${d}`);'), 'f(("a"+b+"c"+d));');
  });

  const bad: [string, string][] = [
    ['if (b) return 1;', 'may hold only'],
    ['return this.x;', 'uses this'],
    ['return arguments[0];', 'uses arguments'],
    ['return function () {};', 'holds another function'],
    ['return f(b);', 'calls itself'],
  ];
  for (const [body, why] of bad) {
    it(`refuses to inline: ${body}`, () =>
      assert.throws(
        () => specialise(`/** @inline */\nfunction f(b) { ${body} }\nf(1);`),
        new RegExp(`@inline f: ${why}`),
      ));
  }
});

describe('build: arrange', () => {
  const names = (code: string): string[] => [...code.matchAll(/function (\w+)/g)].map((m) => m[1]!);

  it('puts callers before what they call, and hot functions last, the hottest at the end', () => {
    const code = 'function leaf() {}\nfunction mid() {}\nfunction main() {}\nmain();';
    assert.deepEqual(names(arrange(code, []).code), ['main', 'mid', 'leaf']);
    assert.deepEqual(names(arrange(code, ['main', 'gone', 'mid']).code), ['leaf', 'mid', 'main']);
    assert.match(arrange(code, []).code.trim(), /main\(\);$/);
  });

  it('gives language globals a name of the bundle', () => {
    const { code } = arrange('function f(x) { return Math.floor(x.Math, { Math }); }\nf(1);', []);
    assert.equal(
      code,
      'function f(x) { return $Math.floor(x.Math, { Math:$Math }); }\nvar $Math=Math;\nf(1);\n',
    );
    assert.doesNotMatch(arrange('function f(Math) { return Math; }', []).code, /\$/);
  });
});
