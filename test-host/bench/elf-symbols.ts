// The symbol table of a 32-bit little-endian ELF file (System V ABI, chapter 4).

export interface ElfSymbol {
  name: string;
  address: number;
  size: number;
  /** A function, by its type. */
  code: boolean;
}

const SHT_SYMTAB = 2;
const STT_FUNC = 2;
const STT_OBJECT = 1;

/** @throws Error when the file is no such ELF file or has no symbols */
export function elfSymbols(file: Uint8Array): ElfSymbol[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 52 || view.getUint32(0) !== 0x7f454c46 || file[4] !== 1 || file[5] !== 1) {
    throw new Error('no 32-bit little-endian ELF file');
  }
  const table = view.getUint32(32, true);
  const entry = view.getUint16(46, true);
  const count = view.getUint16(48, true);
  const symbols: ElfSymbol[] = [];
  for (let i = 0; i < count; i++) {
    const at = table + i * entry;
    if (view.getUint32(at + 4, true) !== SHT_SYMTAB) continue;
    const from = view.getUint32(at + 16, true);
    const size = view.getUint32(at + 20, true);
    const strings = view.getUint32(table + view.getUint32(at + 24, true) * entry + 16, true);
    for (let s = from; s < from + size; s += 16) {
      const type = file[s + 12]! & 15;
      if (type !== STT_FUNC && type !== STT_OBJECT) continue;
      const start = strings + view.getUint32(s, true);
      const name = Buffer.from(file.subarray(start, file.indexOf(0, start))).toString('latin1');
      const code = type === STT_FUNC;
      const address = view.getUint32(s + 4, true) & (code ? ~1 : ~0);
      symbols.push({ name, address: address >>> 0, size: view.getUint32(s + 8, true), code });
    }
  }
  if (!symbols.length) throw new Error('the ELF file has no symbols');
  return symbols;
}
