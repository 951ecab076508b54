// `lightwire repl`: the terminal as the board's serial terminal; piped input is typed line by line.

import readline from 'node:readline';
import { ConsoleLines } from './serial/console-lines.js';
import { Conversation, LineClosed } from './serial/conversation.js';
import { onlyBoard } from './serial/ports.js';
import { openSerial, type SerialLine } from './serial/serial-line.js';
import { UserError } from './user-error.js';

/** Ctrl-X and Ctrl-]. */
const LEAVE = /[\x18\x1d]/;
/** What Kaluma's prompt begins with. */
const PROMPT = '\r\x1b7> ';
/** A line of piped input is answered within this time, ms; then the next one is typed all the same. */
const ANSWER = 5000;
/** Until the first prompt, ms. */
const HELLO = 10_000;
/** Of silence after the last line, ms, and at most. */
const QUIET = 300;
const QUIET_LIMIT = 2000;

/** @throws UserError when there is no port to talk to, or it goes away */
export async function repl(port: string | undefined): Promise<void> {
  const path = port ?? (await onlyBoard());
  const serial = await openSerial(path);
  try {
    await (process.stdin.isTTY ? interactive(serial, path) : piped(serial, path));
  } catch (error) {
    if (error instanceof LineClosed) throw new UserError(`${path} went away`);
    throw error;
  } finally {
    await serial.close();
  }
}

/** Bytes as they are, both ways; the terminal itself answers the board's question for its width. */
async function interactive(serial: SerialLine, path: string): Promise<void> {
  const { stdin, stdout } = process;
  stdin.setRawMode(true);
  stdout.write(`${path}; Ctrl-] or Ctrl-X leaves\r\n`);
  try {
    await new Promise<void>((resolve, reject) => {
      serial.onClose = () => reject(new LineClosed(path));
      serial.onData = (bytes) => stdout.write(bytes);
      stdin.on('data', (typed: Buffer) => {
        const text = typed.toString('latin1');
        const end = text.search(LEAVE);
        serial.write(end < 0 ? typed : typed.subarray(0, end));
        if (end >= 0) resolve();
      });
      serial.write(Buffer.from('\r'));
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write('\n');
  }
}

async function piped(serial: SerialLine, path: string): Promise<void> {
  const line = new Conversation(serial);
  const lines = new ConsoleLines();
  const print = (text: string | null): void => {
    for (const each of lines.push(text ?? '')) console.log(each);
  };
  line.write('\r');
  if ((await line.until(PROMPT, HELLO)) === null) {
    throw new UserError(`the board on ${path} shows no prompt`);
  }
  for await (const typed of readline.createInterface({ input: process.stdin })) {
    line.write(Buffer.from(`${typed}\r`));
    const answer = await line.until(PROMPT, ANSWER);
    print(answer === null ? await line.some(0) : `> ${answer}\n`);
  }
  print(await line.quiet(QUIET, QUIET_LIMIT));
  for (const each of lines.rest()) console.log(each);
}
