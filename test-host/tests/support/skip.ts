// How a test says that it cannot run here, and why: the reporter prints the reason beside the title.
import type { Context, Suite, Test } from 'mocha';

interface WithReason {
  skipReason?: string;
}

/**
 * Skips the running test, or, when called from a `before` hook, the whole suite, unless `condition` holds.
 * @param reason what the machine lacks, in words that end up in the report
 */
export function skipUnless(context: Context, condition: unknown, reason: string): void {
  if (condition) return;
  const runnable = context.test as unknown as Test & { type?: string; parent?: Suite };
  const owner = (runnable?.type === 'hook' ? runnable.parent : runnable) as (Test | Suite) & WithReason;
  owner.skipReason = reason;
  context.skip();
}
