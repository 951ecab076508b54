// Makes one ES5 script of an app: strips types, sets the feature switches, joins the modules, specialises,
// lowers to ES5, minifies, verifies. Which app has which features is said in firmware/apps/<app>.json.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type OutputOptions, type Plugin, type RenderedChunk, type RollupOptions, rollup } from 'rollup';
import { type MinifyOptions, minify } from 'terser';
import { parse } from 'acorn';
import ts from 'typescript';
import type { StackOptions } from '../../firmware/stack/core/opt.js';
import { GENERATOR } from './generator.js';
import { GLOBALS, type Ground } from './grounds.js';
import { arrange } from './arrange.js';
import { breakArrowHeads } from './arrow-heads.js';
import { compare } from './compare.js';
import { externalNames } from './names.js';
import type { Joined } from './pieces.js';
import { dropArguments, inlineOnce, inlineSmall } from './once.js';
import { estimateHeap } from './heap-estimate.js';
import { fixOptions, fixedOptions } from './fixed-options.js';
import { listOverlayUses, overlays } from './overlays.js';
import { programOf } from './program.js';
import { quotedNames, rename } from './rename.js';
import { reuseNames } from './reuse.js';
import { bytesPerSource } from './source-map.js';
import { specialise } from './specialise.js';
import { verify } from './verify.js';

/** The repository's root folder. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export type Features = Record<string, boolean | number>;

/** The content of firmware/apps/<app>.json. */
export interface AppOptions {
  /** Decides which globals the bundle may use. */
  ground: Ground;
  /**
   * The app whose source this is, with other options or on another board. What is not said here is as that app's options
   * say, but for its budget. Default: the file's own name.
   */
  program?: string;
  /** The module of firmware/apps/board that starts the board. Default: board.ts, which apps import. */
  board?: string;
  /** Values for constants of firmware/stack/core/opt.ts; the rest keep their defaults. */
  features?: Features;
  /**
   * Values of the stack's run-time options, the rest being their defaults. Where this is given the bundle holds the
   * values as literals, LWIP_OPTIONS_FIXED is set, and createStack() takes no options.
   */
  options?: Partial<StackOptions>;
  /** Module-level functions that are called most often, hottest first; see arrange.ts. Default: hot.json. */
  hot?: string[];
  /** Largest size of the minified bundle, bytes. */
  budget?: number;
}

/** What a caller, such as a test, may want otherwise than the app's own options say. */
export interface Overrides extends Partial<AppOptions> {
  /** The entry module, when the app is not one of firmware/apps. */
  entry?: string;
  /** The module that holds the feature switches. */
  opt?: string;
  /** Leave names and layout readable. Checks and features stay as they are. */
  readable?: boolean;
}

export interface BuiltApp {
  name: string;
  code: string;
  map: string;
  /** Modules that left code in the bundle, as paths from the root. */
  modules: string[];
  bytes: number;
  gzip: number;
  /** Bytes of JavaScript heap that the bundle takes on the device before it allocates anything; heap-estimate.ts. */
  heap: number;
  /** Bytes of the bundle by source folder, largest first. */
  shares: [folder: string, bytes: number][];
  budget: number | undefined;
}

/** Sources that take no part in what happens for every frame: there a call may stay when it is shorter. */
const COLD = new RegExp(
  '^firmware/(apps|diagnostics|services|stack/(acd|autoip|dhcp|dns|icmp|init|raw)|stack/core/(ipaddr|memp|netif|opt|stats)|' +
    'stack/ip4/(forward|fragment|reassembly)|stack/tcp/tcp_(close|icmp|netif|ooseq|open|pcb|timewait))\\b',
);

const APPS = join(ROOT, 'firmware/apps');
/** Own names of a bundle that get one that the engine holds; some fifty stand for most of what happens. */
const HELD = 52;
/** As `npm run bench:hot` has counted. */
const HOT = JSON.parse(readFileSync(join(ROOT, 'tools/build/hot.json'), 'utf8')) as string[];

/** Names of all apps, in alphabetical order. */
export function appNames(): string[] {
  if (!existsSync(APPS)) return [];
  return readdirSync(APPS)
    .filter((f) => f.endsWith('.json'))
    .map((f) => f.slice(0, -5))
    .sort();
}

/**
 * Reads the options of an app.
 * @throws Error with one line when they are missing or not understood
 */
