// Writing single-use functions out, and leaving out arguments: the same results, with fewer functions.
import assert from 'node:assert/strict';
import vm from 'node:vm';
import { parse } from 'acorn';
import { minify } from 'terser';
import { dropArguments, inlineOnce, inlineSmall } from '../../../tools/build/once.js';

const wrap = (body: string): string => `(function(){"use strict";${body}})();`;

function run(code: string): unknown[] {
  const seen: unknown[] = [];
  vm.runInNewContext(code, { print: (v: unknown) => seen.push(v) });
  return JSON.parse(JSON.stringify(seen)) as unknown[];
}

/** The changed program; checks that it prints what the given one prints. */
async function changed(body: string): Promise<string> {
  const program = parse(wrap(body), { ecmaVersion: 5, sourceType: 'script', locations: true });
  inlineOnce(program);
  dropArguments(program);
  const options = { parse: { spidermonkey: true }, compress: false, mangle: false, ecma: 5 };
  const { code } = await minify(program as never, options as never);
  assert.ok(run(wrap(body)).length > 0);
  assert.deepEqual(run(code!), run(wrap(body)));
  return code!;
}

const MAIN = 'function main(n){BODY}main(1);main(2);main(0);';
const inMain = (body: string): string => MAIN.replace('BODY', body);

