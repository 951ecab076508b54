// The differential test: each sequence runs on the kernel's sockets over 127.0.0.1 and on the stack's over its loopback
// interface. The traces must be the same but for what differences.ts lists for the sequence.

import assert from 'node:assert/strict';
import { assertClean } from '../../harness/clean.js';
import { KernelSockets } from '../../kernel/kernel-sockets.js';
import { whyNoKernelSockets } from '../../kernel/kernel-threads.js';
import { trace, type Sequence } from '../../kernel/run-program.js';
import { StackSockets } from '../../kernel/stack-sockets.js';
import { skipUnless } from '../support/skip.js';
import { DIFFERENCES } from './differences.js';

type Line = [kernel: string, stack: string];

/** Defines the tests of a theme, one for each sequence. */
export function differential(theme: string, sequences: Sequence[]): void {
  describe('sockets against the kernel: ' + theme, function () {
    before(function () {
      const reason = whyNoKernelSockets();
      skipUnless(this, reason === '', reason);
    });

    for (const sequence of sequences) {
      it(sequence.name, async function () {
        const mayRun = !sequence.needsRoot || process.getuid?.() === 0;
        skipUnless(this, mayRun, 'needs root: the kernel gives raw sockets to nobody else');
        const kernel = await trace(new KernelSockets(), sequence.run);
        const ground = new StackSockets();
        const stack = await trace(ground, sequence.run);
        compare(`${theme}: ${sequence.name}`, kernel, stack);
        assertClean(ground.host);
      });
    }

    it('every difference that is listed is one of a sequence', () => {
      const names = sequences.map((sequence) => `${theme}: ${sequence.name}`);
      assert.equal(new Set(names).size, names.length, 'two sequences with one name');
      const listed = DIFFERENCES.flatMap((d) => Object.keys(d.sequences));
      assert.deepEqual(
        listed.filter((name) => name.startsWith(theme + ': ') && !names.includes(name)),
        [],
      );
    });
  });
}

/** The lines that differ; where one trace is longer the other has ''. */
function differing(kernel: string[], stack: string[]): Line[] {
  const lines: Line[] = [];
  for (let i = 0; i < Math.max(kernel.length, stack.length); i++) {
    if (kernel[i] !== stack[i]) lines.push([kernel[i] ?? '', stack[i] ?? '']);
  }
  return lines;
}

function compare(name: string, kernel: string[], stack: string[]): void {
  const last = kernel[kernel.length - 1] ?? '';
  assert.ok(!last.startsWith('threw '), `the program itself is wrong: ${last}`);
  const listed = DIFFERENCES.find((d) => d.sequences[name])?.sequences[name] ?? [];
  assert.equal(
    text(differing(kernel, stack)),
    text(listed),
    `what differs is not what differences.ts lists; the kernel's trace:\n${kernel.join('\n')}\n`,
  );
}

function text(lines: Line[]): string {
  return (
    lines.map(([kernel, stack]) => `kernel: ${kernel}\nstack:  ${stack}`).join('\n') || 'nothing differs'
  );
}
