import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Ledger } from "../../protocol/ledger/ledger";
import { REFUSAL } from "../../protocol/ledger/refusal";
import { crypto, digests, sign } from "../protocol/ledger/support";
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
});
