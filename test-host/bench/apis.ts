// `npm run bench:apis -- --firmware FILE`: one program, the echo server, on each of the three APIs, on Kaluma in an emulated
// RP2040, in device time. Prints the table of docs/apis.md.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { estimateHeap } from '../../tools/build/heap-estimate.js';
import { readBundle } from '../../tools/flash/bundle-file.js';
import { UserError } from '../../tools/flash/user-error.js';
import { readImage, type Chunk } from '../emulator/image.js';
import { DeviceLab } from './device-lab.js';
import { EchoClient } from './echo-client.js';

const APPS = ['echo-raw', 'echo-netconn', 'echo-socket'];
const BULK = 128 << 10;
const ECHOES = 15;

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

type Row = [name: string, value: string];

function measure(firmware: Chunk[], app: string): Row[] {
  const bundle = readBundle(app).code;
  const lab = new DeviceLab({ firmware, bundle });
  lab.boot();
  const collected = (): number => {
    lab.pico.type('.gc');
    lab.run(200e3);
    return lab.heap().occupied;
  };
  const idle = collected();
  const one = new EchoClient(lab);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < ECHOES; i++) {
    small.push(one.echo(1));
    lab.run(3e3 + (i % 7) * 130);
    large.push(one.echo(1000));
    lab.run(3e3 + (i % 7) * 130);
  }
  const time = one.echo(BULK);
  const withOne = collected();
  const others = [new EchoClient(lab), new EchoClient(lab), new EchoClient(lab)];
  const withFour = collected();
  // The sequential servers take one after the other.
  one.close();
  for (const client of others) {
    client.echo(1000);
    client.close();
  }
  lab.run(1e6);
  const ms = (us: number): string => `${(us / 1000).toFixed(2)} ms`;
  const bytes = (n: number): string => `${n.toLocaleString('en')} B`;
  return [
    ['bundle', bytes(bundle.length)],
    ['heap estimate of the code', bytes(estimateHeap(bundle))],
    ['heap, idle with lease', bytes(idle)],
    ['heap, one connection', bytes(withOne)],
    ['heap for each further connection', bytes(Math.round((withFour - withOne) / 3))],
    ['deepest C stack', bytes(lab.stack)],
    ['echo of 1 B, median', ms(median(small))],
    ['echo of 1000 B, median', ms(median(large))],
    ['echo of 128 KB, there and back', `${(BULK / 1024 / (time / 1e6)).toFixed(1)} KB/s`],
  ];
}

function main(): void {
  const program = new Command('bench:apis')
    .description('the echo server on the raw, netconn and socket API, on Kaluma in an emulated RP2040')
    .requiredOption('--firmware <file>', 'Kaluma 1.2.1 for the Pico: kaluma-rp2-pico-1.2.1.uf2')
    .parse();
  const file = program.opts<{ firmware: string }>().firmware;
  let firmware: Chunk[];
  try {
    firmware = readImage(readFileSync(file));
  } catch (error) {
    throw new UserError(`firmware ${file}: ${(error as Error).message}`);
  }
  const columns = APPS.map((app) => measure(firmware, app));
  console.log(`${''.padEnd(34)}${APPS.map((app) => app.padStart(16)).join('')}`);
  columns[0]!.forEach(([name], i) =>
    console.log(`${name.padEnd(34)}${columns.map((rows) => rows[i]![1].padStart(16)).join('')}`),
  );
}

try {
  main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`bench:apis: ${error.message}`);
  process.exitCode = 1;
}
