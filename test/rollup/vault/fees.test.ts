import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { scripted } from "../../game/roomSupport";
import {
  BNB_ASSET,
  Bank,
  GAME,
  GOLD_ASSET,
  REPAID,
  WEI_PER_BATCH,
  bytesOf,
  deployVault,
  load,
  somebody,
} from "./support";

const [alice, bob] = [somebody(0), somebody(1)];
const STAKE = 100_000n;
/** 5 % of both stakes. */
const RAKE = 10_000n;

/** A settled session for two of the asset, whose rake is still the game's leaf: 5. Posts one batch after the deposits'. */
async function settled(asset: number) {
  const fixture = await deployVault();
  const bankOf = new Bank(fixture);
  await bankOf.deposit(asset, STAKE, alice.address);
  await bankOf.deposit(asset, STAKE, bob.address);
  await bankOf.listGame(asset);
  await bankOf.post();
  const setup = bytesOf(scripted("finish", "nothing", [10_000, 0]));
  await bankOf.post(
    [
      alice.key,
      {
        kind: "SessionOpen",
        balance: 2,
        game: 5,
        stake: STAKE,
        players: 2,
        moveSeconds: 7_200,
        lifeSeconds: 720_000,
        setup,
      },
      0n,
    ],
    [bob.key, { kind: "SessionJoin", session: 6, balance: 4 }, 0n],
  );
  await bankOf.post([alice.key, { kind: "SessionSettle", session: 6 }, 0n]);
  return { ...fixture, bankOf };
}

/** The fees have left the game: leaf 7, in batch 4, which is final. */
async function collected(asset: number) {
  const fixture = await settled(asset);
  const { bankOf } = fixture;
  const { batch } = await bankOf.post([alice.key, { kind: "CollectFees", game: 5 }, 0n]);
  await bankOf.finalize();
  return { ...fixture, batch };
}

const collectedBnb = () => collected(BNB_ASSET);
const collectedGold = () => collected(GOLD_ASSET);
const settledBnb = () => settled(BNB_ASSET);