describe('build: single-use functions', () => {
  const gone: [what: string, body: string][] = [
    ['a statement', `function f(a){print(a);print(a+1)}${inMain('f(n);print("end")')}`],
    [
      'early returns',
      `function f(a){if(a==1){print("one");return}if(!a)return;print("more")}${inMain('f(n);print(9)')}`,
    ],
    [
      'both branches',
      `function f(a){if(a>1){return"big"}else{return"small"}}${inMain('var v=f(n);print(v)')}`,
    ],
    ['no value', `function f(a){if(a)return 5}${inMain('var v=f(n);print(v===undefined)')}`],
    [
      'a returned loop',
      `function f(a){for(var i=0;i<9;i++)if(i>a)return i;return-1}${inMain('print(g(n))')}function g(a){return f(a*2)}`,
    ],
    [
      'a condition',
      `function f(a){print("f");return a>1}${inMain('if(!f(n)&&n)print("no");else print("yes")')}`,
    ],
    ['an else', `function f(a){print(a)}${inMain('if(n==1)print("one");else f(n)')}`],
    [
      'a switch',
      `function f(a){var k=a*2;return k}${inMain('switch(f(n)){case 2:print(2);break;default:print("d")}')}`,
    ],
    ['assigned parameters', `function f(a){a+=5;return a}${inMain('var x=f(n);print(x+n)')}`],
    ['changed arguments', `function f(a,b){print(a);print(b)}${inMain('f(n,n++);print(n)')}`],
    ['a clash of names', `function f(x){var n=x+1;print(n)}${inMain('var x=7;f(n);print(x+n)')}`],
    [
      'a local called like a function',
      `function g(){return 3}function f(a){print(a+g())}${inMain('var g=n;f(g);print(g)')}print(g());print(g())`,
    ],
    [
      'variables in a loop',
      `function f(a){var seen;if(a==1)seen=7;print(seen===undefined)}${inMain('for(var i=0;i<4;i++)f(i+n)')}`,
    ],
    [
      'a chain',
      `function f(a){return g(a)+1}function g(a){return h(a)*2}function h(a){print(a);return a}${inMain('print(f(n))')}`,
    ],
    [
      'missing and extra arguments',
      `function f(a,b){print(b===undefined);print(a)}function g(){print(1)}${inMain('f(n);g(n)')}`,
    ],
    ['a field', `function f(a){print(a);return a}${inMain('var o={};o.x=f(n);print(o.x)')}`],
  ];
  for (const [what, body] of gone) {
    it(`writes out: ${what}`, async () => {
      assert.doesNotMatch(await changed(body), /function f/);
    });
  }

  const left: [what: string, body: string][] = [
    ['used as a value', `function f(a){print(a)}${inMain('var k=f;k(n)')}`],
    ['makes a closure', `function f(a){return function(){return a}}${inMain('var k=f(n);print(k())')}`],
    ['calls itself', `function f(a){return a?f(a-1):0}print(f);${inMain('print(n)')}`],
    ['called by the bundle', 'function f(a){print(a);if(a)return;print(2)}f(1);'],
    ['evaluated late', `function f(o){o.x=5;return 1}${inMain('var o={x:n};print(o.x+f(o))')}`],
    ['maybe not evaluated', `function f(a){print("f");return a}${inMain('print(n&&f(n))')}`],
    [
      'a repeated test',
      `function f(o){return o.n-->0}${inMain('var o={n:n};while(f(o))print(o.n);print("end")')}`,
    ],
    ['behind another variable', `function f(a){print(a);return a}${inMain('var a=n+1,b=f(a);print(b)')}`],
    [
      'a value out of a loop',
      `function f(a){for(var i=0;i<9;i++)if(i>a)return i;return-1}${inMain('var v=f(n);print(v+1)')}`,
    ],
  ];
  for (const [what, body] of left) {
    it(`leaves: ${what}`, async () => {
      assert.match(await changed(body), /function f\(/);
    });
  }

  it('does not use a variable that a closure changes meanwhile', () =>
    changed(
      'function f(k,a){k();print(a)}function main(){var n=1;f(function(){n=2},n);print(n)}main();main();',
    ));
});

describe('build: arguments', () => {
  it('leaves out what is not read and what is always the same', async () => {
    const code = await changed('function f(a,b,c,d){print(a+c+d)}f(1,2,3,4);f(2,5,3,5);');
    assert.match(code, /function f\(a,d\)\{print\(a\+3\+d\)\}f\(1,4\);f\(2,5\)/);
  });

  it('leaves arguments with effects, functions handed on, and parameters that are assigned', async () => {
    const effects = await changed('var n=0;function f(a,b){print(a)}f(1,n++);f(2,n++);print(n);');
    assert.match(effects, /function f\(a,b\)/);
    const value = await changed('function f(a,b){print(b)}f(1,2);[3].map(f);');
    assert.match(value, /function f\(a,b\)/);
    const assigned = await changed('function f(a){a++;print(a)}f(1);f(1);');
    assert.match(assigned, /function f\(a\)/);
  });

  it('drops values that nobody takes, not what they do', async () => {
    const code = await changed('function f(a){if(a)return print(a);return a}f(1);f(0);print(3);');
    assert.match(code, /function f\(a\)\{if\(a\)\{print\(a\);return\}return\}/);
  });
});

describe('build: small functions', () => {
  async function small(body: string): Promise<string> {
    const program = parse(wrap(body), { ecmaVersion: 5, sourceType: 'script', locations: true });
    inlineSmall(program);
    const options = { parse: { spidermonkey: true }, compress: false, mangle: false, ecma: 5 };
    const { code } = await minify(program as never, options as never);
    assert.ok(run(wrap(body)).length > 0);
    assert.deepEqual(run(code!), run(wrap(body)));
    return code!;
  }
  const calls = (n: number): string => 'print(f(n,1));'.repeat(n) + 'if(n){f(n,5);return f(1,n)}print("end")';

  it('are written into all their callers', async () => {
    for (const body of ['return a+b', 'var c=a*b;if(c>2)return c;return-c', 'print(a);b++;print(b)']) {
      const code = await small(
        `function f(a,b){${body}}function g(n){var x=f(n,2);print(x)}${inMain('g(n);print(f(n+1,n))')}`,
      );
      assert.doesNotMatch(code, /function f\b/, body);
      assert.doesNotMatch(code, /\bf\(/, body);
    }
  });

  it('stay where there are too many calls, where they are large, where they are values', async () => {
    const large = 'print(a.length);'.repeat(2) + 'print([a,b,a,b,a,b].join(":"),a*b+a/b-b%7);'.repeat(4);
    assert.match(await small(`function f(a,b){return a*b+7}${inMain(calls(20))}`), /function f\b/);
    assert.match(await small(`function f(a,b){${large}}${inMain(calls(1))}`), /function f\b/);
    assert.match(
      await small(`function f(a){return a}${inMain('print(f(n));print(f(2));print([n].map(f))')}`),
      /f\(n\)/,
    );
  });

  it('stay everywhere where one call has to stay', async () => {
    const code = await small(`function f(a){print(a);return a}${inMain('f(n);print(n>0&&f(1))')}`);
    assert.equal(code.match(/\bf\(/g)!.length, 3);
  });
});
