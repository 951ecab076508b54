// Virtual time: one ordered queue of events, in microseconds. Everything in the test host that takes time
// lives on it; nothing reads the wall clock except the real-time pacer, which runs events as they fall due.

export interface Event {
  readonly time: number;
  readonly seq: number;
  fn: (() => void) | null;
}

export class Scheduler {
  /** The present, in microseconds of virtual time. */
  now = 0;
  private heap: Event[] = [];
  private seq = 0;

  /** Runs `fn` at `time` (µs, at once if that is past), after earlier events of the same time. */
  at(time: number, fn: () => void): Event {
    const e: Event = { time: time < this.now ? this.now : time, seq: this.seq++, fn };
    this.heap.push(e);
    let i = this.heap.length - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!before(e, this.heap[up]!)) break;
      this.heap[i] = this.heap[up]!;
      i = up;
    }
    this.heap[i] = e;
    return e;
  }

  after(microseconds: number, fn: () => void): Event {
    return this.at(this.now + microseconds, fn);
  }

  cancel(event: Event | null | undefined): void {
    if (event) event.fn = null;
  }

  /** Time of the next live event, or Infinity. */
  nextTime(): number {
    while (this.heap.length && this.heap[0]!.fn === null) this.pop();
    return this.heap.length ? this.heap[0]!.time : Infinity;
  }

  /** Runs the next event. @returns false when there is none */
  step(): boolean {
    if (this.nextTime() === Infinity) return false;
    const e = this.pop();
    if (e.time > this.now) this.now = e.time;
    const fn = e.fn!;
    e.fn = null;
    fn();
    return true;
  }

  /**
   * Runs all events up to `time` and leaves `now` there. May be called from within an event: that is how
   * a simulated CPU spends time on its bus while the world goes on.
   */
  runUntil(time: number): void {
    while (this.nextTime() <= time) this.step();
    if (time > this.now) this.now = time;
  }

  runFor(microseconds: number): void {
    this.runUntil(this.now + microseconds);
  }

  /** Runs until `done()` holds or `limit` µs have gone by. @returns whether it came to hold */
  runWhile(done: () => boolean, limit: number): boolean {
    const end = this.now + limit;
    while (!done()) {
      if (this.nextTime() > end) {
        this.now = end;
        return done();
      }
      this.step();
    }
    return true;
  }

  private pop(): Event {
    const h = this.heap;
    const top = h[0]!;
    const last = h.pop()!;
    const n = h.length;
    if (n) {
      let i = 0;
      for (;;) {
        let c = 2 * i + 1;
        if (c >= n) break;
        if (c + 1 < n && before(h[c + 1]!, h[c]!)) c++;
        if (!before(h[c]!, last)) break;
        h[i] = h[c]!;
        i = c;
      }
      h[i] = last;
    }
    return top;
  }
}

function before(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.seq < b.seq);
}
