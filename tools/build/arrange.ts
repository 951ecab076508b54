// Orders the module-level names for JerryScript, which keeps the names of a scope in a list and walks it from the
// last one declared: among 400 names a call of the first takes 15 times as long as a call of the last, and a global
// such as Math is found after all of them (docs/decisions/0001). So the functions go where they are found early:
// those named in `hot` last, the hottest at the very end; before them the rest, callers before what they call,
// since rollup lists what is called first. Language globals get a name in the bundle's own scope.
// Statements that run (variables, the program's start) stay behind all functions, in their order.
import ts from 'typescript';
import { LANGUAGE_GLOBALS } from './grounds.js';
import { type Joined, type Piece, join } from './pieces.js';

/**
 * @param code one module without imports and exports
 * @param hot names of module-level functions, hottest first; names that are not there are passed over
 */
export function arrange(code: string, hot: readonly string[]): Joined {
  const file = ts.createSourceFile('bundle.js', code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const aliases = aliasable(file);
  const heat = new Map(hot.map((name, i) => [name, hot.length - i]));
  const functions = file.statements.filter(ts.isFunctionDeclaration).reverse();
  functions.sort((a, b) => (heat.get(a.name!.text) ?? 0) - (heat.get(b.name!.text) ?? 0));
  const rest = file.statements.filter((s) => !ts.isFunctionDeclaration(s));

  const pieces: Piece[] = [];
  const write = (statement: ts.Statement): void => {
    let from = statement.getStart(file);
    for (const name of references(statement, aliases)) {
      const at = name.getStart(file);
      const text = ts.isShorthandPropertyAssignment(name.parent)
        ? `${name.text}:$${name.text}`
        : `$${name.text}`;
      pieces.push({ text: code.slice(from, at), at: from, exact: true }, { text, at, exact: false });
      from = name.end;
    }
    pieces.push(
      { text: code.slice(from, statement.end), at: from, exact: true },
      { text: '\n', at: from, exact: false },
    );
  };
  functions.forEach(write);
  for (const name of aliases) pieces.push({ text: `var $${name}=${name};\n`, at: 0, exact: false });
  rest.forEach(write);
  return join(pieces, code);
}

/** Language globals that are read inside functions and whose names nothing in the bundle takes for itself. */
function aliasable(file: ts.SourceFile): Set<string> {
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node, inside: boolean): void => {
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isFunctionExpression(node);
    if (declares && node.name && ts.isIdentifier(node.name)) declared.add(node.name.text);
    if (inside && ts.isIdentifier(node) && isReference(node) && LANGUAGE_GLOBALS.has(node.text))
      used.add(node.text);
    const deeper = inside || ts.isFunctionLike(node);
    ts.forEachChild(node, (child) => visit(child, deeper));
  };
  visit(file, false);
  return new Set([...used].filter((name) => !declared.has(name)).sort());
}

function references(root: ts.Node, names: ReadonlySet<string>): ts.Identifier[] {
  const out: ts.Identifier[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && names.has(node.text) && isReference(node)) out.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return out;
}

function isReference(name: ts.Identifier): boolean {
  const parent = name.parent;
  if (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) return parent.name !== name;
  return !ts.isMethodDeclaration(parent) && !ts.isAccessor(parent);
}
