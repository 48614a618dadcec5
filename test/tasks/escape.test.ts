import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { encodeTransaction } from "../../protocol/ledger/transactions";
import type { Escaped } from "../../tasks/rollup/escape";
import { answerOf } from "../rollup/adversary/lies";
import { bodyOf } from "../rollup/support";
import { parts } from "../support/deployment";
import { startInProcessEndpoint, type InProcessEndpoint } from "../support/inProcessEndpoint";
import { postedLayer2 } from "./postedLayer2";
import { recordingSay, refusal, run } from "./support";

const STRANGER = "15";
const OTHER = 14;
/** The first sample of the deployment: tic-tac-toe. */
const GAME = 1n;
const NOTHING = { leaves: [], entries: [] };

/**
 * The user has 1,000 at leaf 2, somebody else 300 at leaf 4. Of these 200 each are in the game that runs at leaf 6, and 100 of
 * the user's have left as leaf 7. Entry 6 waits.
 */
async function silent() {
  const fixture = await postedLayer2();
  const { rollup, vault, layer2 } = fixture;
  const { user } = await parts();
  const other = (await ethers.getSigners())[OTHER]!;
  const price = await rollup.depositPrice();
  const deposit = async (amount: bigint, to: string): Promise<void> => {
    const sent = await vault.connect(user).deposit(0, amount, to, 0, { value: amount + price });
    layer2.recordEntry(await sent.wait());
  };
  await deposit(300n, other.address);
  layer2.recordEntry(await (await vault.connect(user).listGame(GAME, 0, { value: price })).wait());
  const terms = { players: 2, moveSeconds: 7_200, lifeSeconds: 720_000, setup: new Uint8Array() };
  await layer2.force(user, encodeTransaction({ kind: "SessionOpen", balance: 2, game: 5, stake: 200n, ...terms }));
  await layer2.force(other, encodeTransaction({ kind: "SessionJoin", session: 6, balance: 4 }));
  await layer2.force(user, encodeTransaction({ kind: "Withdraw", from: 2, amount: 100n }));
  await layer2.run([bodyOf(layer2, 3), bodyOf(layer2, 2)], { answer: answerOf });
  await deposit(70n, await user.getAddress());
  return { ...fixture, user: await user.getAddress(), other: other.address };
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
    expect(found).to.deep.equal({ leaves: [2, 6, 7], entries: [6n] });
    expect(lines.join("\n")).to.contain(`Leaf 2: pay `).and.contain(`BNB to ${user}`).and.contain("Entry 6: give back");
    expect(await ethers.provider.getBlockNumber()).to.equal(block);
    expect((await rollup.head()).frozen).to.equal(false);
  });

  it("ends layer 2 and pays an account from chain data alone, whoever sends; then everybody else", async () => {
    const { file, rollup, vault, user, other } = await loadFixture(dead);
    const balances = () => Promise.all([user, other].map((each) => ethers.provider.getBalance(each)));
    const [userBefore, otherBefore] = await balances();
    expect(await escape(file, { account: user })).to.deep.equal({ leaves: [2, 6, 7], entries: [6n] });
    const head = await rollup.head();
    expect([head.frozen, head.number]).to.deep.equal([true, 2n]);
    const [userAfter, otherThen] = await balances();
    expect(userAfter! - userBefore!).to.equal(700n + 200n + 100n + 70n);
    // A session is paid to both who sit in it.
    expect(otherThen! - otherBefore!).to.equal(200n);
    expect(await vault.heldOf(0)).to.equal(100n);

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
