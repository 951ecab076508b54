// The optimisation that minifiers leave undone, on the joined ES module before it is lowered: numeric and
// boolean constants become literals wherever they are read, and calls of functions marked `@inline` become
// expressions. A module-level read costs 6 µs on the device and a call 14, a literal and a local under 2.
import ts from 'typescript';
import { type Joined, type Piece, join } from './pieces.js';

/** What an argument does, from harmless to harmful, when it is put where the parameter was. */
const enum Kind {
  Constant,
  Name,
  /** A name plus or minus an integer: cheap enough to be repeated in an index. */
  Linear,
  Pure,
  Read,
  Impure,
}

interface Value {
  pieces: Piece[];
  kind: Kind;
  linear?: Linear | undefined;
  /** The variable behind a Name. */
  symbol?: ts.Symbol | undefined;
}

interface Linear {
  name: string;
  offset: number;
}

/** The function that is being written: inlined calls take their temporaries from it. */
interface Frame {
  live: number;
  most: number;
}

interface Context {
  frame: Frame;
  values: Map<ts.Symbol, Value>;
  /** Where inlined text belongs to: the outermost call. */
  at: number | undefined;
  depth: number;
}

interface Inlinable {
  name: string;
  parameters: ts.Symbol[];
  locals: ts.Symbol[];
  /** The body as expressions, the declarations of locals included. */
  steps: { local: ts.Symbol | undefined; expression: ts.Expression }[];
  result: ts.Expression | undefined;
  uses: Map<ts.Symbol, number>;
  assigned: Set<ts.Symbol>;
  effects: boolean;
  /** Calls something that is not inlined. */
  calls: boolean;
  callees: Set<ts.Symbol | undefined>;
}

/**
 * Folds constants and inlines marked functions.
 * @param code one ES module without types, imports and exports
 * @param isCold says whether the code at an offset runs seldom: calls in it are inlined only where that is shorter
 * @throws Error naming the function when one that is marked `@inline` has a body that cannot be inlined
 */
