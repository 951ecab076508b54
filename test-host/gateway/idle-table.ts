// A bounded table of flows that have no end of their own: what was not used for a while goes, and so does the
// least recently used one when there is no room.

import type { Event } from '../sim/scheduler.js';
import type { Context } from './context.js';

interface Entry<T> {
  value: T;
  used: number;
}

export class IdleTable<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private sweep: Event | null = null;

  /**
   * @param idle milliseconds of virtual time without use after which an entry goes
   * @param drop called with what goes
   */
  constructor(
    private readonly ctx: Context,
    private readonly limit: number,
    private readonly idle: number,
    private readonly drop: (value: T) => void,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** The entry, which counts as used now. */
  use(key: string): T | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    entry.used = this.ctx.host.scheduler.now;
    // Last used stands last.
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  add(key: string, value: T): void {
    if (this.entries.size >= this.limit) {
      const oldest = this.entries.keys().next();
      if (!oldest.done) this.remove(oldest.value);
    }
    this.entries.set(key, { value, used: this.ctx.host.scheduler.now });
    this.arm();
  }

  remove(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.drop(entry.value);
  }

  clear(): void {
    for (const key of [...this.entries.keys()]) this.remove(key);
    this.ctx.cancel(this.sweep);
    this.sweep = null;
  }

  private arm(): void {
    const oldest = this.entries.values().next();
    if (this.sweep || oldest.done) return;
    const ms = oldest.value.used / 1000 + this.idle - this.ctx.host.scheduler.now / 1000;
    this.sweep = this.ctx.after(Math.max(ms, 1), () => {
      this.sweep = null;
      const limit = this.ctx.host.scheduler.now - this.idle * 1000;
      for (const [key, entry] of this.entries) {
        if (entry.used > limit) break;
        this.remove(key);
      }
      this.arm();
    });
  }
}
