// Writes functions that are called at one place into their caller, statement by statement, and leaves out arguments
// that make no difference. Each saves the declaration, a call (14 µs on the device) and a name in the bundle's scope.
// Works on ES5 before the last minification, which tidies up after it. A function stays when it makes closures (they
// would hold the caller's variables), when it returns out of a loop and the call's value is used on, or when something
// that could see a difference is evaluated before the call.
import {
  type AnyNode,
  type CallExpression,
  type Expression,
  type Function as FunctionNode,
  type Identifier,
  type Program,
  type Statement,
} from 'acorn';
import { functionHeap } from './heap-estimate.js';
import {
  type TopFunction,
  assignedName,
  bundleBody,
  functionsOf,
  isFunction,
  isVariable,
  localNames,
  some,
  walk,
} from './ast.js';

/** Bytes of heap: a function without content; that and its object and name in a scope; a call, for each operand. */
const EMPTY_FUNCTION = 24;
const FUNCTION_HEAP = 60;
const CALL_HEAP = 2;

/** Variables of one function: engines keep them in registers, and initialise all of them at each call. */
const MOST_LOCALS = 120;

interface Use {
  node: Identifier & AnyNode;
  /** From the program down. */
  parents: AnyNode[];
}

interface Site {
  callee: TopFunction;
  call: CallExpression & AnyNode;
  parents: AnyNode[];
  container: FunctionNode & AnyNode;
  /** The function of the bundle's scope that the call is in. */
  outermost: AnyNode;
}

type Target = { kind: 'return' } | { kind: 'discard' } | { kind: 'variable'; name: string };

/**
 * Changes a syntax tree in place.
 * @param program one call of a function that holds everything
 */
export function inlineOnce(program: Program): void {
  const body = bundleBody(program);
  separateNames(body);
  let serial = 0;
  const refused = new Set<TopFunction>();
  for (let changed = true; changed;) {
    changed = false;
    const uses = usesOf(program, body);
    // Paths through what was changed in this round are stale.
    const stale = new Set<AnyNode>();
    for (const callee of functionsOf(body)) {
      const site = siteOf(callee, uses.get(callee.id!.name)!);
      if (!site || refused.has(callee) || stale.has(callee) || stale.has(site.outermost)) continue;
      const replace = planOf(site, String(++serial));
      if (replace) {
        replace();
        body.splice(body.indexOf(callee as unknown as Statement), 1);
        stale.add(site.outermost).add(callee);
        changed = true;
      } else refused.add(callee);
    }
  }
}

/**
 * Writes small functions that are called at a few places into all of them, where the device's heap is the better for
 * it: a function is an object with a header, a name and a place in a scope. Comes after inlineOnce().
 */
export function inlineSmall(program: Program): void {
  const body = bundleBody(program);
  let serial = 0;
  let uses = usesOf(program, body);
  for (const callee of functionsOf(body)) {
    const sites = sitesOf(uses, callee);
    if (!sites || !isSmall(callee, sites) || !sites.every((site) => planOf(site, ''))) continue;
    for (let left: Site[] | undefined = sites; left?.length; left = sitesOf(uses, callee)) {
      const replace = planOf({ ...left[0]!, callee: structuredClone(callee) }, `s${++serial}`);
      if (!replace) break;
      replace();
      if (left.length === 1) body.splice(body.indexOf(callee as unknown as Statement), 1);
      // Each replacement makes the paths to the others stale.
      uses = usesOf(program, body);
    }
  }
}

/** All calls of a function, when each could be written out. */
function sitesOf(uses: Map<string, Use[]>, callee: TopFunction): Site[] | undefined {
  const sites = (uses.get(callee.id!.name) ?? []).map((use) => siteOf(callee, [use]));
  return sites.every((site) => site !== undefined) ? sites : undefined;
}

/** Whether copies at all places take less heap than the function and its calls. */
function isSmall(callee: TopFunction, sites: Site[]): boolean {
  const whole = functionHeap(callee);
  const calls = sites.length * (callee.params.length + 2) * CALL_HEAP;
  return (sites.length - 1) * (whole - EMPTY_FUNCTION) < FUNCTION_HEAP + calls;
}

