// Takes code that is used at times only out of a bundle: what `__overlay__(entry, read)` names, and every function that
// nothing else leads to, goes into a comment at the bundle's head, where it costs no heap, and is read from there for use:
//
//   /*
//   //mark
//   "use strict";function entry(…){…}function helper(…){…}return entry//mark
//   */
//   … read("//mark", at, length, "a,b", [a, b]) …
//
// a and b are what that code uses of the rest of the bundle, handed over by value.
import { createHash } from 'node:crypto';
import { type AnyNode, type CallExpression, type Identifier, type Program, parse } from 'acorn';
import { assignedName, bundleBody, functionsOf, walk } from './ast.js';
import { OVERLAY } from './grounds.js';
import { type Edit, type Joined, type Piece, edited, join } from './pieces.js';
import { freeNames } from './verify.js';

interface Part {
  name: string;
  node: AnyNode;
  /** Names of the bundle's scope that it uses. */
  uses: Set<string>;
}

interface Overlay {
  entry: string;
  read: string;
  call: CallExpression;
  /** Where the call's arguments end. */
  end: number;
  /** The third argument. */
  values: AnyNode | undefined;
}

/** What an overlay takes out of the bundle, and the names that it uses of the rest. */
interface Contents {
  parts: Part[];
  outside: string[];
}

/**
 * Lists in each call of the marker what that code uses of the rest, as a third argument: comes before names are shortened,
 * which so keeps these free where the call is.
 * @param code an ES5 script that is one function call
 * @throws Error in one line for code that cannot be taken out
 */
export function listOverlayUses(code: string): Joined {
  const { found, contents, constant } = analysed(code);
  const edits = found.map((overlay) => {
    const { outside } = contents(overlay);
    const changing = outside.find((name) => !constant(name));
    if (changing) throw new Error(`overlay: ${overlay.entry} needs ${changing}, whose value changes`);
    return { start: overlay.end, end: overlay.end, text: `,[${outside.join()}]` };
  });
  return join(edited(code, edits), code);
}

/**
 * Takes the code out. Comes last, as names and properties must be those of the bundle.
 * @param code what listOverlayUses() gave, with names shortened
 */
