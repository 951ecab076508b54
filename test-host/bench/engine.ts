// `npm run bench:engine`: times of the engine's operations on the emulated board, beside those that were measured
// elsewhere, so that an emulator that is off shows.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { createEmulatedPico } from '../emulator/kaluma-pico.js';
import { readImage } from '../emulator/image.js';
import { Link } from '../sim/link.js';
import { Scheduler } from '../sim/scheduler.js';
import { engineProgram, OPERATIONS, parseResult } from './engine-program.js';

/** Device time that the whole may take, µs. */
const LIMIT = 60e6;

const options = new Command('bench:engine')
  .requiredOption('--firmware <file>', 'Kaluma 1.2.1 for the Pico')
  .option('--json', 'print JSON')
  .parse()
  .opts<{ firmware: string; json?: boolean }>();

const scheduler = new Scheduler();
const results: number[] = [];
const { board, text } = createEmulatedPico({
  scheduler,
  port: new Link(scheduler).a,
  firmware: readImage(readFileSync(options.firmware)),
  bundle: engineProgram(),
  onLine(line) {
    const result = parseResult(line);
    if (result) results[result[0]] = result[1];
  },
});
board.start();
if (!scheduler.runWhile(() => text.lines.at(-1) === 'end', LIMIT)) {
  console.error(text.lines.join('\n'));
  process.exitCode = 1;
}
board.stop();

if (options.json) {
  const rows = OPERATIONS.map(({ name, reference }, i) => ({ name, reference, measured: results[i] }));
  console.log(JSON.stringify(rows, null, 2));
} else {
  console.log('operation                         µs   reference');
  OPERATIONS.forEach(({ name, reference }, i) => {
    const measured = results[i] ?? NaN;
    const digits = measured < 100 ? 1 : 0;
    console.log(
      `${name.padEnd(28)} ${measured.toFixed(digits).padStart(7)} ${String(reference).padStart(11)}`,
    );
  });
}
