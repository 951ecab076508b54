// What an object holds.

/** Everything that can be reached from an object by its properties, each with the way there; not what functions keep. */
export function reachable(root: object): Map<object, string> {
  const seen = new Map<object, string>([[root, '']]);
  for (const [o, path] of seen) {
    if (ArrayBuffer.isView(o)) continue;
    for (const [key, value] of Object.entries(o)) {
      if (value !== null && typeof value === 'object' && !seen.has(value as object))
        seen.set(value as object, `${path}.${key}`);
    }
  }
  return seen;
}
