import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { getBytes, hexlify } from "ethers";
import type { OperatorMock } from "../../../typechain-types";
import { deploy } from "../../crosschain/support";
import { PARAMS } from "../support";
import {
  BNB_ASSET,
  Bank,
  GOLD_ASSET,
  deployVault,
  load,
  rootOfPath,
  somebody,
  withdraw,
  type LeafProofStruct,
} from "./support";

const [alice, bob] = [somebody(0), somebody(1)];

/** Of alice: account 1, BNB 2, item 5, allowance 6, an exit of 100 wei 7; of bob: account 3, gold 4. */
async function posted() {
  const fixture = await deployVault();
  const bankOf = new Bank(fixture);
  const { sword } = fixture;
  await bankOf.deposit(BNB_ASSET, 1_000n, alice.address);
  await bankOf.deposit(GOLD_ASSET, 500n, bob.address);
  await bankOf.post();
  expect(bankOf.ledger.nextLeaf).to.equal(5);
  await bankOf.depositItems(sword, 10n, alice.address, 1);
  await bankOf.depositAllowance(sword, 20n, alice.address, 1);
  await bankOf.post();
  await bankOf.post([alice.key, withdraw(2, 100n), 0n]);
  return { ...fixture, bankOf };
}

async function frozen() {
  const fixture = await posted();
  const batch = await fixture.bankOf.freeze();
  return { ...fixture, batch };
}

