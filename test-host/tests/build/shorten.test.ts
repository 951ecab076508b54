// Shorter comparisons and names: what is shortened, what must stay, and that both compute the same.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import vm from 'node:vm';
import type ts from 'typescript';
import { compare } from '../../../tools/build/compare.js';
import { ENGINE_NAMES } from '../../../tools/build/engine-names.js';
import { externalNames } from '../../../tools/build/names.js';
import { programOf } from '../../../tools/build/program.js';
import { quotedNames, rename } from '../../../tools/build/rename.js';

/** Hands a module given as text to `use` as a program. */
function withProgram<T>(code: string, use: (program: ts.Program, file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'lightwire-types-'));
  try {
    const file = join(folder, 'app.ts');
    writeFileSync(file, code);
    return use(programOf(file), file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const DECLARED = `
  export {};
  interface Box { n: number }
  type Branded = number & { __brand: 'x' };
  declare const n: number, m: number, b: Branded, s: string, t: string, maybe: number | undefined;
  declare const box: Box | null, other: Box | null, gone: Box | undefined, both: Box | null | undefined;
  declare const list: number[], bytes: Uint8Array, boxes: (Box | null)[], any: any, text: string | null;
  declare const either: number | string;
  const ZERO = 0;
`;

function shortened(expression: string): string {
  return withProgram(`${DECLARED}\nexport const out = ${expression};`, (program, file) => {
    let code = '';
    program.emit(
      program.getSourceFile(file),
      (name, text) => (name.endsWith('.js') ? (code = text) : 0),
      undefined,
      false,
      {
        before: [compare(program.getTypeChecker(), 'opt.ts')],
      },
    );
    return /export const out = (.*);/.exec(code)![1]!;
  });
}

describe('build: comparisons', () => {
  const cases: [from: string, to: string][] = [
    ['n === 0', '!n'],
    ['n !== 0', '!!n'],
    ['b === ZERO', '!b'],
    ['n !== 0 ? 1 : 2', 'n ? 1 : 2'],
    ['!(n !== 0 && m !== 0)', '!(n && m)'],
    ['n & m === 0', 'n & !m'],
    ['box === null', '!box'],
    ['gone !== undefined || 0', '!!gone || 0'],
    ['bytes[1] === 0', '!bytes[1]'],
    ['n === m', 'n == m'],
    ['s !== t', 's != t'],
    ['s === ""', 's == ""'],
    ['maybe === 0', 'maybe == 0'],
    ['box === other', 'box == other'],
    ['text === null', 'text == null'],
    ['list[n] === m', 'list[n] == m'],
    // What must stay.
    ['list[n] === null', 'list[n] === null'],
    ['boxes[n] === null', 'boxes[n] === null'],
    ['boxes[n] === box', 'boxes[n] === box'],
    ['both === null', 'both === null'],
    ['both === box', 'both === box'],
    ['gone === box', 'gone === box'],
    ['either === 0', 'either === 0'],
    ['either === n', 'either === n'],
    ['any === 0', 'any === 0'],
    ['any === s', 'any === s'],
  ];
  for (const [from, to] of cases) it(`${from} becomes ${to}`, () => assert.equal(shortened(from), to));
});

describe('build: external names', () => {
  it('keeps what the language and the surroundings declare, and no more', () => {
    const names = withProgram(
      `interface Shape { reached: number }
       declare const native: { call(s: Shape): void };
       /** @external */
       interface Tagged { tagged: number }
       interface Own { own: number; stack: number; next: Own | null }
       const own: Own = { own: [1].length, stack: 2, next: null };
       const { stack } = own;
       const any: any = own;
       export const out = [native, own.stack, stack, any.push, any.unheard, null as Tagged | null];`,
      externalNames,
    );
    assert.deepEqual(names, ['call', 'length', 'push', 'reached', 'tagged']);
  });
});

describe('build: rename', () => {
  const short = (code: string, kept: string[] = []): string => rename(code, new Set(kept)).code;

  it('gives the most used the shortest names and lets functions share them', () => {
    const many = Array.from({ length: 60 }, (_, i) => `once.p${i};`).join('');
    const code = short(`(function(){"use strict";var once={};${many}once.often;once.often})()`);
    assert.match(code, /a\[0\];a\[0\]\}/);
    assert.equal(
      short(
        '(function(){"use strict";function one(x){return x}function two(y,z){return y+z}two(one(1),2)})()',
      ),
      '(function(){"use strict";function a(a){return a}function b(a,b){return a+b}b(a(1),2)})()',
    );
  });

  it('takes names that the engine holds before it makes long ones, the longer of them last', () => {
    const names = (n: number, kept: string[] = []): string[] => {
      const uses = Array.from({ length: n }, (_, i) => `var v${i}=0;`).join('');
      const code = short(`(function(){"use strict";${uses}})()`, kept);
      return [...code.matchAll(/var ([\w$]+)=/g)].map((m) => m[1]!);
    };
    const two = ENGINE_NAMES.filter((name) => name.length === 2);
    const longer = ENGINE_NAMES.filter((name) => name.length > 2);
    const many = names(400);
    assert.equal(new Set(many).size, 400);
    assert.deepEqual(many.slice(54, 54 + two.length), two);
    assert.deepEqual(many.slice(-longer.length), longer);
    assert.ok(many.every((name) => name.length < 3 || ENGINE_NAMES.includes(name)));
    assert.ok(!names(400, ['bus', 'fd']).some((name) => name === 'bus' || name === 'fd'));
  });

  it('keeps apart what one function sees', () => {
    const code = short(
      '(function(){"use strict";function f(x){return function(y){return g(x,y,h)}}function g(x,y,z){return x-y*z}' +
        'var h=7;try{print(f(1)(2))}catch(e){print(e)}print(g(h,1,1))})()',
    );
    const lines: number[] = [];
    vm.runInNewContext(code, { print: (v: number) => lines.push(v) });
    assert.deepEqual(lines, [-13, 6]);
  });

  it('leaves kept properties and globals, and takes none of their names', () => {
    const code = short('(function(){"use strict";var x={key:1,a:2};a(x.key,x.a,x.other)})()', ['a']);
    assert.equal(code, '(function(){"use strict";var b={0:1,a:2};a(b[0],b.a,b[1])})()');
  });

  it('finds the names that are written with quotes', () => {
    const code = '(function(){var o={"x":1,y:2};o["z"];"w" in o;"v"})()';
    assert.deepEqual(quotedNames(code).sort(), ['w', 'x', 'z']);
  });

  it('makes no reserved word, however many names there are', () => {
    const names = Array.from({ length: 4000 }, (_, i) => `v${i}`);
    const code = short(
      `(function(){"use strict";var ${names.map((n, i) => `${n}=${i}`).join()};print([${names.join()}].length)})()`,
      ['length'],
    );
    const seen: number[] = [];
    vm.runInNewContext(code, { print: (v: number) => seen.push(v) });
    assert.deepEqual(seen, [4000]);
    assert.equal(new Set(code.match(/[\w$]+(?==)/g)).size, 4000);
  });
});