export function specialise(code: string, isCold: (at: number) => boolean = () => false): Joined {
  const { file, checker } = parse(code);
  const constants = new Map<ts.Symbol, ts.Expression>();
  const inlinables = new Map<ts.Symbol, Inlinable>();
  const reassigned = assignedSymbols(file, checker);
  const symbolOf = (node: ts.Node): ts.Symbol | undefined =>
    ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);

  for (const statement of file.statements) {
    const marked = isMarked(code, statement);
    if (ts.isFunctionDeclaration(statement) && statement.name && marked) {
      inlinables.set(symbolOf(statement.name)!, describe(statement.name.text, statement, symbolOf, checker));
    } else if (ts.isVariableStatement(statement) && statement.declarationList.flags & ts.NodeFlags.Const) {
      for (const { name, initializer } of statement.declarationList.declarations) {
        if (!initializer || !ts.isIdentifier(name)) continue;
        if (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer)) {
          if (marked) inlinables.set(symbolOf(name)!, describe(name.text, initializer, symbolOf, checker));
        } else constants.set(symbolOf(name)!, initializer);
      }
    }
  }

  for (let changed = true; changed;) {
    changed = false;
    for (const target of inlinables.values()) {
      const called = [...target.callees].map((symbol) => symbol && inlinables.get(symbol));
      const calls = target.calls || called.some((other) => !other || other.calls);
      const effects = target.effects || calls || called.some((other) => other!.effects);
      if (calls !== target.calls || effects !== target.effects) changed = true;
      target.calls = calls;
      target.effects = effects;
    }
  }

  const locals = localNames(file);
  for (const target of inlinables.values()) {
    for (const symbol of target.uses.keys()) {
      if (target.parameters.includes(symbol) || target.locals.includes(symbol) || constants.has(symbol))
        continue;
      if (locals.has(symbol.name) && isVariableLike(symbol)) {
        throw new Error(
          `@inline ${target.name}: uses ${symbol.name}, which is also the name of a local variable`,
        );
      }
    }
  }

  const known = new Map<ts.Symbol, number | boolean | undefined>();
  function constantOf(symbol: ts.Symbol): number | boolean | undefined {
    const initializer = constants.get(symbol);
    if (!initializer) return undefined;
    if (!known.has(symbol)) {
      known.set(symbol, undefined);
      known.set(symbol, evaluate(initializer));
    }
    return known.get(symbol);
  }

  function evaluate(node: ts.Expression): number | boolean | undefined {
    if (ts.isParenthesizedExpression(node)) return evaluate(node.expression);
    if (ts.isNumericLiteral(node)) return Number(node.text);
    if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
    if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
    if (ts.isIdentifier(node)) {
      const symbol = symbolOf(node);
      return symbol && constantOf(symbol);
    }
    if (ts.isPrefixUnaryExpression(node)) {
      const v = evaluate(node.operand);
      return v === undefined ? undefined : UNARY[node.operator]?.(v as number);
    }
    if (ts.isConditionalExpression(node)) {
      const c = evaluate(node.condition);
      return c === undefined ? undefined : evaluate(c ? node.whenTrue : node.whenFalse);
    }
    if (ts.isBinaryExpression(node)) {
      const a = evaluate(node.left);
      const b = evaluate(node.right);
      return a === undefined || b === undefined
        ? undefined
        : BINARY[node.operatorToken.kind]?.(a as number, b as number);
    }
    return undefined;
  }

  const exact = (from: number, to: number, c: Context): Piece =>
    c.at === undefined
      ? { text: code.slice(from, to), at: from, exact: true }
      : { text: code.slice(from, to), at: c.at, exact: false };
  const made = (text: string, node: ts.Node, c: Context): Piece => ({
    text,
    at: c.at ?? node.getStart(file),
    exact: false,
  });

  /** The text of a node with everything in it replaced. */
  function render(node: ts.Node, c: Context): Piece[] {
    if (ts.isIdentifier(node)) return renderName(node, c);
    if (ts.isFunctionLike(node) && 'body' in node && node.body) return renderFunction(node, c);
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const callee = symbolOf(node.expression);
      const target = callee && inlinables.get(callee);
      if (target) {
        const most = c.frame.most;
        const inlined = inline(node, target, c);
        if (!isCold(c.at ?? node.getStart(file))) return inlined;
        const called = renderChildren(node, c);
        if (weight(inlined) <= weight(called)) return inlined;
        c.frame.most = most;
        return called;
      }
    }
    if (ts.isElementAccessExpression(node)) {
      const linear = linearOf(node.argumentExpression, c);
      if (linear) {
        return [
          ...render(node.expression, c),
          made('[', node, c),
          made(linearText(linear), node, c),
          made(']', node, c),
        ];
      }
    }
    if (ts.isTemplateExpression(node)) {
      const out = [made(`(${JSON.stringify(node.head.text)}`, node, c)];
      for (const span of node.templateSpans) {
        out.push(made('+(', span, c), ...render(span.expression, c), made(')', span, c));
        if (span.literal.text) out.push(made(`+${JSON.stringify(span.literal.text)}`, span, c));
      }
      return [...out, made(')', node, c)];
    }
    return renderChildren(node, c);
  }

  function renderChildren(node: ts.Node, c: Context): Piece[] {
    const out: Piece[] = [];
    let from = node.getStart(file);
    ts.forEachChild(node, (child) => {
      out.push(exact(from, child.getStart(file), c), ...render(child, c));
      from = child.end;
    });
    out.push(exact(from, node.end, c));
    return out;
  }

  function renderName(node: ts.Identifier, c: Context): Piece[] {
    const own = exact(node.getStart(file), node.end, c);
    const parent = node.parent;
    if ((ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node)
      return [own];
    const symbol = symbolOf(node);
    if (!symbol) return [own];
    const replaced = c.values.get(symbol)?.pieces ?? literal(symbol, node, c);
    if (!replaced) return [own];
    return ts.isShorthandPropertyAssignment(parent) ? [own, made(':', node, c), ...replaced] : replaced;
  }

  function literal(symbol: ts.Symbol, node: ts.Identifier, c: Context): Piece[] | undefined {
    if (ts.isVariableDeclaration(node.parent) && node.parent.name === node) return undefined;
    const value = constantOf(symbol);
    return value === undefined ? undefined : [made(numberText(value), node, c)];
  }

  function renderFunction(node: ts.SignatureDeclaration & { body?: ts.Node }, c: Context): Piece[] {
    const frame: Frame = { live: 0, most: 0 };
    const inner = { ...c, frame };
    const body = node.body!;
    const out = renderUntil(node, body, inner);
    const content = render(body, inner);
    if (frame.most === 0) return [...out, ...content];
    const declaration = `var ${temporaries(frame.most)};`;
    if (ts.isBlock(body)) {
      const open = content[0]!;
      const brace = open.text.indexOf('{') + 1;
      return [
        ...out,
        { ...open, text: open.text.slice(0, brace) },
        made(declaration, body, c),
        { ...open, text: open.text.slice(brace), at: open.exact ? open.at + brace : open.at },
        ...content.slice(1),
      ];
    }
    return [...out, made(`{${declaration}return(`, body, c), ...content, made(')}', body, c)];
  }

  function renderUntil(node: ts.Node, last: ts.Node, c: Context): Piece[] {
    const out: Piece[] = [];
    let from = node.getStart(file);
    ts.forEachChild(node, (child) => {
      if (child === last) return;
      out.push(exact(from, child.getStart(file), c), ...render(child, c));
      from = child.end;
    });
    out.push(exact(from, last.getStart(file), c));
    return out;
  }

  function inline(call: ts.CallExpression, target: Inlinable, c: Context): Piece[] {
    if (c.depth > 30) throw new Error(`@inline ${target.name}: calls itself`);
    const at = c.at ?? call.getStart(file);
    const inner: Context = { frame: c.frame, values: new Map(c.values), at, depth: c.depth + 1 };
    const out: Piece[] = [];
    const text = (s: string): Piece => ({ text: s, at, exact: false });
    const first = c.frame.live;
    const take = (): string => {
      const name = temporary(c.frame.live++);
      c.frame.most = Math.max(c.frame.most, c.frame.live);
      return name;
    };
    if (call.arguments.some(ts.isSpreadElement))
      throw new Error(`@inline ${target.name}: called with a spread`);

    const kinds = call.arguments.map((a) => kindOf(a, c));
    const lastImpure = kinds.lastIndexOf(Kind.Impure);
    call.arguments.forEach((argument, i) => {
      const parameter = target.parameters[i];
      const uses = (parameter && target.uses.get(parameter)) ?? 0;
      const value: Value = { pieces: [], kind: kinds[i]!, symbol: undefined };
      if (parameter && mayStandIn(argument, value.kind, parameter, uses, target, i < lastImpure, c)) {
        value.linear = linearOf(argument, c);
        value.symbol = ts.isIdentifier(argument) ? behind(argument, c) : undefined;
        const bare = value.kind <= Kind.Name || ts.isPropertyAccessExpression(argument);
        const content = render(argument, c);
        value.pieces = bare ? content : [text('('), ...content, text(')')];
        inner.values.set(parameter, value);
      } else if (value.kind === Kind.Impure || parameter) {
        if (uses > 0 || value.kind === Kind.Impure) {
          const name = parameter && uses > 0 ? take() : undefined;
          out.push(text(name ? `${name}=(` : '('), ...render(argument, c), text('),'));
          if (name)
            inner.values.set(parameter!, {
              pieces: [text(name)],
              kind: Kind.Name,
              linear: { name, offset: 0 },
            });
        }
      }
    });
    for (const parameter of target.parameters.slice(call.arguments.length)) {
      inner.values.set(parameter, { pieces: [text('void 0')], kind: Kind.Constant });
    }
    for (const local of target.locals) {
      const name = take();
      inner.values.set(local, { pieces: [text(name)], kind: Kind.Name, linear: { name, offset: 0 } });
    }
    for (const step of target.steps) {
      if (step.local) out.push(...inner.values.get(step.local)!.pieces, text('=('));
      else out.push(text('('));
      out.push(...render(step.expression, inner), text('),'));
    }
    if (target.result) out.push(text('('), ...render(target.result, inner), text(')'));
    else out.push(text('void 0'));
    c.frame.live = first;
    return [text('('), ...out, text(')')];
  }

  /** Whether an argument may be written where the parameter stood, without a temporary and unseen. */
  function mayStandIn(
    argument: ts.Expression,
    kind: Kind,
    parameter: ts.Symbol,
    uses: number,
    target: Inlinable,
    beforeImpure: boolean,
    c: Context,
  ): boolean {
    if (target.assigned.has(parameter) || kind === Kind.Impure) return false;
    if (kind === Kind.Constant) return true;
    if ((beforeImpure || target.calls) && !steady(argument, c)) return false;
    if (kind === Kind.Name || kind === Kind.Linear) return true;
    return uses <= 1 && (kind === Kind.Pure || !target.effects);
  }

  /** Whether no call can change the value of an argument: it reads only variables that are set once. */
  function steady(argument: ts.Node, c: Context): boolean {
    if (ts.isIdentifier(argument)) {
      const symbol = behind(argument, c);
      return symbol !== undefined && !reassigned.has(symbol);
    }
    if (ts.isPropertyAccessExpression(argument) || ts.isElementAccessExpression(argument)) return false;
    let all = true;
    ts.forEachChild(argument, (child) => {
      if (!steady(child, c)) all = false;
    });
    return all;
  }

  function behind(name: ts.Identifier, c: Context): ts.Symbol | undefined {
    const symbol = symbolOf(name);
    const value = symbol && c.values.get(symbol);
    return value ? value.symbol : symbol;
  }

  function kindOf(node: ts.Expression, c: Context): Kind {
    if (ts.isParenthesizedExpression(node)) return kindOf(node.expression, c);
    if (ts.isLiteralExpression(node) || CONSTANT_KEYWORDS.has(node.kind) || evaluate(node) !== undefined) {
      return Kind.Constant;
    }
    if (ts.isIdentifier(node)) {
      const symbol = symbolOf(node);
      return (symbol && c.values.get(symbol)?.kind) ?? Kind.Name;
    }
    if (linearOf(node, c)) return Kind.Linear;
    if (ts.isPropertyAccessExpression(node)) return Math.max(Kind.Read, kindOf(node.expression, c));
    if (ts.isElementAccessExpression(node)) {
      return Math.max(Kind.Read, kindOf(node.expression, c), kindOf(node.argumentExpression, c));
    }
    if (ts.isPrefixUnaryExpression(node) && UNARY[node.operator])
      return Math.max(Kind.Pure, kindOf(node.operand, c));
    if (ts.isConditionalExpression(node)) {
      return Math.max(
        Kind.Pure,
        kindOf(node.condition, c),
        kindOf(node.whenTrue, c),
        kindOf(node.whenFalse, c),
      );
    }
    if (ts.isBinaryExpression(node) && BINARY[node.operatorToken.kind]) {
      return Math.max(Kind.Pure, kindOf(node.left, c), kindOf(node.right, c));
    }
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const callee = symbolOf(node.expression);
      const target = callee && inlinables.get(callee);
      if (target && !target.effects && !target.calls && target.locals.length === 0) {
        return Math.max(Kind.Read, ...node.arguments.map((a) => kindOf(a, c)));
      }
    }
    return Kind.Impure;
  }

  /** An index as a variable plus an integer, so that constants that meet after inlining become one. */
  function linearOf(node: ts.Expression, c: Context): Linear | undefined {
    if (ts.isParenthesizedExpression(node)) return linearOf(node.expression, c);
    if (ts.isIdentifier(node)) {
      const symbol = symbolOf(node);
      const value = symbol && c.values.get(symbol);
      if (value) return value.linear;
      return symbol && constantOf(symbol) === undefined ? { name: node.text, offset: 0 } : undefined;
    }
    if (!ts.isBinaryExpression(node)) return undefined;
    const plus = node.operatorToken.kind === ts.SyntaxKind.PlusToken;
    if (!plus && node.operatorToken.kind !== ts.SyntaxKind.MinusToken) return undefined;
    const right = integerOf(node.right, c);
    const base = right === undefined ? undefined : linearOf(node.left, c);
    if (base) return { name: base.name, offset: base.offset + (plus ? right! : -right!) };
    const left = plus ? integerOf(node.left, c) : undefined;
    const tail = left === undefined ? undefined : linearOf(node.right, c);
    return tail && { name: tail.name, offset: tail.offset + left! };
  }

  function integerOf(node: ts.Expression, c: Context): number | undefined {
    if (ts.isParenthesizedExpression(node)) return integerOf(node.expression, c);
    if (ts.isIdentifier(node)) {
      const symbol = symbolOf(node);
      const value = symbol && c.values.get(symbol);
      if (value?.kind === Kind.Constant) {
        const n = Number(value.pieces.map((p) => p.text).join(''));
        return Number.isInteger(n) ? n : undefined;
      }
    }
    const n = evaluate(node);
    return typeof n === 'number' && Number.isInteger(n) ? n : undefined;
  }

  const top: Frame = { live: 0, most: 0 };
  const pieces = renderChildren(file, { frame: top, values: new Map(), at: undefined, depth: 0 });
  const lead = code.slice(0, file.getStart(file));
  const prefix: Piece[] = [{ text: lead, at: 0, exact: true }];
  if (top.most > 0) prefix.push({ text: `var ${temporaries(top.most)};`, at: 0, exact: false });
  return join([...prefix, ...pieces], code);
}

