// Uint8Arrays as JerryScript 2.4 has them in strict mode, which Kaluma parses every program in: a write past the end
// throws, where other engines ignore it.

const Real = Uint8Array;

/** Reads a property; a method works on the array itself, as natives refuse a proxy. */
function get<T extends object>(target: T, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, key, target);
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}

function bounded(array: Uint8Array): Uint8Array {
  return new Proxy(array, {
    get,
    set(target, key, value) {
      const index = typeof key === 'string' ? Number(key) : NaN;
      if (index >= target.length) throw new TypeError('Invalid argument type.');
      return Reflect.set(target, key, value, target);
    },
  });
}

/** Runs `work`; arrays that it makes with `new Uint8Array` throw on writes past their end. */
export function withBoundedArrays<T>(work: () => T): T {
  globalThis.Uint8Array = new Proxy<Uint8ArrayConstructor>(Real, {
    get,
    construct: (target, args) => bounded(Reflect.construct(target, args) as Uint8Array),
  });
  try {
    return work();
  } finally {
    globalThis.Uint8Array = Real;
  }
}