export function appOptions(name: string): AppOptions {
  const path = join(APPS, `${name}.json`);
  const where = relative(ROOT, path);
  if (!existsSync(path)) throw new Error(`no such app: ${name} (${where} is missing)`);
  const options = JSON.parse(readFileSync(path, 'utf8')) as AppOptions;
  for (const key of Object.keys(options)) {
    if (!['ground', 'program', 'board', 'features', 'options', 'hot', 'budget'].includes(key))
      throw new Error(`${where}: unknown key ${key}`);
  }
  if (options.program === name) throw new Error(`${where}: its program is itself`);
  const whole = options.program === undefined ? options : overlay(appOptions(options.program), options);
  if (!(whole.ground in GLOBALS)) throw new Error(`${where}: unknown ground ${whole.ground}`);
  return whole;
}

/** The options of an app that is another one's source, with what it says otherwise. */
function overlay({ budget: _budget, ...base }: AppOptions, own: AppOptions): AppOptions {
  const merged: AppOptions = { ...base, ...own, features: { ...base.features, ...own.features } };
  if (base.options || own.options) merged.options = { ...base.options, ...own.options };
  return merged;
}

/**
 * Builds an app in memory.
 * @throws Error with one line that says what is wrong with the sources or with the emitted bundle
 */
export async function buildApp(name: string, overrides: Overrides = {}): Promise<BuiltApp> {
  const { output, ...input } = configOf(name, overrides);
  const bundle = await rollup(input);
  try {
    const chunk = (await bundle.generate(output as OutputOptions)).output[0];
    const map = chunk.map!;
    const shares = new Map<string, number>();
    for (const [source, bytes] of bytesPerSource(chunk.code, map)) {
      const folder = source ? folderOf(resolve(ROOT, 'dist', source)) : '(glue)';
      shares.set(folder, (shares.get(folder) ?? 0) + bytes);
    }
    const bytes = Buffer.byteLength(chunk.code);
    return {
      name,
      code: chunk.code,
      map: map.toString(),
      modules: Object.entries(chunk.modules)
        .filter(([, m]) => m.renderedLength > 0)
        .map(([id]) => relative(ROOT, id)),
      bytes,
      gzip: gzipSync(chunk.code, { level: 9 }).length,
      heap: estimateHeap(chunk.code),
      shares: [...shares].sort((a, b) => b[1] - a[1]),
      budget: optionsOf(name, overrides).budget,
    };
  } finally {
    await bundle.close();
  }
}

/**
 * Builds an app with the global `net` at its prompt (LWIP_DIAGNOSTICS, and LWIP_RAW for net.ping()), as <app>.diag and
 * without budget.
 * @throws Error as buildApp(), and for an app that runs without a board
 */
export async function buildWithDiagnostics(name: string): Promise<BuiltApp> {
  const { ground, features } = appOptions(name);
  if (ground !== 'kaluma')
    throw new Error(`${name}: runs on no board, so there is no prompt for diagnostics`);
  const added = { ...features, LWIP_DIAGNOSTICS: true, LWIP_RAW: true };
  return { ...(await buildApp(name, { features: added })), name: `${name}.diag`, budget: undefined };
}

/** @returns the line that says by how much an app is over its budget, if it is */
export function overBudget({ name, bytes, budget }: BuiltApp): string | undefined {
  if (budget === undefined || bytes <= budget) return undefined;
  return `${name}: ${bytes} bytes, ${bytes - budget} over its budget of ${budget}`;
}

