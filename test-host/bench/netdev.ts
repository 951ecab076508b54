// `npm run bench:netdev -- --firmware FILE`: what Kaluma's own `http` does over the network device of kaluma-netdev, in an
// emulated RP2040, in device time, so that the figures repeat exactly.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { HEAP_AT_BOOT } from '../../tools/build/heap-estimate.js';
import { readBundle } from '../../tools/flash/bundle-file.js';
import { UserError } from '../../tools/flash/user-error.js';
import { readImage, type Chunk } from '../emulator/image.js';
import { DeviceLab } from './device-lab.js';

const PROGRAM = new URL('../programs/http-server.js', import.meta.url);
const REQUESTS = 100;

function print(name: string, value: number, unit: string): void {
  const digits = value >= 1000 || Number.isInteger(value) ? 0 : 2;
  console.log(`${name.padEnd(52)} ${value.toFixed(digits).padStart(8)} ${unit}`);
}

/** Heap in use after a collection. */
function collected(lab: DeviceLab): number {
  lab.pico.type('.gc');
  lab.run(200e3);
  return lab.heap().occupied;
}

function boot(firmware: Chunk[], bundle: string): DeviceLab {
  const lab = new DeviceLab({ firmware, bundle });
  lab.boot();
  return lab;
}

function measure(firmware: Chunk[]): void {
  const bundle = readBundle('kaluma-netdev').code;
  print('bundle', bundle.length, 'B');
  print("heap, Kaluma's own at boot", HEAP_AT_BOOT, 'B');
  const alone = boot(firmware, bundle);
  print('heap, idle with lease, no program', collected(alone), 'B');
  alone.pico.board.stop();
  const modules = boot(firmware, `${bundle}\nrequire('http');`);
  print('heap, idle, net and http loaded', collected(modules), 'B');
  modules.pico.board.stop();

  const lab = boot(firmware, `${bundle}\n${readFileSync(PROGRAM, 'utf8')}`);
  print('heap, idle, with the server program', collected(lab), 'B');
  const frames = lab.busUse().framesSent;
  const one = lab.requests('/', REQUESTS, 1);
  print(`requests, page of ${one.bytes} B, one after another`, REQUESTS / (one.time / 1e6), '/s');
  print('frames sent a page', (lab.busUse().framesSent - frames) / REQUESTS, '');
  const four = lab.requests('/', REQUESTS, 4);
  print(`requests, page of ${four.bytes} B, 4 clients`, REQUESTS / (four.time / 1e6), '/s');
  print('heap, peak so far', lab.heap().peak, 'B');
  const large = lab.requests('/large', 20, 1);
  print(`requests, page of ${large.bytes} B, one after another`, 20 / (large.time / 1e6), '/s');
  const large4 = lab.requests('/large', 20, 4);
  print(`requests, page of ${large4.bytes} B, 4 clients`, 20 / (large4.time / 1e6), '/s');
  print('heap, peak so far', lab.heap().peak, 'B');
  lab.run(2e6);
  print('heap, after all of it', collected(lab), 'B');
  print('deepest C stack', lab.stack, 'B');
  lab.pico.board.stop();
}

function main(): void {
  const program = new Command('bench:netdev')
    .description("figures of Kaluma's http over __netdev, in device time")
    .requiredOption('--firmware <file>', 'Kaluma 1.2.1 for the Pico: kaluma-rp2-pico-1.2.1.uf2')
    .parse();
  const { firmware } = program.opts<{ firmware: string }>();
  let chunks: Chunk[];
  try {
    chunks = readImage(readFileSync(firmware));
  } catch (error) {
    throw new UserError(`firmware ${firmware}: ${(error as Error).message}`);
  }
  measure(chunks);
}

try {
  main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`bench:netdev: ${error.message}`);
  process.exitCode = 1;
}
