// Kaluma's key-value storage on an emulated board: filled by the program itself, before it does anything else.

/** Code that the build has taken out of memory, which has to be the beginning of a program. */
const OVERLAYS = /^\/\*\n[^]*?\n\*\/\n/;

/** @returns the program, which first sees to what Kaluma's storage holds; what is there already is not written again */
export function withStoredItems(items: Readonly<Record<string, string>>, bundle: string): string {
  const text = Object.entries(items)
    .map(([key, value]) => [JSON.stringify(key), JSON.stringify(value)])
    .map(([key, value]) => `storage.getItem(${key})===${value}||storage.setItem(${key},${value});`);
  const at = OVERLAYS.exec(bundle)?.[0].length ?? 0;
  return bundle.slice(0, at) + text.join('') + bundle.slice(at);
}
