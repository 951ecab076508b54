// How much JavaScript heap a bundle takes on the device, told from its syntax tree: byte code, names and function
// objects. What the program allocates when it runs comes on top. Holds for JerryScript 2.4 as Kaluma 1.2.1 builds it
// (32-bit pointers, line numbers, no lookup cache).
import { type AnyNode, type Function as FunctionNode, type Identifier, type Literal, parse } from 'acorn';
import { children, isFunction, localNames } from './ast.js';
import { ENGINE_NAMES } from './engine-names.js';
import { GLOBALS } from './grounds.js';

/** Per function: header and name, the line number, the end. */
const FUNCTION_HEADER = 16;
const FUNCTION_CODE = 3;
/** An entry in the list of constants that each function has. */
const LITERAL = 4;
/** A function that became an object, and a name in the scope of the functions that see it. */
const FUNCTION_OBJECT = 24;
const SCOPE_NAME = 12;
/** A string's header, and its or a number's place in the engine's list of literals. */
const STRING_HEADER = 10;
const LISTED = 16 / 3;
const NUMBER = 8;
/** Numbers from here on, and fractions, are kept on the heap. */
const DIRECT_NUMBERS = 2 ** 27;
/** Integers up to here are part of the byte code, but for those on the right of an operator. */
const CODED_NUMBERS = 256;

/** Bytes of byte code for each node beside what is below it, fitted to 875 functions of three apps. */
const CODE: Partial<Record<AnyNode['type'], number>> = {
  ArrayExpression: 1.5,
  BinaryExpression: 0.5,
  BlockStatement: 0.9,
  BreakStatement: 2,
  CallExpression: 1,
  ConditionalExpression: 3.7,
  ContinueStatement: 6,
  DoWhileStatement: 2.2,
  EmptyStatement: 2.3,
  ExpressionStatement: 0.7,
  ForInStatement: 2.6,
  ForStatement: 3,
  IfStatement: 1.5,
  LogicalExpression: 2.1,
  MemberExpression: 1.9,
  NewExpression: 1.5,
  ObjectExpression: 1.7,
  Property: 1.4,
  ThrowStatement: 11,
  UnaryExpression: 0.7,
  UpdateExpression: 0.5,
  WhileStatement: 3,
};
const CODE_COMPUTED_MEMBER = 0.6;
const CODE_NUMBERED_MEMBER = 1.3;
const CODE_ASSIGNMENT = { plain: 0, property: 0.3, operator: 1.4 };
const CODE_VARIABLE = 1.7;
const CODE_NUMBER = 2.1;
const CODE_ZERO = 1.5;
const CODE_INNER_FUNCTION = 4.7;

interface Scope {
  parent: Scope | undefined;
  names: Set<string>;
  /** Own names that functions inside use. */
  shared: Set<string>;
}

interface Made {
  /** Names and strings, each held once for the whole program. */
  strings: Set<string>;
  numbers: Set<number>;
  bytes: number;
}

const align = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/**
 * @param code a script in ES5
 * @returns bytes of JavaScript heap, within 5 %, that it takes once it has started: parsed, and each function that its
 *   outermost function declares an object
 * @throws SyntaxError when it is not ES5
 */
export function estimateHeap(code: string): number {
  const made: Made = { strings: new Set(), numbers: new Set(), bytes: 0 };
  addFunction(parse(code, { ecmaVersion: 5, sourceType: 'script' }), undefined, made);
  const held = heldByEngine();
  for (const text of made.strings) {
    if (!held.has(text)) made.bytes += align(STRING_HEADER + Buffer.byteLength(text)) + LISTED;
  }
  return Math.round(made.bytes + made.numbers.size * (NUMBER + LISTED));
}

/** @returns bytes of heap that a function's byte code takes, names and strings left out */
export function functionHeap(fn: AnyNode): number {
  const made: Made = { strings: new Set(), numbers: new Set(), bytes: 0 };
  addFunction(fn, undefined, made);
  return made.bytes;
}

