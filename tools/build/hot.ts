// Finds the functions that an app calls most, for `hot` in firmware/apps/<app>.json (see arrange.ts): runs the
// readable bundle on the simulated board, asks it for pages, and reads V8's call counts.
// Usage: npx tsx tools/build/hot.ts http-server
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, appOptions, buildApp } from './bundle.js';

const REQUESTS = 200;
/** Names past these are found about as late as an unordered one. */
const KEEP = 80;

interface Coverage {
  result: { url: string; functions: { functionName: string; ranges: { count: number }[] }[] }[];
}

const app = process.argv[2] ?? 'http-server';
const folder = mkdtempSync(join(tmpdir(), 'lightwire-hot-'));
try {
  const file = join(folder, `${app}.js`);
  writeFileSync(file, (await buildApp(app, { readable: true, hot: [] })).code);
  await drive(file, join(folder, 'coverage'));
  const counts = callCounts(join(folder, 'coverage'), `${app}.js`);
  const hot = [...counts]
    .filter(([, count]) => count >= REQUESTS / 2)
    .sort((a, b) => b[1] - a[1])
    .slice(0, KEEP);
  for (const [name, count] of hot) console.log(String(count).padStart(9), name);
  if (hot.length === 0) throw new Error('no counts: did the app run?');
  const options = { ...appOptions(app), hot: hot.map(([name]) => name) };
  writeFileSync(join(ROOT, 'firmware/apps', `${app}.json`), `${JSON.stringify(options, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

/** Boots the simulated board with the bundle and asks for its page again and again. */
async function drive(file: string, coverage: string): Promise<void> {
  const port = await freePort();
  const board = spawn(
    process.execPath,
    ['--import=tsx', 'tools/flash/cli.ts', 'simulate', '--app', file, '--http-port', String(port), '--quiet'],
    {
      cwd: ROOT,
      env: { ...process.env, NODE_V8_COVERAGE: coverage },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const ended = once(board, 'exit');
  for (let done = 0, tries = 0; done < REQUESTS;) {
    try {
      await (await fetch(`http://127.0.0.1:${port}/`)).arrayBuffer();
      done++;
    } catch (error) {
      if (board.exitCode !== null || ++tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  board.kill('SIGINT');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

function callCounts(coverage: string, script: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of readdirSync(coverage)) {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as Coverage;
    for (const { functions } of result.filter((r) => r.url.endsWith(script))) {
      for (const { functionName, ranges } of functions) {
        if (functionName) counts.set(functionName, (counts.get(functionName) ?? 0) + ranges[0]!.count);
      }
    }
  }
  return counts;
}
