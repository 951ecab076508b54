// `npm run bench:image -- --firmware FILE`: what it takes to store the radio's image over Kaluma's prompt,
// and to read it, on the emulated board in device time.

import { Command } from 'commander';
import { IMAGE_FILE, RAW_OFFSET } from '../../tools/cyw43/image.js';
import { radioImage } from '../../tools/flash/radio.js';
import { LAYOUTS, SECTOR } from '../../tools/flash/flash-layout.js';
import { Conversation } from '../../tools/flash/serial/conversation.js';
import { FileBoard } from '../../tools/flash/serial/file-board.js';
import { readFirmware } from '../../tools/flash/firmware-file.js';
import { UserError } from '../../tools/flash/user-error.js';
import type { Chunk } from '../emulator/image.js';
import { boardLine } from '../emulator/board-line.js';
import { createKalumaBoard } from '../emulator/kaluma-board.js';
import { Scheduler } from '../sim/scheduler.js';

const BOOT = 1e6;
/** Limits of a host that takes its time, ms. */
const TIMES = { prompt: { answer: 60_000, quiet: 5, attempts: 2 }, write: 60_000, sum: 60_000 };

const SECTORS = 64;
const READ = `
var n = ${SECTORS}, b = new Uint8Array(${SECTOR}), i, t, fd;
var f = new (require('flash').Flash)(${(RAW_OFFSET - LAYOUTS.pico.storage.offset) / SECTOR}, n), fs = require('fs');
t = micros(); for (i = 0; i < n; i++) f.read(i, b, 0); console.log('raw: ' + (micros() - t));
t = micros(); fs.writeFile('/x', b); fd = fs.open('/x', 'w'); for (i = 0; i < n; i++) fs.write(fd, b); fs.close(fd);
console.log('written: ' + (micros() - t));
fd = fs.open('/x'); t = micros(); for (i = 0; i < n; i++) fs.read(fd, b, 0, ${SECTOR}, i * ${SECTOR});
console.log('file: ' + (micros() - t));`;

function print(name: string, microseconds: number): void {
  console.log(`${name.padEnd(50)} ${(microseconds / 1000).toFixed(1).padStart(9)} ms`);
}

function reading(firmware: Chunk[]): void {
  const scheduler = new Scheduler();
  const { board, text } = createKalumaBoard({ scheduler, firmware, bundle: READ });
  board.start();
  const figure = (name: string): number => {
    const found = (): string | undefined => text.lines.find((line) => line.startsWith(`${name}: `));
    if (!scheduler.runWhile(() => found() !== undefined, 20e6)) throw new Error(`no answer: ${name}`);
    return Number(found()!.slice(name.length + 2));
  };
  const bytes = `${SECTORS * SECTOR} B`;
  print(`read ${bytes} from raw flash, 4 KB at a time`, figure('raw'));
  print(`write ${bytes} to a file`, figure('written'));
  print(`read ${bytes} from a file, 4 KB at a time`, figure('file'));
  board.stop();
}

async function storing(firmware: Chunk[]): Promise<void> {
  const scheduler = new Scheduler();
  const line = boardLine(scheduler, () => kaluma);
  const kaluma = createKalumaBoard({ scheduler, firmware, onConsole: line.said });
  kaluma.board.start();
  scheduler.runFor(BOOT);
  const board = new FileBoard(new Conversation(line), 'board', LAYOUTS.pico, TIMES);
  const image = radioImage();
  await board.begin();
  const start = scheduler.now;
  await board.store(IMAGE_FILE, '/part', image, () => {});
  const stored = scheduler.now;
  if (!(await board.holds(IMAGE_FILE, image))) throw new Error('the board holds something else');
  print(`store ${image.length} B over the prompt`, stored - start);
  print('of which reading back and summing', scheduler.now - stored);
  await line.close();
  kaluma.board.stop();
}

const program = new Command('bench:image')
  .description("storing and reading the radio's image, in device time")
  .requiredOption('--firmware <file>', 'Kaluma 1.2.1 for the Pico: kaluma-rp2-pico-1.2.1.uf2')
  .parse();
const { firmware } = program.opts<{ firmware: string }>();
try {
  const chunks = readFirmware(firmware);
  reading(chunks);
  await storing(chunks);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`bench:image: ${error.message}`);
  process.exitCode = 1;
}