function parse(code: string): { file: ts.SourceFile; checker: ts.TypeChecker } {
  const name = 'bundle.js';
  const file = ts.createSourceFile(name, code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const host: ts.CompilerHost = {
    getSourceFile: (f) => (f === name ? file : undefined),
    getDefaultLibFileName: () => 'lib.d.ts',
    writeFile: () => undefined,
    getCurrentDirectory: () => '',
    getCanonicalFileName: (f) => f,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    fileExists: (f) => f === name,
    readFile: () => undefined,
  };
  const options: ts.CompilerOptions = {
    allowJs: true,
    noLib: true,
    noResolve: true,
    target: ts.ScriptTarget.ES2022,
  };
  return { file, checker: ts.createProgram([name], options, host).getTypeChecker() };
}

function isMarked(code: string, statement: ts.Statement): boolean {
  const last = ts.getLeadingCommentRanges(code, statement.getFullStart())?.at(-1);
  return last !== undefined && /@inline\b/.test(code.slice(last.pos, last.end));
}

/** Takes the body of an inlinable function apart. */
function describe(
  name: string,
  fn: ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction,
  symbolOf: (node: ts.Node) => ts.Symbol | undefined,
  checker: ts.TypeChecker,
): Inlinable {
  const refuse = (why: string): never => {
    throw new Error(`@inline ${name}: ${why}`);
  };
  const target: Inlinable = {
    name,
    parameters: [],
    locals: [],
    steps: [],
    result: undefined,
    uses: new Map(),
    assigned: assignedSymbols(fn, checker),
    effects: false,
    calls: false,
    callees: new Set(),
  };
  for (const p of fn.parameters) {
    if (!ts.isIdentifier(p.name) || p.initializer || p.dotDotDotToken)
      refuse('has a parameter that is not plain');
    target.parameters.push(symbolOf(p.name)!);
  }
  const body = fn.body!;
  if (!ts.isBlock(body)) target.result = body;
  else {
    for (const [i, s] of body.statements.entries()) {
      if (ts.isReturnStatement(s) && i === body.statements.length - 1) target.result = s.expression;
      else if (ts.isExpressionStatement(s)) target.steps.push({ local: undefined, expression: s.expression });
      else if (ts.isVariableStatement(s)) {
        for (const d of s.declarationList.declarations) {
          if (!ts.isIdentifier(d.name) || !d.initializer) refuse('has a local without a value');
          const local = symbolOf(d.name)!;
          target.locals.push(local);
          target.steps.push({ local, expression: d.initializer! });
        }
      } else refuse('may hold only local constants, expressions and a return at its end');
    }
  }
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) refuse('holds another function');
    if (node.kind === ts.SyntaxKind.ThisKeyword) refuse('uses this');
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression))
      target.callees.add(symbolOf(node.expression));
    else if (ts.isCallExpression(node) || ts.isNewExpression(node)) target.calls = true;
    if (isAssignment(node)) target.effects = true;
    if (ts.isIdentifier(node)) {
      if (node.text === 'arguments') refuse('uses arguments');
      const symbol = symbolOf(node);
      if (symbol) target.uses.set(symbol, (target.uses.get(symbol) ?? 0) + 1);
    }
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(body, visit);
  if (!ts.isBlock(body)) visit(body);
  return target;
}

