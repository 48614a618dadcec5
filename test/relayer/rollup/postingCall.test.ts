import { expect } from "chai";
import { hexlify } from "ethers";
import { DATA_MODE, encodeSegments } from "../../../protocol/ledger/batch";
import { ROLLUP, decodePosting } from "../../../relayer/rollup/rollupInterface";

const CLAIM = {
  parent: `0x${"11".repeat(32)}`,
  parentBlock: 7n,
  state: { root: `0x${"22".repeat(32)}`, nextLeaf: 3n, queue: 4n },
  time: 5n,
  queueTime: 6n,
};

describe("calls that post a batch", () => {
  const segments = encodeSegments([{ body: Uint8Array.of(0), claimed: new Uint8Array(32) }]);
  const call = ROLLUP.encodeFunctionData("postBatch", [CLAIM, segments]);

  it("are read where their last word is not filled up, as the contract takes them", () => {
    const padding = 2 * (32 - segments.length);
    const short = call.slice(0, -padding);
    for (const input of [call, short, `${call}ff`]) {
      const read = decodePosting(input);
      expect(read?.mode).to.equal(DATA_MODE.Calldata);
      expect(hexlify(read?.segments ?? "0x")).to.equal(hexlify(segments));
      expect(read?.claim.parentBlock).to.equal(7n);
    }
  });

  it("are none where words are missing, or another function is called", () => {
    expect(decodePosting(call.slice(0, 10 + 64))).to.equal(undefined);
    expect(decodePosting(ROLLUP.encodeFunctionData("commitProof", [CLAIM.parent]))).to.equal(undefined);
  });
});
