// An app's bundle as built: from dist when that is up to date, else built now.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp, ROOT } from '../../tools/build/bundle.js';

const SOURCES = ['firmware', 'drivers', 'hal', 'tools/build'];

/** @param app an app of firmware/apps */
export async function bundleOf(app: string): Promise<string> {
  const path = join(ROOT, 'dist', `${app}.js`);
  if (existsSync(path) && statSync(path).mtimeMs > Math.max(...SOURCES.map((f) => newest(join(ROOT, f))))) {
    return readFileSync(path, 'utf8');
  }
  return (await buildApp(app)).code;
}

/** When the last change in a folder was made, ms. */
function newest(folder: string): number {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}
