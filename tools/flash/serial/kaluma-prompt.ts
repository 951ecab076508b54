// Kaluma's serial prompt, spoken to by a program: gets its attention, runs commands, evaluates expressions.

import type { Conversation } from './conversation.js';

/** Ends a running piece of JavaScript; Kaluma drops what came with it. */
const CTRL_C = '\x03';
/** To the start of the line: what somebody typed before becomes a comment. */
const COMMENT_OUT = '\x01//\r';
/** Ends a waiting YMODEM receiver, and an escape sequence that was left half-way. */
const ABORT = 'a';
/** What a prompt begins with: colour off, start of line, cursor saved. */
const PROMPT = '\x1b[0m\r\x1b7> ';

export interface PromptTimes {
  /** Until a command is answered, ms. */
  answer: number;
  /** Of silence after Ctrl-C, ms. */
  quiet: number;
  /** Attempts to get an answer at all. */
  attempts: number;
}

export const PROMPT_TIMES: PromptTimes = { answer: 1500, quiet: 100, attempts: 4 };

/** The other end does not talk as Kaluma does. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export class KalumaPrompt {
  private count = 0;

  constructor(
    readonly line: Conversation,
    private readonly times: PromptTimes = PROMPT_TIMES,
  ) {}

  /**
   * Stops what runs and waits until the prompt evaluates an expression.
   * @throws NoAnswer
   */
  async attach(): Promise<void> {
    for (let attempt = 0; attempt < this.times.attempts; attempt++) {
      if (attempt > 0) {
        this.line.write(ABORT);
        await this.line.quiet(this.times.answer / 2, this.times.answer);
      }
      this.line.write(CTRL_C);
      await this.line.quiet(this.times.quiet, this.times.answer);
      this.line.write(COMMENT_OUT + '.echo on\r');
      if ((await this.evaluate('40+2')) === '42') return;
    }
    throw new NoAnswer('the board does not answer');
  }

  /** @returns the value as text; null when no answer came within `ms`, `! …` when it threw */
  evaluate(expression: string, ms = this.times.answer): Promise<string | null> {
    // The marks are joined on the board, so that the echo of the line does not hold them.
    return this.ask(
      (n) => `'<lw'+${n}+':'+(function(){try{return ${expression}}catch(e){return '! '+e}})()+':lw'+${n}+'>'`,
      ms,
    );
  }

  /**
   * @param line a line of JavaScript whose value is its answer between `<lw${n}:` and `:lw${n}>`
   * @param data what the board is to read once it asks for it by printing `<lw${n}+`
   * @returns the answer; null when none came within `ms`
   */
  async ask(line: (n: number) => string, ms: number, data?: string): Promise<string | null> {
    const n = ++this.count;
    this.line.write(`${line(n)}\r`);
    if (data !== undefined) {
      if ((await this.line.until(`<lw${n}+`, ms)) === null) return null;
      this.line.write(data);
    }
    if ((await this.line.until(`<lw${n}:`, ms)) === null) return null;
    return this.line.until(`:lw${n}>`, ms);
  }

  /**
   * Runs a command with a dot.
   * @returns what it printed up to the next prompt
   * @throws NoAnswer
   */
  async command(text: string, ms = this.times.answer): Promise<string> {
    await this.begin(text);
    const output = await this.line.until(PROMPT, ms);
    if (output === null) throw new NoAnswer(`no answer to ${text}`);
    return output;
  }

  /** Types a command and takes its echo; its output is left to the caller. */
  async begin(text: string): Promise<void> {
    this.line.write(`${text}\r`);
    if ((await this.line.until(`${text}\r\n`, this.times.answer)) === null) {
      throw new NoAnswer(`no answer to ${text}`);
    }
  }

  /** Ends a YMODEM receiver that still waits. */
  async abortTransfer(): Promise<void> {
    for (let i = 0; i < this.times.attempts; i++) {
      this.line.write(ABORT);
      if ((await this.line.until(PROMPT, this.times.answer)) !== null) return;
    }
  }
}
