import { expect } from "chai";
import { hexlify } from "ethers";
import type { Transaction } from "../../../protocol/ledger/transactions";
import { scripted, type Deed } from "../../game/roomSupport";
import type { BatchStruct } from "../support";
import { BNB_ASSET, Bank, bytesOf, deployVault, load, rootOfPath, somebody, type VaultFixture } from "./support";

const [alice, bob] = [somebody(0), somebody(1)];
const STAKE = 1_001n;
const [BALANCES, ACCOUNTS, GAME_LEAF, SESSION] = [[2, 4], [1, 3], 5, 6] as const;

/** A session for two with the state of the scripted rules, waiting or joined. */
async function opened(state: string, joins: boolean) {
  const fixture = await deployVault();
  const bankOf = new Bank(fixture);
  await bankOf.deposit(BNB_ASSET, STAKE, alice.address);
  await bankOf.deposit(BNB_ASSET, 5n * STAKE, bob.address);
  await bankOf.listGame(BNB_ASSET);
  await bankOf.post();
  const open: Transaction = {
    kind: "SessionOpen",
    balance: 2,
    game: GAME_LEAF,
    stake: STAKE,
    players: 2,
    moveSeconds: 7_200,
    lifeSeconds: 720_000,
    setup: bytesOf(state),
  };
  await bankOf.post([alice.key, open, 0n]);
  if (joins) await bankOf.post([bob.key, { kind: "SessionJoin", session: SESSION, balance: 4 }, 0n]);
  return { ...fixture, bankOf };
}

/** As {@link opened}, frozen. */
async function left(state: string, joins = true) {
  const fixture = await opened(state, joins);
  const batch = await fixture.bankOf.freeze();
  return { ...fixture, batch };
}

type Left = VaultFixture & { readonly bankOf: Bank; readonly batch: BatchStruct };

function escape({ bank, bankOf, batch }: Left, joined = 2) {
  const of = (indices: readonly number[]) => indices.slice(0, joined).map((index) => bankOf.proof(index));
  return bank.escapeSession(batch, bankOf.proof(SESSION), bankOf.proof(GAME_LEAF), of(BALANCES), of(ACCOUNTS));
}

const running = () => left(scripted("nothing", "nothing", [10_000, 0]));
const over = () => left(scripted("finish", "nothing", [3_333, 6_667]));
const waiting = () => left(scripted("nothing", "nothing", [10_000, 0]), false);
const stillRunning = () => opened(scripted("nothing", "nothing", [10_000, 0]), true);

