// `lightwire flash`: a program into a UF2 file, or over a serial port onto a board.

import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { placedImage, readImage } from './cyw43-image-file.js';
import { reason } from './bundle-file.js';
import { LAYOUTS, type BoardName, type FlashLayout } from './flash-layout.js';
import { checkFit, readProgram, type Program } from './program.js';
import { showProgress } from './progress.js';
import { ConsoleLines } from './serial/console-lines.js';
import { Conversation, LineClosed } from './serial/conversation.js';
import { ProgramBoard } from './serial/program-board.js';
import { openSerial } from './serial/serial-line.js';
import { dataUf2, mergedUf2, placedProgram, readFirmware, type Placed } from './uf2-image.js';
import { UserError } from './user-error.js';

export interface FlashOptions {
  /** The user's own program, to follow the app. */
  program?: string;
  board?: BoardName;
  uf2?: string;
  withFirmware?: string;
  /** Image for the chip of a Pico W, to go into raw flash. */
  cyw43Firmware?: string;
  port?: string;
  verify: boolean;
  erase?: boolean;
  force?: boolean;
  /** Lines of the board's output to print at most. */
  lines: number;
  /** Time that its output is waited for, seconds. */
  listen: number;
}

/**
 * @param app an app of dist/ or a file; undefined only with --erase
 * @throws UserError for what the user can mend
 */
export async function flash(app: string | undefined, options: FlashOptions): Promise<void> {
  const { uf2, port } = options;
  if (uf2 === undefined && port === undefined) {
    throw new UserError('say where to: --uf2 FILE for a file to drop, or --port PORT for a board');
  }
  if (uf2 !== undefined && port !== undefined) throw new UserError('either --uf2 or --port, not both');
  if (options.withFirmware !== undefined && uf2 === undefined) {
    throw new UserError('--with-firmware is for --uf2; firmware does not go over a serial port');
  }
  if (options.cyw43Firmware !== undefined && uf2 === undefined) {
    throw new UserError(
      '--cyw43-firmware is for --uf2; over a serial port it is lightwire cyw43-firmware --port',
    );
  }
  if (options.erase) {
    if (port === undefined) throw new UserError('--erase needs a board: --port PORT');
    if (app !== undefined || options.program !== undefined)
      throw new UserError('--erase takes no program; writing one erases the old one anyway');
    return overSerial(null, port, options);
  }
  if (app === undefined) throw new UserError('name the program to flash');
  const program = await readProgram(app, options.program);
  if (options.board !== undefined || uf2 !== undefined) {
    checkFit(program, LAYOUTS[options.board ?? 'pico'], options.force === true);
  }
  if (uf2 !== undefined) toFile(program, uf2, options);
  else if (port !== undefined) await overSerial(program, port, options);
}

function toFile(program: Program, path: string, options: FlashOptions): void {
  const layout = LAYOUTS[options.board ?? 'pico'];
  const { withFirmware: firmware, cyw43Firmware } = options;
  const data: Placed[] = [placedProgram(program.bytes, layout)];
  if (cyw43Firmware !== undefined) data.push(imageBehind(program, cyw43Firmware, layout));
  const image =
    firmware === undefined
      ? dataUf2(data, layout)
      : mergedUf2(data, readFirmware(readFile(firmware), basename(firmware), layout), layout);
  try {
    writeFileSync(path, image);
  } catch (error) {
    throw new UserError(`${path} cannot be written: ${reason(error)}`);
  }
  const parts = [
    ...(firmware === undefined ? [] : ['Kaluma']),
    program.name,
    ...(cyw43Firmware === undefined ? [] : ["the Wi-Fi chip's firmware"]),
  ];
  console.log(`${path}: ${parts.join(' and ')} for ${layout.board}, ${image.length} bytes`);
}

/** The image in the upper part of the program area. @throws UserError when it is none, or the program reaches into it */
function imageBehind(program: Program, path: string, layout: FlashLayout): Placed {
  const image = placedImage(readImage(path), layout);
  const room = image.offset - layout.program.offset;
  if (program.bytes.length >= room) {
    throw new UserError(
      `${program.name} is ${program.bytes.length} bytes; with the Wi-Fi chip's firmware in raw flash there is room for ` +
        `${room - 1} (store it as a file: lightwire cyw43-firmware --port)`,
    );
  }
  return image;
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === 'ENOENT' ? `no firmware ${path}` : `${path} cannot be read: ${reason(error)}`,
    );
  }
}

/** @param program null to erase only */
async function overSerial(program: Program | null, port: string, options: FlashOptions): Promise<void> {
  const serial = await openSerial(port);
  try {
    const line = new Conversation(serial);
    const board = new ProgramBoard(line, port);
    const { layout, version } = await board.identify();
    checkBoard(layout, options.board, port);
    console.log(`${layout.board} with Kaluma ${version} on ${port}`);
    if (program) checkFit(program, layout, options.force === true);
    await board.stopProgram();
    if (await board.holdsRawImage(layout)) {
      console.log(
        "note: this erases the radio's firmware in raw flash; store it anew (lightwire cyw43-firmware --port)",
      );
    }
    if (!program) {
      await board.erase();
      console.log('erased');
      return;
    }
    console.log(`writing ${program.name}`);
    const progress = showProgress(program.bytes.length);
    try {
      await board.write(program, progress.update);
    } finally {
      progress.end();
    }
    if (options.verify) {
      await board.verify(program);
      console.log('verified');
    }
    await board.load();
    const listens = options.listen > 0 && options.lines > 0;
    console.log(listens ? 'started; the board says:' : 'started');
    if (listens) await listen(line, options);
  } catch (error) {
    if (error instanceof LineClosed) throw new UserError(`${port} went away`);
    throw error;
  } finally {
    await serial.close();
  }
}

function checkBoard(layout: FlashLayout, wanted: BoardName | undefined, port: string): void {
  if (wanted !== undefined && layout.board !== wanted) {
    throw new UserError(`the board on ${port} is a ${layout.board}, not a ${wanted}`);
  }
}

/** Prints what the board prints until there are enough lines or the time is over. */
async function listen(line: Conversation, options: FlashOptions): Promise<void> {
  const lines = new ConsoleLines();
  const end = performance.now() + options.listen * 1000;
  let left = options.lines;
  const print = (batch: string[]): void => {
    for (const text of batch.slice(0, left)) console.log(`  ${text}`);
    left -= Math.min(left, batch.length);
  };
  for (let ms = end - performance.now(); left > 0 && ms > 0; ms = end - performance.now()) {
    print(lines.push(await line.some(ms)));
  }
  if (left > 0) print(lines.rest());
}
