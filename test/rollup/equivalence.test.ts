import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { encodeEntry } from "../../protocol/ledger/entries";
import { Ledger } from "../../protocol/ledger/ledger";
import { REFUSAL } from "../../protocol/ledger/refusal";
import { encodeTransaction } from "../../protocol/ledger/transactions";
import { TIME, crypto, digests, sign } from "../protocol/ledger/support";
import { Random } from "../support/random";
import { PLAYERS, SegmentGenerator } from "./segmentGenerator";
import { Twins } from "./twins";

const SEEDS = [1, 2, 3];
const SEGMENTS = 40;

describe("the ledger in Solidity and in TypeScript", () => {
  it("executes what is generated to the same state, with the same results", async () => {
    const twins = await loadFixture(Twins.deploy);
    const seen = new Map<number, number>();
    let count = 0;
    for (const seed of SEEDS) {
      const ledger = new Ledger(crypto);
      const generator = new SegmentGenerator(new Random(seed), ledger, twins.games, (number, transaction, nonce) =>
        sign(PLAYERS[number]!.key, transaction, nonce),
      );
      for (let number = 0; number < SEGMENTS; number++) {
        const { results, difference } = await twins.execute(ledger, generator.next(), { digests, crypto });
        expect(difference, `seed ${seed}, segment ${number}`).to.equal(undefined);
        for (const result of results) seen.set(result, (seen.get(result) ?? 0) + 1);
        count += results.length;
      }
    }
    // What is generated reaches every result but a full tree.
    const { TreeFull: _, ...reached } = REFUSAL;
    expect([...seen.keys()].sort((a, b) => a - b)).to.deep.equal(Object.values(reached).sort((a, b) => a - b));
    expect(seen.get(REFUSAL.Applied)).to.be.greaterThan(count / 5);
  });

  // Found by `npm run fuzz:ledger`: TypeScript took the zero address for the owner that it is.
  it("lets nobody act for an account of the zero address, not even a forced transaction in its name", async () => {
    const twins = await loadFixture(Twins.deploy);
    const ledger = new Ledger(crypto);
    const nobody = new Uint8Array(20);
    const body = encodeTransaction({ kind: "Withdraw", from: 2, amount: 1n });
    const entries = [
      encodeEntry({ kind: "Deposit", queuedAt: TIME, to: nobody, balance: 0, asset: 0, amount: 5n }),
      encodeEntry({ kind: "Forced", queuedAt: TIME, sender: nobody, body }),
    ];
    const times = { time: TIME, queueTime: TIME, movesHalt: TIME + 1n };
    const segment = { wanted: 2, entries, parts: [], ...times, leftBehind: 0 };
    const { results, difference } = await twins.execute(ledger, segment, { digests, crypto });
    expect(difference).to.equal(undefined);
    expect(results).to.deep.equal([REFUSAL.Applied, REFUSAL.NotAuthorized]);
  });
});