describe("RollupVault: fees", () => {
  it("revert for a leaf that is none, and the second time", async () => {
    const { bank, bankOf, batch } = await load(collectedBnb);
    await expect(bank.claimFees(batch, bankOf.proof(2)))
      .to.be.revertedWithCustomError(bank, "WrongLeafKind")
      .withArgs(2, 2);
    await bank.claimFees(batch, bankOf.proof(7));
    await expect(bank.claimFees(batch, bankOf.proof(7)))
      .to.be.revertedWithCustomError(bank, "LeafClaimed")
      .withArgs(7);
    await expect(bank.claimExit(batch, bankOf.proof(7)))
      .to.be.revertedWithCustomError(bank, "WrongLeafKind")
      .withArgs(7, 9);
  });

  it("revert where the splitter takes the asset no more, and may be claimed once it does", async () => {
    const { bank, bankOf, batch, room } = await load(collectedGold);
    await room.splitter.setTokenAllowed(room.gold, false);
    await expect(bank.claimFees(batch, bankOf.proof(7)))
      .to.be.revertedWithCustomError(room.splitter, "TokenNotAllowed")
      .withArgs(await room.gold.getAddress());
    expect(await bank.isClaimed(7)).to.equal(false);
    await room.splitter.setTokenAllowed(room.gold, true);
    await expect(bank.claimFees(batch, bankOf.proof(7))).to.emit(bank, "FeesClaimed");
  });

  it("repay posting in BNB first, a fixed amount for each final batch, and are the game's revenue else", async () => {
    const { bank, bankOf, batch, room } = await load(collectedBnb);
    const repaid = 4n * WEI_PER_BATCH;
    const sent = bank.claimFees(batch, bankOf.proof(7));
    await expect(sent).to.emit(bank, "FeesClaimed").withArgs(7, GAME, BNB_ASSET, RAKE, repaid);
    await expect(sent)
      .to.emit(room.revenue, "GamePaid")
      .withArgs(GAME, await bank.getAddress(), "0x" + "00".repeat(20), RAKE - repaid);
    await expect(sent).to.changeEtherBalances([bank, REPAID, room.splitter], [-RAKE, repaid, RAKE - repaid]);
    expect(await bank.postingRepayment()).to.deep.equal([REPAID, WEI_PER_BATCH, 0n, 4n]);
    expect(await bank.heldOf(BNB_ASSET)).to.equal(2n * STAKE - RAKE);
  });

  it("repay no more than they are, and the rest by later ones", async () => {
    const { bank, bankOf, batch } = await load(collectedBnb);
    await bank.setPostingRepayment(REPAID, 3_000);
    await expect(bank.claimFees(batch, bankOf.proof(7)))
      .to.emit(bank, "FeesClaimed")
      .withArgs(7, GAME, BNB_ASSET, RAKE, RAKE);
    expect(await bank.postingRepayment()).to.deep.equal([REPAID, 3_000n, 2_000n, 4n]);
  });

  it("repay nobody what was left when repayment ended", async () => {
    const { bank, bankOf, batch } = await load(collectedBnb);
    await bank.setPostingRepayment(REPAID, 3_000);
    await bank.claimFees(batch, bankOf.proof(7));
    await bank.setPostingRepayment(ZeroAddress, 0);
    expect(await bank.postingRepayment()).to.deep.equal([ZeroAddress, 0n, 0n, 4n]);
  });

  it("repay nothing in a token", async () => {
    const { bank, bankOf, batch, room } = await load(collectedGold);
    const sent = bank.claimFees(batch, bankOf.proof(7));
    await expect(sent).to.emit(bank, "FeesClaimed").withArgs(7, GAME, GOLD_ASSET, RAKE, 0);
    await expect(sent).to.changeTokenBalances(room.gold, [bank, room.splitter], [-RAKE, RAKE]);
    const [, , unrepaid, counted] = await bank.postingRepayment();
    expect([unrepaid, counted]).to.deep.equal([0n, 0n]);
  });

  it("count each batch once", async () => {
    const { bank, bankOf, batch } = await load(collectedBnb);
    await bank.claimFees(batch, bankOf.proof(7));
    const frozen = await bankOf.freeze();
    const [, , unrepaid, counted] = await bank.postingRepayment();
    expect([unrepaid, counted]).to.deep.equal([0n, frozen.number]);
    await bank.claimFees(frozen, bankOf.proof(5));
    expect(await bank.postingRepayment()).to.deep.equal([REPAID, WEI_PER_BATCH, 0n, frozen.number]);
  });

  it("wait for a receiver of the repayment that refuses", async () => {
    const { bank, bankOf, batch, vault } = await load(collectedBnb);
    await vault.setRefuses(true);
    await bank.setPostingRepayment(vault, 1);
    await expect(bank.claimFees(batch, bankOf.proof(7)))
      .to.emit(bank, "Owed")
      .withArgs(vault, BNB_ASSET, 4);
  });

  it("that a game has not collected leave after a freeze, and not before", async () => {
    const { bank, bankOf, rollup, room } = await load(settledBnb);
    await bankOf.finalize();
    const final = bankOf.layer2.latest.batch;
    await expect(bank.claimFees(final, bankOf.proof(5))).to.be.revertedWithCustomError(rollup, "RollupIsNotFrozen");
    const frozen = await bankOf.freeze();
    const repaid = 3n * WEI_PER_BATCH;
    const sent = bank.claimFees(frozen, bankOf.proof(5));
    await expect(sent).to.emit(bank, "FeesClaimed").withArgs(5, GAME, BNB_ASSET, RAKE, repaid);
    await expect(sent).to.changeEtherBalances([bank, room.splitter], [-RAKE, RAKE - repaid]);
    await expect(bank.claimFees(frozen, bankOf.proof(5)))
      .to.be.revertedWithCustomError(bank, "LeafClaimed")
      .withArgs(5);
  });

  it("that a game had in an older final state do not leave a second time after a freeze", async () => {
    const { bank, bankOf, rollup } = await load(settledBnb);
    const older = bankOf.layer2.latest.batch;
    const leaf = bankOf.proof(5);
    await bankOf.post([alice.key, { kind: "CollectFees", game: 5 }, 0n]);
    await bankOf.freeze();
    await expect(bank.claimFees(older, leaf))
      .to.be.revertedWithCustomError(rollup, "NotTheLastFinal")
      .withArgs(older.number);
  });
});