describe("RollupVault: escape", () => {
  it("reverts before a freeze", async () => {
    const { rollup, bank, bankOf } = await load(posted);
    await bankOf.finalize();
    const { batch } = bankOf.layer2.latest;
    const proofs = [bankOf.proof(2), bankOf.proof(1)] as const;
    await expect(bank.escape(batch, ...proofs)).to.be.revertedWithCustomError(rollup, "RollupIsNotFrozen");
  });

  it("reverts for an older final state than the frozen one", async () => {
    const { rollup, bank, bankOf } = await load(posted);
    const older = bankOf.layer2.batches[1]!.batch;
    await bankOf.freeze();
    await expect(bank.escape(older, bankOf.proof(2), bankOf.proof(1)))
      .to.be.revertedWithCustomError(rollup, "NotTheLastFinal")
      .withArgs(2);
  });

  it("reverts for a batch that was not final when it froze", async () => {
    const { rollup, bank, bankOf } = await load(posted);
    const { batch } = bankOf.layer2.latest;
    // Posting has rested for long; the one who comes back lies, is proven, and what it came after is the end.
    await time.increase(PARAMS.challengeSeconds + PARAMS.openSeconds);
    const false_ = await bankOf.lieAndProve(bankOf.body([alice.key, withdraw(2, 900n), 1n]));
    expect((await rollup.head()).frozen).to.equal(true);
    const proofs = [bankOf.proof(2), bankOf.proof(1)] as const;
    await expect(bank.escape(false_.batch, ...proofs))
      .to.be.revertedWithCustomError(rollup, "NotTheLastFinal")
      .withArgs(4);
    await expect(bank.escape({ ...false_.batch, number: 3n }, ...proofs)).to.be.revertedWithCustomError(
      rollup,
      "NotCanonical",
    );
    await expect(bank.escape(batch, ...proofs)).to.changeEtherBalance(alice.address, 900);
  });

  it("reverts for a leaf that is not in the state", async () => {
    const { bank, bankOf, batch } = await load(frozen);
    const more = bankOf.proof(2);
    const forged = { ...more, leaf: more.leaf.slice(0, -4) + "ffff" };
    await expect(bank.escape(batch, forged, bankOf.proof(1)))
      .to.be.revertedWithCustomError(bank, "WrongLeaf")
      .withArgs(2, rootOfPath(forged), batch.state.root);
  });

  it("reverts for a leaf of another kind", async () => {
    const { bank, bankOf, batch } = await load(frozen);
    for (const [index, kind] of [
      [1, 1],
      [7, 7],
    ] as const) {
      await expect(bank.escape(batch, bankOf.proof(index), bankOf.proof(1)))
        .to.be.revertedWithCustomError(bank, "WrongLeafKind")
        .withArgs(index, kind);
    }
  });

  it("reverts for another account than the one that the leaf names, true or forged", async () => {
    const { bank, bankOf, batch } = await load(frozen);
    await expect(bank.escape(batch, bankOf.proof(2), bankOf.proof(3)))
      .to.be.revertedWithCustomError(bank, "OtherLeafNamed")
      .withArgs(3, 1);
    const account = bankOf.proof(1);
    const forged: LeafProofStruct = { ...account, leaf: "0x01" + bob.address.slice(2) + account.leaf.slice(44) };
    await expect(bank.escape(batch, bankOf.proof(2), forged))
      .to.be.revertedWithCustomError(bank, "WrongLeaf")
      .withArgs(1, rootOfPath(forged), batch.state.root);
  });

  it("reverts the second time", async () => {
    const { bank, bankOf, batch } = await load(frozen);
    for (const index of [2, 5, 6]) {
      const proofs = [bankOf.proof(index), bankOf.proof(1)] as const;
      await bank.escape(batch, ...proofs);
      await expect(bank.escape(batch, ...proofs))
        .to.be.revertedWithCustomError(bank, "LeafClaimed")
        .withArgs(index);
    }
  });

  it("pays a balance to its account's owner, whoever calls", async () => {
    const { bank, bankOf, batch, room, stranger } = await load(frozen);
    const sent = bank.connect(stranger).escape(batch, bankOf.proof(2), bankOf.proof(1));
    await expect(sent).to.emit(bank, "ExitClaimed").withArgs(2, alice.address, BNB_ASSET, 900);
    await expect(sent).to.changeEtherBalances([bank, alice.address], [-900, 900]);
    const gold = bank.escape(batch, bankOf.proof(4), bankOf.proof(3));
    await expect(gold).to.changeTokenBalances(room.gold, [bank, bob.address], [-500, 500]);
  });

  it("pays items and allowances", async () => {
    const { bank, bankOf, batch, assets, sword } = await load(frozen);
    await expect(bank.escape(batch, bankOf.proof(5), bankOf.proof(1)))
      .to.emit(bank, "ItemExitClaimed")
      .withArgs(5, alice.address, sword, 10);
    await expect(bank.escape(batch, bankOf.proof(6), bankOf.proof(1)))
      .to.emit(bank, "ItemExitClaimed")
      .withArgs(6, alice.address, sword, 20);
    expect(await assets.balanceOf(alice.address, sword)).to.equal(30);
    expect(await bank.heldItemsOf(sword)).to.equal(0);
  });

  it("pays a balance of nothing nothing", async () => {
    const { bank, bankOf } = await load(posted);
    await bankOf.post([alice.key, withdraw(2, 900n), 1n]);
    const batch = await bankOf.freeze();
    await expect(bank.escape(batch, bankOf.proof(2), bankOf.proof(1)))
      .to.emit(bank, "ExitClaimed")
      .withArgs(2, alice.address, BNB_ASSET, 0);
  });

  it("leaves what has left by an exit to the exit", async () => {
    const { bank, bankOf, batch } = await load(frozen);
    const exit = bankOf.proof(7);
    await expect(bank.claimExit(batch, exit)).to.changeEtherBalance(alice.address, 100);
    await expect(bank.claimExit(batch, exit)).to.be.revertedWithCustomError(bank, "LeafClaimed").withArgs(7);
    await expect(bank.escape(batch, exit, bankOf.proof(1)))
      .to.be.revertedWithCustomError(bank, "WrongLeafKind")
      .withArgs(7, 7);
    await bank.escape(batch, bankOf.proof(2), bankOf.proof(1));
    expect(await bank.heldOf(BNB_ASSET)).to.equal(0);
  });
});