/** Writes dist/<app>.js and its map. */
export function writeApp(app: BuiltApp, folder = join(ROOT, 'dist')): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${app.name}.js`), app.code);
  writeFileSync(join(folder, `${app.name}.js.map`), app.map);
}

const optionsOf = (name: string, overrides: Overrides): AppOptions =>
  overrides.entry ? { ground: 'bare', ...overrides } : { ...appOptions(name), ...overrides };

/** The rollup configuration of one app; rollup.config.js hands these out. */
export function configOf(name: string, overrides: Overrides = {}): RollupOptions {
  const {
    ground,
    program: source = name,
    board,
    features: switches = {},
    options,
    hot = HOT,
  } = optionsOf(name, overrides);
  const features = options ? { ...switches, LWIP_OPTIONS_FIXED: true } : switches;
  const values = options && fixedOptions(options);
  const entry = overrides.entry ?? join(APPS, `${source}.ts`);
  const start = board === undefined ? undefined : join(APPS, `board/${board}.ts`);
  let made: ts.Program | undefined;
  const program = (): ts.Program => (made ??= start ? programOf(entry, start) : programOf(entry));
  const [quoted, short] = shorten(program);
  const opt = overrides.opt ?? join(ROOT, 'firmware/stack/core/opt.ts');
  return {
    input: entry,
    preserveEntrySignatures: false,
    treeshake: { moduleSideEffects: false, propertyReadSideEffects: false },
    onwarn: (warning) => {
      if (warning.code === 'CIRCULAR_DEPENDENCY') return;
      throw new Error(`${name}: ${warning.message}`);
    },
    plugins: [
      ...(start ? [replaceBoard(start)] : []),
      stripTypes(program, opt, features, values),
      rewrite('specialise', (code, chunk) => specialise(code, coldness(code, chunk))),
      rewrite('arrange', (code) => arrange(code, hot)),
      lower(),
      ...(overrides.readable
        ? [tidy(), minifyChunk(true), rewrite('overlay-uses', listOverlayUses)]
        : [quoted, tidy(), minifyChunk(false), reuse(), rewrite('overlay-uses', listOverlayUses), short]),
      rewrite('arrow-heads', breakArrowHeads),
      judge(name, ground),
      rewrite('overlays', overlays),
    ],
    output: {
      file: join(ROOT, 'dist', `${name}.js`),
      format: 'es',
      sourcemap: 'hidden',
      sourcemapExcludeSources: true,
    },
  };
}

function folderOf(path: string): string {
  const parts = dirname(relative(ROOT, path)).split('/');
  return parts.slice(0, parts[1] === 'stack' ? 3 : 2).join('/');
}

/** Has apps that import the board get the module `start` instead. */
function replaceBoard(start: string): Plugin {
  const board = join(APPS, 'board/board.ts');
  return {
    name: 'replace-board',
    resolveId: (source, importer) =>
      importer && resolve(dirname(importer), source).replace(/\.js$/, '.ts') === board ? start : null,
  };
}

/** Resolves imports between TypeScript modules, removes the types, and sets feature switches in module `opt`. */
function stripTypes(
  program: () => ts.Program,
  opt: string,
  features: Features,
  options: StackOptions | undefined,
): Plugin {
  return {
    name: 'strip-types',
    resolveId(source, importer) {
      if (!importer || !source.startsWith('.')) return null;
      const base = resolve(dirname(importer), source).replace(/\.[jt]s$/, '');
      return [`${base}.ts`, join(base, 'index.ts')].find((f) => existsSync(f)) ?? null;
    },
    transform(_code, id) {
      const unused = new Set(Object.keys(features));
      const before = [compare(program().getTypeChecker(), opt)];
      if (options) before.push(fixOptions(program().getTypeChecker(), opt, options));
      if (id === opt) before.push(setConstants(features, unused));
      let code = '';
      let map = '';
      program().emit(
        program().getSourceFile(id),
        (name, text) => (name.endsWith('.map') ? (map = text) : (code = text)),
        undefined,
        false,
        { before },
      );
      if (id === opt && unused.size > 0) {
        throw new Error(`${relative(ROOT, opt)} has no switch ${[...unused].join(', ')}`);
      }
      return { code: code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'), map };
    },
  };
}

/** Gives exported constants new initialisers; takes each name that was found out of `unused`. */
function setConstants(values: Features, unused: Set<string>): ts.TransformerFactory<ts.SourceFile> {
  return (context) => (file) => {
    const visit = (node: ts.Node): ts.Node => {
      if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && unused.delete(node.name.text)) {
        const value = values[node.name.text]!;
        const literal =
          typeof value === 'boolean'
            ? value
              ? ts.factory.createTrue()
              : ts.factory.createFalse()
            : ts.factory.createNumericLiteral(value);
        return ts.factory.updateVariableDeclaration(node, node.name, undefined, undefined, literal);
      }
      return ts.isSourceFile(node) || ts.isVariableStatement(node) || ts.isVariableDeclarationList(node)
        ? ts.visitEachChild(node, visit, context)
        : node;
    };
    return ts.visitNode(file, visit) as ts.SourceFile;
  };
}

/** Says which parts of a joined module are seldom run, by the module that they are from. */
function coldness(code: string, { modules }: RenderedChunk): (at: number) => boolean {
  const cold: [from: number, to: number][] = [];
  for (const [id, { code: part }] of Object.entries(modules)) {
    const at = part && COLD.test(relative(ROOT, id)) ? code.indexOf(part) : -1;
    if (at >= 0) cold.push([at, at + part!.length]);
  }
  return (at) => cold.some(([from, to]) => at >= from && at < to);
}

/** A step that rewrites the joined module. */
function rewrite(name: string, step: (code: string, chunk: RenderedChunk) => Joined): Plugin {
  return {
    name,
    renderChunk(code, chunk) {
      const { code: text, mappings } = step(code, chunk);
      return { code: text, map: { version: 3, sources: [''], names: [], mappings } as never };
    },
  };
}

/** Lowers the joined module to ES5 and makes it one strict function. */
function lower(): Plugin {
  return {
    name: 'lower',
    renderChunk(code) {
      const { outputText, sourceMapText } = ts.transpileModule(code, {
        fileName: 'bundle.js',
        compilerOptions: {
          target: ts.ScriptTarget.ES5,
          module: ts.ModuleKind.None,
          allowJs: true,
          // A construct that needs a helper shows up as an unknown global; generators have GENERATOR.
          noEmitHelpers: true,
          sourceMap: true,
          alwaysStrict: false,
        },
      });
      const map = JSON.parse(sourceMapText!) as { mappings: string };
      map.mappings = `;${map.mappings}`;
      const body = (outputText.includes('__generator(') ? outputText + GENERATOR : outputText)
        .replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
        .replace(/^"use strict";/, '            ');
      return { code: `(function () {"use strict";\n${body}})();\n`, map: map as never };
    },
  };
}

/** Takes out what is never used, so that the next step sees who is called once, and keeps statements apart for it. */
const TIDY: MinifyOptions = {
  ecma: 5,
  sourceMap: true,
  compress: {
    passes: 2,
    hoist_funs: false,
    hoist_vars: false,
    reduce_funcs: false,
    inline: false,
    pure_getters: true,
    sequences: false,
    conditionals: false,
    if_return: false,
    join_vars: false,
    collapse_vars: false,
  },
  mangle: false,
  format: { beautify: true },
};

function tidy(): Plugin {
  return {
    name: 'tidy',
    async renderChunk(code) {
      const { code: text, map } = await minify(code, TIDY);
      return { code: text!, map: map as string };
    },
  };
}

/** Writes single-use functions into their callers and minifies. */
function minifyChunk(readable: boolean): Plugin {
  const options: MinifyOptions = {
    ecma: 5,
    sourceMap: true,
    parse: { spidermonkey: true } as never,
    compress: {
      passes: 3,
      // Espruino hoists neither, so nothing may be moved behind its use.
      hoist_funs: false,
      hoist_vars: false,
      // A function used once would be created anew each time its user runs.
      reduce_funcs: false,
      pure_getters: true,
      unsafe: false,
    },
    mangle: false,
    format: { ascii_only: true, beautify: readable, comments: false },
  };
  return {
    name: 'minify',
    async renderChunk(code) {
      const program = parse(code, {
        ecmaVersion: 5,
        sourceType: 'script',
        locations: true,
        sourceFile: 'bundle.js',
      });
      inlineOnce(program);
      inlineSmall(program);
      dropArguments(program);
      const { code: text, map } = await minify(program as never, options);
      return { code: text!, map: map as string };
    },
  };
}

/** Shortens names: the first plugin goes before the minifier, which takes quotes away, the second behind it. */
/** Local variables share names, and need fewer declarations; joins what that leaves. */
function reuse(): Plugin {
  const options: MinifyOptions = {
    ecma: 5,
    sourceMap: true,
    parse: { spidermonkey: true } as never,
    compress: {
      passes: 2,
      hoist_funs: false,
      hoist_vars: false,
      reduce_funcs: false,
      pure_getters: true,
      unsafe: false,
    },
    mangle: false,
    format: { ascii_only: true, comments: false },
  };
  return {
    name: 'reuse',
    async renderChunk(code) {
      const program = parse(code, {
        ecmaVersion: 5,
        sourceType: 'script',
        locations: true,
        sourceFile: 'bundle.js',
      });
      reuseNames(program);
      const { code: text, map } = await minify(program as never, options);
      return { code: text!, map: map as string };
    },
  };
}

function shorten(program: () => ts.Program): [Plugin, Plugin] {
  let quoted: string[] = [];
  return [
    {
      name: 'quoted',
      renderChunk(code) {
        quoted = quotedNames(code);
        return null;
      },
    },
    rewrite('rename', (code) => rename(code, new Set([...externalNames(program()), ...quoted]), HELD)),
  ];
}

/** Fails the build when the emitted script is not fit for its ground. */
function judge(name: string, ground: Ground): Plugin {
  return {
    name: 'judge',
    renderChunk(code) {
      const bad = verify(code, ground);
      if (bad.length > 0) throw new Error(`${name}: ${bad.join(`\n${name}: `)}`);
      return null;
    },
  };
}
