// Kaluma's `events`. The emitter is a plain function with a prototype, so that programs can inherit with
// EventEmitter.call(this) as well as with classes.

export type Listener = (...args: never[]) => void;
type Wrapped = Listener & { listener?: Listener };

export interface EventEmitter {
  _events: Record<string, Wrapped[]>;
  emit(type: string, ...args: unknown[]): boolean;
  on(type: string, listener: Listener): this;
  addListener(type: string, listener: Listener): this;
  once(type: string, listener: Listener): this;
  off(type: string, listener: Listener): this;
  removeListener(type: string, listener: Listener): this;
  removeAllListeners(type?: string): this;
  listeners(type: string): Listener[];
  listenerCount(type: string): number;
}

export const EventEmitter = function EventEmitter(this: EventEmitter): void {
  this._events = {};
} as unknown as { new (): EventEmitter; prototype: EventEmitter };

function wanted(listener: unknown): void {
  if (typeof listener !== 'function') throw new TypeError('listener must be a function');
}

/** The emitter's table, also when its constructor was never called. */
function table(emitter: EventEmitter): Record<string, Wrapped[]> {
  return (emitter._events ??= {});
}

/** JerryScript has no findLastIndex. @returns -1 when it is not there */
function lastOf(list: Wrapped[], listener: Listener): number {
  let at = list.length - 1;
  while (at >= 0 && list[at] !== listener && list[at]!.listener !== listener) at--;
  return at;
}

function add(this: EventEmitter, type: string, listener: Listener): EventEmitter {
  wanted(listener);
  const all = table(this);
  (all[type] ??= []).push(listener);
  return this;
}

function remove(this: EventEmitter, type: string, listener: Listener): EventEmitter {
  wanted(listener);
  const all = table(this);
  const list = all[type];
  if (!list) return this;
  const at = lastOf(list, listener);
  if (at >= 0) list.splice(at, 1);
  if (!list.length) delete all[type];
  return this;
}

Object.assign(EventEmitter.prototype, {
  on: add,
  addListener: add,
  off: remove,
  removeListener: remove,

  /** An error that nobody listens for is thrown. */
  emit(this: EventEmitter, type: string, ...args: unknown[]): boolean {
    const list = table(this)[type];
    if (type === 'error' && !list) {
      throw args[0] instanceof Error ? args[0] : new Error("Uncaught 'error' event");
    }
    if (!list) return false;
    for (const listener of [...list]) Reflect.apply(listener, this, args);
    return true;
  },

  once(this: EventEmitter, type: string, listener: Listener): EventEmitter {
    wanted(listener);
    const first = function (this: EventEmitter, ...args: unknown[]): void {
      this.removeListener(type, first);
      Reflect.apply(listener, this, args);
    };
    first.listener = listener;
    return this.on(type, first);
  },

  removeAllListeners(this: EventEmitter, ...types: string[]): EventEmitter {
    if (types.length) delete table(this)[types[0]!];
    else this._events = {};
    return this;
  },

  listeners(this: EventEmitter, type: string): Listener[] {
    return table(this)[type] ?? [];
  },

  listenerCount(this: EventEmitter, type: string): number {
    return this.listeners(type).length;
  },
});
