// Gives properties, functions and variables of a minified ES5 script the shortest names, the most used first.
// Terser's own renaming goes by the order in which names turn up. A variable's name is free for others wherever it
// is not seen, so that all functions share the one-letter names.
import { type AnyNode, type Identifier, type Program, parse } from 'acorn';
import { children, isFunction } from './ast.js';
import { ENGINE_NAMES } from './engine-names.js';
import { type Edit, type Joined, edited, join } from './pieces.js';

interface Variable {
  scope: Scope;
  uses: Identifier[];
  name: string;
}

interface Scope {
  parent: Scope | undefined;
  names: Map<string, Variable>;
  /** Variables that are read or written in here or deeper, also those of outer scopes. */
  seen: Set<Variable>;
}

const FIRST = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$';
const REST = FIRST + '0123456789';
// ECMAScript 5.1, 7.6.1, the short ones, and what strict mode adds.
const WORDS = new Set(
  'do if in for let new try var case else enum eval null this true void with NaN break catch class const false'.split(
    ' ',
  ),
);

/** Names in order of length. */
function nameAt(i: number): string {
  let name = FIRST[i % FIRST.length]!;
  for (i = Math.floor(i / FIRST.length); i > 0; i = Math.floor(i / REST.length)) {
    i--;
    name += REST[i % REST.length]!;
  }
  return name;
}

/**
 * `count` names, shortest first. Of those with more than one character as many as there are come from ENGINE_NAMES;
 * the longer ones of these come last, for what is used least.
 */
function shortNames(count: number, usable: (name: string) => boolean): string[] {
  const given = ENGINE_NAMES.filter(usable);
  const names: string[] = [];
  for (let i = 0; i < FIRST.length; i++) if (usable(FIRST[i]!)) names.push(FIRST[i]!);
  names.push(...given.filter((name) => name.length === 2));
  const rest = given.filter((name) => name.length > 2);
  const known = new Set(ENGINE_NAMES);
  for (let i = FIRST.length; names.length + rest.length < count; i++) {
    const name = nameAt(i);
    if (usable(name) && !known.has(name)) names.push(name);
  }
  return [...names, ...rest];
}

/** @returns property names that a script writes as strings: `o['a']`, `{ 'a': 1 }`, `'a' in o` */
export function quotedNames(code: string): string[] {
  const out = new Set<string>();
  const visit = (node: AnyNode): void => {
    const name =
      node.type === 'Property' && !node.computed
        ? node.key
        : node.type === 'MemberExpression' && node.computed
          ? node.property
          : node.type === 'BinaryExpression' && node.operator === 'in'
            ? node.left
            : undefined;
    if (name?.type === 'Literal' && typeof name.value === 'string') out.add(name.value);
    children(node).forEach(visit);
  };
  visit(parse(code, { ecmaVersion: 5, sourceType: 'script' }));
  return [...out];
}

/**
 * @param code an ES5 script that is one function call
 * @param kept property names that stay
 * @param held how many of the names that the script's function declares last get one that the engine holds
 */
export function rename(code: string, kept: ReadonlySet<string>, held = 0): Joined {
  const program = parse(code, { ecmaVersion: 5, sourceType: 'script' });
  const changes = new Map<number, Edit>();
  const change: Change = (node, text, from = node.start) => {
    changes.set(from, { start: from, end: node.end, text });
  };
  propertiesOf(program, kept).forEach((uses, number) => {
    for (const { node, dot } of uses) {
      if (dot < 0) change(node, String(number));
      else change(node, `[${number}]`, dot);
    }
  });
  const variables = variablesOf(program);
  const names = shortNames(variables.shared, (name) => !WORDS.has(name) && !kept.has(name));
  renameVariables(variables, names, held, change);

  return join(edited(code, changes.values()), code);
}

/** Writes `text` in place of a name, or of all from `from` to its end. */
type Change = (node: Identifier, text: string, from?: number) => void;

/** A place that names a property: with the offset of the dot before it, -1 in an object literal. */
interface PropertyUse {
  node: Identifier;
  dot: number;
}

/** The uses of each property that is not kept, the most used first. */
function propertiesOf(program: Program, kept: ReadonlySet<string>): PropertyUse[][] {
  const uses = new Map<string, PropertyUse[]>();
  const visit = (node: AnyNode): void => {
    const name =
      node.type === 'Property'
        ? node.key
        : node.type === 'MemberExpression' && !node.computed
          ? node.property
          : undefined;
    if (name?.type === 'Identifier' && !kept.has(name.name)) {
      // The script is minified: nothing stands between the dot and the name.
      const use = { node: name, dot: node.type === 'MemberExpression' ? name.start - 1 : -1 };
      const nodes = uses.get(name.name);
      if (nodes) nodes.push(use);
      else uses.set(name.name, [use]);
    }
    children(node).forEach(visit);
  };
  visit(program);
  return byUse([...uses.values()], (nodes) => nodes.length);
}

