import { setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { concat, hexlify, keccak256, parseEther } from "ethers";
import type { AssetReceiverMock, OperatorMock } from "../../../typechain-types";
import { deploy } from "../../crosschain/support";
import { PARAMS } from "../support";
import {
  BNB_ASSET,
  Bank,
  type Acting,
  GOLD_ASSET,
  MANY,
  SILVER_ASSET,
  deployVault,
  listQSC,
  load,
  rootOfPath,
  somebody,
  withdraw,
  type LeafProofStruct,
} from "./support";

const alice = somebody(0);
/** Loops for ever with whatever gas it gets. */
const BURNER = "0x635b6000566000526004601cf3";

async function deployed() {
  const fixture = await deployVault();
  return { ...fixture, bankOf: new Bank(fixture) };
}

/**
 * Of alice: account 1, BNB 2, gold 4, item 6; behind them exits of 100 wei (7), 200 gold (8), 3 swords (9); all posted in batch
 * 2, not final yet.
 */
async function withExits() {
  const fixture = await deployed();
  const { bankOf, sword } = fixture;
  await bankOf.deposit(BNB_ASSET, 1_000n, alice.address);
  await bankOf.deposit(GOLD_ASSET, 1_000n, alice.address);
  await bankOf.depositItems(sword, 10n, alice.address);
  const first = await bankOf.post();
  const second = await bankOf.post(
    [alice.key, withdraw(2, 100n), 0n],
    [alice.key, withdraw(4, 200n), 0n],
    [alice.key, { kind: "ItemWithdraw", item: 6, amount: 3n }, 0n],
  );
  const [bnb, gold, items] = [7, 8, 9].map((index) => bankOf.proof(index)) as [
    LeafProofStruct,
    LeafProofStruct,
    LeafProofStruct,
  ];
  return { ...fixture, first: first.batch, batch: second.batch, bnb, gold, items };
}

async function withFinalExits() {
  const fixture = await withExits();
  await fixture.bankOf.finalize();
  return fixture;
}

/** An exit of a contract, which leaves by a forced transaction; of the last asset deposited to it. */
async function exitOf(
  bankOf: Bank,
  contract: Acting & { getAddress(): Promise<string> },
  asset: number,
  amount: bigint,
) {
  await bankOf.deposit(asset, amount, await contract.getAddress());
  await bankOf.post();
  const balance = bankOf.ledger.nextLeaf - 1;
  await bankOf.force(contract, withdraw(balance, amount));
  const { batch } = await bankOf.post();
  return { batch, exit: bankOf.proof(balance + 1) };
}

async function itemExitOf(bankOf: Bank, contract: Acting & { getAddress(): Promise<string> }, id: bigint) {
  await bankOf.depositItems(id, 2n, await contract.getAddress());
  await bankOf.post();
  const item = bankOf.ledger.nextLeaf - 1;
  await bankOf.force(contract, { kind: "ItemWithdraw", item, amount: 2n });
  const { batch } = await bankOf.post();
  return { batch, exit: bankOf.proof(item + 1) };
}

describe("RollupVault: exits", () => {
  it("revert where the batch is not final", async () => {
    const { rollup, bank, batch, bnb } = await load(withExits);
    await expect(bank.claimExit(batch, bnb))
      .to.be.revertedWithCustomError(rollup, "BatchNotFinal")
      .withArgs(2, batch.postedAt + PARAMS.challengeSeconds);
  });

  it("revert where the batch was rolled back, or never was", async () => {
    const { rollup, bank, bankOf } = await load(deployed);
    await bankOf.deposit(BNB_ASSET, 1_000n, alice.address);
    await bankOf.post();
    const false_ = await bankOf.lieAndProve(bankOf.body([alice.key, withdraw(2, 100n), 0n]));
    await bankOf.finalize();
    const exit = { index: 3, leaf: "0x07", siblings: [] };
    await expect(bank.claimExit(false_.batch, exit))
      .to.be.revertedWithCustomError(rollup, "NotCanonical")
      .withArgs(2, false_.hash);
    const { batch } = bankOf.layer2.latest;
    await expect(bank.claimExit({ ...batch, postedAt: 0n }, exit)).to.be.revertedWithCustomError(
      rollup,
      "NotCanonical",
    );
  });

  it("revert for forged siblings, another index, another amount, another owner", async () => {
    const { bank, batch, bnb } = await load(withFinalExits);
    const siblings = [...bnb.siblings];
    siblings[5] = keccak256("0x05");
    const amount = bnb.leaf.slice(0, -2) + "ff";
    const owner = hexlify(concat(["0x07", ethers.ZeroAddress, "0x" + bnb.leaf.slice(44)]));
    for (const forged of [
      { ...bnb, siblings },
      { ...bnb, index: 8 },
      { ...bnb, index: 7 + 2 ** 31 },
      { ...bnb, leaf: amount },
      { ...bnb, leaf: owner },
    ]) {
      await expect(bank.claimExit(batch, forged))
        .to.be.revertedWithCustomError(bank, "WrongLeaf")
        .withArgs(forged.index, rootOfPath(forged), batch.state.root);
    }
  });

  it("revert for a node in the place of a leaf, and for a path that is too long", async () => {
    const { bank, batch, bnb } = await load(withFinalExits);
    const [sibling, ...rest] = bnb.siblings as [string, ...string[]];
    const node = { index: bnb.index >> 1, leaf: concat([sibling, keccak256(bnb.leaf)]), siblings: rest };
    await expect(bank.claimExit(batch, node)).to.be.revertedWithCustomError(bank, "SiblingsLeft").withArgs(31, 32);
    await expect(bank.claimExit(batch, { ...bnb, siblings: [...bnb.siblings, sibling] }))
      .to.be.revertedWithCustomError(bank, "SiblingsLeft")
      .withArgs(33, 32);
  });

  it("revert for a leaf that never was, or is empty", async () => {
    const { bank, bankOf, batch } = await load(withFinalExits);
    const siblings = bankOf.ledger.prove(200).map((hash) => hexlify(hash));
    const empty = { index: 200, leaf: "0x", siblings };
    await expect(bank.claimExit(batch, empty))
      .to.be.revertedWithCustomError(bank, "WrongLeaf")
      .withArgs(200, rootOfPath(empty), batch.state.root);
  });

  it("revert for a leaf that is no exit", async () => {
    const { bank, bankOf, batch } = await load(withFinalExits);
    for (const [index, kind] of [
      [1, 1],
      [2, 2],
      [6, 3],
    ] as const) {
      await expect(bank.claimExit(batch, bankOf.proof(index)))
        .to.be.revertedWithCustomError(bank, "WrongLeafKind")
        .withArgs(index, kind);
    }
  });

  it("revert against a state in which the exit was not yet", async () => {
    const { bank, first, bnb } = await load(withFinalExits);
    await expect(bank.claimExit(first, bnb))
      .to.be.revertedWithCustomError(bank, "WrongLeaf")
      .withArgs(7, rootOfPath(bnb), first.state.root);
  });

  it("revert the second time, against the same state or a later one", async () => {
    const { bank, bankOf, batch, bnb, items } = await load(withFinalExits);
    await bank.claimExit(batch, bnb);
    await bank.claimExit(batch, items);
    for (const exit of [bnb, items]) {
      await expect(bank.claimExit(batch, exit)).to.be.revertedWithCustomError(bank, "LeafClaimed").withArgs(exit.index);
    }
    const later = await bankOf.post([alice.key, withdraw(2, 1n), 1n]);
    await bankOf.finalize();
    await expect(bank.claimExit(later.batch, bankOf.proof(7)))
      .to.be.revertedWithCustomError(bank, "LeafClaimed")
      .withArgs(7);
  });

  it("pay BNB and tokens to the owner, whoever calls", async () => {
    const { bank, room, batch, bnb, gold, stranger } = await load(withFinalExits);
    const caller = bank.connect(stranger);
    expect(await bank.isClaimed(7)).to.equal(false);
    const sent = caller.claimExit(batch, bnb);
    await expect(sent).to.emit(bank, "ExitClaimed").withArgs(7, alice.address, BNB_ASSET, 100);
    await expect(sent).to.changeEtherBalances([bank, alice.address], [-100, 100]);
    const token = caller.claimExit(batch, gold);
    await expect(token).to.emit(bank, "ExitClaimed").withArgs(8, alice.address, GOLD_ASSET, 200);
    await expect(token).to.changeTokenBalances(room.gold, [bank, alice.address], [-200, 200]);
    expect(await bank.isClaimed(7)).to.equal(true);
    expect(await bank.heldOf(BNB_ASSET)).to.equal(900);
    expect(await bank.heldOf(GOLD_ASSET)).to.equal(800);
  });

  it("pay items", async () => {
    const { bank, assets, batch, items, sword } = await load(withFinalExits);
    await expect(bank.claimExit(batch, items)).to.emit(bank, "ItemExitClaimed").withArgs(9, alice.address, sword, 3);
    expect(await assets.balanceOf(alice.address, sword)).to.equal(3);
    expect(await assets.balanceOf(bank, sword)).to.equal(7);
    expect(await bank.heldItemsOf(sword)).to.equal(7);
  });

  it("pay unique items, and what was minted on layer 2 of an allowance", async () => {
    const { bank, bankOf, assets, hero, sword } = await load(deployed);
    await bankOf.depositItems(hero + 2n, 1n, alice.address);
    await bankOf.depositAllowance(sword, 5n, alice.address, 1);
    await bankOf.post();
    await bankOf.post(
      [alice.key, { kind: "ItemMint", allowance: 3, to: 1, amount: 4n }, 0n],
      [alice.key, { kind: "ItemWithdraw", item: 4, amount: 4n }, 1n],
      [alice.key, { kind: "ItemWithdraw", item: 2, amount: 1n }, 2n],
    );
    const { batch } = bankOf.layer2.latest;
    await bankOf.finalize();
    await bank.claimExit(batch, bankOf.proof(5));
    await bank.claimExit(batch, bankOf.proof(6));
    expect(await assets.balanceOf(alice.address, sword)).to.equal(4);
    expect(await assets.balanceOf(alice.address, hero + 2n)).to.equal(1);
    expect(await bank.heldItemsOf(sword)).to.equal(1);
  });

  it("are paid after a freeze, too, against the frozen state and those before it", async () => {
    const { bank, bankOf, batch, bnb, gold } = await load(withExits);
    await bankOf.finalize();
    await bankOf.post([alice.key, withdraw(2, 1n), 1n]);
    const frozen = await bankOf.freeze();
    await expect(bank.claimExit(batch, bnb)).to.changeEtherBalance(alice.address, 100);
    await expect(bank.claimExit(frozen, { ...gold, ...bankOf.proof(8) })).to.emit(bank, "ExitClaimed");
    await expect(bank.claimExit(frozen, bankOf.proof(7)))
      .to.be.revertedWithCustomError(bank, "LeafClaimed")
      .withArgs(7);
  });

  describe("of receivers that misbehave", () => {
    it("wait where BNB is refused, and go wherever the owner says", async () => {
      const { bank, bankOf, room } = await load(deployed);
      const contract = await deploy<OperatorMock>("OperatorMock");
      const { batch, exit } = await exitOf(bankOf, contract, BNB_ASSET, 500n);
      await bankOf.finalize();
      await contract.setRefuses(true);
      const sent = bank.claimExit(batch, exit);
      await expect(sent).to.emit(bank, "Owed").withArgs(contract, BNB_ASSET, 500);
      await expect(sent).to.changeEtherBalances([bank, contract], [0, 0]);
      expect(await bank.owed(contract, BNB_ASSET)).to.equal(500);
      expect(await bank.heldOf(BNB_ASSET)).to.equal(0);
      await expect(bank.claimExit(batch, exit)).to.be.revertedWithCustomError(bank, "LeafClaimed");

      const to = await room.players[7]!.getAddress();
      await expect(bank.withdrawOwed(BNB_ASSET, to)).to.be.revertedWithCustomError(bank, "NothingWaits");
      const withdrawal = (receiver: string) =>
        contract.execute(bank, bank.interface.encodeFunctionData("withdrawOwed", [BNB_ASSET, receiver]));
      await expect(withdrawal(await contract.getAddress())).to.be.revertedWithCustomError(contract, "CoinRefused");
      await expect(withdrawal(to)).to.changeEtherBalances([bank, to], [-500, 500]);
      await expect(withdrawal(to))
        .to.be.revertedWithCustomError(bank, "NothingWaits")
        .withArgs(await contract.getAddress());
    });

    it("are paid up to a fixed gas, which a caller cannot cut", async () => {
      const { bank, bankOf, payer } = await load(deployed);
      const burner = (await (await payer.sendTransaction({ data: BURNER })).wait())!.contractAddress!;
      await bankOf.deposit(BNB_ASSET, 500n, burner);
      await bankOf.post();
      const frozen = await bankOf.freeze();
      const [balance, account] = [bankOf.proof(2), bankOf.proof(1)];
      const used = await bank.escape.estimateGas(frozen, balance, account);
      expect(used).to.be.lessThan(400_000n);
      await expect(bank.escape(frozen, balance, account, { gasLimit: 140_000 })).to.be.revertedWithCustomError(
        bank,
        "NotEnoughGasToPay",
      );
      await expect(bank.escape(frozen, balance, account))
        .to.emit(bank, "Owed")
        .withArgs(burner, BNB_ASSET, 500);
    });

    it("wait where items are refused", async () => {
      const { bank, bankOf, assets, sword, room } = await load(deployed);
      const contract = await deploy<OperatorMock>("OperatorMock");
      const { batch, exit } = await itemExitOf(bankOf, contract, sword);
      await bankOf.finalize();
      await expect(bank.claimExit(batch, exit, { gasLimit: 400_000 })).to.be.revertedWithCustomError(
        bank,
        "NotEnoughGasToPay",
      );
      await expect(bank.claimExit(batch, exit)).to.emit(bank, "ItemsOwed").withArgs(contract, sword, 2);
      expect(await bank.owedItems(contract, sword)).to.equal(2);
      expect(await bank.heldItemsOf(sword)).to.equal(0);
      const to = await room.players[7]!.getAddress();
      const call = bank.interface.encodeFunctionData("withdrawOwedItems", [sword, to]);
      await expect(contract.execute(bank, call)).to.emit(bank, "OwedItemsWithdrawn").withArgs(contract, sword, to, 2);
      expect(await assets.balanceOf(to, sword)).to.equal(2);
      await expect(contract.execute(bank, call))
        .to.be.revertedWithCustomError(bank, "NothingWaits")
        .withArgs(await contract.getAddress());
    });

    it("gain nothing by calling back in", async () => {
      const { bank, bankOf, sword } = await load(deployed);
      const contract = await deploy<AssetReceiverMock>("AssetReceiverMock");
      const { batch, exit } = await itemExitOf(bankOf, contract, sword);
      await bankOf.finalize();
      await contract.setReaction(bank, bank.interface.encodeFunctionData("claimExit", [batch as never, exit as never]));
      await bank.claimExit(batch, exit);
      expect(await contract.singles()).to.equal(1);
      expect(await contract.reacted()).to.equal(false);
      expect(await contract.answer()).to.equal(bank.interface.getError("ReentrancyGuardReentrantCall")!.selector);
      await expect(bank.claimExit(batch, exit)).to.be.revertedWithCustomError(bank, "LeafClaimed");
    });
  });

  describe("of tokens that misbehave", () => {
    it("wait where the token answers false, and are paid once it moves again", async () => {
      const { bank, batch, gold, bnb, room } = await load(withFinalExits);
      await room.gold.setAnswersFalse(true);
      await expect(bank.claimExit(batch, gold)).to.emit(bank, "Owed").withArgs(alice.address, GOLD_ASSET, 200);
      await expect(bank.claimExit(batch, bnb)).to.changeEtherBalance(alice.address, 100);
      const owner = await ethers.getImpersonatedSigner(alice.address);
      await setBalance(alice.address, parseEther("1"));
      await expect(bank.connect(owner).withdrawOwed(GOLD_ASSET, alice.address))
        .to.be.revertedWithCustomError(bank, "SafeERC20FailedOperation")
        .withArgs(await room.gold.getAddress());
      await room.gold.setAnswersFalse(false);
      await expect(bank.connect(owner).withdrawOwed(GOLD_ASSET, alice.address))
        .to.emit(bank, "OwedWithdrawn")
        .withArgs(alice.address, GOLD_ASSET, alice.address, 200);
      expect(await room.gold.balanceOf(alice.address)).to.equal(200);
    });

    it("cost the owner what the token keeps, and nobody else anything", async () => {
      const { bank, batch, gold, room } = await load(withFinalExits);
      await room.gold.setFee(100);
      await expect(bank.claimExit(batch, gold)).to.changeTokenBalances(room.gold, [bank, alice.address], [-200, 198]);
    });

    it("gain nothing by calling back in", async () => {
      const { bank, batch, gold, room } = await load(withFinalExits);
      await room.gold.setReaction(
        bank,
        bank.interface.encodeFunctionData("claimExit", [batch as never, gold as never]),
      );
      await bank.claimExit(batch, gold);
      expect(await room.gold.answer()).to.equal(bank.interface.getError("ReentrancyGuardReentrantCall")!.selector);
      expect(await room.gold.balanceOf(alice.address)).to.equal(200);
    });

    it("wait where a QSC is paused or has frozen the vault or the receiver's tokens", async () => {
      const { bank, bankOf, price } = await load(deployed);
      const { qsc, ...of } = await listQSC(bank);
      await bankOf.entryOf(bank.connect(of.alice).deposit(3, 300, alice.address, 0, { value: price }));
      await bankOf.post();
      await bankOf.post([alice.key, withdraw(2, 100n), 0n], [alice.key, withdraw(2, 50n), 1n]);
      const { batch } = bankOf.layer2.latest;
      await bankOf.finalize();
      await qsc.connect(of.pauser).pause();
      await expect(bank.claimExit(batch, bankOf.proof(3)))
        .to.emit(bank, "Owed")
        .withArgs(alice.address, 3, 100);
      await qsc.connect(of.pauser).unpause();
      await qsc.connect(of.freezer).setFrozenTokens(bank, 300);
      await expect(bank.claimExit(batch, bankOf.proof(4)))
        .to.emit(bank, "Owed")
        .withArgs(alice.address, 3, 50);
      await qsc.connect(of.freezer).setFrozenTokens(bank, 0);
      const owner = await ethers.getImpersonatedSigner(alice.address);
      await setBalance(alice.address, parseEther("1"));
      await expect(bank.connect(owner).withdrawOwed(3, of.bob)).to.changeTokenBalance(qsc, of.bob, 150);
    });
  });

  it("of other accounts, assets and games do not mix", async () => {
    const { bank, bankOf, room } = await load(deployed);
    const bob = somebody(1);
    await bankOf.deposit(SILVER_ASSET, MANY, alice.address);
    await bankOf.deposit(GOLD_ASSET, 7n, bob.address);
    await bankOf.post();
    await bankOf.post([bob.key, withdraw(4, 7n), 0n], [alice.key, withdraw(4, 7n), 0n]);
    const { batch } = bankOf.layer2.latest;
    await bankOf.finalize();
    expect(bankOf.ledger.nextLeaf).to.equal(6);
    await expect(bank.claimExit(batch, bankOf.proof(5))).to.changeTokenBalance(room.gold, bob.address, 7);
  });
});
