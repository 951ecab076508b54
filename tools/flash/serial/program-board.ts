// Puts a program on a board over its serial prompt: identify, stop, write, read back, load, listen.

import { layoutOf, type FlashLayout } from '../flash-layout.js';
import type { ProgramImage } from '../program.js';
import { UserError } from '../user-error.js';
import type { Conversation } from './conversation.js';
import { KalumaPrompt, NoAnswer, PROMPT_TIMES, type PromptTimes } from './kaluma-prompt.js';
import { rawImageExpression } from './raw-image.js';
import { TransferError, YMODEM_TIMES, ymodemSend, type YmodemTimes } from './ymodem.js';

/** Erasing the whole area takes a flash chip at most this long, ms (W25Q16JV datasheet, 9.6: 2 s for each 64 KB). */
const ERASE = 50_000;
/** Whole transfers that are tried. */
const TRANSFERS = 2;
/** What Kaluma prints at the end of a transfer comes within this time, ms; it waits half a second first. */
const RESULT = 3000;
/** Without a byte of what is read back, ms. */
const READ = 3000;

export interface BoardTimes {
  prompt: PromptTimes;
  ymodem: YmodemTimes;
  /** Replaces ERASE, RESULT and READ in tests of silence, ms. */
  erase: number;
  result: number;
  read: number;
}

export const BOARD_TIMES: BoardTimes = {
  prompt: PROMPT_TIMES,
  ymodem: YMODEM_TIMES,
  erase: ERASE,
  result: RESULT,
  read: READ,
};

export interface Identity {
  layout: FlashLayout;
  /** Kaluma's version. */
  version: string;
}

export class ProgramBoard {
  private readonly prompt: KalumaPrompt;

  /** @param port its name, for messages */
  constructor(
    private readonly line: Conversation,
    private readonly port: string,
    private readonly times: BoardTimes = BOARD_TIMES,
  ) {
    this.prompt = new KalumaPrompt(line, times.prompt);
  }

  /**
   * Gets the board's attention, whatever it does, and asks what it is.
   * @throws UserError when it does not answer, or not as Kaluma does
   */
  async identify(): Promise<Identity> {
    await this.answered(this.prompt.attach());
    const answer = (await this.prompt.evaluate("board.name+' '+process.version")) ?? '';
    const [name = '', version = ''] = answer.split(' ');
    const layout = layoutOf(name);
    if (answer.startsWith('!')) throw new UserError(`the board on ${this.port} does not run Kaluma`);
    if (!layout)
      throw new UserError(`the board on ${this.port} calls itself '${name}', which is not known here`);
    return { layout, version };
  }

  /** Ends the running program: an empty runtime stays. */
  async stopProgram(): Promise<void> {
    this.line.write('.reset\r');
    const done =
      (await this.line.until('soft reset\r\n', this.times.prompt.answer)) !== null &&
      (await this.line.until('> ', this.times.prompt.answer)) !== null;
    if (!done) throw new UserError(`the board on ${this.port} does not stop its program`);
    await this.line.quiet(this.times.prompt.quiet, this.times.prompt.answer);
  }

  /** Whether the radio's image is in the program area, which writing a program erases. */
  async holdsRawImage(layout: FlashLayout): Promise<boolean> {
    return (await this.prompt.evaluate(rawImageExpression(layout, false))) === '1';
  }

  /** Erases the program area. */
  async erase(): Promise<void> {
    await this.answered(this.prompt.command('.flash -e', this.times.erase));
  }

  /**
   * Writes the program; a transfer that fails is tried once more, then the area is erased, as half a program is worse
   * than none.
   * @param onSent told of the bytes that have arrived
   * @throws UserError
   */
  async write(program: ProgramImage, onSent: (bytes: number) => void): Promise<void> {
    for (let transfer = 1; ; transfer++) {
      const failure = await this.transfer(program, onSent);
      if (!failure) return;
      if (transfer < TRANSFERS) continue;
      const erased = await this.erase().then(
        () => 'the board holds no program now',
        () => 'the board may hold half a program',
      );
      throw new UserError(`the transfer ${failure}; ${erased}`);
    }
  }

  /** @returns what went wrong, or '' */
  private async transfer(program: ProgramImage, onSent: (bytes: number) => void): Promise<string> {
    await this.answered(this.prompt.begin('.flash -w'));
    try {
      await ymodemSend(this.line, 'program.js', program.bytes, onSent, this.times.ymodem);
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      if (error.why === 'cancelled') {
        const said = await this.result();
        if (said) return `was refused by the board: ${said}`;
      }
      await this.prompt.abortTransfer();
      return error.why === 'silent'
        ? 'got no answer'
        : error.why === 'garbled'
          ? 'arrived garbled'
          : 'was cancelled by the board';
    }
    const said = await this.result();
    return said === 'Done' ? '' : `ended with ${said ? `'${said}'` : 'no word from the board'}`;
  }

  /** The line that Kaluma prints at the end of a transfer, with its prompt taken; '' when none came. */
  private async result(): Promise<string> {
    const text = await this.line.until('\x1b7> ', this.times.result);
    return (
      /(Done|The file size is too large|Verification failed|Aborted|Failed to receive)/.exec(
        text ?? '',
      )?.[1] ?? ''
    );
  }

  /** Reads the program back. @throws UserError when it is another one than was written */
  async verify(program: ProgramImage): Promise<void> {
    const size = parseInt(await this.answered(this.prompt.command('.flash -s')), 10);
    const length = program.bytes.length;
    if (size !== length) {
      throw new UserError(`verification failed: the board holds ${size} bytes, not ${length}`);
    }
    await this.answered(this.prompt.begin('.flash -r'));
    // Kaluma puts a carriage return in front of every line feed.
    const expected = Buffer.from(program.bytes).toString('latin1').replaceAll('\n', '\r\n');
    const got = await this.line.take(expected.length, this.times.read);
    if (got !== expected) {
      let at = 0;
      while (got[at] === expected[at]) at++;
      const before = expected.slice(0, at).split('\n').length - 1;
      throw new UserError(`verification failed: the board holds other bytes from offset ${at - before} on`);
    }
    await this.line.quiet(this.times.prompt.quiet, this.times.prompt.answer);
  }

  /** Starts the program in flash. */
  async load(): Promise<void> {
    await this.answered(this.prompt.begin('.load'));
  }

  private async answered<T>(step: Promise<T>): Promise<T> {
    try {
      return await step;
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      throw new UserError(
        `the board on ${this.port} does not answer (busy or out of heap? ` +
          'Power it up with GPIO 22 at ground to keep its program from starting)',
      );
    }
  }
}
