// How Kaluma's console shows values: strings bare at the top of console.log, everything else as its prompt
// prints it, without the colours.

import { types } from 'node:util';

/** One value as the prompt shows it. @param depth levels of arrays and objects that are opened */
export function prettyPrint(value: unknown, depth: number, indent = 0): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'string':
      return `'${value}'`;
    case 'function':
      return '[Function]';
    case 'symbol':
      return '[Symbol]';
    case 'object':
      break;
    default:
      return String(value);
  }
  const object = value as object;
  if (Array.isArray(object)) return depth <= 0 ? '[Array]' : '[' + list(object, depth, indent) + ']';
  if (types.isTypedArray(object)) {
    const name = object[Symbol.toStringTag];
    return depth <= 0 ? `[${name}]` : `${name} [` + list(object as Uint8Array, depth, indent) + ']';
  }
  if (types.isAnyArrayBuffer(object)) return `ArrayBuffer { byteLength:${object.byteLength}}`;
  if (types.isDataView(object)) return '[DataView]';
  if (types.isPromise(object)) return '[Promise]';
  if (types.isNativeError(object)) return depth <= 0 ? '[Object]' : String(object);
  if (depth <= 0) return '[Object]';
  const lines: string[] = [];
  for (const key in object) {
    const inner = prettyPrint((object as Record<string, unknown>)[key], depth - 1, indent + 2);
    lines.push(' '.repeat(indent + 2) + key + ': ' + inner);
  }
  return lines.length ? '{\n' + lines.join(',\n') + '\n' + ' '.repeat(indent) + '}' : '{}';
}

function list(items: ArrayLike<unknown>, depth: number, indent: number): string {
  if (items.length === 0) return '';
  const lines: string[] = [];
  for (let i = 0; i < items.length; i++) {
    lines.push(' '.repeat(indent + 2) + prettyPrint(items[i], depth - 1, indent + 2));
  }
  return '\n' + lines.join(',\n') + '\n' + ' '.repeat(indent);
}

/** The arguments of console.log and print as one text. */
export function formatArguments(args: unknown[]): string {
  return args.map((a) => (typeof a === 'string' ? a : prettyPrint(a, 2))).join(' ');
}
