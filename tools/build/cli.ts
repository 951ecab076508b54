// `npm run build`: builds every app, or those named, prints the table of sizes, fails on a broken budget.
import { InvalidArgumentError, program } from 'commander';
import {
  type BuiltApp,
  appNames,
  appOptions,
  buildApp,
  buildWithDiagnostics,
  overBudget,
  writeApp,
} from './bundle.js';

interface Options {
  app: string[];
  diagnostics?: boolean;
  quiet?: boolean;
  shares?: boolean;
}

const known = appNames();

program
  .name('npm run build --')
  .description('Builds dist/<app>.js and its source map for the apps in firmware/apps.')
  .option('--app <name>', `build only this app, may be repeated (${known.join(', ')})`, collect, [])
  .option('--diagnostics', 'build dist/<app>.diag.js instead: with the object `net` at the serial prompt')
  .option('--no-shares', 'leave out the bytes by source folder')
  .option('--quiet', 'print nothing unless something is wrong')
  .allowExcessArguments(false)
  .action(run)
  .parse();

function collect(name: string, names: string[]): string[] {
  if (!known.includes(name)) throw new InvalidArgumentError(`the apps are ${known.join(', ')}.`);
  return [...names, name];
}

async function run({ app, diagnostics, quiet, shares }: Options): Promise<void> {
  const built: BuiltApp[] = [];
  const build = diagnostics ? buildWithDiagnostics : buildApp;
  const all = diagnostics ? known.filter((name) => appOptions(name).ground === 'kaluma') : known;
  for (const name of app.length > 0 ? app : all) {
    try {
      const result = await build(name);
      writeApp(result);
      built.push(result);
    } catch (error) {
      console.error((error as Error).message);
      process.exitCode = 1;
    }
  }
  if (!quiet) print(built, shares !== false);
  for (const line of built.map(overBudget)) {
    if (line === undefined) continue;
    console.error(line);
    process.exitCode = 1;
  }
}

function print(built: BuiltApp[], shares: boolean): void {
  const row = (...cells: (string | number)[]): void =>
    console.log(cells.map((c, i) => (i === 0 ? String(c).padEnd(24) : String(c).padStart(10))).join(''));
  row('app', 'minified', 'gzip', 'heap est.', 'budget', 'left');
  for (const b of built) {
    row(b.name, b.bytes, b.gzip, b.heap, b.budget ?? '-', b.budget === undefined ? '-' : b.budget - b.bytes);
    if (shares) for (const [folder, bytes] of b.shares) row(`  ${folder}`, bytes);
  }
}