function isAssignment(node: ts.Node): boolean {
  if (ts.isBinaryExpression(node)) {
    const k = node.operatorToken.kind;
    return k >= ts.SyntaxKind.FirstAssignment && k <= ts.SyntaxKind.LastAssignment;
  }
  if (ts.isDeleteExpression(node)) return true;
  return (
    (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) &&
    (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken)
  );
}

function assignedSymbols(root: ts.Node, checker: ts.TypeChecker): Set<ts.Symbol> {
  const out = new Set<ts.Symbol>();
  const add = (node: ts.Node): void => {
    const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
    if (symbol) out.add(symbol);
  };
  const visit = (node: ts.Node): void => {
    if (isAssignment(node)) {
      if (ts.isBinaryExpression(node)) add(node.left);
      if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) add(node.operand);
    }
    // `let x;` and loop variables get their value later than at their declaration.
    if (ts.isVariableDeclaration(node) && !node.initializer) add(node.name);
    if (ts.isForInStatement(node) && !ts.isVariableDeclarationList(node.initializer)) add(node.initializer);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return out;
}

const isVariableLike = (symbol: ts.Symbol): boolean =>
  (symbol.flags & (ts.SymbolFlags.Variable | ts.SymbolFlags.Function)) !== 0;

/** Names that are declared inside functions: an inlined body that reads a module-level one would be captured. */
function localNames(file: ts.SourceFile): Set<string> {
  const out = new Set<string>();
  const visit = (node: ts.Node, inside: boolean): void => {
    const declares = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isFunctionDeclaration(node);
    if (inside && declares && node.name && ts.isIdentifier(node.name)) out.add(node.name.text);
    const deeper = inside || ts.isFunctionLike(node);
    ts.forEachChild(node, (child) => visit(child, deeper));
  };
  visit(file, false);
  return out;
}

