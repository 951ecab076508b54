// Which property names must survive minification because something outside the bundle reads or writes them.
// Every other property is renamed. A name is kept when the modules of the app
// - access a property that a .d.ts file declares (the language's own library among them),
// - access one of that name on a value of unknown type, and the library has one of that name,
// - declare it in a `declare` statement, in an interface or type tagged `@external`, or in one these refer to,
// - write it with quotes (`o['uptime']`, `{ 'uptime': 1 }`), which rename.ts looks after.
import ts from 'typescript';

/** @returns property names to keep in the bundle of a program */
export function externalNames(program: ts.Program): string[] {
  const checker = program.getTypeChecker();
  const names = new Set<string>();
  const unsure = new Set<string>();

  function access(type: ts.Type, name: string): void {
    const parts = type.isUnion() ? type.types : [type];
    for (const part of parts) {
      const symbol = checker.getPropertyOfType(checker.getApparentType(part), name);
      if (symbol) {
        if (symbol.declarations?.some((d) => d.getSourceFile().isDeclarationFile)) names.add(name);
      } else if (part.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) unsure.add(name);
    }
  }

  const kept = new Set<ts.Node>();
  function keep(node: ts.Node): void {
    if (kept.has(node) || node.getSourceFile().isDeclarationFile) return;
    kept.add(node);
    if (isMember(node) && isNamed(node)) names.add(node.name.text);
    const type = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : undefined;
    let symbol = type && checker.getSymbolAtLocation(type);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
    symbol?.declarations?.forEach(keep);
    ts.forEachChild(node, keep);
  }

  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile) continue;
    for (const statement of file.statements) {
      const ambient =
        ts.canHaveModifiers(statement) &&
        ts.getModifiers(statement)?.some((m) => m.kind === ts.SyntaxKind.DeclareKeyword);
      const tagged = ts.getJSDocTags(statement).some((t) => t.tagName.text === 'external');
      if (ambient || tagged) keep(statement);
      const visit = (node: ts.Node): void => {
        if (ts.isPropertyAccessExpression(node))
          access(checker.getTypeAtLocation(node.expression), node.name.text);
        if (ts.isObjectLiteralExpression(node)) {
          const type = checker.getContextualType(node);
          for (const p of type ? node.properties : []) if (isNamed(p)) access(type!, p.name.text);
        }
        if (ts.isBindingElement(node)) {
          const name = node.propertyName ?? node.name;
          if (ts.isIdentifier(name)) access(checker.getTypeAtLocation(node.parent), name.text);
        }
        ts.forEachChild(node, visit);
      };
      visit(statement);
    }
  }
  const library = unsure.size > 0 ? libraryNames(program) : names;
  for (const name of unsure) if (library.has(name)) names.add(name);
  return [...names].sort();
}

function libraryNames(program: ts.Program): Set<string> {
  const out = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (isMember(node) && isNamed(node)) out.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles()) if (program.isSourceFileDefaultLibrary(file)) visit(file);
  return out;
}

const isMember = (node: ts.Node): boolean =>
  ts.isPropertySignature(node) ||
  ts.isMethodSignature(node) ||
  ts.isPropertyDeclaration(node) ||
  ts.isMethodDeclaration(node) ||
  ts.isAccessor(node);

function isNamed(node: ts.Node): node is ts.Node & { name: ts.Identifier | ts.StringLiteral } {
  const name = (node as { name?: ts.Node }).name;
  return name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name));
}
