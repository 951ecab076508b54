// The argument checks of Kaluma's natives, with their messages.

import type { Realm } from './realm.js';

export interface ArgumentChecks {
  given(value: unknown, count: number, index: number, name: string): void;
  number(value: unknown, name: string): number;
  numberOr(value: unknown, name: string, fallback: number): number;
  function(value: unknown, name: string): (...args: unknown[]) => unknown;
  string(value: unknown, name: string): string;
}

export function argumentChecks(realm: Realm): ArgumentChecks {
  const fail = (name: string, kind: string): never => {
    throw new realm.TypeError(`"${name}" argument must be a ${kind}`);
  };
  return {
    given(_value, count, index, name) {
      if (count <= index) throw new realm.TypeError(`"${name}" argument required`);
    },
    number(value, name) {
      return typeof value === 'number' ? value : fail(name, 'number');
    },
    numberOr(value, name, fallback) {
      return value === undefined ? fallback : typeof value === 'number' ? value : fail(name, 'number');
    },
    function(value, name) {
      return typeof value === 'function' ? (value as () => unknown) : fail(name, 'function');
    },
    string(value, name) {
      return typeof value === 'string' ? value : fail(name, 'string');
    },
  };
}
