// The script of an image: what the board puts into the PIO state machine, word for word, to write the chip's RAM. Each
// transaction is a header word for the state machine and a gSPI command with its data; nothing comes back. The bus is in
// 32-bit little-endian mode by then, so that commands and data are plain numbers. None crosses the end of a piece, so that a
// board that stops between two pieces leaves no transaction half done: a header of the other kind, which counts words to
// skip, fills the piece up.

/** RAM of the CYW43439, bytes. */
export const RAM_SIZE = 512 * 1024;
/** The last word of RAM tells where NVRAM begins. */
export const NVRAM_END = RAM_SIZE - 4;

/** Words that a board reads and puts at a time. */
const PIECE = 1024;
/** Headers below this one count words to skip. */
const FIRST_TRANSACTION = 0x10000;

/** Bytes that a transaction of function 1 carries at most. */
const BLOCK = 64;
/** Registers of function 1: bits 15:8, 23:16 and 31:24 of the backplane address that the window begins at. */
const WINDOW_REGISTER = 0x1000a;
const WINDOW_REGISTERS = 3;
const WINDOW_SIZE = 0x8000;
/** Bit of addresses within the window: a transfer of whole words. */
const WORD_ACCESS = 0x8000;

// gSPI commands: bit 31 write, 30 address rises, 29:28 function, 27:11 address, 10:0 length in bytes.
const WRITE_RISING_F1 = 0xd0000000;
const KIND_MASK = 0xf0000000;
const ADDRESS_SHIFT = 11;
const ADDRESS_MASK = 0x1ffff;
const LENGTH_MASK = 0x7ff;

/** The script is not of the form that writeScript() gives. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

/**
 * @param firmware goes to the start of RAM, filled up to whole words with zeros
 * @param nvram whole words; ends at NVRAM_END, and the length word follows
 */
export function writeScript(firmware: Uint8Array, nvram: Uint8Array): Uint32Array {
  const words: number[] = [];
  const write = (address: number, bytes: Uint8Array): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let window = -1;
    for (let at = 0; at < bytes.length;) {
      const to = address + at;
      const base = to - (to % WINDOW_SIZE);
      if (base !== window) selectWindow((window = base));
      const length = Math.min(BLOCK - (to % BLOCK), bytes.length - at);
      begin((to % WINDOW_SIZE) | WORD_ACCESS, length);
      for (const end = at + length; at < end; at += 4) words.push(view.getUint32(at, true));
    }
  };
  const selectWindow = (base: number): void => {
    for (let i = 0; i < WINDOW_REGISTERS; i++) {
      begin(WINDOW_REGISTER + i, 1);
      words.push((base >>> (8 * (i + 1))) & 0xff);
    }
  };
  const begin = (address: number, length: number): void => {
    const count = Math.ceil(length / 4);
    const left = PIECE - (words.length % PIECE);
    if (left < 2 + count) words.push(left - 1, ...new Array<number>(left - 1).fill(0));
    const bits = 32 + 32 * count;
    words.push(((bits - 1) << 16) >>> 0, (WRITE_RISING_F1 | (address << ADDRESS_SHIFT) | length) >>> 0);
  };
  write(0, padded(firmware));
  write(NVRAM_END - nvram.length, Buffer.concat([nvram, lengthWord(nvram.length)]));
  return Uint32Array.from(words);
}

/**
 * Carries a script out as the chip would.
 * @returns RAM; bytes that were not written are null in `written`
 * @throws ScriptError at the first word that is not as it must be
 */
export function runScript(script: Uint32Array): { ram: Uint8Array; written: Uint8Array } {
  const ram = new Uint8Array(RAM_SIZE);
  const view = new DataView(ram.buffer);
  const written = new Uint8Array(RAM_SIZE);
  const window = [-1, -1, -1];
  let at = 0;
  const refuse = (why: string): never => {
    throw new ScriptError(`${why} at word ${at} of the script`);
  };
  while (at < script.length) {
    const header = script[at]!;
    if (header < FIRST_TRANSACTION) {
      at += 1 + header;
      continue;
    }
    const command = script[at + 1] ?? 0;
    const address = (command >>> ADDRESS_SHIFT) & ADDRESS_MASK;
    const length = command & LENGTH_MASK;
    if ((command & KIND_MASK) >>> 0 !== WRITE_RISING_F1) return refuse('no write to function 1');
    const count = Math.ceil(length / 4);
    if (header !== ((32 + 32 * count - 1) << 16) >>> 0 || length === 0 || length > BLOCK) {
      return refuse('a wrong length');
    }
    if (at + 2 + count > script.length) return refuse('a transaction that is cut off');
    if (address & 0x10000) {
      const register = address - WINDOW_REGISTER;
      if (length !== 1 || register < 0 || register >= WINDOW_REGISTERS)
        return refuse('a write to a wrong register');
      window[register] = script[at + 2]!;
    } else {
      if (window.includes(-1)) return refuse('a write before the window is chosen');
      const base = (window[0]! & 0x80) * 0x100 + window[1]! * 0x10000 + window[2]! * 0x1000000;
      const to = base + (address & (WINDOW_SIZE - 1));
      const whole = (address & WORD_ACCESS) !== 0 && length % 4 === 0 && to % 4 === 0;
      const inside = (to % WINDOW_SIZE) + length <= WINDOW_SIZE && to + length <= RAM_SIZE;
      if (!whole || !inside) return refuse('a write outside of RAM or its words');
      for (let i = 0; i < count; i++) view.setUint32(to + 4 * i, script[at + 2 + i]!, true);
      written.fill(1, to, to + length);
    }
    at += 2 + count;
  }
  return { ram, written };
}

/** What the chip's firmware finds its NVRAM by: the number of words, and its complement above. */
export function lengthWord(nvramLength: number): Uint8Array {
  const count = nvramLength / 4;
  const word = new Uint8Array(4);
  new DataView(word.buffer).setUint32(0, (((~count & 0xffff) << 16) | count) >>> 0, true);
  return word;
}

/** Filled up to whole words with zeros. */
export function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array((bytes.length + 3) & ~3);
  out.set(bytes);
  return out;
}
