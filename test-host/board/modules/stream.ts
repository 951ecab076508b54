// Kaluma's `stream`: streams without buffers for reading (data that nobody listens for is lost) and with one string for
// writing, which is handed on in the next turn of the event loop.

import { textOf, type Data } from './bytes.js';
import { EventEmitter } from './events.js';

/** Takes what went wrong, if anything. */
export type Done = (error?: Error | null) => void;

/** Sets a flag and emits its event, unless it is set. */
function tellOnce<Flag extends string>(
  stream: EventEmitter & Record<Flag, boolean>,
  flag: Flag,
  event: string,
): void {
  if (stream[flag]) return;
  (stream as Record<Flag, boolean>)[flag] = true;
  stream.emit(event);
}

/** @returns what goes on with `next`, or emits the error that it is given */
function orError(stream: EventEmitter, next: () => void): Done {
  return (error) => {
    if (error) stream.emit('error', error);
    else next();
  };
}

/** What all streams have; subclasses say how they are destroyed. */
class Destroyable extends EventEmitter {
  destroyed = false;

  _destroy(_done: Done): void {}

  /** For subclasses: the stream is gone. */
  _afterDestroy(): void {
    tellOnce(this, 'destroyed', 'close');
  }

  destroy(): void {
    if (!this.destroyed) this._destroy(orError(this, () => this._afterDestroy()));
  }
}

export class Readable extends Destroyable {
  readableEnded = false;

  /** For subclasses: there is no more to read. */
  _afterEnd(): void {
    tellOnce(this, 'readableEnded', 'end');
  }

  /** For subclasses: hands a chunk to whoever listens. */
  push(chunk: Uint8Array): this {
    this.emit('data', chunk);
    return this;
  }
}

/** Subclasses say how to write and how to end. */
export class Writable extends Destroyable {
  writableEnded = false;
  writableFinished = false;
  /** What is written and not yet handed on. */
  _wbuf = '';

  _write(_data: string, _done: Done): void {}

  _final(_done: Done): void {}

  /** For subclasses: all is written, and the end of it. */
  _afterFinish(): void {
    if (this.writableFinished) return;
    // Told first, noted afterwards.
    this.emit('finish');
    this.writableFinished = true;
  }

  /**
   * Ignored after end(). `done` is called from within the call.
   * @returns for a plain stream, whether nothing waits to be handed on
   */
  write(chunk?: Data, done?: Done): unknown {
    if (!this.writableEnded) {
      if (chunk) this._wbuf += textOf(chunk);
      setTimeout(() => this.flush(), 0);
      if (done) done();
    }
    return this._wbuf === '';
  }

  end(chunk?: Data | Done, done?: Done): this {
    const last = typeof chunk === 'function' ? undefined : chunk;
    const finished = typeof chunk === 'function' ? chunk : done;
    if (last) this._wbuf += textOf(last);
    if (finished) this.once('finish', finished);
    this.writableEnded = true;
    if (this._wbuf) this.flush(() => this.finish());
    else this.finish();
    return this;
  }

  /** Hands on what waits, in one piece; `done` once nothing waits any more, never after an error. */
  flush(done?: () => void): void {
    if (this.writableFinished || !this._wbuf) {
      if (done) done();
      return;
    }
    const written = orError(this, () => {
      if (this._wbuf) {
        setTimeout(() => this.flush(done), 0);
        return;
      }
      this.emit('drain');
      if (done) done();
    });
    this._write(this._wbuf, (error) => {
      if (error) this._wbuf = '';
      written(error);
    });
    // Only now: to one that answers within _write all seems to wait still, and it never comes to 'drain'.
    this._wbuf = '';
  }

  finish(): void {
    if (this.writableEnded && !this._wbuf) this._final(orError(this, () => this._afterFinish()));
  }
}

/** A Writable that can be read as well; not an instance of Readable. */
export class Duplex extends Writable {
  readableEnded = false;

  _afterEnd(): void {
    tellOnce(this, 'readableEnded', 'end');
  }

  push(chunk: Uint8Array): this {
    this.emit('data', chunk);
    return this;
  }
}

/** The base of Kaluma's other streams, which are not simulated; none of those above. */
export class Stream extends EventEmitter {
  destroyed = false;
  readable = false;
  readableFlowing = false;
  readableEnded = false;
  writable = false;
  writableEnded = false;
  writableFinished = false;

  read(): unknown {
    return null;
  }

  write(): boolean {
    return true;
  }

  end(): this {
    return this;
  }

  destroy(): this {
    return this;
  }
}
