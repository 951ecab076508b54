// Code that is taken out of a bundle: what is, what is not, that it does the same when it is brought back, and what is refused.
import assert from 'node:assert/strict';
import vm from 'node:vm';
import { listOverlayUses, overlays } from '../../../tools/build/overlays.js';
import { rename } from '../../../tools/build/rename.js';
import { appOptions, buildApp, type BuiltApp } from '../../../tools/build/bundle.js';
import { overlayTexts } from '../support/overlay-texts.js';

/** As firmware/apps/board/overlay.ts and hal/kaluma_code.ts, but the program is in a variable. */
const READ =
  'function read(mark,at,length,names,values){var code=program.slice(at,at+length);' +
  'reads.push([mark,names]);' +
  'return code.slice(0,10)===mark&&code.slice(-10)===mark?new Function(names,code).apply(null,values):null}';

const wrap = (body: string): string => `!function(){"use strict";${READ}${body}}();`;

interface Seen {
  shown: unknown[];
  reads: [mark: string, names: string][];
}

function run(program: string): Seen {
  const seen: Seen = { shown: [], reads: [] };
  const print = (v: unknown): unknown => seen.shown.push(v);
  vm.runInNewContext(program, { print, program, reads: seen.reads });
  return seen;
}

/** Both steps, with names and properties shortened in between. */
const taken = (body: string): string =>
  overlays(rename(listOverlayUses(wrap(body)).code, new Set(KEPT)).code).code;
const KEPT = ['slice', 'push', 'apply', 'length'];

describe('build: overlays', () => {
  it('leave a bundle alone that has none', () => {
    const code = wrap('print(1);');
    assert.equal(overlays(listOverlayUses(code).code).code, code);
  });

  it('take a function with all that nothing else leads to, and hand it what it uses of the rest', () => {
    const code = taken(
      'var list=[1,2];function shared(){return list}function own(a){return a+deep()}function deep(){return 40}' +
        'function entry(a){return own(a)+shared().length}function user(){return shared().length}' +
        'print(user());print(__overlay__(entry,read)(1));',
    );
    const [text] = overlayTexts(code);
    assert.match(text!, /40/);
    assert.equal(code.indexOf('40'), code.lastIndexOf('40'), 'not left in the bundle');
    assert.equal(text!.match(/function/g)!.length, 3);
    const { shown, reads } = run(code);
    assert.deepEqual(shown, [2, 43]);
    assert.equal(reads[0]![1].split(',').length, 1, 'shared() alone');
  });

  it('find it again where local names are those of what it uses', () => {
    // Each function's names are as short as can be: without precaution, `shared` and the local variables have the same.
    const { shown } = run(
      taken(
        'function shared(x){return x+1}function entry(x){return shared(x)}' +
          'function user(){var a=1,b=2,c=3,d=4,e=5;return __overlay__(entry,read)(a+b+c+d+e)}print(user());print(shared(0));',
      ),
    );
    assert.deepEqual(shown, [16, 1]);
  });

  it('may be several, each at its place; what two of them use alone is in both', () => {
    const code = taken(
      'function both(){return 7}function one(){return both()+1}function two(){return both()+2}' +
        'print(__overlay__(one,read)());print(__overlay__(two,read)());print(__overlay__(one,read)());',
    );
    assert.equal(overlayTexts(code).length, 3);
    const { shown, reads } = run(code);
    assert.deepEqual(shown, [8, 9, 8]);
    assert.equal(new Set(reads.map(([mark]) => mark)).size, 2);
    assert.equal(code.slice(code.indexOf('*/')).includes('return 7'), false);
  });

  it('are strict, and see recursion, hoisting and the same functions at each call', () => {
    const { shown } = run(
      taken(
        'function odd(n){return n?even(n-1):false}function even(n){return n?odd(n-1):true}' +
          'function entry(n){return[even(n),this===undefined]}var f=__overlay__(entry,read);print(f(10)[0]);print(f(3)[0]);print(f(0)[1]);',
      ),
    );
    assert.deepEqual(shown, [true, false, true]);
  });

  it('keep their places in the source', () => {
    const before = listOverlayUses(wrap('function entry(){return 40}print(__overlay__(entry,read)());')).code;
    const { code, mappings } = overlays(before);
    const lines = code.slice(0, code.indexOf('40')).split('\n');
    const segment = mappings[lines.length - 1]!.find(
      ([column]) => column === lines.at(-1)!.lastIndexOf('return'),
    );
    assert.equal(segment![3], before.indexOf('return 40'));
  });

  for (const [what, body, why] of [
    ['a function that is used elsewhere', 'function f(){}f();__overlay__(f,read);', /f is used elsewhere/],
    [
      'a function that its own user leads to',
      'function f(){}function g(){f()}g();__overlay__(f,read)',
      /f is used/,
    ],
    ['what is no function', 'var f=1;__overlay__(f,read);', /f is no function/],
    ['a function written in place', '__overlay__(function(){},read);', /by name/],
    ['a reader written in place', 'function f(){}__overlay__(f,function(){});', /by name/],
    [
      'a variable that changes',
      'var v=1;function f(){return v}v=2;__overlay__(f,read);',
      /f needs v, whose value/,
    ],
    ['one that it changes itself', 'var v=1;function f(){v++}print(v);__overlay__(f,read);', /f needs v/],
    ['one that has no value yet', 'var v;function f(){return v}print(v);__overlay__(f,read);', /f needs v/],
    [
      'one within another',
      'function g(){}function f(){__overlay__(g,read)}__overlay__(f,read);',
      /f has another one within/,
    ],
    ['what would end the comment', 'function f(a){return a*/x/}__overlay__(f,read);', /ends its comment/],
  ] as [string, string, RegExp][]) {
    it(`refuse ${what}`, () => {
      assert.throws(() => overlays(listOverlayUses(wrap(body)).code), why);
    });
  }

  describe('of a Wi-Fi app', function () {
    this.timeout(120_000);
    let taken: BuiltApp;
    let whole: BuiltApp;
    before(async () => {
      taken = await buildApp('wifi-http-server');
      const features = { ...appOptions('wifi-http-server').features, CODE_OVERLAYS: false };
      whole = await buildApp('wifi-http-server', { features });
    });

    it('hold the whole start of the chip: its steps, the download, what reads the image, the radio’s set-up', () => {
      const texts = overlayTexts(taken.code);
      assert.equal(texts.length, 1);
      for (const sign of ['clmload', '"country"', 'ampdu_mpdu', 'damaged image', '"fs"']) {
        assert.ok(texts[0]!.includes(sign), `${sign} is in it`);
        assert.ok(!taken.code.slice(texts[0]!.length + 10).includes(sign), `${sign} is nowhere else`);
      }
    });

    it('spare heap, and cost less than 1 KB of flash; without the switch there are none', () => {
      assert.equal(overlayTexts(whole.code).length, 0);
      assert.ok(taken.heap < whole.heap - 4000, `${taken.heap} of ${whole.heap} B`);
      assert.ok(taken.bytes < whole.bytes + 1024, `${taken.bytes}, ${whole.bytes} B`);
    });
  });
});
