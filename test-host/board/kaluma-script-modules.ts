// Those of Kaluma's modules that are themselves programs: the files in modules/, run in the board's realm, so that all
// they make is the realm's own.

import { readFileSync } from 'node:fs';
import ts from 'typescript';
import type { Machine } from './machine.js';
import type { Realm } from './realm.js';

/** Those that a program may require; other files of modules/ are parts of them. */
export const SCRIPT_MODULES = ['events', 'stream', 'net', 'http', 'url', 'wifi', 'rp2'];

type Load = (name: string) => object;

const scripts = new Map<string, string>();

/** @returns what loads a module, once in each realm, at what it costs a board */
export function scriptModules(realm: Realm, machine: Machine): Load {
  const loaded = new Map<string, object>();
  const load: Load = (name) => {
    const known = loaded.get(name);
    if (known) return known;
    const exports = realm.object({});
    loaded.set(name, exports);
    const run = realm.run(scriptOf(name), `${name}.js`) as (exports: object, require: Load) => void;
    run(exports, (file) => load(/^\.\/(.*)\.js$/.exec(file)![1]!));
    machine.spend(machine.cost.loadModule[name] ?? 0);
    return exports;
  };
  return load;
}

/** @returns the module's code, as an expression */
function scriptOf(name: string): string {
  let script = scripts.get(name);
  if (script === undefined) {
    const source = readFileSync(new URL(`modules/${name}.ts`, import.meta.url), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    script = `(function (exports, require) {${outputText}})`;
    scripts.set(name, script);
  }
  return script;
}