/** Length of a text when minified, roughly: names have one letter, redundant brackets none. */
function weight(pieces: Piece[]): number {
  const text = pieces.map((p) => p.text).join('');
  return text
    .replace(/\s+/g, '')
    .replace(/[A-Za-z_$][\w$]*/g, 'x')
    .replace(/(?<!x)\((x|\d+)\)/g, '$1')
    .replace(/^\(\(?|\)?\)$/g, '').length;
}

const temporary = (i: number): string => `$t${i}`;
const temporaries = (n: number): string => Array.from({ length: n }, (_, i) => temporary(i)).join(',');
const numberText = (v: number | boolean): string =>
  typeof v === 'number' && (v < 0 || Object.is(v, -0)) ? `(${v})` : `${v}`;
const linearText = ({ name, offset }: Linear): string =>
  offset === 0 ? name : offset < 0 ? `${name}-${-offset}` : `${name}+${offset}`;

const CONSTANT_KEYWORDS = new Set<ts.SyntaxKind>([
  ts.SyntaxKind.TrueKeyword,
  ts.SyntaxKind.FalseKeyword,
  ts.SyntaxKind.NullKeyword,
]);

const UNARY: { [kind: number]: (v: number) => number | boolean } = {
  [ts.SyntaxKind.MinusToken]: (v) => -v,
  [ts.SyntaxKind.PlusToken]: (v) => +v,
  [ts.SyntaxKind.TildeToken]: (v) => ~v,
  [ts.SyntaxKind.ExclamationToken]: (v) => !v,
};

