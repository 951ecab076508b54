// The differential test: each sequence runs on the kernel's sockets over 127.0.0.1 and on the stack's over its loopback
// interface. The traces must be the same but for what differences.ts lists for the sequence.

import assert from 'node:assert/strict';
import { KernelSockets, whyNoKernelSockets } from '../../kernel/kernel-sockets.js';
import { trace, type Sequence } from '../../kernel/run-program.js';
import { skipUnless } from '../support/skip.js';

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
        if (process.env['TRACE']) console.log(kernel.join('\n'));
        assert(!kernel.some((line) => line.startsWith('threw') || line.includes('…')), kernel.join('\n'));
      });
    }
  });
}
