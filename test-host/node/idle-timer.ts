// The timer behind socket.setTimeout(): fires when a connection has been idle for so long, in the simulation's time.

import type { StackContext } from './context.js';

export class IdleTimer {
  private ms = 0;
  private last = 0;
  private cancel: (() => void) | null = null;

  constructor(
    private readonly ctx: StackContext,
    private readonly onIdle: () => void,
  ) {}

  /** @param ms 0 switches it off */
  set(ms: number): void {
    this.stop();
    this.ms = ms;
    this.refresh();
  }

  /** Something happened on the connection. */
  refresh(): void {
    if (this.ms === 0) return;
    this.last = this.ctx.now();
    if (!this.cancel) this.arm(this.ms);
  }

  stop(): void {
    this.ms = 0;
    this.cancel?.();
    this.cancel = null;
  }

  private arm(ms: number): void {
    this.cancel = this.ctx.after(ms, () => {
      this.cancel = null;
      const left = this.last + this.ms - this.ctx.now();
      if (left > 0) this.arm(left);
      else this.onIdle();
    });
  }
}
