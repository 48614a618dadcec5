import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { encodeTransaction } from "../../protocol/ledger/transactions";
import type { Escaped } from "../../tasks/rollup/escape";
import { bodyOf } from "../rollup/support";
import { parts } from "../support/deployment";
import { startInProcessEndpoint, type InProcessEndpoint } from "../support/inProcessEndpoint";
import { postedLayer2 } from "./postedLayer2";
import { recordingSay, refusal, run } from "./support";

const STRANGER = "15";
const OTHER = ethers.getAddress("0x00000000000000000000000000000000000Ca5E8".toLowerCase());
const NOTHING = { leaves: [], entries: [] };

/** The user has 1,000 at leaf 2, of which 100 have left as leaf 5; somebody else has 300 at leaf 4; entry 3 waits. */
async function silent() {
  const fixture = await postedLayer2();
  const { rollup, vault, layer2 } = fixture;
  const { user } = await parts();
  const deposit = async (amount: bigint, to: string): Promise<void> => {
    const value = amount + (await rollup.depositPrice());
    layer2.recordEntry(await (await vault.connect(user).deposit(0, amount, to, 0, { value })).wait());
  };
  await deposit(300n, OTHER);
  await layer2.force(user, encodeTransaction({ kind: "Withdraw", from: 2, amount: 100n }));
  await layer2.run([bodyOf(layer2, 2)]);
  await deposit(70n, await user.getAddress());
  return { ...fixture, user: await user.getAddress() };
}

async function dead() {
  const fixture = await silent();
  const { rollup } = fixture;
  await time.increase((await rollup.OPEN_SECONDS()) + (await rollup.CHALLENGE_SECONDS()));
  return fixture;
}

describe("rollup:escape", () => {
  let endpoint: InProcessEndpoint;
  before(async () => {
    endpoint = await startInProcessEndpoint();
  });
  after(() => endpoint.stop());

  const escape = (file: string, args: Readonly<Record<string, unknown>> = {}): Promise<Escaped> =>
    run<Escaped>(file, "rollup:escape", { from: STRANGER, endpoints: endpoint.url, ...args });

  it("refuses while layer 2 is served, and says from when on it helps", async () => {
    const { file, rollup, user } = await loadFixture(silent);
    expect(await refusal(escape(file))).to.contain("layer 2 goes on: leave it by l2:withdraw");
    expect(await refusal(escape(file, { account: user, all: true }))).to.contain("--account or --all, not both");
    expect(await refusal(escape(file, { account: "0x1" }))).to.contain("--account 0x1: not an address");
    expect((await rollup.head()).frozen).to.equal(false);
  });

  it("says what it would pay, and sends nothing, in a dry run", async () => {
    const { file, rollup, user } = await loadFixture(dead);
    const block = await ethers.provider.getBlockNumber();
    const { lines, ...found } = await recordingSay(() => escape(file, { account: user, dryRun: true, quiet: false }));
    expect(found).to.deep.equal({ leaves: [2, 5], entries: [3n] });
    expect(lines.join("\n")).to.contain(`Leaf 2: pay `).and.contain(`BNB to ${user}`).and.contain("Entry 3: give back");
    expect(await ethers.provider.getBlockNumber()).to.equal(block);
    expect((await rollup.head()).frozen).to.equal(false);
  });

  it("ends layer 2 and pays an account from chain data alone, whoever sends; then everybody else", async () => {
    const { file, rollup, vault, user } = await loadFixture(dead);
    const balances = () => Promise.all([user, OTHER].map((each) => ethers.provider.getBalance(each)));
    const [userBefore, otherBefore] = await balances();
    expect(await escape(file, { account: user })).to.deep.equal({ leaves: [2, 5], entries: [3n] });
    const head = await rollup.head();
    expect([head.frozen, head.number]).to.deep.equal([true, 2n]);
    const [userAfter, otherThen] = await balances();
    expect(userAfter! - userBefore!).to.equal(900n + 100n + 70n);
    expect(otherThen).to.equal(otherBefore);
    expect(await vault.heldOf(0)).to.equal(300n);

    expect(await escape(file, { account: user })).to.deep.equal(NOTHING);
    // Of the account that sends there is nothing.
    expect(await escape(file)).to.deep.equal(NOTHING);
    expect(await escape(file, { all: true })).to.deep.equal({ leaves: [4], entries: [] });
    const [, otherAfter] = await balances();
    expect(otherAfter! - otherBefore!).to.equal(300n);
    expect(await vault.heldOf(0)).to.equal(0n);
    expect(await ethers.provider.getBalance(vault)).to.equal(0n);
  });
});
