// `npm run bench:profile -- --firmware FILE --elf FILE --run NAME`: which functions of the stack device time goes to.

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { buildApp } from '../../tools/build/bundle.js';
import { readImage } from '../emulator/image.js';
import { appOf, boardOption, DeviceLab, type LabBoard } from './device-lab.js';
import { EchoClient } from './echo-client.js';
import { elfSymbols } from './elf-symbols.js';
import { layOut } from './function-lines.js';
import { Profiler } from './profiler.js';

/** µs between samples; no multiple of anything that repeats. */
const INTERVAL = 37;

interface Run {
  app: string;
  /** The user's program behind the app. */
  program?: URL;
  run: (lab: DeviceLab) => void;
  /** What it is made of, and how many. */
  unit: [name: string, count: number];
}

const BULK = 128 * 1024;

const RUNS: Record<string, Run> = {
  'ping': { app: 'bench', run: (lab) => void lab.pings(56, 60), unit: ['ping', 60] },
  'ping-large': { app: 'bench', run: (lab) => void lab.pings(1400, 40), unit: ['ping', 40] },
  'udp': { app: 'bench', run: (lab) => void lab.udpEchoes(1400, 40), unit: ['datagram', 40] },
  'from-device': { app: 'bench', run: (lab) => void lab.fromDevice(BULK), unit: ['segment', BULK / 1460] },
  'to-device': { app: 'bench', run: (lab) => void lab.toDevice(BULK), unit: ['segment', BULK / 1460] },
  ...Object.fromEntries(
    ['echo-raw', 'echo-netconn', 'echo-socket'].map((app): [string, Run] => [
      app,
      { app, run: (lab) => void new EchoClient(lab).echo(BULK), unit: ['segment', BULK / 1460] },
    ]),
  ),
  'http': { app: 'http-server', run: (lab) => void lab.requests('/', 30, 1), unit: ['page', 30] },
  'netdev': {
    app: 'kaluma-netdev',
    program: new URL('../programs/http-server.js', import.meta.url),
    run: (lab) => void lab.requests('/', 30, 1),
    unit: ['page', 30],
  },
};

/** Layers by the folder of a function. */
const LAYERS: Record<string, string> = {
  enc28j60: 'driver and SPI',
  cyw43: 'driver and SPI',
  hal: 'driver and SPI',
  link: 'Ethernet and IP',
  arp: 'Ethernet and IP',
  ip: 'Ethernet and IP',
  ip4: 'Ethernet and IP',
  icmp: 'ICMP',
  udp: 'UDP',
  tcp: 'TCP',
  core: 'buffers, checksums, timers',
  services: 'application',
  http: 'application',
  apps: 'application',
  api: 'APIs',
  board: 'main loop',
};

const program = new Command('bench:profile')
  .description('device time by function')
  .requiredOption('--firmware <file>', 'Kaluma 1.2.1 for the Pico')
  .requiredOption('--elf <file>', 'its ELF file, for the symbols')
  .addOption(
    new Option('--run <name>', 'what to do meanwhile').choices(Object.keys(RUNS)).makeOptionMandatory(),
  )
  .addOption(boardOption())
  .option('--lines', 'show source lines, too')
  .parse();
const options = program.opts<{
  firmware: string;
  board: LabBoard;
  elf: string;
  run: string;
  lines?: boolean;
}>();
const { app, program: user, run, unit } = RUNS[options.run]!;
const { code, names } = await layOut(await buildApp(appOf(app, options.board)));
const bundle = user ? `${code}\n${readFileSync(user, 'utf8')}` : code;
const lab = new DeviceLab({
  firmware: readImage(readFileSync(options.firmware)),
  board: options.board,
  bundle,
});
lab.boot();
const profiler = new Profiler(lab.pico.board, elfSymbols(readFileSync(options.elf)), names);
const start = lab.scheduler.now;
profiler.during(INTERVAL, () => run(lab));
const percent = (share: number): string => `${(share * 100).toFixed(1).padStart(6)} %`;
console.log(
  `${((lab.scheduler.now - start) / 1000).toFixed(0)} ms of device time, ${profiler.samples} samples, idle ${percent(profiler.idle / profiler.samples)}`,
);
const micros = lab.scheduler.now - start;
const layers = new Map<string, number>([['engine and idle', 1]]);
for (const { name, self } of profiler.functions()) {
  const layer = LAYERS[/\((\w+)\)$/.exec(name)?.[1] ?? ''] ?? 'engine and idle';
  if (layer === 'engine and idle') continue;
  layers.set(layer, (layers.get(layer) ?? 0) + self);
  layers.set('engine and idle', layers.get('engine and idle')! - self);
}
console.log(`\n   share  µs a ${unit[0]}  layer`);
for (const [layer, share] of [...layers].sort((a, b) => b[1] - a[1])) {
  console.log(percent(share), ((share * micros) / unit[1]).toFixed(0).padStart(8), ` ${layer}`);
}
console.log('\n    self    total  function');
for (const f of profiler.functions().slice(0, 45)) console.log(percent(f.self), percent(f.total), f.name);
console.log('\n   share  native function');
for (const n of profiler.natives().slice(0, 25)) console.log(percent(n.share), n.name);
if (options.lines) {
  const text = bundle.split('\n');
  console.log('\n   share  line');
  for (const l of profiler.lines().slice(0, 60))
    console.log(percent(l.share), l.line, text[l.line - 1]?.slice(0, 110));
}
