// The prompt's `net` on a host, and what it prints. Every line is held against the width of a console.

import assert from 'node:assert/strict';
import type { Heap } from '../../../firmware/diagnostics/console.js';
import { netCommands, type Command } from '../../../firmware/diagnostics/net.js';
import type { Host } from '../../harness/host.js';

export const WIDTH = 80;

export class Prompt {
  readonly net: Record<string, Command>;
  readonly heap: Heap = { heapUsed: 81234, heapPeak: 90123, heapTotal: 184312 };
  private printed: string[] = [];

  constructor(private readonly host: Host) {
    const print = (line: string): void => {
      assert(line.length <= WIDTH, `${line.length} columns: ${line}`);
      assert.match(line, /^([ -~]*[!-~])?$/, 'printable, no blanks at the end');
      this.printed.push(line);
    };
    this.net = netCommands(host.stack, print, () => this.heap, null);
  }

  /** Types a command, and gives it `ms` to print. @returns the lines printed since the last time */
  type(command: string, args: unknown[] = [], ms = 20): string[] {
    assert.equal(
      this.host.do(() => this.net[command]!(...(args as [unknown?, unknown?]))),
      undefined,
    );
    return this.wait(ms);
  }

  wait(ms: number): string[] {
    this.host.scheduler.runFor(ms * 1000);
    return this.printed.splice(0);
  }
}
