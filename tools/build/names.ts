// Which property names must survive minification because something outside the bundle reads or writes them.
// Every other property is renamed. A name is kept when it is
// - part of ECMAScript 5 with typed arrays,
// - a member declared anywhere under hal/: the boundary to the engine,
// - declared elsewhere in a .d.ts file, in a `declare` statement, or in an interface or type tagged `@external`,
// - written with quotes anywhere in the bundle (`o['uptime']`, `{ 'uptime': 1 }`), which terser looks after.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';

/** @returns property names to keep for bundles of the sources under `root` */
export function externalNames(root: string): string[] {
  const names = new Set(['__proto__', 'callee', 'caller']);
  addMembers(createRequire(import.meta.url).resolve('typescript/lib/lib.es5.d.ts'), true, names);
  for (const folder of ['hal', 'drivers', 'firmware']) {
    for (const path of sources(join(root, folder)))
      addMembers(path, folder === 'hal' || path.endsWith('.d.ts'), names);
  }
  return [...names].sort();
}

function sources(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((f) => f.endsWith('.ts') && !f.includes('node_modules'))
      .map((f) => join(folder, f));
  } catch {
    return [];
  }
}

function addMembers(path: string, all: boolean, names: Set<string>): void {
  const code = readFileSync(path, 'utf8');
  if (!all && !/@external|\bdeclare\b/.test(code)) return;
  const file = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node, external: boolean): void => {
    const isMember =
      ts.isPropertySignature(node) ||
      ts.isMethodSignature(node) ||
      ts.isPropertyDeclaration(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isAccessor(node);
    if (external && isMember && (ts.isIdentifier(node.name) || ts.isStringLiteral(node.name)))
      names.add(node.name.text);
    ts.forEachChild(node, (child) => visit(child, external));
  };
  for (const statement of file.statements) {
    const ambient =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some((m) => m.kind === ts.SyntaxKind.DeclareKeyword);
    const tagged = ts.getJSDocTags(statement).some((t) => t.tagName.text === 'external');
    visit(statement, all || tagged || ambient === true);
  }
}
