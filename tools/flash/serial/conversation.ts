// Reading from a serial line in order: a byte, so many bytes, everything up to a mark, each with a time limit.

import type { SerialLine } from './serial-line.js';

/** The line went away in the middle. */
export class LineClosed extends Error {
  override readonly name = 'LineClosed';
}

export class Conversation {
  /** What has come in and not been taken yet, a character for each byte. */
  private buffer = '';
  private closed = false;
  private wake: () => void = () => {};

  constructor(private readonly line: SerialLine) {
    line.onData = (bytes) => {
      this.buffer += Buffer.from(bytes).toString('latin1');
      this.wake();
    };
    line.onClose = () => {
      this.closed = true;
      this.wake();
    };
  }

  /** @param data bytes, or text of characters up to 255 */
  write(data: Uint8Array | string): void {
    this.line.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** @returns the next byte, or -1 when none came within `ms` */
  async next(ms: number): Promise<number> {
    const text = await this.take(1, ms);
    return text === '' ? -1 : text.charCodeAt(0);
  }

  /** @param ms without a byte before it gives up. @returns as many of `count` characters as came */
  async take(count: number, ms: number): Promise<string> {
    while (this.buffer.length < count && (await this.more(ms)));
    return this.cut(Math.min(count, this.buffer.length));
  }

  /** @returns everything that has come, '' when nothing came within `ms` */
  async some(ms: number): Promise<string> {
    if (!this.buffer) await this.more(ms);
    return this.cut(this.buffer.length);
  }

  /** @returns the text before `mark`, which is taken too; null, and nothing taken, when it did not come within `ms` */
  async until(mark: string, ms: number): Promise<string | null> {
    const end = performance.now() + ms;
    for (;;) {
      const at = this.buffer.indexOf(mark);
      if (at >= 0) {
        const text = this.cut(at);
        this.cut(mark.length);
        return text;
      }
      const left = end - performance.now();
      if (left <= 0 || !(await this.more(left))) return null;
    }
  }

  /** Takes everything until nothing has come for `ms`, for at most `limit` ms. */
  async quiet(ms: number, limit: number): Promise<string> {
    const end = performance.now() + limit;
    while (performance.now() < end && (await this.more(ms)));
    return this.cut(this.buffer.length);
  }

  private cut(count: number): string {
    const text = this.buffer.slice(0, count);
    this.buffer = this.buffer.slice(count);
    return text;
  }

  /** @returns whether something came within `ms`. @throws LineClosed */
  private more(ms: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const settle = (came: boolean): void => {
        clearTimeout(timer);
        this.wake = () => {};
        if (this.closed) reject(new LineClosed('the port is gone'));
        else resolve(came);
      };
      const timer = setTimeout(() => settle(false), ms);
      this.wake = () => settle(true);
      if (this.closed) settle(false);
    });
  }
}