describe("RollupVault: refunds", () => {
  /** Entries 0 and 1 are consumed; 2 to 5 wait: BNB of alice's, swords, an allowance, a game; 6 is forced. */
  async function waiting() {
    const fixture = await deployVault();
    const bankOf = new Bank(fixture);
    await bankOf.deposit(BNB_ASSET, 1_000n, alice.address);
    await bankOf.deposit(GOLD_ASSET, 500n, bob.address);
    await bankOf.post();
    await bankOf.deposit(BNB_ASSET, 300n, alice.address);
    await bankOf.depositItems(fixture.sword, 10n, alice.address);
    await bankOf.depositAllowance(fixture.sword, 20n, bob.address);
    await bankOf.listGame(BNB_ASSET);
    const contract = await deploy<OperatorMock>("OperatorMock");
    await bankOf.force(contract, withdraw(2, 1n));
    const entries = bankOf.layer2.entries.map((entry) => hexlify(entry));
    return { ...fixture, bankOf, entries };
  }

  async function waitingForEver() {
    const fixture = await waiting();
    await fixture.bankOf.freeze();
    return fixture;
  }

  it("revert before a freeze", async () => {
    const { rollup, bank, entries } = await load(waiting);
    await expect(bank.refund(2, entries[2]!)).to.be.revertedWithCustomError(rollup, "RollupIsNotFrozen");
  });

  it("revert for an entry that is part of the frozen state", async () => {
    const { bank, entries } = await load(waitingForEver);
    for (const number of [0, 1]) {
      await expect(bank.refund(number, entries[number]!))
        .to.be.revertedWithCustomError(bank, "EntryConsumed")
        .withArgs(number);
    }
  });

  it("revert for other bytes than the entry's, and for entries that never were", async () => {
    const { rollup, bank, entries } = await load(waitingForEver);
    const forged = hexlify(getBytes(entries[2]!).with(-1, 255));
    for (const [number, entry] of [
      [2, forged],
      [2, entries[3]!],
      [7, entries[2]!],
      [2, "0x"],
    ] as const) {
      await expect(bank.refund(number, entry)).to.be.revertedWithCustomError(rollup, "WrongEntry");
    }
  });

  it("revert for what brought nothing", async () => {
    const { bank, entries } = await load(waitingForEver);
    for (const number of [5, 6]) {
      await expect(bank.refund(number, entries[number]!))
        .to.be.revertedWithCustomError(bank, "NothingToRefund")
        .withArgs(number);
    }
  });

  it("revert the second time", async () => {
    const { bank, entries } = await load(waitingForEver);
    for (const number of [2, 3, 4]) {
      await bank.refund(number, entries[number]!);
      await expect(bank.refund(number, entries[number]!))
        .to.be.revertedWithCustomError(bank, "EntryRefunded")
        .withArgs(number);
      expect(await bank.isRefunded(number)).to.equal(true);
    }
  });

  it("give back what was brought to whom it was for, whoever calls", async () => {
    const { bank, entries, assets, sword, stranger } = await load(waitingForEver);
    const sent = bank.connect(stranger).refund(2, entries[2]!);
    await expect(sent).to.emit(bank, "Refunded").withArgs(2, alice.address);
    await expect(sent).to.changeEtherBalances([bank, alice.address], [-300, 300]);
    await bank.refund(3, entries[3]!);
    await bank.refund(4, entries[4]!);
    expect(await assets.balanceOf(alice.address, sword)).to.equal(10);
    expect(await assets.balanceOf(bob.address, sword)).to.equal(20);
    expect(await bank.heldItemsOf(sword)).to.equal(0);
    expect(await bank.heldOf(BNB_ASSET)).to.equal(1_000);
  });

  it("give back what only a batch that was rolled back had consumed", async () => {
    const { bank, bankOf, entries, rollup } = await load(waiting);
    await time.increase(PARAMS.challengeSeconds + PARAMS.openSeconds);
    await bankOf.lieAndProve();
    expect((await rollup.head()).frozen).to.equal(true);
    await expect(bank.refund(2, entries[2]!)).to.changeEtherBalance(alice.address, 300);
  });

  it("wait where the receiver refuses", async () => {
    const { bank, bankOf } = await load(waiting);
    const contract = await deploy<OperatorMock>("OperatorMock");
    const number = await bankOf.deposit(BNB_ASSET, 5n, await contract.getAddress());
    await contract.setRefuses(true);
    await bankOf.freeze();
    await expect(bank.refund(number, bankOf.layer2.entries[Number(number)]!))
      .to.emit(bank, "Owed")
      .withArgs(contract, BNB_ASSET, 5);
  });
});
