// Kaluma's key-value storage on an emulated board: filled by the program itself, before it does anything else.

/** @returns the program, which first sees to what Kaluma's storage holds; what is there already is not written again */
export function withStoredItems(items: Readonly<Record<string, string>>, bundle: string): string {
  const text = Object.entries(items)
    .map(([key, value]) => [JSON.stringify(key), JSON.stringify(value)])
    .map(([key, value]) => `storage.getItem(${key})===${value}||storage.setItem(${key},${value});`);
  return text.join('') + bundle;
}
