// Kaluma's console as lines of plain text: terminal control sequences and the echo of the prompt taken off.

/** CSI sequences (ECMA-48, 5.4), and the two-byte save and restore of the cursor. */
const CONTROL = /\x1b\[[0-9;?]*[A-Za-z]|\x1b[78]/g;

export class ConsoleText {
  /** Whole lines so far, oldest first; the last 10,000. */
  readonly lines: string[] = [];
  private partial = '';
  private readonly decoder = new TextDecoder();

  constructor(private readonly onLine: (line: string) => void = () => {}) {}

  /** Takes what the board wrote. */
  push(bytes: Uint8Array): void {
    const parts = (this.partial + this.decoder.decode(bytes, { stream: true })).split(/\r?\n/);
    this.partial = parts.pop()!;
    for (const part of parts) this.add(plain(part));
  }

  private add(line: string): void {
    this.lines.push(line);
    if (this.lines.length > 10000) this.lines.splice(0, 1000);
    this.onLine(line);
  }
}

/** A line without control sequences; what a carriage return overwrites is gone. */
function plain(text: string): string {
  return text
    .replace(CONTROL, '')
    .replace(/^.*\r(?=.)/, '')
    .replace(/\r$/, '');
}
