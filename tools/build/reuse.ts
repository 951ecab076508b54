// Leaves out `var` where a function has a name to spare: a local variable takes over the name of a parameter or of
// another local that is done with, and what is left is declared as parameters that nobody passes where that is shorter.
// Works on a minified ES5 tree whose names are still long; the minifier then joins the assignments that remain with
// their neighbours. Goes by places in the source: rename() says when one variable is over before another begins.
import type {
  AnyNode,
  Function as FunctionNode,
  Identifier,
  Program,
  Statement,
  VariableDeclaration,
  VariableDeclarator,
} from 'acorn';
import { type TopFunction, children, isFunction, isVariable, walk } from './ast.js';

interface Declaration {
  declarator: VariableDeclarator & AnyNode;
  statement: VariableDeclaration & AnyNode;
  /** What holds the list of statements that it is in: a block, or the function's body. */
  list: AnyNode;
  /** Loops whose bodies it is in. */
  loops: AnyNode[];
}

interface Variable {
  name: string;
  parameter: boolean;
  /** All that stands for it, in the order of the source, its declarations among them. */
  uses: (Identifier & AnyNode)[];
  /** In the order of the source. */
  declarations: Declaration[];
  /** Cannot be told from the source alone: seen by inner functions, or bound by other means than `var`. */
  fixed: boolean;
}

type Fn = FunctionNode & AnyNode;

/** Characters of `var ` and of the comma and the letter of one more name in a list. */
const KEYWORD = 4;
const NAME = 2;

/**
 * Changes a syntax tree in place. Nodes must still have their places in one source.
 * @param program one call of a function that holds everything
 */
export function reuseNames(program: Program): void {
  const functions: Fn[] = [];
  const uses = new Map<string, AnyNode[]>();
  walk(program, (node, parents) => {
    const parent = parents.at(-1);
    if (isFunction(node)) functions.push(node);
    else if (isVariable(node, parent) && !(parent?.type === 'FunctionDeclaration' && parent.id === node))
      uses.set(node.name, [...(uses.get(node.name) ?? []), parent!]);
    return true;
  });
  const [bundle, ...rest] = functions;
  const top = new Set<AnyNode>(
    bundle!.body.type === 'BlockStatement' ? (bundle!.body.body as AnyNode[]) : [],
  );
  for (const fn of rest) {
    const variables = variablesOf(fn);
    if (!variables) continue;
    mergeNames(variables);
    const direct = top.has(fn) && isOnlyCalled(fn as TopFunction, uses.get((fn as TopFunction).id!.name));
    dropKeywords(fn, variables, direct);
  }
}

/** Whether all calls of a function can be seen, and none passes more than it takes. */
function isOnlyCalled(fn: TopFunction, uses: AnyNode[] = []): boolean {
  return uses.every(
    (n) =>
      n.type === 'CallExpression' &&
      n.callee.type === 'Identifier' &&
      n.callee.name === fn.id!.name &&
      n.arguments.length <= fn.params.length &&
      !n.arguments.some((a) => a.type === 'Identifier' && a.name === fn.id!.name),
  );
}

