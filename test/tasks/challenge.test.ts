import { expect } from "chai";
import { ethers } from "hardhat";
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { getAddress } from "ethers";
import type { Challenged } from "../../tasks/rollup/challenge";
import { Layer2, bodyOf, commitmentOf } from "../rollup/support";
import { parts } from "../support/deployment";
import { startInProcessEndpoint, type InProcessEndpoint } from "../support/inProcessEndpoint";
import { postedLayer2 } from "./postedLayer2";
import { recordingSay, refusal, run } from "./support";

const PROVER = "7";
const PAYOUT = getAddress("0x00000000000000000000000000000000000ca5e7");
const BURNED = "0x000000000000000000000000000000000000dEaD";

/** The chain's snapshot does not cover layer 2's ledger. */
async function loadPosted() {
  const fixture = await loadFixture(postedLayer2);
  return { ...fixture, layer2: await fixture.layer2.copy() };
}

describe("rollup:challenge", () => {
  let endpoint: InProcessEndpoint;
  before(async () => {
    endpoint = await startInProcessEndpoint();
  });
  after(() => endpoint.stop());

  const challenge = (file: string, args: Readonly<Record<string, unknown>> = {}): Promise<Challenged> =>
    run<Challenged>(file, "rollup:challenge", { from: PROVER, endpoints: endpoint.url, ...args });

  it("says that every batch is true, and sends nothing", async () => {
    const { file, rollup } = await loadPosted();
    const [, , , , , , , prover] = await ethers.getSigners();
    const nonce = await prover!.getNonce();
    const nothing = { trueUpTo: 1n, found: undefined, isProven: false, reward: 0n };
    expect(await challenge(file)).to.deep.equal(nothing);
    expect(await challenge(file, { batch: "1", dryRun: true })).to.deep.equal(nothing);
    expect(await prover!.getNonce()).to.equal(nonce);
    expect((await rollup.head()).number).to.equal(1n);
  });

  it("proves a false batch, is paid half of its bond, and takes away what is built on it", async () => {
    const { file, rollup, layer2 } = await loadPosted();
    const { sequencer } = await parts();
    const lie = await layer2.post(Layer2.lie(await layer2.draft([bodyOf(layer2, 0), bodyOf(layer2, 0)]), 1));
    await layer2.post(await layer2.draft([bodyOf(layer2, 0)]));
    const half = (await rollup.BOND()) / 2n;
    const burned = await ethers.provider.getBalance(BURNED);
    const { found, lines, ...rest } = await recordingSay(() => challenge(file, { to: PAYOUT, quiet: false }));
    expect(found).to.deep.equal({ number: 2n, hash: lie.hash, segment: 1 });
    expect(rest).to.deep.equal({ trueUpTo: 1n, isProven: true, reward: half });
    expect(await rollup.isProvenFalse(lie.hash)).to.equal(true);
    expect((await rollup.head()).number).to.equal(1n);
    expect((await rollup.posterOf(sequencer)).bond).to.equal(0n);
    expect(await ethers.provider.getBalance(PAYOUT)).to.equal(half);
    expect((await ethers.provider.getBalance(BURNED)) - burned).to.equal(half);
    const told = lines.join("\n");
    expect(told).to.contain("Batch 2 is FALSE: its segment 1 of 0 to 1").and.contain(lie.hash);
    expect(told)
      .to.contain(`${await sequencer.getAddress()} has lost its bond`)
      .and.contain(`BNB to ${PAYOUT}`);

    expect(await challenge(file)).to.deep.equal({ trueUpTo: 1n, found: undefined, isProven: false, reward: 0n });
  });

  it("only tells of a false batch in a dry run, without an account too", async () => {
    const { file, rollup, layer2 } = await loadPosted();
    const lie = await layer2.post(Layer2.lie(await layer2.draft([bodyOf(layer2, 0)]), 0));
    const block = await ethers.provider.getBlockNumber();
    const expected = { number: 2n, hash: lie.hash, segment: 0 };
    const told = await challenge(file, { dryRun: true, from: ethers.ZeroAddress });
    expect(told).to.deep.equal({ trueUpTo: 1n, found: expected, isProven: false, reward: 0n });
    // Below it nothing is false.
    expect(await challenge(file, { batch: "1" })).to.include({ trueUpTo: 1n, found: undefined });
    expect(await ethers.provider.getBlockNumber()).to.equal(block);
    expect(await rollup.isProvenFalse(lie.hash)).to.equal(false);
  });

  it("withdraws what an earlier run has earned and not been paid", async () => {
    const { file, rollup, layer2 } = await loadPosted();
    const [, , , , , , , prover] = await ethers.getSigners();
    const lie = await layer2.post(Layer2.lie(await layer2.draft([bodyOf(layer2, 0)]), 0));
    await rollup.connect(prover!).commitProof(commitmentOf(lie.hash, 0, prover!.address));
    await ethers.provider.send("evm_mine", []);
    await rollup.connect(prover!).proveFraud(layer2.proofOf(lie, 0, prover!.address));
    const half = (await rollup.BOND()) / 2n;
    expect(await rollup.rewardOf(prover!)).to.equal(half);
    const before = await ethers.provider.getBalance(PAYOUT);
    await challenge(file, { to: PAYOUT });
    expect((await ethers.provider.getBalance(PAYOUT)) - before).to.equal(half);
    expect(await rollup.rewardOf(prover!)).to.equal(0n);
  });

  it("says that a false batch is final, and that nothing helps any more", async () => {
    const { file, rollup, layer2 } = await loadPosted();
    await layer2.post(Layer2.lie(await layer2.draft([bodyOf(layer2, 0)]), 0));
    const window = await rollup.CHALLENGE_SECONDS();
    await time.increase(window);
    await layer2.post(await layer2.draft([bodyOf(layer2, 0)]));
    expect(await refusal(challenge(file))).to.contain("batch 2 is false, and final");
    await time.increase(window);
    const nothing = { trueUpTo: undefined, found: undefined, isProven: false, reward: 0n };
    expect(await challenge(file)).to.deep.equal(nothing);
    expect(await refusal(challenge(file, { batch: "3" }))).to.contain("--batch 3 is final since");
  });

  it("refuses a batch that is none, an account that is none, and endpoints that do not answer", async () => {
    const { file } = await loadPosted();
    expect(await refusal(challenge(file, { batch: "2" }))).to.contain("--batch 2: the latest is batch 1");
    expect(await refusal(challenge(file, { batch: "0" }))).to.contain("--batch 0");
    expect(await refusal(challenge(file, { batch: "one" }))).to.contain("--batch one: not a whole number");
    expect(await refusal(challenge(file, { from: "99" }))).to.contain("--from 99");
    expect(await refusal(challenge(file, { to: "0x1" }))).to.contain("--to 0x1: not an address");
    expect(await refusal(challenge(file, { endpoints: "here" }))).to.contain("--endpoints here: not a URL");
    expect(await refusal(challenge(file, { endpoints: undefined }))).to.contain("has no endpoint");
    expect(await refusal(challenge(file, { node: "ftp://node" }))).to.contain("--node ftp://node: not a URL");
    expect(await refusal(run(file, "rollup:challenge", { deployment: "nowhere.json" }))).to.contain("nowhere.json");
  });

  it("believes no endpoint that is alone with what it says", async () => {
    const { file } = await loadPosted();
    const silent = "http://127.0.0.1:1";
    const three = [endpoint.url, silent, `${endpoint.url}/another`].join(", ");
    expect(await challenge(file, { endpoints: three })).to.include({ trueUpTo: 1n, isProven: false });
    const words = await refusal(challenge(file, { endpoints: `${endpoint.url},${silent},${endpoint.url}` }));
    expect(words).to.contain("ENDPOINT_UNAVAILABLE");
  });
});
