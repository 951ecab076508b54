// `npm run bench:netdev -- --firmware FILE [--board cyw43]`: what Kaluma's own `http` does over the network device of
// kaluma-netdev or kaluma-wifi, in an emulated RP2040, in device time, so that the figures repeat exactly.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { HEAP_AT_BOOT } from '../../tools/build/heap-estimate.js';
import { readBundle } from '../../tools/flash/bundle-file.js';
import { UserError } from '../../tools/flash/user-error.js';
import { readImage, type Chunk } from '../emulator/image.js';
import { boardOption, DeviceLab, type LabBoard } from './device-lab.js';

const PROGRAM = new URL('../programs/http-server.js', import.meta.url);
const REQUESTS = 100;

/**
 * The app that a program follows in flash; what gets it onto the network, of itself or by Kaluma's `wifi`; for how many large
 * pages at a time its heap has room.
 */
const APPS: Record<LabBoard, { app: string; alone: string; modules: string; many: number }> = {
  enc28j60: { app: 'kaluma-netdev', alone: '', modules: "require('http');", many: 4 },
  cyw43: {
    app: 'kaluma-wifi',
    alone:
      "__ieee80211dev.connect({ ssid: storage.getItem('WIFI_SSID'), password: storage.getItem('WIFI_PASSWORD') });",
    modules: "require('http'); new (require('wifi').WiFi)().connect();",
    many: 3,
  },
};

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

function boot(firmware: Chunk[], board: LabBoard, bundle: string): DeviceLab {
  const lab = new DeviceLab({ firmware, board, bundle });
  lab.boot();
  return lab;
}

function measure(firmware: Chunk[], board: LabBoard): void {
  const { app, alone: joins, modules: loads, many } = APPS[board];
  const bundle = readBundle(app).code;
  print('bundle', bundle.length, 'B');
  print("heap, Kaluma's own at boot", HEAP_AT_BOOT, 'B');
  const alone = boot(firmware, board, `${bundle}\n${joins}`);
  print('heap, idle with lease, no program', collected(alone), 'B');
  alone.pico.board.stop();
  const modules = boot(firmware, board, `${bundle}\n${loads}`);
  print('heap, idle, modules loaded', collected(modules), 'B');
  modules.pico.board.stop();

  const lab = boot(firmware, board, `${bundle}\n${loads}\n${readFileSync(PROGRAM, 'utf8')}`);
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
  const several = lab.requests('/large', 20, many);
  print(`requests, page of ${several.bytes} B, ${many} clients`, 20 / (several.time / 1e6), '/s');
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
    .addOption(boardOption())
    .parse();
  const { firmware, board } = program.opts<{ firmware: string; board: LabBoard }>();
  let chunks: Chunk[];
  try {
    chunks = readImage(readFileSync(firmware));
  } catch (error) {
    throw new UserError(`firmware ${firmware}: ${(error as Error).message}`);
  }
  measure(chunks, board);
}

try {
  main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`bench:netdev: ${error.message}`);
  process.exitCode = 1;
}
