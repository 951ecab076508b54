// What is wrong with a program that cannot be parsed, in words.

const STRICT = '"use strict";\n';

/**
 * @param parse parses the program with the given line in front, or throws
 * @returns what is wrong and where in the program, or ''
 */
export function syntaxError(parse: (strict: string) => unknown): string {
  try {
    parse(STRICT);
    return '';
  } catch (error) {
    const { message, loc } = error as SyntaxError & { loc?: { line: number; column: number } };
    if (!loc) return message;
    return message.replace(/ \(\d+:\d+\)$/, ` at line ${loc.line - 1}, column ${loc.column + 1}`);
  }
}