/** Adds a function, or the script itself, and all functions inside. */
function addFunction(fn: AnyNode, parent: Scope | undefined, made: Made): void {
  const names = isFunction(fn) ? localNames(fn as FunctionNode & AnyNode) : new Set<string>();
  if (fn.type === 'FunctionExpression' && fn.id) names.add(fn.id.name);
  const scope: Scope = { parent, names, shared: new Set() };
  const used = new Set<string>();
  // The first constant is the script's name.
  const constants = new Set<string | number>(['']);
  let functions = 0;
  let bytes = FUNCTION_CODE;

  const use = (name: string): void => {
    used.add(name);
    let owner: Scope | undefined = scope;
    while (owner && !owner.names.has(name)) owner = owner.parent;
    if (owner !== scope) owner?.shared.add(name);
  };
  const visit = (node: AnyNode, above: AnyNode): void => {
    if (isFunction(node)) {
      functions++;
      bytes += CODE_INNER_FUNCTION;
      if (node.type === 'FunctionDeclaration') {
        use(node.id!.name);
        made.strings.add(node.id!.name);
        if (parent && !parent.parent) made.bytes += FUNCTION_OBJECT;
      }
      addFunction(node, scope, made);
      return;
    }
    const name = propertyName(node, above);
    if (name !== undefined) {
      constants.add(typeof name === 'string' ? `.${name}` : name);
      if (typeof name === 'string') made.strings.add(name);
      return;
    }
    if (node.type === 'Identifier') {
      use(node.name);
      bytes += CODE_VARIABLE;
    } else if (node.type === 'Literal') {
      if ('regex' in node && node.regex) functions++;
      bytes += addLiteral(node, above, constants, made);
    } else if (node.type === 'AssignmentExpression') {
      const { plain, property, operator } = CODE_ASSIGNMENT;
      bytes += node.operator !== '=' ? operator : node.left.type === 'MemberExpression' ? property : plain;
    } else if (node.type === 'MemberExpression' && node.computed) {
      bytes += node.property.type === 'Literal' ? CODE_NUMBERED_MEMBER : CODE_COMPUTED_MEMBER;
    } else bytes += CODE[node.type] ?? 0;
    for (const child of children(node)) visit(child, node);
  };
  for (const child of children(isFunction(fn) ? fn.body : fn)) visit(child, fn);

  // Variables that only this function uses live in registers, without a name.
  const named = [...used].filter((name) => !scope.names.has(name) || scope.shared.has(name));
  for (const text of named) made.strings.add(text);
  made.bytes += align(FUNCTION_HEADER + LITERAL * (named.length + constants.size + functions) + bytes);
  if (parent && !parent.parent) made.bytes += SCOPE_NAME * scope.shared.size;
}

/** The name, when a node is one of a property and no expression. */
function propertyName(node: AnyNode, above: AnyNode): string | number | undefined {
  if (above.type === 'MemberExpression' && !above.computed && above.property === node)
    return (node as Identifier).name;
  if (above.type !== 'Property' || above.key !== node) return undefined;
  if (node.type === 'Identifier') return node.name;
  const { value } = node as Literal;
  return typeof value === 'number' ? value : String(value);
}

/** @returns bytes of byte code */
function addLiteral(node: Literal, above: AnyNode, constants: Set<string | number>, made: Made): number {
  const { value } = node;
  if (typeof value === 'string') {
    constants.add(`.${value}`);
    made.strings.add(value);
  } else if (typeof value === 'number') {
    const operand =
      (above.type === 'BinaryExpression' ||
        (above.type === 'AssignmentExpression' && above.operator !== '=')) &&
      (above.right as AnyNode) === node;
    if (Number.isInteger(value) && value <= CODED_NUMBERS && !operand)
      return value === 0 ? CODE_ZERO : CODE_NUMBER;
    constants.add(value);
    if (!Number.isInteger(value) || value >= DIRECT_NUMBERS) made.numbers.add(value);
  }
  return CODE_VARIABLE;
}

/** Names that the engine holds as constants: its own library's, Kaluma's, and what the two call things. */
function heldByEngine(): Set<string> {
  const library = [
    Object,
    Array,
    String,
    Number,
    Function,
    RegExp,
    Promise,
    Uint8Array,
    ArrayBuffer,
    DataView,
  ];
  const owners: object[] = [Math, JSON, Object.getPrototypeOf(Uint8Array.prototype) as object];
  for (const type of library) owners.push(type, type.prototype as object);
  return new Set([
    ...ENGINE_NAMES,
    ...GLOBALS.kaluma,
    ...owners.flatMap((owner) => Object.getOwnPropertyNames(owner)),
  ]);
}

/** Heap that Kaluma 1.2.1 has in use before a program is loaded, bytes. */
export const HEAP_AT_BOOT = 12_700;