/** @returns undefined for a function that must stay as it is */
function variablesOf(fn: Fn): Map<string, Variable> | undefined {
  const out = new Map<string, Variable>();
  const get = (name: string): Variable => {
    let v = out.get(name);
    if (!v) out.set(name, (v = { name, parameter: false, uses: [], declarations: [], fixed: false }));
    return v;
  };
  for (const p of fn.params as Identifier[]) get(p.name).parameter = true;
  let plain = true;
  const visit = (node: AnyNode, parents: readonly AnyNode[]): boolean => {
    const parent = parents.at(-1);
    if (isVariable(node, parent)) {
      if (node.name === 'arguments' || node.name === 'eval') plain = false;
      const v = get(node.name);
      v.uses.push(node);
      if (parents.some(isFunction) || parent?.type === 'CatchClause') v.fixed = true;
    }
    if (node.type === 'VariableDeclaration' && !parents.some(isFunction)) {
      let i = parents.length - 1;
      // The variable of a for-in has no initialiser, and is not taken for anything.
      if (parents[i]!.type === 'ForStatement') i--;
      const list = parents[i]!;
      const loops = parents.filter(
        (p, at) => isLoop(p) && (p as { body: AnyNode }).body === (parents[at + 1] ?? node),
      );
      for (const declarator of node.declarations as (VariableDeclarator & AnyNode)[])
        get((declarator.id as Identifier).name).declarations.push({
          declarator,
          statement: node,
          list,
          loops,
        });
    }
    return true;
  };
  walk(fn.body as AnyNode, visit);
  if (!plain) return undefined;
  // Names of outer scopes, and functions declared in here.
  for (const [name, v] of out) if (!v.parameter && v.declarations.length === 0) out.delete(name);
  if (fn.id) out.delete(fn.id.name);
  walk(fn.body as AnyNode, (node) => {
    if (node.type === 'FunctionDeclaration') out.delete(node.id!.name);
    return true;
  });
  for (const v of out.values()) v.uses.sort((a, b) => a.start - b.start);
  return out;
}

const isLoop = (node: AnyNode): boolean => /^(For|ForIn|While|DoWhile)Statement$/.test(node.type);
const holds = (outer: AnyNode, inner: AnyNode): boolean =>
  outer.start <= inner.start && inner.end <= outer.end;

/** Whether a variable's first declaration gives it a value that all its other uses have behind them. */
function startsWithValue({ parameter, uses, declarations: [first] }: Variable): boolean {
  return (
    !parameter &&
    first !== undefined &&
    first.declarator.init != null &&
    first.list.type === 'BlockStatement' &&
    uses[0] === first.declarator.id &&
    // Its own initialiser would read what the name held before.
    uses.every((use, i) => i === 0 || (holds(first.list, use) && use.start >= first.declarator.end))
  );
}

/** Whether a variable is over where another one, which starts with a value, is declared. */
function isOver(old: Variable, { declarator, loops }: Declaration): boolean {
  // It may be read on the way to the new one's first value.
  if (!old.uses.every((u) => u.end <= declarator.start || holds(declarator.init!, u))) return false;
  const first = old.declarations[0];
  return loops.every(
    (loop) =>
      !old.uses.some((use) => holds(loop, use)) || (startsWithValue(old) && first!.loops.includes(loop)),
  );
}

/** Lets variables take over the names of others. */
function mergeNames(variables: Map<string, Variable>): void {
  const all = [...variables.values()].filter((v) => !v.fixed);
  const later = all.filter((v) => startsWithValue(v)).sort((a, b) => a.uses[0]!.start - b.uses[0]!.start);
  for (const v of later) {
    const before = all.filter((o) => o !== v && variables.has(o.name) && isOver(o, v.declarations[0]!));
    if (before.length === 0) continue;
    // Best a parameter, then what is certainly declared by then, then what was used last.
    const rank = (o: Variable): number =>
      o.parameter ? 2 : o.declarations.some((d) => isBehind(v.declarations[0]!, d)) ? 1 : 0;
    before.sort((a, b) => rank(b) - rank(a) || (b.uses.at(-1)?.end ?? 0) - (a.uses.at(-1)?.end ?? 0));
    const old = before[0]!;
    for (const use of v.uses) use.name = old.name;
    old.uses.push(...v.uses);
    old.uses.sort((a, b) => a.start - b.start);
    old.declarations.push(...v.declarations);
    old.declarations.sort((a, b) => a.declarator.start - b.declarator.start);
    variables.delete(v.name);
  }
}

/** Whether one declaration only runs when another one has run. */
const isBehind = (d: Declaration, earlier: Declaration): boolean =>
  earlier.list.type === 'BlockStatement' &&
  holds(earlier.list, d.statement) &&
  earlier.declarator.end <= d.declarator.start;

