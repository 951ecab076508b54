// What a board prints, as plain lines: without colours, cursor moves and prompts.

/** ECMA-48, 5.4: control sequences; and the DEC pair that saves and restores the cursor. */
const ESCAPE = new RegExp('\\u001b(?:\\[[0-9;?]*[ -/]*[@-~]|[78])', 'g');
/** A prompt goes back to the start of the line, wherever the program's output stood. */
const PROMPT = new RegExp('(?:\\u001b\\[0m)?\\r\\u001b7> ', 'g');

/** Splits what comes in into lines. */
export class ConsoleLines {
  private partial = '';

  /** @returns the lines that `text` completes, without empty ones */
  push(text: string): string[] {
    const lines = (this.partial + text).replace(PROMPT, '\n').split('\n');
    this.partial = lines.pop()!;
    return lines.map(clean).filter((line) => line !== '');
  }

  /** @returns the last, unfinished line, or nothing */
  rest(): string[] {
    return this.push('\n');
  }
}

function clean(line: string): string {
  return line.replace(ESCAPE, '').replaceAll('\r', '');
}
