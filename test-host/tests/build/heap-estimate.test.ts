// The estimate of JavaScript heap against what scripts were measured to take: JerryScript at Kaluma 1.2.1's commit as
// a 32-bit host program with Kaluma's switches, heap in use after jerry_parse(), and 36 bytes for each of `functions`.
import assert from 'node:assert/strict';
import { estimateHeap } from '../../../tools/build/heap-estimate.js';

const script = (body: string): string => `(function(){"use strict";${body}})();`;
const each = (n: number, text: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => text(i)).join('');

describe('build: heap estimate', () => {
  const cases: { name: string; body: string; functions?: number; parsed: number }[] = [
    {
      name: 'small functions',
      body: each(40, (i) => `function f${i}(a,b){return f${(i + 1) % 40}(a,b)}`),
      functions: 40,
      parsed: 2984,
    },
    {
      name: 'properties',
      body: each(20, (i) => `function f${i}(a){a.p${i}=f${(i + 1) % 20}(a.q${i}.r${i})+${i * 1000}}`),
      functions: 20,
      parsed: 3296,
    },
    {
      name: 'numbered properties',
      body: each(
        20,
        (i) => `function f${i}(a){a[${i}]=f${(i + 1) % 20}(a[${i + 20}][${i + 40}]);return{${i}:a}}`,
      ),
      functions: 20,
      parsed: 1856,
    },
    { name: 'strings', body: `var t=[${each(30, (i) => `"text number ${i}",`)}];`, parsed: 1128 },
    {
      name: 'loops and branches',
      body: each(
        20,
        (i) =>
          `function f${i}(a,b){for(var i=0;i<b;i++)if(a[i]>${i})a[i]=a[i]?f${(i + 1) % 20}(a,i):-1;return b&&a}`,
      ),
      functions: 20,
      parsed: 2336,
    },
    { name: 'fractions', body: `return[${each(30, (i) => `${i + 0.5},`)}]`, parsed: 648 },
    {
      name: 'names that the engine has',
      body: 'return[{all:1,bus:2,led:3,map:4,pin:5,push:6,raw:7,sda:8,uid:9,charCodeAt:10}]',
      parsed: 168,
    },
    {
      name: 'names that it has not',
      body: 'return[{aal:1,bub:2,lee:3,maa:4,pip:5,pusp:6,rar:7,sds:8,uiu:9,charCodeBt:10}]',
      parsed: 400,
    },
  ];
  for (const { name, body, functions = 0, parsed } of cases) {
    it(`is within 5 % and a few bytes: ${name}`, () => {
      const measured = parsed + 36 * functions;
      const estimate = estimateHeap(script(body));
      assert(Math.abs(estimate - measured) <= 0.05 * measured + 24, `${estimate} for ${measured}`);
    });
  }

  it('refuses what is not ES5', () => {
    assert.throws(() => estimateHeap('let a = 1;'), SyntaxError);
  });
});
