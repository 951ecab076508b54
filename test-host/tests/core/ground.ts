// A stack with a core context on virtual time, and a main loop that takes its turns as a ground does: when it is woken,
// and when the stack's sleep time is over. It counts them.

import { errName } from '../../../firmware/stack/core/err.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import type { Wait } from '../../../firmware/stack/core/sys.js';
import { taskStart, type Task, type TaskSteps } from '../../../firmware/stack/core/task.js';
import { tcpipSleeptime, tcpipTurn } from '../../../firmware/stack/core/tcpip.js';
import { createStack } from '../../../firmware/stack/init.js';

export class Ground {
  readonly stack: Stack;
  /** Milliseconds. */
  now = 1000;
  turns = 0;
  wakes = 0;
  /** Exceptions out of turns, and of tasks. */
  thrown: string[] = [];
  failed: string[] = [];
  log: string[] = [];
  /** What the driver does in each turn. */
  driver: (() => void) | null = null;

  constructor(options: Partial<StackOptions> = {}) {
    this.stack = createStack({ clock: () => this.now >>> 0, random16: () => 4 }, options);
    this.stack.sys.wake = () => {
      this.wakes++;
      this.woken = true;
    };
    this.stack.sys.onTaskError = (e) => this.failed.push((e as Error).message);
  }
  private woken = false;

  readonly note = (x: string): void => void this.log.push(x);

  turn(): void {
    this.turns++;
    this.woken = false;
    try {
      tcpipTurn(this.stack, this.driver);
    } catch (e) {
      this.thrown.push((e as Error).message);
    }
  }

  /** Turns at this moment, as long as the loop is woken or has something to do. */
  settle(): this {
    for (let n = 0; this.woken || tcpipSleeptime(this.stack) === 0; n++) {
      if (n > 1000) throw new Error('the loop turns without end');
      this.turn();
    }
    return this;
  }

  /** Goes on for so many milliseconds. */
  run(ms: number): this {
    const end = this.now + ms;
    for (;;) {
      this.settle();
      const sleep = tcpipSleeptime(this.stack);
      if (sleep < 0 || this.now + sleep > end) break;
      this.now += sleep;
      this.turn();
    }
    this.now = end;
    return this.settle();
  }

  start(steps: TaskSteps): Task {
    return taskStart(this.stack, steps);
  }

  /** Notes the result of a call, at once or later. */
  result(name: string, r: number | Wait): void {
    const tell = (value: number): void => this.note(name + ' ' + (value > 0 ? value : errName(value)));
    if (typeof r === 'number') tell(r);
    else r.then(tell);
  }

  take(): string[] {
    const log = this.log;
    this.log = [];
    return log;
  }
}
