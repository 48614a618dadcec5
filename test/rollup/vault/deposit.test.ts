import { expect } from "chai";
import { ZeroAddress, getBytes, hexlify } from "ethers";
import { encodeEntry } from "../../../protocol/ledger/entries";
import { deploy } from "../../crosschain/support";
import type { GameAssets, HostileERC20Mock } from "../../../typechain-types";
import { RAKE_BPS } from "../../game/roomSupport";
import {
  BNB_ASSET,
  Bank,
  GAME,
  GOLD_ASSET,
  MANY,
  SILVER_ASSET,
  WEI_PER_BATCH,
  deployVault,
  listQSC,
  load,
  somebody,
} from "./support";

const UINT128 = 1n << 128n;
const UINT64 = 1n << 64n;
const alice = somebody(0);

async function deployed() {
  const fixture = await deployVault();
  return { ...fixture, bankOf: new Bank(fixture) };
}

describe("RollupVault: deposits", () => {
  describe("listAsset", () => {
    it("reverts for whoever is not authorized", async () => {
      const { bank, payer } = await load(deployed);
      const caller = await payer.getAddress();
      await expect(bank.connect(payer).listAsset(ZeroAddress))
        .to.be.revertedWithCustomError(bank, "AccessManagedUnauthorized")
        .withArgs(caller);
    });

    it("reverts for what is no token: an account, BNB, the games' assets, a contract without balances", async () => {
      const { bank, payer, assets, rollup } = await load(deployed);
      for (const token of [
        await payer.getAddress(),
        ZeroAddress,
        await assets.getAddress(),
        await rollup.getAddress(),
      ]) {
        await expect(bank.listAsset(token)).to.be.revertedWithCustomError(bank, "NotAToken").withArgs(token);
      }
    });

    it("reverts for a token that has a number", async () => {
      const { bank, room } = await load(deployed);
      const gold = await room.gold.getAddress();
      await expect(bank.listAsset(gold)).to.be.revertedWithCustomError(bank, "AssetListedAlready").withArgs(gold, 1);
    });

    it("numbers BNB 0, COS 1 and others as they come", async () => {
      const { bank, room } = await load(deployed);
      expect(await bank.assetCount()).to.equal(3);
      expect(await bank.tokenOf(BNB_ASSET)).to.equal(ZeroAddress);
      expect(await bank.tokenOf(GOLD_ASSET)).to.equal(await room.gold.getAddress());
      const token = await deploy<HostileERC20Mock>("HostileERC20Mock");
      await expect(bank.listAsset(token)).to.emit(bank, "AssetListed").withArgs(3, token);
      expect(await bank.tokenOf(3)).to.equal(await token.getAddress());
      await expect(bank.tokenOf(4)).to.be.revertedWithCustomError(bank, "AssetNotListed").withArgs(4);
    });
  });

  describe("deposit", () => {
    it("reverts for an asset without a number", async () => {
      const { bank, price } = await load(deployed);
      await expect(bank.deposit(3, 1, alice.address, 0, { value: price }))
        .to.be.revertedWithCustomError(bank, "AssetNotListed")
        .withArgs(3);
    });

    it("reverts where another value comes than the price of an entry and the amount", async () => {
      const { bank, payer, price } = await load(deployed);
      const sent = bank.connect(payer);
      for (const [asset, value, required] of [
        [BNB_ASSET, price + 6n, price + 7n],
        [BNB_ASSET, price + 8n, price + 7n],
        [GOLD_ASSET, price - 1n, price],
        [GOLD_ASSET, price + 7n, price],
      ] as const) {
        await expect(sent.deposit(asset, 7, alice.address, 0, { value }))
          .to.be.revertedWithCustomError(bank, "WrongDepositPayment")
          .withArgs(value, required);
      }
    });

    it("reverts for nothing, and for nobody", async () => {
      const { bank, price } = await load(deployed);
      await expect(bank.deposit(0, 0, alice.address, 0, { value: price })).to.be.revertedWithCustomError(
        bank,
        "ZeroDeposit",
      );
      await expect(bank.deposit(0, 1, ZeroAddress, 0, { value: price + 1n })).to.be.revertedWithCustomError(
        bank,
        "DepositToNobody",
      );
    });

    it("reverts where the vault would hold 2^128 of the asset, and takes one less", async () => {
      const { bank, bankOf, room, payer, price } = await load(deployed);
      await room.gold.mint(payer, UINT128);
      await bankOf.deposit(GOLD_ASSET, MANY, alice.address);
      const rest = UINT128 - MANY;
      await expect(bank.connect(payer).deposit(GOLD_ASSET, rest, alice.address, 0, { value: price }))
        .to.be.revertedWithCustomError(bank, "DepositTooLarge")
        .withArgs(UINT128, UINT128 - 1n);
      await bankOf.deposit(GOLD_ASSET, rest - 1n, alice.address);
      expect(await bank.heldOf(GOLD_ASSET)).to.equal(UINT128 - 1n);
    });

    it("reverts where a token keeps a fee, or gives back what it took", async () => {
      const { bank, payer, price, room } = await load(deployed);
      await room.gold.setFee(100);
      await expect(bank.connect(payer).deposit(GOLD_ASSET, 1_000, alice.address, 0, { value: price }))
        .to.be.revertedWithCustomError(bank, "WrongAmountReceived")
        .withArgs(990, 1_000);
    });

    it("reverts where a token answers false", async () => {
      const { bank, payer, price, room } = await load(deployed);
      await room.gold.setAnswersFalse(true);
      await expect(bank.connect(payer).deposit(GOLD_ASSET, 1, alice.address, 0, { value: price }))
        .to.be.revertedWithCustomError(bank, "SafeERC20FailedOperation")
        .withArgs(await room.gold.getAddress());
    });

    it("lets a token that calls back in nowhere: one amount never counts twice", async () => {
      const { bank, bankOf, room } = await load(deployed);
      const { gold } = room;
      const again = bank.interface.encodeFunctionData("deposit", [BNB_ASSET, 1, alice.address, 0]);
      await gold.setReaction(bank, again);
      await bankOf.deposit(GOLD_ASSET, 5n, alice.address);
      expect(await gold.reacted()).to.equal(false);
      expect(await gold.answer()).to.equal(bank.interface.encodeErrorResult("ReentrancyGuardReentrantCall", []));
      expect(await bank.heldOf(GOLD_ASSET)).to.equal(5n);
    });

    it("reverts for a QSC that is paused, and for a payer that is frozen", async () => {
      const { bank, price } = await load(deployed);
      const { qsc, ...of } = await listQSC(bank);
      await qsc.connect(of.pauser).pause();
      const deposit = () => bank.connect(of.alice).deposit(3, 10, alice.address, 0, { value: price });
      await expect(deposit()).to.be.revertedWithCustomError(qsc, "EnforcedPause");
      await qsc.connect(of.pauser).unpause();
      await qsc.connect(of.freezer).setFrozenTokens(of.alice, 1_000_000n);
      await expect(deposit())
        .to.be.revertedWithCustomError(qsc, "ERC7943InsufficientUnfrozenBalance")
        .withArgs(of.alice.address, 10, 0);
    });

    it("reverts after a freeze", async () => {
      const { rollup, bank, bankOf, price } = await load(deployed);
      await bankOf.freeze();
      await expect(bank.deposit(BNB_ASSET, 1, alice.address, 0, { value: price + 1n })).to.be.revertedWithCustomError(
        rollup,
        "RollupIsFrozen",
      );
    });

    it("takes BNB and tokens, queues the entry, and pays its price to the rollup", async () => {
      const { bank, rollup, room, payer, price } = await load(deployed);
      for (const [asset, value] of [
        [BNB_ASSET, price + 500n],
        [GOLD_ASSET, price],
        [SILVER_ASSET, price],
      ] as const) {
        const entry = encodeEntry({
          kind: "Deposit",
          queuedAt: 0n,
          to: getBytes(alice.address),
          balance: 9,
          asset,
          amount: 500n,
        });
        const number = (await rollup.head()).queueLength;
        const sent = bank.connect(payer).deposit(asset, 500, alice.address, 9, { value });
        await expect(sent)
          .to.emit(bank, "Deposited")
          .withArgs(number, await payer.getAddress(), alice.address, asset, 500);
        const queued = (await rollup.queryFilter(rollup.filters.EntryQueued(number)))[0];
        expect("0x" + queued!.args.entry.slice(18)).to.equal(hexlify(entry.subarray(8)));
        await expect(sent).to.changeEtherBalances([bank, rollup], [value - price, price]);
        expect(await bank.heldOf(asset)).to.equal(500);
      }
      expect(await room.gold.balanceOf(bank)).to.equal(500);
      expect(await room.silver.balanceOf(bank)).to.equal(500);
    });

    it("refuses BNB that just comes", async () => {
      const { bank, payer } = await load(deployed);
      await expect(payer.sendTransaction({ to: await bank.getAddress(), value: 1 })).to.be.revertedWithoutReason();
    });
  });

  describe("depositItems and depositAllowance", () => {
    it("revert for another value, for nothing, and for nobody", async () => {
      const { bank, payer, price, sword } = await load(deployed);
      const sent = bank.connect(payer);
      await expect(sent.depositItems(sword, 1, alice.address, 0, { value: price + 1n }))
        .to.be.revertedWithCustomError(bank, "WrongDepositPayment")
        .withArgs(price + 1n, price);
      await expect(sent.depositAllowance(sword, 0, alice.address, 0, { value: price })).to.be.revertedWithCustomError(
        bank,
        "ZeroDeposit",
      );
      await expect(sent.depositItems(sword, 1, ZeroAddress, 0, { value: price })).to.be.revertedWithCustomError(
        bank,
        "DepositToNobody",
      );
    });

    it("revert where the vault would hold 2^64 of an item, allowances included", async () => {
      const { bank, bankOf, payer, price, sword } = await load(deployed);
      await bankOf.depositAllowance(sword, UINT64 - 2n, alice.address);
      await expect(bank.connect(payer).depositItems(sword, 2, alice.address, 0, { value: price }))
        .to.be.revertedWithCustomError(bank, "DepositTooLarge")
        .withArgs(UINT64, UINT64 - 1n);
      await bankOf.depositItems(sword, 1n, alice.address);
      expect(await bank.heldItemsOf(sword)).to.equal(UINT64 - 1n);
    });

    it("revert for bound items", async () => {
      const { bank, assets, payer, price, medal } = await load(deployed);
      await expect(bank.connect(payer).depositItems(medal, 1, alice.address, 0, { value: price }))
        .to.be.revertedWithCustomError(assets, "AssetBound")
        .withArgs(medal);
    });

    it("revert for items that the caller does not have", async () => {
      const { bank, assets, room, price, sword } = await load(deployed);
      const poor = room.players[6]!;
      await assets.connect(poor).setApprovalForAll(bank, true);
      await expect(bank.connect(poor).depositItems(sword, 1, alice.address, 0, { value: price }))
        .to.be.revertedWithCustomError(assets, "ERC1155InsufficientBalance")
        .withArgs(await poor.getAddress(), 0, 1, sword);
    });

    it("take the items and queue them", async () => {
      const { bank, assets, rollup, payer, price, sword, hero } = await load(deployed);
      const from = await payer.getAddress();
      for (const [kind, name, event, id] of [
        ["ItemDeposit", "depositItems", "ItemDeposited", hero + 1n],
        ["Allow", "depositAllowance", "AllowanceDeposited", sword],
      ] as const) {
        const to = getBytes(alice.address);
        const entry = encodeEntry({ kind, queuedAt: 0n, to, account: 3, id, amount: 1n });
        const number = (await rollup.head()).queueLength;
        await expect(bank.connect(payer)[name](id, 1, alice.address, 3, { value: price }))
          .to.emit(bank, event)
          .withArgs(number, from, alice.address, id, 1);
        const queued = (await rollup.queryFilter(rollup.filters.EntryQueued(number)))[0];
        expect("0x" + queued!.args.entry.slice(18)).to.equal(hexlify(entry.subarray(8)));
        expect(await assets.balanceOf(bank, id)).to.equal(1);
        expect(await bank.heldItemsOf(id)).to.equal(1);
      }
    });

    it("are the only ways in: items that just come are refused", async () => {
      const { bank, assets, room, payer, sword, hero } = await load(deployed);
      const from = await payer.getAddress();
      const sent = assets.connect(payer);
      await expect(sent.safeTransferFrom(from, bank, sword, 1, "0x"))
        .to.be.revertedWithCustomError(bank, "NotADeposit")
        .withArgs(from);
      await expect(sent.safeBatchTransferFrom(from, bank, [sword, hero + 1n], [1, 1], "0x"))
        .to.be.revertedWithCustomError(bank, "NotADeposit")
        .withArgs(from);
      await expect(assets.connect(room.developer).mint(bank, sword, 1))
        .to.be.revertedWithCustomError(bank, "NotADeposit")
        .withArgs(await room.developer.getAddress());
      const foreign = await deploy<GameAssets>("GameAssets", [await room.registry.getAddress()]);
      const bankAddress = await bank.getAddress();
      await expect(foreign.connect(room.developer).mint(bankAddress, sword, 1)).to.be.reverted;
      await expect(bank.onERC1155Received(bank, from, sword, 1, "0x"))
        .to.be.revertedWithCustomError(bank, "NotADeposit")
        .withArgs(bankAddress);
    });

    it("are said by ERC-165", async () => {
      const { bank } = await load(deployed);
      expect(await bank.supportsInterface("0x01ffc9a7")).to.equal(true);
      expect(await bank.supportsInterface("0x4e2312e0")).to.equal(true);
      expect(await bank.supportsInterface("0xffffffff")).to.equal(false);
    });
  });

  describe("listGame", () => {
    it("reverts for an asset without a number, another value, and a game that is unknown or retired", async () => {
      const { bank, room, payer, price } = await load(deployed);
      const sent = bank.connect(payer);
      await expect(sent.listGame(GAME, 3, { value: price }))
        .to.be.revertedWithCustomError(bank, "AssetNotListed")
        .withArgs(3);
      await expect(sent.listGame(GAME, 0, { value: price - 1n }))
        .to.be.revertedWithCustomError(bank, "WrongDepositPayment")
        .withArgs(price - 1n, price);
      await expect(sent.listGame(2, 0, { value: price }))
        .to.be.revertedWithCustomError(room.registry, "UnknownGame")
        .withArgs(2);
      await room.registry.connect(room.developer).retire(GAME);
      await expect(sent.listGame(GAME, 0, { value: price }))
        .to.be.revertedWithCustomError(room.registry, "GameIsRetired")
        .withArgs(GAME);
    });

    it("reverts where a rake would come in what the splitter does not divide", async () => {
      const { bank, room, payer, price } = await load(deployed);
      const token = await deploy<HostileERC20Mock>("HostileERC20Mock");
      await bank.listAsset(token);
      await expect(bank.connect(payer).listGame(GAME, 3, { value: price }))
        .to.be.revertedWithCustomError(room.splitter, "TokenNotAllowed")
        .withArgs(await token.getAddress());
      await room.registry.connect(room.developer).registerGame(room.rules as never, 0, "ipfs://free");
      await expect(bank.connect(payer).listGame(2, 3, { value: price })).to.emit(bank, "GameListed");
    });

    it("queues the rules and the rake that the registry has", async () => {
      const { bank, rollup, room, payer, price } = await load(deployed);
      const { rules } = await room.registry.gameOf(GAME);
      const gameId = GAME;
      const entry = encodeEntry({
        kind: "ListGame",
        queuedAt: 0n,
        gameId,
        rules: getBytes(rules),
        asset: SILVER_ASSET,
        rakeBps: Number(RAKE_BPS),
      });
      await expect(bank.connect(payer).listGame(GAME, SILVER_ASSET, { value: price }))
        .to.emit(bank, "GameListed")
        .withArgs(0, GAME, SILVER_ASSET);
      const queued = (await rollup.queryFilter(rollup.filters.EntryQueued(0)))[0];
      expect("0x" + queued!.args.entry.slice(18)).to.equal(hexlify(entry.subarray(8)));
    });
  });

  describe("setPostingRepayment", () => {
    it("reverts for whoever is not authorized, beyond the most, and without a receiver", async () => {
      const { bank, payer } = await load(deployed);
      const most = await bank.MAX_WEI_PER_BATCH();
      await expect(bank.connect(payer).setPostingRepayment(ZeroAddress, 0))
        .to.be.revertedWithCustomError(bank, "AccessManagedUnauthorized")
        .withArgs(await payer.getAddress());
      await expect(bank.setPostingRepayment(payer, most + 1n))
        .to.be.revertedWithCustomError(bank, "RepaymentTooHigh")
        .withArgs(most + 1n, most);
      await expect(bank.setPostingRepayment(ZeroAddress, 1))
        .to.be.revertedWithCustomError(bank, "RepaymentReceiverMissing")
        .withArgs(1);
    });

    it("says who is repaid how much", async () => {
      const { bank, payer } = await load(deployed);
      const [, before] = await bank.postingRepayment();
      expect(before).to.equal(WEI_PER_BATCH);
      await expect(bank.setPostingRepayment(payer, 7))
        .to.emit(bank, "PostingRepaymentSet")
        .withArgs(await payer.getAddress(), 7);
      expect(await bank.postingRepayment()).to.deep.equal([await payer.getAddress(), 7n, 0n, 0n]);
    });
  });
});
