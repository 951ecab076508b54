// How a test says that it cannot run here, and why: the reporter prints the reason beside the title.
import type { Context } from 'mocha';

/** What this file needs of mocha's tests, hooks and suites; its own types know no reason. */
interface Owner {
  type?: string;
  parent?: Owner;
  skipReason?: string;
}

/**
 * Skips the running test, or, when called from a `before` hook, the whole suite, unless `condition` holds.
 * @param reason what the machine lacks, in words that end up in the report
 */
export function skipUnless(context: Context, condition: unknown, reason: string): void {
  if (condition) return;
  const runnable = context.test as unknown as Owner;
  const owner = runnable.type === 'hook' && runnable.parent ? runnable.parent : runnable;
  owner.skipReason = reason;
  context.skip();
}