/** Makes assignments of declarations of names that are, or get, declared anyway. */
function dropKeywords(fn: Fn, variables: Map<string, Variable>, direct: boolean): void {
  const statements = new Map<VariableDeclaration & AnyNode, { names: string[]; inner: boolean }>();
  for (const v of variables.values()) {
    for (const d of v.declarations) {
      const entry = statements.get(d.statement) ?? { names: [], inner: d.list !== (fn.body as AnyNode) };
      statements.set(d.statement, entry);
      const free = v.parameter || v.declarations.some((e) => e.statement !== d.statement && isBehind(d, e));
      if (!free && !entry.names.includes(v.name)) entry.names.push(v.name);
    }
  }
  // A declaration of something that is left alone stays.
  for (const statement of statements.keys())
    if (!statement.declarations.every((d) => variables.has((d.id as Identifier).name)))
      statements.delete(statement);

  const moved = new Set<string>();
  const first = (fn.body as { body: Statement[] }).body[0] as AnyNode | undefined;
  for (;;) {
    let best: string[] | undefined;
    let most = 0;
    for (const { names } of statements.values()) {
      const more = names.filter((n) => !moved.has(n));
      if (more.length === 0) continue;
      let gain = -NAME * more.length;
      if (!direct && moved.size === 0 && first?.type !== 'VariableDeclaration') gain -= KEYWORD;
      const then = new Set([...moved, ...more]);
      for (const s of statements.values())
        if (s.names.some((n) => !moved.has(n)) && s.names.every((n) => then.has(n)))
          gain += KEYWORD + (s.inner ? 1 : 0);
      if (gain > most) [best, most] = [more, gain];
    }
    if (!best) break;
    for (const name of best) moved.add(name);
  }

  const gone = new Set<AnyNode>();
  for (const [statement, { names }] of statements) if (names.every((n) => moved.has(n))) gone.add(statement);
  replaceDeclarations(fn.body as AnyNode, gone);
  const ids = [...moved].map((name) => ({ type: 'Identifier', name, ...place(fn.body as AnyNode) }) as never);
  if (direct) fn.params.push(...ids);
  else if (ids.length > 0) {
    const declarations = ids.map((id) => ({
      type: 'VariableDeclarator',
      id,
      init: null,
      ...place(fn.body as AnyNode),
    }));
    (fn.body as { body: Statement[] }).body.unshift({
      type: 'VariableDeclaration',
      kind: 'var',
      declarations,
      ...place(fn.body as AnyNode),
    } as never);
  }
}

function replaceDeclarations(node: AnyNode, gone: ReadonlySet<AnyNode>): void {
  if (isFunction(node)) return;
  const fields = node as unknown as Record<string, unknown>;
  for (const [key, value] of Object.entries(fields)) {
    const inList = Array.isArray(value);
    const fix = (v: unknown): unknown => {
      if (!gone.has(v as AnyNode)) return v;
      const loop = key === 'init' || key === 'left';
      return assigning(v as VariableDeclaration & AnyNode, loop, key === 'left');
    };
    if (inList) value.forEach((v, i) => (value[i] = fix(v) as never));
    else fields[key] = fix(value);
  }
  children(node).forEach((child) => replaceDeclarations(child, gone));
}

/** What a declaration does besides declaring: an expression at a loop's head, a statement elsewhere. */
function assigning(statement: VariableDeclaration & AnyNode, head: boolean, forIn: boolean): AnyNode | null {
  if (forIn) return statement.declarations[0]!.id as AnyNode;
  const expressions = statement.declarations
    .filter((d) => d.init)
    .map((d) => ({
      type: 'AssignmentExpression',
      operator: '=',
      left: d.id,
      right: d.init,
      ...place(d as AnyNode),
    }));
  const expression =
    expressions.length > 1
      ? { type: 'SequenceExpression', expressions, ...place(statement) }
      : expressions[0];
  if (head) return (expression ?? null) as never;
  if (!expression) return { type: 'EmptyStatement', ...place(statement) } as never;
  return { type: 'ExpressionStatement', expression, ...place(statement) } as never;
}

const place = ({ start, end, loc }: AnyNode): object => ({ start, end, loc });
