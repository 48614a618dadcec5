import { expect } from "chai";
import { blobPriceCap, bumpedFees, marketBlobFees, marketFees, priceCap } from "../../../relayer/chain/gasPrice";
import { classifyRefusal } from "../../../relayer/chain/broadcastError";

const policy = { maxGasPrice: 1_000n, minGasPrice: 50n };
const prices = (baseFee: bigint, gasPrice: bigint, priorityFee: bigint) => ({ baseFee, gasPrice, priorityFee });

describe("fees", () => {
  it("are a legacy gas price, at least the minimum, where the base fee is zero", () => {
    expect(marketFees(prices(0n, 10n, 0n), policy)).to.deep.equal({
      legacy: true,
      maxFeePerGas: 50n,
      maxPriorityFeePerGas: 50n,
    });
  });

  it("are EIP-1559 fees of twice the base fee elsewhere", () => {
    const fees = { legacy: false, maxFeePerGas: 203n, maxPriorityFeePerGas: 3n };
    expect(marketFees(prices(100n, 103n, 3n), policy)).to.deep.equal(fees);
  });

  it("never exceed the cap", () => {
    expect(marketFees(prices(9_000n, 9_001n, 1n), policy).maxFeePerGas).to.equal(priceCap(policy, "call"));
    expect(marketFees(prices(0n, 9_000n, 0n), policy).maxFeePerGas).to.equal(priceCap(policy, "call"));
  });

  it("rise by 12.5 % at least, rounded up, or to the market", () => {
    const market = marketFees(prices(100n, 103n, 3n), policy);
    const bumped = bumpedFees({ maxFeePerGas: 201n, maxPriorityFeePerGas: 3n }, market, policy, "call");
    expect(bumped).to.deep.equal({ legacy: false, maxFeePerGas: 227n, maxPriorityFeePerGas: 4n });
    const cheap = bumpedFees({ maxFeePerGas: 100n, maxPriorityFeePerGas: 1n }, market, policy, "call");
    expect(cheap).to.deep.equal({ legacy: false, maxFeePerGas: 203n, maxPriorityFeePerGas: 3n });
  });

  it("leave a no-op two bumps above the dearest call", () => {
    const market = marketFees(prices(0n, 9_000n, 0n), policy);
    expect(bumpedFees(market, market, policy, "call")).to.equal(undefined);
    const first = bumpedFees(market, market, policy, "noop");
    const second = first && bumpedFees(first, market, policy, "noop");
    expect(second?.maxFeePerGas).to.be.a("bigint");
    expect(second && bumpedFees(second, market, policy, "noop")).to.equal(undefined);
  });
});

describe("fees of a transaction with blobs", () => {
  const blobs = { maxGasPrice: 1_000n, maxBlobGasPrice: 4_000n };

  it("offer sixteen times the blob base fee, up to a quarter of the maximum", () => {
    const fees = { legacy: true, maxFeePerGas: 10n, maxPriorityFeePerGas: 10n, maxFeePerBlobGas: 48n };
    expect(marketBlobFees(prices(0n, 10n, 0n), 3n, blobs)).to.deep.equal(fees);
    expect(marketBlobFees(prices(0n, 10n, 0n), 500n, blobs).maxFeePerBlobGas).to.equal(1_000n);
    expect(marketBlobFees(prices(0n, 900n, 0n), 3n, blobs).maxFeePerGas).to.equal(250n);
    expect([blobPriceCap(blobs, "call"), blobPriceCap(blobs, "noop")]).to.deep.equal([1_000n, 4_000n]);
    expect(blobPriceCap(policy, "noop")).to.equal(0n);
  });

  it("double, all three, or rise to the market", () => {
    const market = marketBlobFees(prices(100n, 103n, 3n), 50n, blobs);
    expect(market).to.include({ maxFeePerGas: 203n, maxPriorityFeePerGas: 3n, maxFeePerBlobGas: 800n });
    const previous = { maxFeePerGas: 120n, maxPriorityFeePerGas: 3n, maxFeePerBlobGas: 90n };
    const expected = { legacy: false, maxFeePerGas: 240n, maxPriorityFeePerGas: 6n, maxFeePerBlobGas: 800n };
    expect(bumpedFees(previous, market, blobs, "call")).to.deep.equal(expected);
    const free = bumpedFees(
      { ...previous, maxPriorityFeePerGas: 0n },
      { ...market, maxPriorityFeePerGas: 0n },
      blobs,
      "call",
    );
    expect(free?.maxPriorityFeePerGas).to.equal(1n);
  });

  it("are none where one of them would exceed its cap, and leave a no-op two bumps", () => {
    const market = marketBlobFees(prices(0n, 10n, 0n), 50n, blobs);
    const dear = { maxFeePerGas: 10n, maxPriorityFeePerGas: 10n, maxFeePerBlobGas: 501n };
    expect(bumpedFees(dear, market, blobs, "call")).to.equal(undefined);
    const costly = { maxFeePerGas: 126n, maxPriorityFeePerGas: 126n, maxFeePerBlobGas: 5n };
    expect(bumpedFees(costly, market, blobs, "call")).to.equal(undefined);
    const highest = { maxFeePerGas: 250n, maxPriorityFeePerGas: 250n, maxFeePerBlobGas: 1_000n };
    const first = bumpedFees(highest, market, blobs, "noop");
    const second = first && bumpedFees(first, market, blobs, "noop");
    expect(second).to.include({ maxFeePerGas: 1_000n, maxFeePerBlobGas: 4_000n });
    expect(second && bumpedFees(second, market, blobs, "noop")).to.equal(undefined);
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
    ["address already reserved", "reserved"],
    [
      "replacement transaction underpriced: new tx blob gas fee cap 4 <= 3 queued + 100% replacement penalty",
      "underpriced",
    ],
    ["intrinsic gas too low", "other"],
  ];
  for (const [message, kind] of words) {
    it(`understands "${message}"`, () => expect(classifyRefusal(new Error(message))).to.equal(kind));
  }
});
