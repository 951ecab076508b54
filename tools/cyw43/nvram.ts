// NVRAM: the board's parameters that the firmware reads, "key=value" entries in text files or NUL-separated.

/** What is wrong with it, without the file's name. */
export class NvramError extends Error {
  override readonly name = 'NvramError';
}

export interface Nvram {
  /** As the chip wants it: each entry ended by a NUL, one more NUL, zeros up to whole 32-bit words. */
  bytes: Uint8Array;
  entries: Map<string, string>;
}

/** A line of it at least, and nothing that is no text. */
export function looksLikeNvram(text: string): boolean {
  return /(?:^|[\n\r\0])\s*[A-Za-z]\w*=/.test(text) && !/[^\t\n\r\0\x20-\x7e]/.test(text);
}

/**
 * @param text entries apart by NULs or line ends; lines may be comments (#)
 * @throws NvramError
 */
export function readNvram(text: string): Nvram {
  const entries = new Map<string, string>();
  text.split(/\r\n|[\n\r\0]/).forEach((raw, i) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const match = /^([A-Za-z]\w*)=(.*)$/.exec(line);
    if (!match) throw new NvramError(`entry ${i + 1} is not key=value: '${line.slice(0, 40)}'`);
    entries.set(match[1]!, match[2]!);
  });
  if (!entries.size) throw new NvramError('holds no entry');
  const joined = [...entries].map(([key, value]) => `${key}=${value}\0`).join('') + '\0';
  const bytes = new Uint8Array((joined.length + 3) & ~3);
  bytes.set(Buffer.from(joined, 'latin1'));
  return { bytes, entries };
}
