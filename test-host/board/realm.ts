// An isolated JavaScript realm cut down to what JerryScript as built into Kaluma 1.2.1 has. Holds the language;
// Kaluma's own globals are kaluma-context.ts.

import { types } from 'node:util';
import vm from 'node:vm';
import type { CHeap } from './c-heap.js';

/** Constructors of the realm, for values that go into it. */
export interface Realm {
  /** The realm's global object. */
  global: Record<string, unknown>;
  Error: ErrorConstructor;
  TypeError: TypeErrorConstructor;
  RangeError: RangeErrorConstructor;
  ReferenceError: ReferenceErrorConstructor;
  Object: ObjectConstructor;
  Array: ArrayConstructor;
  /** The realm's own Uint8Array, not counted on the heap model. */
  Uint8Array: Uint8ArrayConstructor;
  /** Makes a host function one of the realm's functions. */
  fn<F extends (...args: never[]) => unknown>(f: F, name?: string): F;
  /** A plain object of the realm. */
  object(properties: Record<string, unknown>): Record<string, unknown>;
  /** Runs a program in strict mode, as Kaluma parses everything. @returns its completion value */
  run(source: string, fileName: string): unknown;
  /** Runs the promise jobs that are waiting. */
  runJobs(): void;
}

// JerryScript 2.4, es.next profile, as probed on Kaluma's image.
const GLOBALS = new Set(
  (
    'Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise ' +
    'RegExp Error EvalError RangeError ReferenceError SyntaxError TypeError URIError globalThis JSON Math ' +
    'ArrayBuffer Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array ' +
    'Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap WeakSet Proxy Reflect ' +
    'decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite isNaN'
  ).split(' '),
);

// What V8 has beyond it.
const LATER_METHODS: Record<string, string[]> = {
  Promise: ['allSettled', 'any', 'withResolvers', 'try'],
  Object: ['groupBy', 'hasOwn'],
  'Object.prototype': [],
  Array: ['fromAsync'],
  'Array.prototype': ['at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'toSpliced', 'with'],
  'String.prototype': ['at', 'replaceAll', 'isWellFormed', 'toWellFormed'],
  'ArrayBuffer.prototype': [
    'resize',
    'transfer',
    'transferToFixedLength',
    'resizable',
    'maxByteLength',
    'detached',
  ],
  Map: ['groupBy'],
  Error: ['captureStackTrace'],
};
const TYPED_ARRAYS = [
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'Uint8ClampedArray',
];

/**
 * @param now milliseconds that `Date` shows
 * @param random numbers in [0, 1) for Math.random
 * @param heap counts typed arrays, buffers and views that the program makes; null leaves the constructors alone
 */
export function createRealm(now: () => number, random: () => number, heap: CHeap | null): Realm {
  // Without interceptors on its global object the realm runs at full speed; older Node 20 lacks the switch.
  const bare = (vm.constants as { DONT_CONTEXTIFY?: unknown } | undefined)?.DONT_CONTEXTIFY;
  const context = vm.createContext((bare ?? {}) as vm.Context, { microtaskMode: 'afterEvaluate' });
  const global = vm.runInContext('globalThis', context) as Record<string, unknown>;

  for (const name of Object.getOwnPropertyNames(global)) if (!GLOBALS.has(name)) delete global[name];
  for (const [path, names] of Object.entries(LATER_METHODS)) {
    const owner = vm.runInContext(path, context) as Record<string, unknown>;
    for (const name of names) delete owner[name];
  }
  const typedArrayPrototype = vm.runInContext('Object.getPrototypeOf(Uint8Array.prototype)', context);
  for (const name of ['at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'with']) {
    delete typedArrayPrototype[name];
  }

  const realmFunction = global['Function'] as { prototype: object };
  const realmObject = global['Object'] as ObjectConstructor;
  const jobs = new vm.Script('0');

  const realm: Realm = {
    global,
    Error: global['Error'] as ErrorConstructor,
    TypeError: global['TypeError'] as TypeErrorConstructor,
    RangeError: global['RangeError'] as RangeErrorConstructor,
    ReferenceError: global['ReferenceError'] as ReferenceErrorConstructor,
    Object: realmObject,
    Array: global['Array'] as ArrayConstructor,
    Uint8Array: global['Uint8Array'] as Uint8ArrayConstructor,
    fn(f, name) {
      Object.setPrototypeOf(f, realmFunction.prototype);
      if (name) Object.defineProperty(f, 'name', { value: name, configurable: true });
      return f;
    },
    object(properties) {
      return Object.assign(new realmObject(), properties) as Record<string, unknown>;
    },
    run(source, fileName) {
      // `void 0` so that a declaration completes with undefined, not with the directive's text.
      const script = new vm.Script('"use strict";void 0;' + source, { filename: fileName });
      return script.runInContext(context, { displayErrors: false });
    },
    runJobs() {
      jobs.runInContext(context);
    },
  };

  (global['Math'] as Math).random = realm.fn(random, 'random');
  replaceDate(realm, now);
  if (heap) countArrays(realm, heap);
  return realm;
}

function replaceDate(realm: Realm, now: () => number): void {
  const RealDate = realm.global['Date'] as DateConstructor;
  const RealmDate: DateConstructor = realm.fn(function (this: unknown, ...args: unknown[]): unknown {
    if (!new.target) return new RealDate(now()).toString();
    const target: unknown = (new.target as unknown) === RealmDate ? RealDate : new.target;
    return Reflect.construct(RealDate, args.length ? args : [now()], target as DateConstructor);
  }, 'Date') as unknown as DateConstructor;
  Object.defineProperty(RealmDate, 'prototype', { value: RealDate.prototype });
  RealmDate.prototype.constructor = RealmDate;
  RealmDate.now = realm.fn(now, 'now');
  RealmDate.parse = RealDate.parse;
  RealmDate.UTC = RealDate.UTC;
  realm.global['Date'] = RealmDate;
}

/** Heap bytes of an array object with its buffer, and of a view (measured on Kaluma's image). */
const ARRAY_HEADER = 48;
const VIEW_HEADER = 32;

function countArrays(realm: Realm, heap: CHeap): void {
  const wrap = (
    name: string,
    cost: (made: ArrayBufferView | ArrayBuffer, first: unknown) => number,
  ): void => {
    const Real = realm.global[name] as new (...args: unknown[]) => ArrayBufferView;
    const Counted = realm.fn(function (this: unknown, ...args: unknown[]) {
      if (!new.target) throw new realm.TypeError(`Constructor ${name} requires 'new'.`);
      const target = (new.target as unknown) === Counted ? Real : new.target;
      const made = Reflect.construct(Real, args, target) as ArrayBufferView;
      heap.jsAlloc(cost(made, args[0]));
      return made;
    }, name) as unknown as { prototype: unknown };
    Object.defineProperty(Counted, 'prototype', { value: Real.prototype });
    Object.setPrototypeOf(Counted, Real);
    (Real.prototype as { constructor: unknown }).constructor = Counted;
    realm.global[name] = Counted;
  };
  for (const name of TYPED_ARRAYS) {
    wrap(name, (made, first) =>
      types.isAnyArrayBuffer(first) ? VIEW_HEADER : ARRAY_HEADER + made.byteLength,
    );
  }
  wrap('ArrayBuffer', (made) => 24 + made.byteLength);
  wrap('DataView', () => VIEW_HEADER);
}
