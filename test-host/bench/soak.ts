// `npm run bench:soak -- --firmware FILE [--seconds N]`: the web server under full load for a long time on the emulated
// board: four clients without a pause and pings beside them. Fails when heap or pools grow, or the prompt stalls.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { buildWithDiagnostics } from '../../tools/build/bundle.js';
import { seconds } from '../../tools/flash/options.js';
import { readImage } from '../emulator/image.js';
import { DeviceLab } from './device-lab.js';

const CLIENTS = 4;
const PING_EVERY = 200e3;
/** Device time between two looks at the board, µs. */
const LOOK_EVERY = 20e6;
/** What the prompt may take to answer, µs. */
const PROMPT_LIMIT = 200e3;
/** What the heap may differ by after a collection, bytes: the collector's own grain. */
const HEAP_GRAIN = 4096;

interface Look {
  time: number;
  heap: number;
  prompt: number;
}

const program = new Command('bench:soak')
  .requiredOption('--firmware <file>', 'Kaluma 1.2.1 for the Pico')
  .option('--seconds <n>', 'device time under load', seconds, 600)
  .parse();
const options = program.opts<{ firmware: string; seconds: number }>();
const { code } = await buildWithDiagnostics('http-server');
const lab = new DeviceLab({ firmware: readImage(readFileSync(options.firmware)), bundle: code });
lab.boot();
// A neighbour's entry and its timer are there afterwards, too.
lab.pings(56, 1);
const before = pools();

let answered = 0;
let broken = 0;
let pings = 0;
let lost = 0;
let on = true;
const next = (): void => {
  if (!on) return;
  lab.get('/', (response) => {
    if (response?.startsWith('HTTP/1.1 200')) answered++;
    else broken++;
    lab.scheduler.after(0, next);
  });
};
for (let i = 0; i < CLIENTS; i++) next();
lab.pingEvery(PING_EVERY, (ok) => {
  pings++;
  if (!ok) lost++;
  return on;
});

const looks: Look[] = [];
const end = lab.scheduler.now + options.seconds * 1e6;
while (lab.scheduler.now < end) {
  lab.run(LOOK_EVERY);
  const prompt = lab.promptTime();
  lab.pico.type('.gc');
  lab.run(50e3);
  const look = { time: lab.scheduler.now / 1e6, heap: lab.heap().occupied, prompt: prompt / 1000 };
  looks.push(look);
  console.log(
    `${look.time.toFixed(0).padStart(5)} s  ${answered} pages, ${pings} pings, heap ${look.heap} B, ` +
      `prompt ${look.prompt.toFixed(1)} ms`,
  );
}
on = false;
// TIME_WAIT and neighbours run out.
lab.run(130e6);
const after = pools();

const third = Math.floor(looks.length / 3) || 1;
const mean = (some: Look[]): number => some.reduce((sum, l) => sum + l.heap, 0) / some.length;
const growth = mean(looks.slice(-third)) - mean(looks.slice(0, third));
const slowest = Math.max(...looks.map((l) => l.prompt));
console.log(`\n${answered} pages, ${broken} broken; ${pings} pings, ${lost} lost`);
console.log(
  `heap: last third against the first ${growth.toFixed(0)} B; prompt: slowest ${slowest.toFixed(1)} ms`,
);
console.log(`pools before and after:\n${before}\n\n${after}`);
const usedBefore = used(before);
const usedAfter = used(after);
const leaks = usedAfter.filter((n, i) => n > (usedBefore[i] ?? 0)).length;
const bad = [
  broken > 0 && 'pages broke',
  lost > 0 && 'pings were lost',
  growth > HEAP_GRAIN && 'the heap grows',
  slowest * 1000 > PROMPT_LIMIT && 'the prompt stalls',
  leaks > 0 && `${leaks} pools hold more than before`,
].filter(Boolean);
console.log(bad.length ? `FAILED: ${bad.join(', ')}` : 'held');
process.exitCode = bad.length ? 1 : 0;

/** The pools as the board's own `net.memp()` prints them. */
function pools(): string {
  return lab
    .ask('net.memp()')
    .split('\n')
    .filter((line) => /^[A-Z_]+ +\d/.test(line))
    .join('\n');
}

/** The column of what is used. */
function used(table: string): number[] {
  return table.split('\n').map((line) => Number(line.trim().split(/ +/)[1]));
}