/** Leaves out parameters that are not read or always the same constant, and values that nobody takes. */
export function dropArguments(program: Program): void {
  const body = bundleBody(program);
  const uses = usesOf(program, body);
  for (const fn of functionsOf(body)) {
    const calls = (uses.get(fn.id!.name) ?? []).map(({ node, parents }) => ({
      node,
      parents,
      call: parents.at(-1)!,
    }));
    if (
      calls.length === 0 ||
      !calls.every(({ node, call }) => call.type === 'CallExpression' && call.callee === node)
    )
      continue;
    if (mentions(fn, 'arguments')) continue;
    const lists = calls.map(({ call }) => (call as CallExpression).arguments as (Expression & AnyNode)[]);
    for (let i = fn.params.length - 1; i >= 0; i--) {
      const { name } = fn.params[i] as Identifier;
      const read = mentions(fn.body, name);
      const first = lists[0]![i];
      const constant =
        first?.type === 'Literal' &&
        !('regex' in first) &&
        lists.every((l) => l[i]?.type === 'Literal' && (l[i] as { raw?: string }).raw === first.raw) &&
        !some(fn.body, (n) => assignedName(n) === name) &&
        !some(fn.body, (n) => isFunction(n)) &&
        ((first.raw ?? '').length <= 3 || countOf(fn.body, name) < 3);
      if (read && !constant) continue;
      if (!lists.every((l) => !l[i] || isPure(l[i]!))) continue;
      if (read) substitute(fn.body, new Map([[name, first!]]));
      fn.params.splice(i, 1);
      for (const list of lists) list.splice(i, 1);
    }
    if (calls.every(({ parents }) => parents.at(-2)!.type === 'ExpressionStatement')) dropValues(fn);
  }
}

/** Where each name of the bundle's scope is used, declarations left out. */
function usesOf(program: Program, body: Statement[]): Map<string, Use[]> {
  const uses = new Map<string, Use[]>(functionsOf(body).map((f) => [f.id!.name, []]));
  walk(program, (node, parents) => {
    const parent = parents.at(-1);
    if (!isVariable(node, parent) || (parent?.type === 'FunctionDeclaration' && parent.id === node))
      return true;
    uses.get(node.name)?.push({ node, parents: [...parents] });
    return true;
  });
  return uses;
}

/** Gives local variables that are called like something of the bundle's scope another name. */
function separateNames(body: Statement[]): void {
  const outer = new Set<string>();
  for (const s of body) {
    if (s.type === 'FunctionDeclaration') outer.add(s.id!.name);
    if (s.type === 'VariableDeclaration')
      for (const d of s.declarations) outer.add((d.id as Identifier).name);
  }
  for (const s of body) {
    const inside: (FunctionNode & AnyNode)[] = [];
    walk(s as AnyNode, (node) => {
      if (isFunction(node)) inside.push(node);
      return true;
    });
    for (const fn of inside.reverse()) {
      const clashing = [...localNames(fn)].filter((name) => outer.has(name));
      const own = fn.type === 'FunctionDeclaration' ? fn.id : null;
      renameIn(fn, new Map(clashing.map((name) => [name, `${name}$`])), own);
    }
  }
}

function renameIn(fn: AnyNode, names: ReadonlyMap<string, string>, except?: unknown): void {
  if (names.size === 0) return;
  walk(fn, (node, parents) => {
    if (node !== except && isVariable(node, parents.at(-1))) node.name = names.get(node.name) ?? node.name;
    return true;
  });
}

/** The only call of a function, when it is one that may be written out. */
function siteOf(callee: TopFunction, [use, ...more]: Use[]): Site | undefined {
  if (!use || more.length > 0) return undefined;
  const call = use.parents.at(-1)!;
  const containers = use.parents.filter(isFunction);
  // The first function is the bundle itself: its variables would outlive the call.
  if (call.type !== 'CallExpression' || call.callee !== use.node || containers.length < 2) return undefined;
  const container = containers.at(-1)!;
  if (containers.includes(callee) || !isPlain(callee)) return undefined;
  if (localNames(callee).size + localNames(container).size > MOST_LOCALS) return undefined;
  return { callee, call, parents: use.parents.slice(0, -1), container, outermost: containers[1]! };
}

