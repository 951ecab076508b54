// Lists in parentheses of which JerryScript 2.4 loses a variable; what it does with each was tried on it.
import assert from 'node:assert/strict';
import vm from 'node:vm';
import { breakArrowHeads } from '../../../tools/build/arrow-heads.js';
import { verify } from '../../../tools/build/verify.js';

const wrap = (body: string): string => `!function(){"use strict";var k,b,c={};${body}print(k())}();`;

function run(code: string): unknown[] {
  const seen: unknown[] = [];
  vm.runInNewContext(code, { print: (v: unknown) => seen.push(v) });
  return seen;
}

describe('build: lists that JerryScript takes for parameters', () => {
  for (const body of [
    '(k=function(){return b},b=2);',
    '(k=function(){return b},b);',
    '(b=1,k=function(){return b},b++);',
    'b={};(k=function(){return b},b.x=1);',
    '(c=1,k=function(){return function(){return b}},b=2);',
    '(c=(k=function(){return b}),b=2);',
    'k=((c=[function(){return b}],b=2),c[0]);',
    'c=[(k=function(){return b},b&&c)];',
    'c=[(k=function(){return b},b?1:2)];',
    'b=function(){};(k=function(){return b},b());',
    '(k=function(){return b},c=4,b=3);',
  ]) {
    it(`are mended: ${body}`, () => {
      const before = wrap(body);
      assert.match(verify(before, 'bare').join(), /takes for parameters/);
      const { code } = breakArrowHeads(before);
      assert.equal(code.length, before.length + 2);
      assert.deepEqual(verify(code, 'bare'), []);
      assert.equal(String(run(code)[0]), String(run(before)[0]));
    });
  }

  for (const body of [
    '(k=function(){return k},1);',
    '(b=1,k=function(){return b});',
    '(k=function(){return b},c=b=2);',
    '(k=function(){return b},!c,b=2);',
    '(k=function(){return b},c.x=1,b=2);',
    'c.k=((k=function(){return b}),b=2);',
    'k=function(){return b},b=2;',
    'if(k=function(){return b},b=2,1)c=1;',
    '(k=function(){return c.b},b=2);',
    'c=[k=function(){return b},b=2];',
    'print(k=function(){return b},b=2);',
  ]) {
    it(`stay as they are where nothing is lost: ${body}`, () => {
      const code = wrap(body);
      assert.equal(breakArrowHeads(code).code, code);
      assert.doesNotMatch(verify(code, 'bare').join(), /parameters/);
    });
  }

  it('keep their places in the source', () => {
    const { code, mappings } = breakArrowHeads(wrap('(k=function(){return b},b=2);'));
    const at = code.indexOf('print');
    const segment = mappings[0]!.find(([column]) => column === at)!;
    assert.equal(segment[3], wrap('(k=function(){return b},b=2);').indexOf('print'));
  });
});
