import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { hexlify } from "ethers";
import { ethers, network } from "hardhat";
import type { BatchContext } from "../../protocol/ledger/authority";
import { decodeEntry, encodeEntry, type Entry } from "../../protocol/ledger/entries";
import type { LeafOf } from "../../protocol/ledger/leaves";
import { REFUSAL } from "../../protocol/ledger/refusal";
import { executeSegment } from "../../protocol/ledger/segment";
import { TREE_CAPACITY } from "../../protocol/ledger/view";
import { TIME, contextOf, player, segmentOf } from "../protocol/ledger/support";
import { Random } from "../support/random";
import { FullTree } from "./fullTree";
import { HEAVY_RULES, TRANSACTION_KINDS, heavySegment, type HeavySegment, type Part } from "./heaviestSegments";
import { verifierCall } from "./verifierCall";

/** New leaves that each takes, of those that take any. */
const TAKES: Readonly<Partial<Record<Part, number>>> = {
  ...{ Deposit: 2, ItemDeposit: 2, Allow: 2, ListGame: 1 },
  ...{ TransferToNew: 2, OpenBalance: 1, Withdraw: 1, ItemMint: 1, ItemWithdraw: 1, SessionOpen: 1, CollectFees: 1 },
};
const PARTS: readonly Part[] = ["Deposit", "ItemDeposit", "Allow", "ListGame", ...TRANSACTION_KINDS];

const QUEUE = 7n;
const FUNDS = 1_000n;
const [ALICE, BOB] = [player(0), player(1)];

async function deployVerifier() {
  for (const { address, code } of Object.values(HEAVY_RULES)) {
    await network.provider.send("hardhat_setCode", [hexlify(address), code]);
  }
  const verifier = await ethers.deployContract("RollupVerifier");

  /** What became of each entry and transaction, says Solidity, which has to come to the same state as TypeScript. */
  const resultsOf = async ({ before, context, body, witness, after }: Omit<HeavySegment, "meter" | "result">) => {
    const [state, results] = await verifier.execute(...verifierCall(before, context, body, witness));
    expect([state.root, Number(state.nextLeaf), state.queue]).to.deep.equal([
      hexlify(after.root),
      after.nextLeaf,
      after.queue,
    ]);
    return results.map(Number);
  };
  return { resultsOf };
}

/** A tree without room in which alice has an account and a balance, and what executing this entry makes of it. */
function deposit(entry: Omit<Extract<Entry, { readonly kind: "Deposit" }>, "kind" | "queuedAt">, own: number) {
  const tree = new FullTree(new Random(3));
  const none = { key: new Uint8Array(20), keyExpiry: 0n, keyScope: 0, keyGame: 0 };
  const account = tree.plant({ kind: "Account", owner: ALICE.address, nonce: 0n, ...none });
  const balance = tree.plant({ kind: "Balance", account, asset: 0, amount: FUNDS });
  tree.nextLeaf = TREE_CAPACITY;
  const bytes = encodeEntry({ kind: "Deposit", queuedAt: TIME - 100n, ...entry, balance: own === 0 ? 0 : balance });
  const context: BatchContext = contextOf({ queueTo: QUEUE + 1n });
  const body = segmentOf(1);
  const steps = executeSegment(tree, body, QUEUE, () => decodeEntry(bytes) as Entry, context);
  const step = steps.next();
  if (step.done !== true) throw new Error("a deposit calls no rules");
  const { indices, leaves, siblings, before, after } = tree.proof();
  return {
    before: { root: before, nextLeaf: TREE_CAPACITY, queue: QUEUE },
    after: { root: after, nextLeaf: tree.nextLeaf, queue: step.value.queue },
    context,
    body,
    witness: { indices, leaves, siblings, entries: [bytes] },
    results: step.value.entries,
    amount: (tree.leaf(balance) as LeafOf<"Balance">).amount,
  };
}

describe("a tree that is full", () => {
  for (const part of PARTS) {
    const takes = TAKES[part] ?? 0;
    const title = takes === 0 ? "takes no room for" : `has no room for ${takes === 1 ? "the leaf" : "both leaves"} of`;
    it(`${title} ${part}, in Solidity and in TypeScript`, async () => {
      const { resultsOf } = await loadFixture(deployVerifier);
      if (takes > 0) {
        const refused = heavySegment([part], 1, undefined, takes - 1);
        expect([...refused.result.entries, ...refused.result.transactions]).to.deep.equal([REFUSAL.TreeFull]);
        expect(refused.after.nextLeaf).to.equal(refused.before.nextLeaf);
        expect(hexlify(refused.after.root)).to.equal(hexlify(refused.before.root));
        expect(await resultsOf(refused)).to.deep.equal([REFUSAL.TreeFull]);
      }
      const fits = heavySegment([part], 1, undefined, takes);
      expect([...fits.result.entries, ...fits.result.transactions]).to.deep.equal([REFUSAL.Applied]);
      expect(fits.after.nextLeaf).to.equal(TREE_CAPACITY);
      expect(await resultsOf(fits)).to.deep.equal([REFUSAL.Applied]);
    });
  }

  it("consumes a deposit for whom it has no room, and does nothing: what that brought stays in the vault", async () => {
    const { resultsOf } = await loadFixture(deployVerifier);
    const lost = deposit({ to: BOB.address, balance: 0, asset: 0, amount: 5n }, 0);
    expect(lost.results).to.deep.equal([REFUSAL.TreeFull]);
    expect(lost.after.queue).to.equal(QUEUE + 1n);
    expect(hexlify(lost.after.root)).to.equal(hexlify(lost.before.root));
    expect(await resultsOf(lost)).to.deep.equal([REFUSAL.TreeFull]);
  });

  it("still takes a deposit to a balance that its receiver has", async () => {
    const { resultsOf } = await loadFixture(deployVerifier);
    const kept = deposit({ to: ALICE.address, balance: 0, asset: 0, amount: 5n }, 1);
    expect(kept.results).to.deep.equal([REFUSAL.Applied]);
    expect(kept.amount).to.equal(FUNDS + 5n);
    expect(await resultsOf(kept)).to.deep.equal([REFUSAL.Applied]);
  });
});
