// Mocha's report: the spec listing, each skipped test with its reason, and as the last line
// `N passed, N failed, N skipped`. Failures are detailed by the spec reporter's epilogue.
const Mocha = require('mocha');

function reasonOf(test) {
  for (let node = test; node; node = node.parent) if (node.skipReason) return node.skipReason;
  return 'no reason given';
}

module.exports = class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on('pending', (test) => skipped.push(test));
    runner.once('end', () => {
      for (const test of skipped) console.log(`skipped: ${test.fullTitle()} (${reasonOf(test)})`);
      const { passes = 0, failures = 0 } = runner.stats;
      console.log(`${passes} passed, ${failures} failed, ${skipped.length} skipped`);
    });
  }
};
