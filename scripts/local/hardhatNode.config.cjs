/* global module, process */
/** A bare `hardhat node`: no plugins and no sources, so that it starts fast; the chain comes from the environment. */
module.exports = {
  solidity: "0.8.30",
  networks: {
    hardhat: {
      chainId: Number(process.env.NODE_CHAIN_ID ?? 31337),
      hardfork: process.env.NODE_HARDFORK ?? "prague",
      mining: process.env.NODE_BLOCK_MS
        ? { auto: false, interval: Number(process.env.NODE_BLOCK_MS) }
        : { auto: true, interval: 0 },
      // Several blocks of one second, as on BSC: else a block every 0.45 s would put the chain's clock ever further ahead.
      allowBlocksWithSameTimestamp: true,
      throwOnTransactionFailures: false,
    },
  },
};
