// Judges an emitted bundle: ES5 syntax, only globals of its ground, and nothing that ENGINES names as missing in
// one of the engines. What the linter can see in the sources is looked at here again, as minifiers rewrite.
import { type AnyNode, type Function as FunctionNode, type Program, parse } from 'acorn';
import { arrowHeads } from './arrow-heads.js';
import { GLOBALS, OVERLAY, type Ground } from './grounds.js';

const MAX_BYTES = 512 * 1024;

/** @returns what is wrong with the bundle, one line for each finding; empty when it is fit for its ground */
export function verify(code: string, ground: Ground): string[] {
  const bad: string[] = [];
  if (code.length > MAX_BYTES) bad.push(`${code.length} bytes, more than the ${MAX_BYTES} of the flash area`);
  const odd = /[^\n\x20-\x7e]/.exec(code);
  if (odd)
    bad.push(
      `character code ${odd[0].charCodeAt(0)} at offset ${odd.index}: only printable ASCII may be there`,
    );
  let program: Program;
  try {
    program = parse(code, { ecmaVersion: 5, sourceType: 'script' });
    for (const { start } of arrowHeads(
      parse(code, { ecmaVersion: 5, sourceType: 'script', preserveParens: true }),
    )) {
      bad.push(`a list that JerryScript takes for parameters: ${code.slice(start, start + 60)}`);
    }
  } catch (error) {
    return [...bad, `not ES5: ${(error as Error).message}`];
  }
  if (!isStrict(program)) bad.push('is not one function in strict mode');
  for (const name of freeNames(program)) {
    if (!GLOBALS[ground].has(name) && name !== OVERLAY)
      bad.push(`uses the global ${name}, which ${ground} does not have`);
  }
  walk(program, [], (node, parents) => {
    const why = refused(node, parents);
    if (why) bad.push(`${why}: ${code.slice(Math.max(0, node.start - 30), node.start + 40)}`);
  });
  return bad;
}

/** Whether all of a program is one call of a function that begins with "use strict". */
function isStrict({ body }: Program): boolean {
  const only = body.length === 1 && body[0]!.type === 'ExpressionStatement' ? body[0]!.expression : undefined;
  const call = only?.type === 'UnaryExpression' ? only.argument : only;
  const callee = call?.type === 'CallExpression' ? call.callee : undefined;
  if (callee?.type !== 'FunctionExpression') return false;
  const first = callee.body.body[0];
  return first?.type === 'ExpressionStatement' && first.directive === 'use strict';
}

function refused(node: AnyNode, parents: readonly AnyNode[]): string | undefined {
  switch (node.type) {
    case 'LabeledStatement':
      return 'a label (Espruino has none)';
    case 'WithStatement':
      return 'a with statement';
    case 'FunctionDeclaration': {
      const parent = parents.at(-1)!;
      const isBody = parent.type === 'BlockStatement' && /Function/.test(parents.at(-2)?.type ?? '');
      return isBody || parent.type === 'Program' ? undefined : 'a function declaration inside a block';
    }
    case 'SwitchStatement': {
      const i = node.cases.findIndex((c) => !c.test);
      return i >= 0 && i < node.cases.length - 1 ? 'a case after default (Espruino)' : undefined;
    }
    case 'AssignmentExpression':
    case 'UpdateExpression': {
      const target = node.type === 'AssignmentExpression' ? node.left : node.argument;
      return target.type === 'MemberExpression' && nameOf(target) === 'length'
        ? 'an assignment to length (Espruino)'
        : undefined;
    }
    case 'Property':
      return node.kind === 'init' ? undefined : 'a getter or setter';
    case 'MemberExpression':
      return node.object.type === 'MemberExpression' && nameOf(node.object) === 'prototype'
        ? 'a method read from a prototype (Espruino)'
        : undefined;
    case 'Literal':
      return 'regex' in node && node.regex && /[*+?}]\?|\(\?|\{\d/.test(node.regex.pattern)
        ? 'a lazy, look-ahead or counted regular expression (Espruino)'
        : undefined;
    default:
      return undefined;
  }
}

const nameOf = (node: { computed: boolean; property: AnyNode }): string | undefined =>
  !node.computed && node.property.type === 'Identifier' ? node.property.name : undefined;

function children(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flat()
    .filter((v): v is AnyNode => typeof v === 'object' && v !== null && 'type' in v);
}

function walk(
  node: AnyNode,
  parents: AnyNode[],
  visit: (node: AnyNode, parents: readonly AnyNode[]) => void,
): void {
  visit(node, parents);
  parents.push(node);
  for (const child of children(node)) walk(child, parents, visit);
  parents.pop();
}

const isFunction = (node: AnyNode): node is FunctionNode & AnyNode =>
  node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration';

/** Names that are read or written and declared in no enclosing scope of an ES5 program. */
export function freeNames(program: Program): Set<string> {
  const free = new Set<string>();

  function declarations(node: AnyNode, scope: Set<string>): void {
    if (node.type === 'VariableDeclarator' && node.id.type === 'Identifier') scope.add(node.id.name);
    if (node.type === 'FunctionDeclaration' && node.id) scope.add(node.id.name);
    if (!isFunction(node)) children(node).forEach((child) => declarations(child, scope));
  }

  function visit(node: AnyNode, scopes: Set<string>[]): void {
    if (node.type === 'Identifier') {
      if (node.name !== 'arguments' && !scopes.some((s) => s.has(node.name))) free.add(node.name);
    } else if (isFunction(node)) {
      const scope = new Set(node.params.flatMap((p) => (p.type === 'Identifier' ? [p.name] : [])));
      if (node.type === 'FunctionExpression' && node.id) scope.add(node.id.name);
      children(node.body).forEach((child) => declarations(child, scope));
      visit(node.body, [...scopes, scope]);
    } else if (node.type === 'MemberExpression') {
      visit(node.object, scopes);
      if (node.computed) visit(node.property, scopes);
    } else if (node.type === 'Property') {
      visit(node.value, scopes);
    } else if (node.type === 'CatchClause' && node.param?.type === 'Identifier') {
      visit(node.body, [...scopes, new Set([node.param.name])]);
    } else if (node.type !== 'BreakStatement' && node.type !== 'ContinueStatement') {
      children(node).forEach((child) => visit(child, scopes));
    }
  }

  const top = new Set<string>();
  program.body.forEach((node) => declarations(node, top));
  program.body.forEach((node) => visit(node, [top]));
  return free;
}
