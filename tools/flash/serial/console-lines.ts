// What a board prints, as plain lines: without colours, cursor moves and prompts.

/** ECMA-48, 5.4: control sequences; and the DEC pair that saves and restores the cursor. */
// The escape character is what this is about.
const ESCAPE = new RegExp('\\u001b(?:\\[[0-9;?]*[ -/]*[@-~]|[78])', 'g');

export function plainText(text: string): string {
  return text.replace(ESCAPE, '');
}

/** Splits what comes in into lines. */
export class ConsoleLines {
  private partial = '';

  /** @returns the lines that `text` completes */
  push(text: string): string[] {
    const lines = (this.partial + text).split('\n');
    this.partial = lines.pop()!;
    return lines.map(clean).filter((line) => line !== '');
  }

  /** @returns the last, unfinished line, or nothing */
  rest(): string[] {
    const line = clean(this.partial);
    this.partial = '';
    return line ? [line] : [];
  }
}

/** A carriage return goes back to the start of the line, which a prompt then takes. */
function clean(line: string): string {
  const text = plainText(line).replace(/\r+$/, '');
  return text.slice(text.lastIndexOf('\r') + 1).replace(/^> ?$/, '');
}