export function overlays(code: string): Joined {
  const { found, contents } = analysed(code);
  const head: Piece[] = [];
  const edits: Edit[] = [];
  let at = 0;
  for (const overlay of found) {
    const { parts } = contents(overlay);
    const list = code.slice(overlay.values!.start, overlay.values!.end);
    const pieces: Piece[] = [{ text: '\n"use strict";', at: parts[0]!.node.start, exact: false }];
    for (const { node } of parts) {
      pieces.push({ text: code.slice(node.start, node.end), at: node.start, exact: true });
      edits.push({ start: node.start, end: node.end, text: '' });
    }
    pieces.push({ text: `return ${overlay.entry}`, at: overlay.call.start, exact: false });
    const text = pieces.map((piece) => piece.text).join('');
    if (text.includes('*/')) throw new Error('overlay: the code ends its comment');
    const mark = `//${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
    const length = text.length + 2 * mark.length;
    const edge: Piece = { text: mark, at: overlay.call.start, exact: false };
    if (at === 0) head.push({ ...edge, text: OPEN });
    at += at ? 1 : OPEN.length;
    head.push(edge, ...pieces, edge, { ...edge, text: '\n' });
    const call = `${overlay.read}("${mark}",${at},${length},"${list.slice(1, -1)}",${list})`;
    edits.push({ start: overlay.call.start, end: overlay.call.end, text: call });
    at += length;
  }
  if (head.length) head.push({ text: CLOSE, at: 0, exact: false });
  return join([...head, ...edited(code, edits)], code);
}

const OPEN = '/*\n';
const CLOSE = '*/\n';

interface Analysis {
  found: Overlay[];
  contents: (overlay: Overlay) => Contents;
  /** Whether a name of the bundle's scope stands for the same from its declaration on. */
  constant: (name: string) => boolean;
}

function analysed(code: string): Analysis {
  const program = parse(code, { ecmaVersion: 5, sourceType: 'script' });
  const found = overlaysOf(program);
  if (found.length === 0)
    return { found, contents: () => ({ parts: [], outside: [] }), constant: () => true };
  const statements = bundleBody(program);
  const body = statements as AnyNode[];
  const own = new Set(declared(body));
  const functions = new Map<string, Part>();
  for (const node of functionsOf(statements)) {
    const name = node.id.name;
    functions.set(name, { name, node, uses: usesOf([node], own) });
  }
  const live = reachable(
    usesOf(
      body.filter(({ type }) => type !== 'FunctionDeclaration'),
      own,
    ),
    functions,
  );
  const contents = ({ entry }: Overlay): Contents => {
    if (!functions.has(entry)) throw new Error(`overlay: ${entry} is no function of the bundle`);
    if (live.has(entry)) throw new Error(`overlay: ${entry} is used elsewhere, too`);
    const names = reachable(new Set([entry]), functions);
    const parts = [...functions.values()].filter(({ name }) => names.has(name) && !live.has(name));
    if (found.some(({ call }) => parts.some(({ node }) => node.start < call.start && call.end < node.end)))
      throw new Error(`overlay: ${entry} has another one within`);
    const held = new Set(parts.map(({ name }) => name));
    const outside = new Set<string>();
    for (const { uses } of parts) for (const used of uses) if (!held.has(used)) outside.add(used);
    return { parts, outside: [...outside] };
  };
  return { found, contents, constant: (name) => functions.has(name) || constantsOf(body).has(name) };
}

/** The calls of the marker. In the tree they have no arguments any more. */
function overlaysOf(program: Program): Overlay[] {
  const found: Overlay[] = [];
  walk(program, (node) => {
    if (node.type !== 'CallExpression' || (node.callee as Identifier).name !== OVERLAY) return true;
    const [entry, read, values] = node.arguments;
    if (entry?.type !== 'Identifier' || read?.type !== 'Identifier')
      throw new Error('overlay: takes a function of a module and its reader, by name');
    found.push({ entry: entry.name, read: read.name, call: node, end: read.end, values });
    node.arguments = [read];
    return false;
  });
  return found;
}

function declared(body: AnyNode[]): string[] {
  return body.flatMap((node) =>
    node.type === 'FunctionDeclaration'
      ? [node.id!.name]
      : node.type === 'VariableDeclaration'
        ? node.declarations.map(({ id }) => (id as Identifier).name)
        : [],
  );
}

/** Names of `own` that statements use; what one of them declares counts where another uses it. */
function usesOf(nodes: AnyNode[], own: ReadonlySet<string>): Set<string> {
  const used = new Set<string>();
  for (const node of nodes) {
    const within = freeNames({ body: inner(node) } as unknown as Program);
    for (const name of within) if (own.has(name)) used.add(name);
  }
  return used;
}

/** What a statement evaluates, without the names that it declares in the bundle's scope. */
function inner(node: AnyNode): AnyNode[] {
  if (node.type === 'FunctionDeclaration')
    return [{ ...node, type: 'FunctionExpression', id: null } as unknown as AnyNode];
  if (node.type === 'VariableDeclaration')
    return node.declarations.flatMap(({ init }) => (init ? [init as AnyNode] : []));
  return [node];
}

/** Functions that the names lead to, themselves among them. */
function reachable(from: ReadonlySet<string>, functions: ReadonlyMap<string, Part>): Set<string> {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name) || !functions.has(name)) return;
    reached.add(name);
    functions.get(name)!.uses.forEach(visit);
  };
  from.forEach(visit);
  return reached;
}

/** Variables of the bundle's scope that have one value from where they are declared. */
function constantsOf(body: AnyNode[]): Set<string> {
  const constants = new Set<string>();
  for (const node of body) {
    if (node.type !== 'VariableDeclaration') continue;
    for (const { id, init } of node.declarations) if (init) constants.add((id as Identifier).name);
  }
  for (const node of body) {
    walk(node, (inside) => {
      const name = assignedName(inside);
      // A local variable of that name counts as well: too careful, never wrong.
      if (name !== undefined) constants.delete(name);
      return true;
    });
  }
  return constants;
}
