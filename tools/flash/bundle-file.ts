// Finds the bundle that --app names: an app of dist/, or any file.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './user-error.js';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export interface BundleFile {
  /** The app's name, or the file's. */
  name: string;
  path: string;
  code: string;
  /** The part of the code that is the user's own program. */
  user?: string;
}

/**
 * @param app a name such as `http-server`, or a path (ends in .js or holds a slash)
 * @throws UserError when there is none
 */
export function readBundle(app: string): BundleFile {
  const isPath = app.endsWith('.js') || app.includes('/');
  const path = isPath ? resolve(app) : join(ROOT, 'dist', `${app}.js`);
  if (!existsSync(path)) {
    if (isPath) throw new UserError(`no bundle ${app}`);
    const have = apps();
    const built = have.length ? ` (built: ${have.join(', ')})` : '';
    throw new UserError(
      `no bundle ${relative(process.cwd(), path) || path}; 'npm run build' makes the apps${built}`,
    );
  }
  if (statSync(path).isDirectory()) throw new UserError(`${app} is a folder, not a bundle`);
  try {
    return { name: isPath ? path.replace(/^.*\//, '') : app, path, code: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new UserError(`bundle ${app} cannot be read: ${reason(error)}`);
  }
}

function apps(): string[] {
  const dist = join(ROOT, 'dist');
  if (!existsSync(dist)) return [];
  return readdirSync(dist)
    .filter((f) => f.endsWith('.js'))
    .map((f) => f.slice(0, -3));
}

/** A system error in words. */
export function reason(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'no such folder';
    case 'EACCES':
    case 'EPERM':
      return 'no right to';
    case 'EISDIR':
      return 'it is a folder';
    case 'EROFS':
      return 'read-only file system';
    case 'ENOSPC':
      return 'no space left';
    default:
      return (error as Error).message;
  }
}
