// Names of the functions on each line of a bundle, found again through its source map: a bundle keeps none.

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse, type AnyNode } from 'acorn';
import { minify } from 'terser';
import { isFunction, walk } from '../../tools/build/ast.js';
import { ROOT, type BuiltApp } from '../../tools/build/bundle.js';
import { decode, type Segment } from '../../tools/build/source-map.js';

export interface Laid {
  /** The same program with one statement a line. */
  code: string;
  /** By line, from 1: the innermost function there. */
  names: string[];
}

/** Lays a bundle out so that the engine's line numbers tell its functions apart. */
export async function layOut(app: BuiltApp): Promise<Laid> {
  const { code } = await minify(app.code, {
    compress: false,
    mangle: false,
    ecma: 5,
    format: { beautify: true, indent_level: 0 },
  });
  const original = functionsOf(app.code);
  const laid = functionsOf(code!);
  if (original.length !== laid.length) throw new Error('laying the bundle out has changed its functions');
  const name = namer(app);
  const names: string[] = [];
  // Inner functions come after those around them.
  laid.forEach((fn, i) => {
    const { start, end } = fn.loc!;
    const label = name(original[i]!);
    for (let line = start.line; line <= end.line; line++) names[line] = label;
  });
  return { code: code!, names };
}

function functionsOf(code: string): AnyNode[] {
  const out: AnyNode[] = [];
  walk(parse(code, { ecmaVersion: 5, locations: true }) as AnyNode, (node) => {
    if (isFunction(node)) out.push(node);
  });
  return out;
}

/** Names a function of the bundle by the source that it comes from. */
function namer(app: BuiltApp): (fn: AnyNode) => string {
  const map = JSON.parse(app.map) as { mappings: string; sources: string[] };
  const lines = decode(map.mappings);
  const texts = new Map<string, string[]>();
  const textOf = (path: string): string[] => {
    let text = texts.get(path);
    if (!text) texts.set(path, (text = readFileSync(path, 'utf8').split('\n')));
    return text;
  };
  return (fn) => {
    const { line, column } = fn.loc!.start;
    const segment = lastBefore(lines[line - 1] ?? [], column);
    if (!segment || segment[1] < 0) return `(bundle ${line}:${column})`;
    const path = resolve(join(ROOT, 'dist'), map.sources[segment[1]]!);
    const text = textOf(path);
    // A function expression has no name of its own: the nearest declaration above it has.
    for (let at = segment[2]; at >= 0; at--) {
      const found = /\bfunction (\w+)/.exec(text[at] ?? '');
      if (found) {
        const inner = at === segment[2] && segment[3] <= found.index + 9 ? '' : '+';
        return `${found[1]}${inner} (${dirname(path).replace(/^.*\//, '')})`;
      }
    }
    return `(${path.replace(/^.*\//, '')}:${segment[2] + 1})`;
  };
}

function lastBefore(segments: Segment[], column: number): Segment | undefined {
  let last: Segment | undefined;
  for (const segment of segments) {
    if (segment[0] > column) break;
    last = segment;
  }
  return last;
}