const isPlain = (fn: TopFunction): boolean =>
  !some(
    fn.body,
    (n) =>
      isFunction(n) || n.type === 'ThisExpression' || (n.type === 'Identifier' && n.name === 'arguments'),
  );

/**
 * Looks how a call can be replaced, without changing anything.
 * @returns what replaces it, undefined when it has to stay
 */
function planOf(site: Site, serial: string): (() => void) | undefined {
  const { callee, call, container } = site;
  let at = site.parents.length - 1;
  while (!/Statement$|^VariableDeclaration$/.test(site.parents[at]!.type)) at--;
  const statement = site.parents[at]! as Statement & AnyNode;
  const holder = site.parents[at - 1]!;
  const chain = site.parents.slice(at + 1);
  if (holder.type === 'ForStatement' && holder.init === (statement as AnyNode)) return undefined;
  if (/^(While|DoWhile|For|ForIn)Statement$/.test(statement.type)) return undefined;
  if (!isFirst([statement, ...chain, call], container)) return undefined;

  // What becomes of the value, and of the statement around the call.
  let target: Target;
  const parent = chain.at(-1) ?? statement;
  let keepStatement = true;
  if (statement.type === 'ExpressionStatement' && statement.expression === (call as AnyNode)) {
    target = { kind: 'discard' };
    keepStatement = false;
  } else if (statement.type === 'ReturnStatement' && statement.argument === (call as AnyNode)) {
    target = { kind: 'return' };
    keepStatement = false;
  } else target = { kind: 'variable', name: `${callee.id!.name}$${serial}` };

  const copy = callee.body.body.filter((s) => !('directive' in s)) as (Statement & AnyNode)[];
  const tail =
    target.kind === 'return'
      ? ends(copy)
        ? copy
        : [...copy, returning(null, call)]
      : settle(copy, target, call);
  if (!tail) return undefined;

  const looped = site.parents
    .slice(site.parents.indexOf(container))
    .some((n) => /^(For|ForIn|While|DoWhile)Statement$/.test(n.type));
  const own = new Map([...localNames(callee)].map((name) => [name, `${name}$${serial}`]));
  const replaced = new Map<string, Expression>();
  const before: Statement[] = [];
  const steady = steadyLocals(container);
  const args = call.arguments as (Expression & AnyNode)[];
  callee.params.forEach((p, i) => {
    const { name } = p as Identifier;
    const arg = args[i] ?? undefinedAt(call);
    const constant =
      arg.type === 'Literal' ||
      (arg.type === 'Identifier' &&
        steady.has(arg.name) &&
        !args.some((other) => some(other, (n) => assignedName(n) === arg.name)));
    if (constant && !some(callee.body, (n) => assignedName(n) === name)) replaced.set(name, arg);
    else before.push(declaring(own.get(name)!, arg, call));
  });
  if (args.slice(callee.params.length).some((arg) => !isPure(arg))) return undefined;

  return () => {
    const result = { type: 'BlockStatement', body: tail, ...place(call) } as unknown as AnyNode;
    for (const name of replaced.keys()) own.delete(name);
    renameIn(result, own);
    substitute(result, replaced);
    if (looped) resetVariables(result);
    const statements: Statement[] = [...before, ...tail];
    if (target.kind === 'variable') {
      statements.unshift(declaring(target.name, null, call));
      replaceIn(parent, call, identifier(target.name, call));
    }
    if (keepStatement) statements.push(statement);
    // `a: b` of an if, or the body of a loop, is not in a list.
    const list = listOf(holder, statement);
    if (list) list.splice(list.indexOf(statement), 1, ...statements);
    else {
      const block = { type: 'BlockStatement', body: statements, ...place(call) } as unknown as Statement &
        AnyNode;
      replaceIn(holder, statement, block as AnyNode);
    }
  };
}

function listOf(holder: AnyNode, statement: AnyNode): Statement[] | undefined {
  const lists = Object.values(holder).filter((v) => Array.isArray(v) && v.includes(statement));
  return lists[0] as Statement[] | undefined;
}

/** Local variables of a function that no closure assigns to: what it calls cannot change them. */
function steadyLocals(fn: FunctionNode & AnyNode): Set<string> {
  const names = localNames(fn);
  walk(fn.body, (node, parents) => {
    const name = assignedName(node);
    if (name !== undefined && parents.some(isFunction)) names.delete(name);
    return true;
  });
  return names;
}