interface Variables {
  all: Variable[];
  /** Names that are read without a declaration. */
  free: Set<string>;
  /** How many the script's one function shares with those in it. */
  shared: number;
}

function variablesOf(program: Program): Variables {
  const variables: Variable[] = [];
  const free = new Set<string>();
  const newScope = (parent: Scope | undefined): Scope => ({
    parent,
    names: new Map(),
    seen: new Set(),
  });
  const declare = (scope: Scope, name: string): void => {
    if (scope.names.has(name)) return;
    const variable: Variable = { scope, uses: [], name: '' };
    scope.names.set(name, variable);
    scope.seen.add(variable);
    variables.push(variable);
  };
  const hoist = (node: AnyNode, scope: Scope): void => {
    if (node.type === 'VariableDeclarator') declare(scope, (node.id as Identifier).name);
    if (node.type === 'FunctionDeclaration') declare(scope, node.id!.name);
    if (!isFunction(node)) children(node).forEach((child) => hoist(child, scope));
  };
  const use = (node: Identifier, scope: Scope): void => {
    let owner: Scope | undefined = scope;
    while (owner && !owner.names.has(node.name)) owner = owner.parent;
    if (!owner) {
      if (node.name !== 'arguments') free.add(node.name);
      return;
    }
    const variable = owner.names.get(node.name)!;
    variable.uses.push(node);
    for (let s: Scope | undefined = scope; s && s !== owner; s = s.parent) s.seen.add(variable);
  };
  const visit = (node: AnyNode, scope: Scope): void => {
    if (node.type === 'Identifier') use(node, scope);
    else if (isFunction(node)) {
      if (node.type === 'FunctionDeclaration') use(node.id!, scope);
      const inner = newScope(scope);
      if (node.type === 'FunctionExpression' && node.id) {
        declare(inner, node.id.name);
        use(node.id, inner);
      }
      for (const p of node.params as Identifier[]) {
        declare(inner, p.name);
        use(p, inner);
      }
      children(node.body).forEach((child) => hoist(child, inner));
      visit(node.body, inner);
    } else if (node.type === 'MemberExpression') {
      visit(node.object, scope);
      if (node.computed) visit(node.property, scope);
    } else if (node.type === 'Property') visit(node.value, scope);
    else if (node.type === 'CatchClause') {
      // Its name is held by the function's scope as well: one name more than needed, and no scope more.
      if (node.param) {
        declare(scope, (node.param as Identifier).name);
        use(node.param as Identifier, scope);
      }
      visit(node.body, scope);
    } else children(node).forEach((child) => visit(child, scope));
  };
  const top = newScope(undefined);
  program.body.forEach((node) => hoist(node, top));
  program.body.forEach((node) => visit(node, top));

  const outermost = variables[0]?.scope;
  return { all: variables, free, shared: variables.filter((v) => v.scope === outermost).length };
}

function renameVariables(
  { all: variables, free }: Variables,
  names: string[],
  held: number,
  change: Change,
): void {
  // A name is taken in all scopes that see its variable.
  const taken = new Map<Scope, Set<string>>();
  const seenIn = new Map<Variable, Set<Scope>>();
  const collect = (variable: Variable, scope: Scope): void => {
    seenIn.set(variable, (seenIn.get(variable) ?? new Set()).add(scope));
  };
  const scopes = new Set(variables.map((v) => v.scope));
  for (const scope of scopes) for (const variable of scope.seen) collect(variable, scope);
  const give = (some: Variable[], from: (i: number) => string): void => {
    for (const variable of byUse(some, (v) => v.uses.length)) {
      const where = [...seenIn.get(variable)!];
      let name: string;
      let i = 0;
      do name = from(i++);
      while (WORDS.has(name) || free.has(name) || where.some((scope) => taken.get(scope)?.has(name)));
      for (const scope of where) taken.set(scope, (taken.get(scope) ?? new Set()).add(name));
      for (const node of variable.uses) change(node, name);
    }
  };
  // Names that the engine holds are found by one comparison each, others by a call each (see engine-names.ts): worth a
  // byte more for the functions that arrange.ts has put last. Measured: 3 to 5 % of all device time for 160 bytes.
  const long = names.filter((name) => name.length > 1);
  const own = variables.filter((v) => v.scope === variables[0]?.scope);
  const last = new Set(own.slice(Math.max(0, own.length - held)));
  give([...last], (i) => long[i] ?? nameAt(FIRST.length + i));
  give(
    variables.filter((v) => !last.has(v)),
    (i) => names[i] ?? nameAt(i),
  );
}

/** Most used first; equals in their order. */
function byUse<T>(items: T[], count: (item: T) => number): T[] {
  return [...items].sort((a, b) => count(b) - count(a));
}
