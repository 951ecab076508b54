// `npm run bench:hot -- --firmware FILE`: counts how often the apps' functions are called while the emulated board
// works, and writes the order for tools/build/arrange.ts to tools/build/hot.json.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { parse, type AnyNode, type FunctionDeclaration } from 'acorn';
import { isFunction, walk } from '../../tools/build/ast.js';
import { ROOT, buildApp } from '../../tools/build/bundle.js';
import { readImage } from '../emulator/image.js';
import { DeviceLab } from './device-lab.js';

/** Names past these are found about as late as unordered ones. */
const KEEP = 100;
const COUNTS = '$calls';

const LOADS: [app: string, run: (lab: DeviceLab) => void][] = [
  ['http-server', (lab) => void lab.requests('/', 20, 1)],
  [
    'bench',
    (lab) => {
      lab.pings(56, 5);
      lab.udpEchoes(1400, 5);
      lab.fromDevice(64 * 1024);
      lab.toDevice(64 * 1024);
    },
  ],
];

/** The program with a counter at the start of each function of its own scope, and their names. */
function counted(code: string): { code: string; names: string[] } {
  const names: string[] = [];
  const at: number[] = [];
  walk(parse(code, { ecmaVersion: 5 }) as AnyNode, (node, parents) => {
    const depth = parents.filter(isFunction).length;
    if (node.type === 'FunctionDeclaration' && depth === 1) {
      names.push((node as FunctionDeclaration).id.name);
      at.push(node.body.start + 1);
    }
  });
  let text = code;
  for (let i = at.length - 1; i >= 0; i--) {
    text = `${text.slice(0, at[i])}${COUNTS}[${i}]++;${text.slice(at[i])}`;
  }
  return { code: `global.${COUNTS}=new Uint32Array(${names.length});${text}`, names };
}

const program = new Command('bench:hot')
  .requiredOption('--firmware <file>', 'Kaluma 1.2.1 for the Pico')
  .parse();
const firmware = readImage(readFileSync(program.opts<{ firmware: string }>().firmware));
const shares = new Map<string, number>();
for (const [app, run] of LOADS) {
  const { code, names } = counted((await buildApp(app, { readable: true, hot: [] })).code);
  const lab = new DeviceLab({ firmware, bundle: code });
  lab.boot();
  lab.ask(`${COUNTS}.fill(0)`);
  run(lab);
  const counts = lab
    .ask(`${COUNTS}.join(' ')`)
    .replace(/[^\d ]/g, '')
    .trim()
    .split(' ')
    .map(Number);
  const all = counts.reduce((a, b) => a + b, 0);
  names.forEach((name, i) => shares.set(name, (shares.get(name) ?? 0) + counts[i]! / all));
}
const hot = [...shares]
  .filter(([, share]) => share > 0)
  .sort((a, b) => b[1] - a[1])
  .slice(0, KEEP);
for (const [name, share] of hot) console.log(`${(share * 100).toFixed(2).padStart(8)} % ${name}`);
writeFileSync(
  join(ROOT, 'tools/build/hot.json'),
  `${JSON.stringify(
    hot.map(([name]) => name),
    null,
    2,
  )}\n`,
);
