// `npm run bench:device -- --firmware FILE`: the stack's figures on Kaluma in an emulated RP2040, in device time, so that
// they repeat exactly.

import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { readImage, type Chunk } from '../emulator/image.js';
import { readBundle } from '../../tools/flash/bundle-file.js';
import { UserError } from '../../tools/flash/user-error.js';
import { appOf, boardOption, DeviceLab, type LabBoard } from './device-lab.js';

interface Figure {
  name: string;
  value: number;
  unit: string;
}

const KB = 1024;

/** What each group of figures is about, for --only. */
const TRANSPORTS = [
  'ping 56 B',
  'ping 1400 B',
  'UDP echo 1024 B',
  'UDP echo 1400 B',
  'TCP device to host',
  'TCP host to device',
];
const HTTP = ['boot', 'heap', 'HTTP', 'prompt'];

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Ping, UDP and TCP, against the app `bench`. */
function transports(firmware: Chunk[], board: LabBoard, only: RegExp, add: (figure: Figure) => void): void {
  const lab = new DeviceLab({ firmware, board, bundle: readBundle(appOf('bench', board)).code });
  lab.boot();
  const ms = (name: string, times: () => number[]): void => {
    if (only.test(name)) add({ name, value: median(times()) / 1000, unit: 'ms' });
  };
  const rate = (name: string, bytes: number, run: (bytes: number) => number): void => {
    if (only.test(name)) add({ name, value: bytes / KB / (run(bytes) / 1e6), unit: 'KB/s' });
  };
  ms('ping 56 B', () => lab.pings(56, 15));
  ms('ping 1400 B', () => lab.pings(1400, 15));
  ms('UDP echo 1024 B', () => lab.udpEchoes(1024, 15));
  ms('UDP echo 1400 B', () => lab.udpEchoes(1400, 15));
  for (const [name, run] of [
    ['TCP device to host', (n: number) => lab.fromDevice(n)],
    ['TCP host to device', (n: number) => lab.toDevice(n)],
  ] as const) {
    const before = lab.busUse();
    rate(name, 256 * KB, run);
    if (!only.test(name)) continue;
    const segments = (256 * KB) / 1460;
    const after = lab.busUse();
    add({ name: `${name}, SPI bytes a segment`, value: (after.bytes - before.bytes) / segments, unit: 'B' });
    add({
      name: `${name}, SPI commands a segment`,
      value: (after.transactions - before.transactions) / segments,
      unit: '',
    });
  }
  if (only.test('stack')) add({ name: 'deepest C stack, transports', value: lab.stack, unit: 'B' });
}

/** HTTP and memory, against the app `http-server`. */
function http(firmware: Chunk[], board: LabBoard, add: (figure: Figure) => void): void {
  const lab = new DeviceLab({ firmware, board, bundle: readBundle(appOf('http-server', board)).code });
  lab.boot();
  add({ name: 'boot to lease', value: lab.leasedAt / 1000, unit: 'ms' });
  lab.pico.type('.gc');
  lab.run(100e3);
  const idle = lab.heap();
  add({ name: 'heap, idle with lease', value: idle.occupied, unit: 'B' });
  add({ name: 'heap, peak at start-up', value: idle.peak, unit: 'B' });
  const frames = lab.busUse().framesSent;
  const one = lab.requests('/', 100, 1);
  add({ name: 'HTTP, frames sent a page', value: (lab.busUse().framesSent - frames) / 100, unit: '' });
  add({ name: `HTTP, page of ${one.bytes} B, one after another`, value: 100 / (one.time / 1e6), unit: '/s' });
  add({ name: 'HTTP, time to first byte', value: median(one.firstBytes) / 1000, unit: 'ms' });
  lab.pico.type('.gc');
  lab.run(100e3);
  add({ name: 'heap, after 100 requests', value: lab.heap().occupied, unit: 'B' });
  const four = lab.requests('/', 100, 4);
  add({ name: 'HTTP, 4 clients', value: 100 / (four.time / 1e6), unit: '/s' });
  const after = lab.heap();
  add({ name: 'heap, peak so far, 4 clients', value: after.peak, unit: 'B' });
  add({ name: 'deepest C stack, HTTP', value: lab.stack, unit: 'B' });
  add({ name: 'prompt answers in', value: lab.promptTime() / 1000, unit: 'ms' });
}

function main(): void {
  const program = new Command('bench:device')
    .description('figures of the stack on Kaluma in an emulated RP2040, in device time')
    .requiredOption('--firmware <file>', 'Kaluma 1.2.1 for the Pico: kaluma-rp2-pico-1.2.1.uf2')
    .addOption(boardOption())
    .option('--only <pattern>', 'the figures whose name matches', '')
    .option('--json <file>', 'write the figures to a file')
    .parse();
  const options = program.opts<{ firmware: string; board: LabBoard; only: string; json?: string }>();
  let firmware: Chunk[];
  try {
    firmware = readImage(readFileSync(options.firmware));
  } catch (error) {
    throw new UserError(`firmware ${options.firmware}: ${(error as Error).message}`);
  }
  const only = new RegExp(options.only);
  const figures: Figure[] = [];
  const add = (figure: Figure): void => {
    figures.push(figure);
    const digits = figure.value >= 1000 ? 0 : figure.value >= 100 ? 1 : 2;
    console.log(`${figure.name.padEnd(44)} ${figure.value.toFixed(digits).padStart(10)} ${figure.unit}`);
  };
  const started = Date.now();
  if (TRANSPORTS.some((name) => only.test(name))) transports(firmware, options.board, only, add);
  if (HTTP.some((name) => only.test(name))) http(firmware, options.board, add);
  if (!figures.length) throw new UserError(`no figure's name matches ${options.only}`);
  console.log(`${((Date.now() - started) / 1000).toFixed(0)} s of wall time`);
  if (options.json) writeFileSync(options.json, JSON.stringify(figures, null, 2) + '\n');
}

try {
  main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`bench:device: ${error.message}`);
  process.exitCode = 1;
}
