import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { dataLength, hexlify } from "ethers";
import { ethers, network } from "hardhat";
import { BYTE, SEGMENT_METER } from "../../protocol/ledger/meter";
import {
  HEAVY_RULES,
  TRANSACTION_KINDS,
  fill,
  heavySegment,
  meterOfPart,
  type HeavySegment,
  type Part,
} from "./heaviestSegments";
import { verifierCall } from "./verifierCall";

/** Of a proof in one transaction: what is left is for the contract that asks the verifier. */
const MAX_GAS = 9_500_000;
/** Likewise, of 100,000: 6,000 are a body's, whatever is in it. */
const MAX_WITNESS_BYTES = 86_000;

const ENTRIES: readonly Part[] = ["Deposit", "ItemDeposit", "Allow", "ListGame", "Malformed"];
const PARTS: readonly Part[] = [
  ...TRANSACTION_KINDS,
  ...TRANSACTION_KINDS.map((kind): Part => `Forced${kind}`),
  ...ENTRIES,
];

async function deployVerifier() {
  const [sender] = await ethers.getSigners();
  for (const { address, code } of Object.values(HEAVY_RULES)) {
    await network.provider.send("hardhat_setCode", [hexlify(address), code]);
  }
  const verifier = await ethers.deployContract("RollupVerifier");

  /** Executes a segment in a transaction, and says what that cost; the verifier has to find what TypeScript found. */
  const costOf = async (segment: HeavySegment): Promise<{ readonly gas: number; readonly bytes: number }> => {
    const call = verifierCall(segment.before, segment.context, segment.body, segment.witness);
    const [after, results] = await verifier.execute(...call);
    expect(results.map(Number)).to.deep.equal([...segment.result.entries, ...segment.result.transactions]);
    expect([after.root, Number(after.nextLeaf), after.queue]).to.deep.equal([
      hexlify(segment.after.root),
      segment.after.nextLeaf,
      segment.after.queue,
    ]);
    const data = verifier.interface.encodeFunctionData("execute", call);
    const sent = await sender!.sendTransaction({ to: verifier, data, gasLimit: MAX_GAS });
    const receipt = await sent.wait();
    return { gas: Number(receipt!.gasUsed), bytes: dataLength(data) };
  };
  return { costOf, nothing: await costOf(heavySegment([])) };
}

describe("the meter of the ledger", () => {
  it("charges each kind at least its gas and its bytes, where every leaf has its own path in a full tree", async () => {
    const { costOf, nothing } = await loadFixture(deployVerifier);
    for (const part of PARTS) {
      const { gas, bytes } = await costOf(heavySegment([part]));
      expect(meterOfPart(part), `gas of ${part}`).to.be.at.least(gas - nothing.gas);
      expect(meterOfPart(part), `bytes of ${part}`).to.be.at.least(BYTE * (bytes - nothing.bytes));
    }
  });

  it("admits no segment whose proof does not fit in one transaction", async () => {
    const { costOf } = await loadFixture(deployVerifier);
    const segments: readonly (readonly Part[])[] = [
      fill("SessionMove", "GrantKey"),
      fill("SessionJoin", "GrantKey"),
      fill("ForcedSessionJoin", "CollectFees"),
      fill("SessionSettle", "OpenBalance"),
      fill("ItemSwap", "Transfer", "RevokeKey"),
      fill("ItemTransfer"),
      fill("SessionOpen"),
      fill("ForcedSessionOpen"),
      fill("Deposit"),
      fill("SessionTimeout", "OpenBalance"),
      [...fill("SessionTimeout").slice(0, 2), ...fill("ItemTransfer").slice(0, 7)],
    ];
    for (const parts of segments) {
      const segment = heavySegment(parts);
      expect(segment.meter, parts.join()).to.be.at.most(SEGMENT_METER);
      const { gas, bytes } = await costOf(segment);
      expect(gas, parts.join()).to.be.at.most(MAX_GAS);
      expect(bytes - segment.body.length, parts.join()).to.be.at.most(MAX_WITNESS_BYTES);
    }
  });
});
