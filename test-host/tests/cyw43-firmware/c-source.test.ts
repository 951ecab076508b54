// C headers with data: what is read from them, and that nothing cut off passes.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseCSource, SourceError } from '../../../tools/cyw43/c-source.js';

function only(text: string): Buffer {
  const { arrays } = parseCSource(text);
  assert.equal(arrays.length, 1);
  return Buffer.from(arrays[0]!.bytes);
}

describe('cyw43 firmware: C headers', () => {
  const forms: [string, string, number[]][] = [
    ['decimal, hexadecimal and suffixed numbers', 'const uint8_t a[] = {1, 0x2A, 3U, 255};', [1, 42, 3, 255]],
    ['characters', "char a[3] = { 'a', '\\n', '\\x7f' };", [97, 10, 127]],
    ['adjacent strings', 'char a[] = "ab"\n  "\\x00" /* c */ "c" // "d"\n;', [97, 98, 0, 99]],
    ['a string in braces', 'char a[] = { "ab" };', [97, 98]],
    ['octal and named escapes', 'char a[] = "\\0\\12\\t\\\\\\"";', [0, 10, 9, 92, 34]],
    ['a hexadecimal escape, which ends with the literal', 'char a[] = "\\x41" "1";', [65, 49]],
    ['a continued line', 'char a[] = "a\\\nb";', [97, 98]],
    ['attributes', 'static const char a[] __attribute__((aligned(4), section("x"))) = {7,};', [7]],
    [
      'declarations and code around it',
      'extern char b[]; int f(int x[2]) { return x[0] == 1; }\nchar a[] = {9};',
      [9],
    ],
    [
      'preprocessor lines',
      '#ifndef X\n#define X\n#include "a.h"\n#define F(x) \\\n  x[0] = 1\nchar a[1] = {5};\n#endif',
      [5],
    ],
  ];
  for (const [what, text, bytes] of forms) {
    it(`reads ${what}`, () => assert.deepEqual([...only(text)], bytes));
  }

  it('reads numbers beside the arrays', () => {
    const { numbers } = parseCSource(
      '#define A_LEN (224190) // a.bin\n#define B_LEN 0x10\n#define C f(1)\nunsigned int c_len = 7;',
    );
    assert.deepEqual(
      [...numbers],
      [
        ['A_LEN', 224190],
        ['B_LEN', 16],
        ['c_len', 7],
      ],
    );
  });

  it('reads any bytes, in either form', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        const numbers = `char a[] = {${bytes.join(', ')}};`;
        const strings = `char a[] =\n${[...bytes].map((b) => `"\\x${b.toString(16)}"`).join(' ')};`;
        assert.deepEqual(only(numbers), Buffer.from(bytes));
        assert.deepEqual(only(strings), Buffer.from(bytes));
      }),
    );
  });

  const wrong: [string, string, RegExp][] = [
    ['an array without an end', 'char a[] = { 1, 2,', /^the array a has no end: the file is cut off$/],
    ['a string array without an end', 'char a[] = "ab"\n', /^the array a has no end/],
    ['fewer bytes than declared', 'char a[4] = { 1, 2 };', /^the array a has 2 of 4 bytes$/],
    ['a number that is no byte', 'char a[] = {\n 256 };', /^line 2: 256 in the array a is no byte$/],
    ['an escape that is no byte', 'char a[] = "\\x100";', /^line 1: 256 in the array a is no byte$/],
    ['a name among the bytes', 'char a[] = { 1, SIZE };', /^line 1: 'SIZE' in the array a is no byte$/],
    ['a string that is cut off', 'char a[] = "ab', /^line 1 ends within a string or a comment$/],
  ];
  for (const [what, text, message] of wrong) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parseCSource(text),
        (error) => error instanceof SourceError && message.test(error.message),
      );
    });
  }

  it('refuses an array cut off anywhere', () => {
    const text = 'static const unsigned char a[] ATTRIBUTE = {\n  0x00, 0x10,\n  0x20 };';
    for (let length = text.indexOf('{') + 1; length < text.length - 1; length++) {
      assert.throws(() => parseCSource(text.slice(0, length)), SourceError, `${length} characters`);
    }
  });
});