describe("RollupVault: sessions after a freeze", () => {
  it("revert before it", async () => {
    const { bankOf, rollup, bank, ...rest } = await load(stillRunning);
    await bankOf.finalize();
    const { batch } = bankOf.layer2.latest;
    await expect(escape({ ...rest, rollup, bank, bankOf, batch })).to.be.revertedWithCustomError(
      rollup,
      "RollupIsNotFrozen",
    );
  });

  it("revert for leaves of other kinds", async () => {
    const { bank, bankOf, batch } = await load(running);
    const proof = (index: number) => bankOf.proof(index);
    const [balances, accounts] = [BALANCES.map(proof), ACCOUNTS.map(proof)];
    await expect(bank.escapeSession(batch, proof(2), proof(GAME_LEAF), balances, accounts))
      .to.be.revertedWithCustomError(bank, "WrongLeafKind")
      .withArgs(2, 2);
    await expect(bank.escape(batch, proof(SESSION), proof(1)))
      .to.be.revertedWithCustomError(bank, "WrongLeafKind")
      .withArgs(SESSION, 6);
  });

  it("revert for another game, other balances, other accounts than are named", async () => {
    const { bank, bankOf, batch } = await load(running);
    const proof = (index: number) => bankOf.proof(index);
    const [session, game] = [proof(SESSION), proof(GAME_LEAF)];
    const [balances, accounts] = [BALANCES.map(proof), ACCOUNTS.map(proof)];
    const cases = [
      [bank.escapeSession(batch, session, proof(1), balances, accounts), 1, GAME_LEAF],
      [bank.escapeSession(batch, session, game, [...balances].reverse(), accounts), 4, 2],
      [bank.escapeSession(batch, session, game, balances, [...accounts].reverse()), 3, 1],
    ] as const;
    for (const [call, given, named] of cases) {
      await expect(call).to.be.revertedWithCustomError(bank, "OtherLeafNamed").withArgs(given, named);
    }
  });

  it("revert for more or fewer players than joined", async () => {
    const { bank, bankOf, batch } = await load(waiting);
    const proof = (index: number) => bankOf.proof(index);
    const [session, game] = [proof(SESSION), proof(GAME_LEAF)];
    for (const [balances, accounts, given] of [
      [[2, 4], [1, 3], 2],
      [[], [], 0],
      [[2], [1, 3], 2],
    ] as [number[], number[], number][]) {
      await expect(bank.escapeSession(batch, session, game, balances.map(proof), accounts.map(proof)))
        .to.be.revertedWithCustomError(bank, "WrongPlayers")
        .withArgs(given, 1);
    }
  });

  it("revert where the stake is inflated", async () => {
    const { bank, bankOf, batch } = await load(running);
    const proof = (index: number) => bankOf.proof(index);
    const session = proof(SESSION);
    const stake = session.leaf.slice(0, 12) + "ff".repeat(16) + session.leaf.slice(44);
    const inflated = { ...session, leaf: hexlify(stake) };
    await expect(bank.escapeSession(batch, inflated, proof(GAME_LEAF), BALANCES.map(proof), ACCOUNTS.map(proof)))
      .to.be.revertedWithCustomError(bank, "WrongLeaf")
      .withArgs(SESSION, rootOfPath(inflated), batch.state.root);
  });

  it("revert the second time", async () => {
    const fixture = await load(over);
    await escape(fixture);
    await expect(escape(fixture)).to.be.revertedWithCustomError(fixture.bank, "LeafClaimed").withArgs(SESSION);
  });

  it("revert where the caller brings too little gas for the rules", async () => {
    const { bank, bankOf, batch } = await load(over);
    const proof = (index: number) => bankOf.proof(index);
    const [balances, accounts] = [BALANCES.map(proof), ACCOUNTS.map(proof)];
    await expect(
      bank.escapeSession(batch, proof(SESSION), proof(GAME_LEAF), balances, accounts, { gasLimit: 1_000_000 }),
    ).to.be.revertedWithCustomError(bank, "NotEnoughGas");
  });

  it("that are over are paid as their outcome says, without rake, the rounding for the last", async () => {
    const fixture = await load(over);
    const { bank } = fixture;
    const first = (2n * STAKE * 3_333n) / 10_000n;
    const sent = escape(fixture);
    await expect(sent).to.emit(bank, "SessionEscaped").withArgs(SESSION, GAME_LEAF);
    await expect(sent).to.emit(bank, "ExitClaimed").withArgs(SESSION, alice.address, BNB_ASSET, first);
    await expect(sent).to.changeEtherBalances(
      [bank, alice.address, bob.address],
      [-2n * STAKE, first, 2n * STAKE - first],
    );
    expect(await bank.isClaimed(SESSION)).to.equal(true);
    expect(await bank.heldOf(BNB_ASSET)).to.equal(4n * STAKE);
  });

  it("that run give the stakes back", async () => {
    const fixture = await load(running);
    await expect(escape(fixture)).to.changeEtherBalances([alice.address, bob.address], [STAKE, STAKE]);
  });

  it("that wait give the stake back to whoever joined", async () => {
    const fixture = await load(waiting);
    await expect(escape(fixture, 1)).to.changeEtherBalances([fixture.bank, alice.address], [-STAKE, STAKE]);
  });

  const badly: readonly (readonly [Deed, string])[] = [
    ["revert", "whose rules revert"],
    ["burnGas", "whose rules burn all gas"],
    ["malformed", "whose outcome is malformed"],
    ["change", "whose outcome has a share too many"],
  ];
  for (const [deed, what] of badly) {
    it(`${what} give the stakes back`, async () => {
      const fixture = await left(scripted(deed, "nothing", [10_000, 0]));
      await expect(escape(fixture)).to.changeEtherBalances([alice.address, bob.address], [STAKE, STAKE]);
    });
  }

  it("whose shares are not whole give the stakes back", async () => {
    const fixture = await left(scripted("finish", "nothing", [10_000, 1]));
    await expect(escape(fixture)).to.changeEtherBalances([alice.address, bob.address], [STAKE, STAKE]);
  });

  it("leave the balances of their players to be paid for themselves", async () => {
    const fixture = await load(over);
    const { bank, bankOf, batch } = fixture;
    await escape(fixture);
    await bank.escape(batch, bankOf.proof(2), bankOf.proof(1));
    await expect(bank.escape(batch, bankOf.proof(4), bankOf.proof(3))).to.changeEtherBalance(bob.address, 4n * STAKE);
    expect(await bank.heldOf(BNB_ASSET)).to.equal(0);
  });
});
