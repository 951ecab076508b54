// Visits every node of a syntax tree.

import type { Node } from 'acorn';

/** Calls `visit` for each node, parents first. */
export function full(
  node: Node,
  visit: (node: Node, parent: Node | null) => void,
  parent: Node | null = null,
): void {
  visit(node, parent);
  for (const value of Object.values(node) as unknown[]) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (child && typeof (child as Node).type === 'string') full(child as Node, visit, node);
    }
  }
}
