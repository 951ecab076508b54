// C headers that hold data: the byte arrays they define, as numbers or as string literals, and the lengths beside them.
// Not a C parser: what defines no array is passed over.

/** What is wrong with a file, without its name. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

export interface CArray {
  name: string;
  /** A string's final NUL is not among them. */
  bytes: Uint8Array;
}

export interface CSource {
  arrays: CArray[];
  /** Values of `#define NAME number` and of `name = number;`. */
  numbers: Map<string, number>;
}

type Kind = 'define' | 'string' | 'char' | 'number' | 'name' | 'sign' | 'end';

interface Token {
  kind: Kind;
  text: string;
}

// White space, comments, and preprocessor lines other than #define of a number.
const SKIP =
  /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|#(?![ \t]*define[ \t]+\w+[ \t]+\(?\d)(?:[^\n\\]|\\[\s\S])*)+/y;
const TOKENS: [Kind, RegExp][] = [
  ['define', /#[ \t]*define[ \t]+(\w+[ \t]+\(?\w+)[^\n]*/y],
  ['number', /(0[xX][0-9a-fA-F]+|\d+)[uUlL]*/y],
  ['name', /([A-Za-z_]\w*)/y],
  ['string', /"((?:[^"\\\n]|\\[\s\S])*)"/y],
  ['char', /'((?:[^'\\\n]|\\.[0-9a-fA-F]*))'/y],
  ['sign', /([^\s\w"'])/y],
];

/** @throws SourceError when an array is cut off or holds something other than bytes */
export function parseCSource(text: string): CSource {
  const reader = new Reader(text);
  const source: CSource = { arrays: [], numbers: new Map() };
  let before: Token = { kind: 'sign', text: ';' };
  for (let token = reader.next(); token.kind !== 'end'; token = reader.next()) {
    if (token.kind === 'define') {
      const [name, value] = token.text.split(/[ \t]+\(?/) as [string, string];
      source.numbers.set(name, Number(value));
    } else if (token.text === '[' && before.kind === 'name') {
      const array = reader.array(before.text);
      if (array) source.arrays.push(array);
    } else if (token.text === '=' && before.kind === 'name') {
      const value = reader.next();
      if (value.kind === 'number') source.numbers.set(before.text, Number(value.text));
    }
    before = token;
  }
  return source;
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  next(): Token {
    SKIP.lastIndex = this.at;
    if (SKIP.test(this.text)) this.at = SKIP.lastIndex;
    if (this.at >= this.text.length) return { kind: 'end', text: '' };
    for (const [kind, pattern] of TOKENS) {
      pattern.lastIndex = this.at;
      const match = pattern.exec(this.text);
      if (!match) continue;
      this.at = pattern.lastIndex;
      return { kind, text: match[1]! };
    }
    throw new SourceError(`line ${this.line()} ends within a string or a comment`);
  }

  /** An array's definition from behind its first bracket on; null for a declaration. */
  array(name: string): CArray | null {
    let declared = -1;
    let token = this.next();
    if (token.kind === 'number') declared = Number(token.text);
    // Attributes may stand between.
    while (token.text !== '=') {
      if (token.text === ';' || token.kind === 'end') return null;
      token = this.next();
    }
    const bytes: number[] = [];
    token = this.next();
    const braces = token.text === '{' && token.kind === 'sign';
    if (braces) token = this.next();
    else if (token.kind !== 'string') return null;
    const end = braces ? '}' : ';';
    for (; token.kind !== 'sign' || token.text !== end; token = this.next()) {
      if (token.kind === 'end') throw new SourceError(`the array ${name} has no end: the file is cut off`);
      if (token.kind === 'sign' && token.text === ',') continue;
      this.element(name, token, bytes);
    }
    if (declared > bytes.length) {
      throw new SourceError(`the array ${name} has ${bytes.length} of ${declared} bytes`);
    }
    return { name, bytes: Uint8Array.from(bytes) };
  }

  private element(name: string, { kind, text }: Token, into: number[]): void {
    if (kind === 'string' || kind === 'char') {
      for (const value of characters(text)) this.byte(name, value, into);
    } else if (kind === 'number') this.byte(name, Number(text), into);
    else throw new SourceError(`line ${this.line()}: '${text}' in the array ${name} is no byte`);
  }

  private byte(name: string, value: number, into: number[]): void {
    if (!(value <= 255))
      throw new SourceError(`line ${this.line()}: ${value} in the array ${name} is no byte`);
    into.push(value);
  }

  private line(): number {
    return this.text.slice(0, this.at).split('\n').length;
  }
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** C11, 6.4.4.4: the values of a literal's characters. */
function characters(literal: string): number[] {
  const values: number[] = [];
  for (const [, hex, octal, other, plain] of literal.matchAll(
    /\\x([0-9a-fA-F]+)|\\([0-7]{1,3})|\\([\s\S])|([\s\S])/g,
  )) {
    if (hex !== undefined) values.push(parseInt(hex, 16));
    else if (octal !== undefined) values.push(parseInt(octal, 8));
    // A line that is continued.
    else if (other === '\n') continue;
    else if (other !== undefined) values.push(ESCAPES[other] ?? other.charCodeAt(0));
    else values.push(plain!.charCodeAt(0));
  }
  return values;
}
