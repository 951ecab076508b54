// Mocha's report: the spec listing, each skipped test with its reason, and as the last line
// `N passed, N failed, N skipped`. Failures are detailed by the spec reporter's epilogue, and named again just before the
// counts, as are tests that passed only when run again (.mocharc.json): of a long log only the end may be at hand.
const Mocha = require('mocha');

function reasonOf(test) {
  for (let node = test; node; node = node.parent) if (node.skipReason) return node.skipReason;
  return 'no reason given';
}

const oneLine = (error) =>
  String(error?.message ?? error)
    .replace(/\s+/g, ' ')
    .slice(0, 300);

module.exports = class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    const failed = [];
    runner.on('pending', (test) => skipped.push(test));
    const again = [];
    runner.on('retry', (test, error) => again.push(`run again: ${test.fullTitle()} (${oneLine(error)})`));
    runner.on('fail', (test, error) => failed.push(`failed: ${test.fullTitle()} (${oneLine(error)})`));
    runner.once('end', () => {
      for (const test of skipped) console.log(`skipped: ${test.fullTitle()} (${reasonOf(test)})`);
      for (const line of [...again, ...failed]) console.log(line);
      const { passes = 0, failures = 0 } = runner.stats;
      console.log(`${passes} passed, ${failures} failed, ${skipped.length} skipped`);
    });
  }
};
