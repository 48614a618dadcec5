/* global module */
module.exports = {
  skipFiles: ["mocks/", "access/"],
  configureYulOptimizer: true,
  // Instrumented code needs more gas than any chain gives: what is about gas runs without it. It is slow as well.
  mocha: { grep: "\\[gas\\]", invert: true, timeout: 600_000 },
};