const BINARY: { [kind: number]: (a: number, b: number) => number | boolean } = {
  [ts.SyntaxKind.PlusToken]: (a, b) => a + b,
  [ts.SyntaxKind.MinusToken]: (a, b) => a - b,
  [ts.SyntaxKind.AsteriskToken]: (a, b) => a * b,
  [ts.SyntaxKind.SlashToken]: (a, b) => a / b,
  [ts.SyntaxKind.PercentToken]: (a, b) => a % b,
  [ts.SyntaxKind.LessThanLessThanToken]: (a, b) => a << b,
  [ts.SyntaxKind.GreaterThanGreaterThanToken]: (a, b) => a >> b,
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken]: (a, b) => a >>> b,
  [ts.SyntaxKind.AmpersandToken]: (a, b) => a & b,
  [ts.SyntaxKind.BarToken]: (a, b) => a | b,
  [ts.SyntaxKind.CaretToken]: (a, b) => a ^ b,
  [ts.SyntaxKind.LessThanToken]: (a, b) => a < b,
  [ts.SyntaxKind.GreaterThanToken]: (a, b) => a > b,
  [ts.SyntaxKind.LessThanEqualsToken]: (a, b) => a <= b,
  [ts.SyntaxKind.GreaterThanEqualsToken]: (a, b) => a >= b,
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: (a, b) => a === b,
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: (a, b) => a !== b,
  [ts.SyntaxKind.AmpersandAmpersandToken]: (a, b) => (a && b) as number | boolean,
  [ts.SyntaxKind.BarBarToken]: (a, b) => (a || b) as number | boolean,
};
