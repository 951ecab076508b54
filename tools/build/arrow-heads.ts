// Works around JerryScript 2.4: it takes `(a = …, b = …)` for the parameters of an arrow function until it comes to the end of
// it, and then has forgotten that functions in there use `b`. To them `b` is not defined. A `0,` in front of the list makes it
// one that cannot be parameters.
import { type AnyNode, type Program, type SequenceExpression, parse } from 'acorn';
import { isFunction, isVariable, some, walk } from './ast.js';
import { type Joined, edited, join } from './pieces.js';

/**
 * Finds the lists in parentheses of which JerryScript loses a variable.
 * @param program parsed with `preserveParens`
 */
export function arrowHeads(program: Program): SequenceExpression[] {
  const found: SequenceExpression[] = [];
  walk(program, (node) => {
    if (node.type === 'ParenthesizedExpression' && node.expression.type === 'SequenceExpression') {
      if (losesVariable(node.expression.expressions as AnyNode[])) found.push(node.expression);
    }
    return true;
  });
  return found;
}

function losesVariable(items: AnyNode[]): boolean {
  for (let i = 0; i < items.length; i++) {
    const first = firstName(items[i]!);
    if (first === undefined) return false;
    if (items.slice(0, i).some((item) => some(item, (node) => isFunction(node) && uses(node, first)))) {
      return true;
    }
    if (!isParameter(items[i]!)) return false;
  }
  return false;
}

const isParameter = (node: AnyNode): boolean =>
  node.type === 'Identifier' ||
  (node.type === 'AssignmentExpression' && node.operator === '=' && node.left.type === 'Identifier');

/** The name that an expression's text begins with. */
function firstName(node: AnyNode): string | undefined {
  switch (node.type) {
    case 'Identifier':
      return node.name;
    case 'AssignmentExpression':
    case 'BinaryExpression':
    case 'LogicalExpression':
      return firstName(node.left);
    case 'MemberExpression':
      return firstName(node.object);
    case 'CallExpression':
      return firstName(node.callee);
    case 'ConditionalExpression':
      return firstName(node.test);
    case 'UpdateExpression':
      return node.prefix ? undefined : firstName(node.argument);
    default:
      return undefined;
  }
}

function uses(fn: AnyNode, name: string): boolean {
  let found = false;
  walk(fn, (node, parents) => {
    found ||= isVariable(node, parents.at(-1)) && node.name === name;
    return !found;
  });
  return found;
}

/** The same script, with all its variables. */
export function breakArrowHeads(code: string): Joined {
  const program = parse(code, { ecmaVersion: 5, sourceType: 'script', preserveParens: true });
  const edits = arrowHeads(program).map(({ start }) => ({ start, end: start, text: '0,' }));
  return join(edited(code, edits), code);
}
