// Long output goes out in pieces, in order, and nothing is lost when there is no time-out for them.

import assert from 'node:assert/strict';
import { show, type Diagnostics } from '../../../firmware/diagnostics/console.js';
import { MEMP_SYS_TIMEOUT } from '../../../firmware/stack/core/memp.js';
import type { Host } from '../../harness/host.js';
import { lab } from '../../harness/lab.js';
import { Prompt } from './prompt.js';

interface Printed {
  line: string;
  /** ms */
  at: number;
}

function consoleOf(host: Host): { d: Diagnostics; printed: Printed[] } {
  const printed: Printed[] = [];
  const d: Diagnostics = {
    stack: host.stack,
    print: (line) => printed.push({ line, at: host.scheduler.now / 1000 }),
    memory: () => ({ heapUsed: 0, heapPeak: 0, heapTotal: 0 }),
    report: null,
    help: [],
    waiting: [],
    ping: null,
  };
  return { d, printed };
}

const numbered = (n: number, name = 'line'): string[] => Array.from({ length: n }, (_, i) => `${name} ${i}`);

describe('diagnostics: console', () => {
  it('prints up to nine lines at once', () => {
    const { host } = lab();
    const { d, printed } = consoleOf(host);
    show(d, numbered(9));
    assert.deepEqual(
      printed.map((p) => p.line),
      numbered(9),
    );
  });

  it('prints more in pieces of nine, from time-outs, behind an empty line', () => {
    const { host, run } = lab();
    const { d, printed } = consoleOf(host);
    host.do(() => show(d, numbered(20)));
    assert.equal(printed.length, 0);
    run(100);
    assert.deepEqual(
      printed.map((p) => p.line),
      ['', ...numbered(20)],
    );
    const sizes = [...new Set(printed.map((p) => p.at))].map(
      (at) => printed.filter((p) => p.at === at).length,
    );
    assert.deepEqual(sizes, [9, 9, 3]);
  });

  it('keeps the order of what is shown meanwhile', () => {
    const { host, run } = lab();
    const { d, printed } = consoleOf(host);
    host.do(() => show(d, numbered(10)));
    host.do(() => show(d, ['a reply']));
    run(100);
    assert.deepEqual(
      printed.map((p) => p.line),
      ['', ...numbered(10), 'a reply'],
    );
  });

  it('prints at once where there is no time-out left', () => {
    const { host } = lab();
    const { d, printed } = consoleOf(host);
    const pool = host.stack.memp[MEMP_SYS_TIMEOUT]!;
    pool.num = pool.used;
    show(d, numbered(30));
    assert.deepEqual(
      printed.map((p) => p.line),
      ['', ...numbered(30)],
    );
  });

  it('runs no command while another holds the core lock', () => {
    const { host } = lab();
    const prompt = new Prompt(host);
    const { sys } = host.stack;
    sys.holder = {};
    assert.deepEqual(prompt.type('memp'), ['the stack is locked: try again']);
    sys.holder = null;
    assert.match(prompt.type('memp').join(), /TCPIP_MSG +0 +0 +8 +0,NETCONN +0 +0 +8 +0,NETBUF/);
  });
});
