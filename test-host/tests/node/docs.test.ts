// docs/node.md shows the program that the tests run.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('node: docs/node.md', () => {
  it('has the example as it is run', () => {
    const blocks = [...read('docs/node.md').matchAll(/```ts\n([^]*?)```/g)].map((m) => m[1]!);
    const example = read('test-host/tests/node/example.test.ts').replace(/^\/\/.*\n\n/, '');
    assert.equal(blocks[0], example);
  });
});
