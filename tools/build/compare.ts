// Shorter comparisons where the types allow them: `x !== 0` becomes `x`, `x === null` becomes `!x`, `a === b`
// becomes `a == b`, and a null that means "no object" becomes 0. Types are taken at their word, and a declared number is taken not to be NaN; but an element of
// a plain array may be undefined whatever its type says.
import ts from 'typescript';

const { SyntaxKind: S, TypeFlags: F } = ts;
const NULLISH = F.Null | F.Undefined | F.Void;
/** Kinds of values that `==` compares as `===` does when both sides are of the same kind. */
const KINDS = [F.NumberLike, F.StringLike, F.BooleanLike, F.Object | F.NonPrimitive];

/**
 * @param checker of the program that the files belong to
 * @param opt the module whose constants the build replaces: their types say nothing
 */
export function compare(checker: ts.TypeChecker, opt: string): ts.TransformerFactory<ts.SourceFile> {
  return (context) => (file) => {
    const visit = (node: ts.Node): ts.Node => {
      if (node.kind === S.NullKeyword && isNoObject(node as ts.NullLiteral))
        return ts.factory.createNumericLiteral(0);
      const short = ts.isBinaryExpression(node) && shorten(node);
      return short || ts.visitEachChild(node, visit, context);
    };

    /** Whether a null stands for "no object" in a place that only ever holds objects: whoever looks, tests its truth. */
    function isNoObject(node: ts.NullLiteral): boolean {
      if (ts.isBinaryExpression(node.parent) && isComparison(node.parent.operatorToken.kind)) return false;
      const type = checker.getContextualType(node);
      const parts = type?.isUnion() ? type.types : [];
      return (
        parts.some((t) => t.flags & F.Object) &&
        parts.every((t) => t.flags & (F.Object | F.NonPrimitive | F.Null) && !isForeign(t))
      );
    }

    /** Whether a type is the engine's, or the hardware's, rather than the program's own. */
    function isForeign(type: ts.Type): boolean {
      return (type.symbol?.declarations ?? []).some((d) => {
        const at = d.getSourceFile();
        return at.isDeclarationFile
          ? !/^(Array|Uint8Array)$/.test(type.symbol.name)
          : /[\\/]hal[\\/]/.test(at.fileName);
      });
    }

    function shorten(node: ts.BinaryExpression): ts.Expression | undefined {
      const operator = node.operatorToken.kind;
      if (operator !== S.EqualsEqualsEqualsToken && operator !== S.ExclamationEqualsEqualsToken)
        return undefined;
      const equal = operator === S.EqualsEqualsEqualsToken;
      const tested = isFalsy(node.right, node.left)
        ? node.left
        : isFalsy(node.left, node.right)
          ? node.right
          : undefined;
      if (tested) {
        const value = ts.visitNode(tested, visit) as ts.Expression;
        if (!equal && isCondition(node)) return value;
        const not = ts.factory.createLogicalNot(value);
        return ts.setTextRange(equal ? not : ts.factory.createLogicalNot(not), node);
      }
      if (!isLoose(node.left, node.right)) return undefined;
      return ts.factory.updateBinaryExpression(
        node,
        ts.visitNode(node.left, visit) as ts.Expression,
        ts.factory.createToken(equal ? S.EqualsEqualsToken : S.ExclamationEqualsToken),
        ts.visitNode(node.right, visit) as ts.Expression,
      );
    }

    /** Whether `value` is the one falsy value that `other` can have. */
    function isFalsy(value: ts.Expression, other: ts.Expression): boolean {
      const flags = flagsOf(other);
      const missing = (F.Null | F.Undefined | F.Void) & flags;
      const objects = (flags & ~(NULLISH | F.Object | F.NonPrimitive)) === 0;
      if (value.kind === S.NullKeyword) return objects && missing === F.Null && !mayMiss(other);
      if (ts.isIdentifier(value) && value.text === 'undefined') return objects && missing === F.Undefined;
      return isZero(value) && (flags & ~(F.NumberLike | F.Object | F.NonPrimitive)) === 0 && !mayMiss(other);
    }

    function isZero(node: ts.Expression): boolean {
      if (ts.isNumericLiteral(node)) return Number(node.text) === 0;
      if (!ts.isIdentifier(node)) return false;
      let symbol = checker.getSymbolAtLocation(node);
      if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
      const declaration = symbol?.valueDeclaration;
      if (!declaration || !ts.isVariableDeclaration(declaration) || !isConst(declaration)) return false;
      return (
        declaration.getSourceFile().fileName !== opt &&
        declaration.initializer !== undefined &&
        ts.isNumericLiteral(declaration.initializer) &&
        Number(declaration.initializer.text) === 0
      );
    }

    /** Whether both sides can only be of one kind, and not one of them null where the other is undefined. */
    function isLoose(left: ts.Expression, right: ts.Expression): boolean {
      const flags = flagsOf(left) | flagsOf(right);
      if (mayMiss(left) || mayMiss(right) ? flags & F.Null : (flags & NULLISH) === NULLISH) return false;
      if (flags & F.Null && flags & (F.Undefined | F.Void)) return false;
      const solid = flags & ~NULLISH;
      return solid === 0 || KINDS.some((kind) => (solid & ~kind) === 0);
    }

    function flagsOf(node: ts.Expression): number {
      if (node.kind === S.NullKeyword) return F.Null;
      const all = (type: ts.Type): number => {
        if (type.isUnion()) return type.types.reduce<number>((flags, t) => flags | all(t), 0);
        // A branded number is a number.
        const solid = type.isIntersection() && type.types.find((t) => !(t.flags & F.Object));
        if (solid) return all(solid);
        return type.flags & ~(F.EnumLiteral | F.Enum) || type.flags;
      };
      return all(checker.getTypeAtLocation(node));
    }

    /** Whether an expression reads an element of an array that need not be there. */
    function mayMiss(node: ts.Expression): boolean {
      const bare = inner(node);
      if (!ts.isElementAccessExpression(bare)) return false;
      return checker.isArrayType(checker.getNonNullableType(checker.getTypeAtLocation(bare.expression)));
    }

    return ts.visitNode(file, visit) as ts.SourceFile;
  };
}

/** An expression without brackets, casts and `!` around it. */
function inner(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node)
    ? inner(node.expression)
    : node;
}

const isComparison = (operator: ts.SyntaxKind): boolean =>
  operator === S.EqualsEqualsEqualsToken ||
  operator === S.ExclamationEqualsEqualsToken ||
  operator === S.EqualsEqualsToken ||
  operator === S.ExclamationEqualsToken;

const isConst = (node: ts.VariableDeclaration): boolean =>
  ts.isVariableDeclarationList(node.parent) && (node.parent.flags & ts.NodeFlags.Const) !== 0;

/** Whether only the truth of an expression counts. */
function isCondition(node: ts.Node): boolean {
  const parent = node.parent;
  if (ts.isParenthesizedExpression(parent)) return isCondition(parent);
  if (ts.isPrefixUnaryExpression(parent)) return parent.operator === S.ExclamationToken;
  if (ts.isBinaryExpression(parent)) {
    const operator = parent.operatorToken.kind;
    return (operator === S.AmpersandAmpersandToken || operator === S.BarBarToken) && isCondition(parent);
  }
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent))
    return parent.expression === node;
  return (ts.isForStatement(parent) || ts.isConditionalExpression(parent)) && parent.condition === node;
}
