// Local variables that share names: the functions compute the same as before, whatever their branches and loops.

import assert from 'node:assert/strict';
import { parse } from 'acorn';
import fc from 'fast-check';
import { minify } from 'terser';
import { reuseNames } from '../../../tools/build/reuse.js';

async function reused(code: string): Promise<string> {
  const program = parse(code, { ecmaVersion: 5, sourceType: 'script', locations: true });
  reuseNames(program);
  const out = await minify(program as never, {
    parse: { spidermonkey: true } as never,
    compress: false,
    mangle: false,
  });
  return out.code!;
}

/** The functions of `body` called with two numbers, before and after. */
async function same(body: string): Promise<void> {
  const code = `(function(){${body};out(f(3,5));out(f(0,1));out(f(-2,7))})();`;
  const run = (text: string): unknown[] => {
    const seen: unknown[] = [];
    new Function('out', text)((v: unknown) => seen.push(v));
    return seen;
  };
  const after = await reused(code);
  assert.deepEqual(run(after), run(code), `${code}\n${after}`);
}

/** Statements over parameters p, q and locals a to e; each local is declared where it gets a value. */
const names = ['a', 'b', 'c', 'd', 'e'];
const value = fc.oneof(
  fc.constantFrom('p', 'q', '1', '2'),
  fc.constantFrom(...names).map((n) => `(${n}|0)`),
  fc.tuple(fc.constantFrom(...names), fc.constantFrom('p', 'q', '3')).map(([n, m]) => `((${n}|0)+${m})`),
);
const { statement } = fc.letrec<{ statement: string }>((tie) => ({
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(fc.constantFrom(...names), value).map(([n, v]) => `var ${n}=${v};`),
    fc.tuple(fc.constantFrom(...names, 'p'), value).map(([n, v]) => `${n}=${v};`),
    fc.tuple(value, tie('statement'), tie('statement')).map(([v, s, t]) => `if(${v}){${s}}else{${t}}`),
    fc.tuple(tie('statement'), tie('statement')).map(([s, t]) => `${s}${t}`),
    fc
      .tuple(tie('statement'), tie('statement'))
      .map(([s, t]) => `for(var i=0;i<3;i++){${s}${t}if(++n>60)break}`),
    value.map((v) => `r.push(${v});`),
  ),
}));

describe('build: names that local variables share', () => {
  it('lets a later variable have the name of one that is done with', async () => {
    const code = await reused(
      '(function(){function f(p,q){var a=p+1;out(a);var b=q+1;out(b);return b}f(1,2)})();',
    );
    assert.equal(code.includes('var '), false, code);
  });

  it('leaves variables alone that a closure holds or that a loop reads again', async () => {
    await same('function f(p,q){var a=p,g=function(){return a},b=q;b++;return g()+b}');
    await same('function f(p,q){var s=0,k=p;for(var i=0;i<3;i++){s+=k;var t=q*i;s+=t}return s}');
    await same('function f(p,q){for(var i=0,s=0;i<4;i++){if(i>1)s+=u|0;var u=p+i}return s+q}');
  });

  it('changes no result of any function', async () => {
    await fc.assert(
      fc.asyncProperty(statement, (s) => {
        const missing = names.filter((name) => !s.includes(`var ${name}=`)).map((name) => `,${name}=0`);
        return same(`function f(p,q){var n=0,r=[]${missing.join('')};${s}return r.concat(p,q)}`);
      }),
      { numRuns: 400, seed: 28 },
    );
  });
});