/** Whether nothing that matters is evaluated before the last node of a path, and that node always. */
function isFirst(path: AnyNode[], container: FunctionNode & AnyNode): boolean {
  const locals = steadyLocals(container);
  const quiet = (node: AnyNode | null | undefined): boolean =>
    !node || node.type === 'Literal' || (node.type === 'Identifier' && locals.has(node.name));
  for (let i = 0; i < path.length - 1; i++) {
    const node = path[i]!;
    const next = path[i + 1]!;
    switch (node.type) {
      case 'ExpressionStatement':
      case 'ReturnStatement':
      case 'ThrowStatement':
      case 'UnaryExpression':
        break;
      case 'IfStatement':
      case 'ConditionalExpression':
        if (node.test !== next) return false;
        break;
      case 'SwitchStatement':
        if (node.discriminant !== next) return false;
        break;
      case 'LogicalExpression':
        if (node.left !== next) return false;
        break;
      case 'BinaryExpression':
        if (node.left !== next && !quiet(node.left)) return false;
        break;
      case 'VariableDeclaration':
        if (node.declarations[0] !== next) return false;
        break;
      case 'VariableDeclarator':
        break;
      case 'SequenceExpression':
        if (node.expressions[0] !== next) return false;
        break;
      case 'AssignmentExpression':
        if (node.operator !== '=' || node.right !== next) return false;
        if (node.left.type === 'MemberExpression') {
          if (!quiet(node.left.object) || (node.left.computed && !quiet(node.left.property))) return false;
        } else if (!quiet(node.left)) return false;
        break;
      case 'MemberExpression':
        if (node.object !== next && !(node.computed && quiet(node.object))) return false;
        break;
      case 'CallExpression':
        if (node.callee === next) break;
        if (node.callee.type !== 'Identifier') return false;
        if (!node.arguments.slice(0, node.arguments.indexOf(next as never)).every((a) => quiet(a)))
          return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

const hasReturn = (node: AnyNode): boolean => some(node, (n) => n.type === 'ReturnStatement');

/** Whether a list of statements never runs past its end. */
function ends(list: readonly AnyNode[]): boolean {
  const last = list.at(-1);
  if (!last) return false;
  if (last.type === 'ReturnStatement' || last.type === 'ThrowStatement') return true;
  if (last.type === 'BlockStatement') return ends(last.body);
  if (last.type === 'IfStatement')
    return !!last.alternate && ends([last.consequent]) && ends([last.alternate]);
  return false;
}

/** Rewrites a body so that it runs to its end where it returned; undefined when that cannot be said without labels. */
function settle(list: (Statement & AnyNode)[], target: Target, at: AnyNode): Statement[] | undefined {
  const out: Statement[] = [];
  for (const [i, s] of list.entries()) {
    if (!hasReturn(s)) {
      out.push(s);
      continue;
    }
    const rest = list.slice(i + 1);
    if (s.type === 'ReturnStatement') return [...out, ...settled(s.argument, target, s)];
    if (s.type === 'BlockStatement') {
      const all = settle([...(s.body as (Statement & AnyNode)[]), ...rest], target, at);
      return all && [...out, ...all];
    }
    if (s.type !== 'IfStatement') return undefined;
    const yes = [s.consequent as Statement & AnyNode];
    const no = s.alternate ? [s.alternate as Statement & AnyNode] : [];
    if (!ends(yes)) {
      if (!ends(no) && rest.length > 0) return undefined;
      yes.push(...rest);
    }
    if (!ends(no) && ends([s.consequent])) no.push(...rest);
    const a = settle(yes, target, at);
    const b = settle(no, target, at);
    if (!a || !b) return undefined;
    const block = (body: Statement[]): Statement => ({ type: 'BlockStatement', body, ...place(s) }) as never;
    return [
      ...out,
      { ...s, consequent: block(a), alternate: b.length > 0 ? block(b) : null } as unknown as Statement,
    ];
  }
  const last = list.at(-1);
  if (last?.type === 'ThrowStatement' || target.kind !== 'variable') return out;
  return [...out, ...settled(null, target, at)];
}

/** What stands for `return value`. */
function settled(value: Expression | null | undefined, target: Target, at: AnyNode): Statement[] {
  if (target.kind !== 'variable') {
    return value && !isPure(value as AnyNode)
      ? [{ type: 'ExpressionStatement', expression: value, ...place(at) } as never]
      : [];
  }
  const right = value ?? undefinedAt(at);
  const left = identifier(target.name, at);
  const expression = { type: 'AssignmentExpression', operator: '=', left, right, ...place(at) };
  return [{ type: 'ExpressionStatement', expression, ...place(at) } as never];
}

/** In a loop a variable without a value would keep that of the round before. */
function resetVariables(node: AnyNode): void {
  walk(node, (n, parents) => {
    if (n.type === 'VariableDeclarator' && !n.init && parents.at(-2)?.type !== 'ForInStatement')
      n.init = undefinedAt(n);
    return true;
  });
}

/** Takes away the values that a function returns. */
function dropValues(fn: TopFunction): void {
  walk(fn.body, (node) => {
    if (isFunction(node)) return false;
    for (const [key, value] of Object.entries(node)) {
      const fix = (s: unknown): unknown => {
        const statement = s as AnyNode | null;
        if (statement?.type !== 'ReturnStatement' || !statement.argument) return s;
        const value = statement.argument;
        statement.argument = null;
        if (isPure(value as AnyNode)) return s;
        const run = { type: 'ExpressionStatement', expression: value, ...place(statement) };
        return { type: 'BlockStatement', body: [run, statement], ...place(statement) };
      };
      if (Array.isArray(value)) value.forEach((v, i) => (value[i] = fix(v) as never));
      else if (typeof value === 'object' && value && 'type' in value)
        (node as unknown as Record<string, unknown>)[key] = fix(value);
    }
    return true;
  });
}

/** Whether an expression does nothing but give a value. */
function isPure(node: AnyNode): boolean {
  return !some(
    node,
    (n) =>
      /^(Call|New|Assignment|Update|Function)Expression$/.test(n.type) ||
      (n.type === 'UnaryExpression' && n.operator === 'delete'),
  );
}

const mentions = (node: AnyNode, name: string): boolean => countOf(node, name) > 0;

function countOf(node: AnyNode, name: string): number {
  let n = 0;
  walk(node, (inner, parents) => {
    if (isVariable(inner, parents.at(-1)) && inner.name === name) n++;
    return true;
  });
  return n;
}

/** Puts expressions where variables are read. */
function substitute(root: AnyNode, values: ReadonlyMap<string, Expression>): void {
  if (values.size === 0) return;
  const uses: Use[] = [];
  walk(root, (node, parents) => {
    if (isVariable(node, parents.at(-1)) && values.has(node.name)) uses.push({ node, parents: [...parents] });
    return true;
  });
  for (const { node, parents } of uses)
    replaceIn(parents.at(-1)!, node, { ...values.get(node.name)!, ...place(node) } as AnyNode);
}

function replaceIn(parent: AnyNode, old: AnyNode, now: AnyNode): void {
  const fields = parent as unknown as Record<string, unknown>;
  for (const [key, value] of Object.entries(fields)) {
    if (value === old) fields[key] = now;
    else if (Array.isArray(value) && value.includes(old)) value[value.indexOf(old)] = now;
  }
}

const place = ({ start, end, loc }: AnyNode): object => ({ start, end, loc });
const identifier = (name: string, at: AnyNode): Identifier & AnyNode =>
  ({ type: 'Identifier', name, ...place(at) }) as never;
const undefinedAt = (at: AnyNode): Expression & AnyNode => {
  const argument = { type: 'Literal', value: 0, raw: '0', ...place(at) };
  return { type: 'UnaryExpression', operator: 'void', prefix: true, argument, ...place(at) } as never;
};
const returning = (argument: Expression | null, at: AnyNode): Statement & AnyNode =>
  ({ type: 'ReturnStatement', argument, ...place(at) }) as never;
function declaring(name: string, init: Expression | null, at: AnyNode): Statement {
  const declarator = { type: 'VariableDeclarator', id: identifier(name, at), init, ...place(at) };
  return { type: 'VariableDeclaration', kind: 'var', declarations: [declarator], ...place(at) } as never;
}
