/* global module */
module.exports = {
  skipFiles: ["mocks/", "access/"],
  configureYulOptimizer: true,
  // Instrumented code needs more gas than any chain gives: what is about gas runs without it.
  mocha: { grep: "\\[gas\\]", invert: true },
};
