// What the steps that work on ES5 syntax trees share: walking, scopes of names, copying.
import type {
  AnyNode,
  Function as FunctionNode,
  FunctionDeclaration,
  Identifier,
  Program,
  Statement,
} from 'acorn';

/** Nodes directly below a node. Called for every node of a bundle, hundreds of times: no intermediate arrays. */
export function children(node: AnyNode): AnyNode[] {
  const out: AnyNode[] = [];
  const fields = node as unknown as Record<string, unknown>;
  for (const key in fields) {
    const value = fields[key];
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) if (isNode(item)) out.push(item);
    } else if (isNode(value)) out.push(value);
  }
  return out;
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && 'type' in value;

export const isFunction = (node: AnyNode): node is FunctionNode & AnyNode =>
  node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration';

/** A function of the bundle's own scope. */
export type TopFunction = FunctionDeclaration & AnyNode;

export function bundleBody(program: Program): Statement[] {
  let found: Statement[] | undefined;
  walk(program, (node) => {
    if (!found && node.type === 'FunctionExpression') found = node.body.body as Statement[];
    return !found;
  });
  return found!;
}

/** Functions that it declares. */
export const functionsOf = (body: Statement[]): TopFunction[] =>
  body.filter((s) => s.type === 'FunctionDeclaration') as unknown as TopFunction[];

/** Calls `visit` for a node and all below it; what it returns other than true keeps the walk out of a node. */
export function walk(
  node: AnyNode,
  visit: (node: AnyNode, parents: readonly AnyNode[]) => boolean | void,
  parents: AnyNode[] = [],
): void {
  if (visit(node, parents) === false) return;
  parents.push(node);
  for (const child of children(node)) walk(child, visit, parents);
  parents.pop();
}

/** Whether any node below (or at) a node passes the test; functions inside are left out unless `deep`. */
export function some(node: AnyNode, test: (node: AnyNode) => boolean, deep = true): boolean {
  if (test(node)) return true;
  return children(node).some((child) => (deep || !isFunction(child)) && some(child, test, deep));
}

/** Whether an identifier stands for a variable, not for a property. */
export function isVariable(node: AnyNode, parent: AnyNode | undefined): node is Identifier & AnyNode {
  if (node.type !== 'Identifier') return false;
  if (parent?.type === 'MemberExpression') return parent.computed || parent.property !== node;
  return parent?.type !== 'Property' || parent.key !== node;
}

/** Names that a function declares: parameters and variables, not those of functions inside. */
export function localNames(fn: FunctionNode & AnyNode): Set<string> {
  const out = new Set<string>((fn.params as Identifier[]).map((p) => p.name));
  const visit = (node: AnyNode): void => {
    if (node.type === 'VariableDeclarator') out.add((node.id as Identifier).name);
    if (node.type === 'CatchClause' && node.param) out.add((node.param as Identifier).name);
    if (node.type === 'FunctionDeclaration') out.add(node.id!.name);
    if (!isFunction(node)) children(node).forEach(visit);
  };
  children(fn.body).forEach(visit);
  return out;
}

/** Name that an expression assigns to, when it does. */
export function assignedName(node: AnyNode): string | undefined {
  const target =
    node.type === 'AssignmentExpression'
      ? node.left
      : node.type === 'UpdateExpression'
        ? node.argument
        : node.type === 'ForInStatement'
          ? node.left
          : undefined;
  return target?.type === 'Identifier' ? target.name : undefined;
}
