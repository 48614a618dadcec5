import { expect } from "chai";
import { bumpedFees, marketFees, priceCap } from "../../../relayer/chain/gasPrice";
import { classifyRefusal } from "../../../relayer/chain/broadcastError";

const policy = { maxGasPrice: 1_000n, minGasPrice: 50n };

describe("fees", () => {
  it("are a legacy gas price, at least the minimum, where the base fee is zero", () => {
    expect(marketFees(0n, 10n, 0n, policy)).to.deep.equal({
      legacy: true,
      maxFeePerGas: 50n,
      maxPriorityFeePerGas: 50n,
    });
  });

  it("are EIP-1559 fees of twice the base fee elsewhere", () => {
    const fees = { legacy: false, maxFeePerGas: 203n, maxPriorityFeePerGas: 3n };
    expect(marketFees(100n, 103n, 3n, policy)).to.deep.equal(fees);
  });

  it("never exceed the cap", () => {
    expect(marketFees(9_000n, 9_001n, 1n, policy).maxFeePerGas).to.equal(priceCap(policy, "call"));
    expect(marketFees(0n, 9_000n, 0n, policy).maxFeePerGas).to.equal(priceCap(policy, "call"));
  });

  it("rise by 12.5 % at least, rounded up, or to the market", () => {
    const market = marketFees(100n, 103n, 3n, policy);
    const bumped = bumpedFees({ maxFeePerGas: 201n, maxPriorityFeePerGas: 3n }, market, policy, "call");
    expect(bumped).to.deep.equal({ legacy: false, maxFeePerGas: 227n, maxPriorityFeePerGas: 4n });
    const cheap = bumpedFees({ maxFeePerGas: 100n, maxPriorityFeePerGas: 1n }, market, policy, "call");
    expect(cheap).to.deep.equal({ legacy: false, maxFeePerGas: 203n, maxPriorityFeePerGas: 3n });
  });

  it("leave a no-op two bumps above the dearest call", () => {
    const market = marketFees(0n, 9_000n, 0n, policy);
    expect(bumpedFees(market, market, policy, "call")).to.equal(undefined);
    const first = bumpedFees(market, market, policy, "noop");
    const second = first && bumpedFees(first, market, policy, "noop");
    expect(second?.maxFeePerGas).to.be.a("bigint");
    expect(second && bumpedFees(second, market, policy, "noop")).to.equal(undefined);
  });
});

describe("classifyRefusal", () => {
  const words: readonly (readonly [string, string])[] = [
    ["already known", "known"],
    ["transaction already imported", "known"],
    ["nonce too low: next nonce 5, tx nonce 3", "nonceUsed"],
    ["Nonce too low. Expected nonce to be 1 but got 0.", "nonceUsed"],
    [
      "Nonce too high. Expected nonce to be 0 but got 1. Note that transactions can't be queued when automining.",
      "nonceAhead",
    ],
    ["replacement transaction underpriced", "underpriced"],
    ["transaction underpriced: gas tip cap 0, minimum needed 50000000", "underpriced"],
    ["insufficient funds for gas * price + value", "insufficientFunds"],
    ["Sender doesn't have enough funds to send tx.", "insufficientFunds"],
    ["intrinsic gas too low", "other"],
  ];
  for (const [message, kind] of words) {
    it(`understands "${message}"`, () => expect(classifyRefusal(new Error(message))).to.equal(kind));
  }
});
