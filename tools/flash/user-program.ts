// The user's own Kaluma program, which follows a bundle in flash. Unlike the bundle it may be in any language version
// that Kaluma has.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'acorn';
import { estimateHeap } from '../build/heap-estimate.js';
import { reason, type BundleFile } from './bundle-file.js';
import { syntaxError } from './syntax-error.js';
import { UserError } from './user-error.js';

/**
 * The bundle with the user's program behind it, in the order in which they run.
 * @param path the program's file; undefined for none
 * @throws UserError when it cannot be read, is empty, holds a NUL byte or is no program
 */
export function withUserProgram(bundle: BundleFile, path: string | undefined): BundleFile {
  if (path === undefined) return bundle;
  const user = readUserProgram(path);
  return { ...bundle, name: `${bundle.name} with ${basename(path)}`, code: `${bundle.code}\n${user}`, user };
}

function readUserProgram(path: string): string {
  let code: string;
  try {
    code = readFileSync(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(missing ? `no program ${path}` : `program ${path} cannot be read: ${reason(error)}`);
  }
  if (!code.trim()) throw new UserError(`program ${path} is empty`);
  const nul = code.indexOf('\0');
  if (nul >= 0) {
    throw new UserError(
      `program ${path} holds a NUL byte at offset ${nul}; to Kaluma it is the program's end`,
    );
  }
  // Kaluma parses every program in strict mode.
  const error = syntaxError((strict) => parse(strict + code, { ecmaVersion: 2020, sourceType: 'script' }));
  if (error) throw new UserError(`program ${path} is not JavaScript: ${error}`);
  return code;
}

/** @returns bytes of heap that the user's program takes once parsed, roughly: told from it in ES5 */
export async function userHeap(code: string): Promise<number> {
  const { default: ts } = await import('typescript');
  const options = { target: ts.ScriptTarget.ES5, noEmitHelpers: true, downlevelIteration: true };
  return estimateHeap(ts.transpileModule(code, { compilerOptions: options }).outputText);
}
