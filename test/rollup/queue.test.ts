import { expect } from "chai";
import { ethers } from "hardhat";
import { concat, hexlify, keccak256, toBeHex } from "ethers";
import { encodeEntry } from "../../protocol/ledger/entries";
import { METER } from "../../protocol/ledger/meter";
import { REFUSAL } from "../../protocol/ledger/refusal";
import { encodeTransaction } from "../../protocol/ledger/transactions";
import type { OperatorMock } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { player } from "../protocol/ledger/support";
import { ENTRY_PRICE, bodyOf, loadPlayed } from "./support";

const GWEI = 10n ** 9n;
const WITHDRAW = { kind: "Withdraw", from: 2, amount: 5n } as const;

describe("the forced queue", () => {
  it("takes any transaction of its sender, for its price, and numbers it", async () => {
    const played = await loadPlayed();
    const { rollup, stranger, layer2 } = played;
    const bytes = encodeTransaction(WITHDRAW);
    const price = BigInt(METER.Withdraw) * ENTRY_PRICE;
    expect(await rollup.forcePrice(bytes)).to.equal(price);
    for (const value of [price - 1n, price + 1n, 0n]) {
      await expect(rollup.connect(stranger).force(bytes, { value }))
        .to.be.revertedWithCustomError(rollup, "WrongEntryFee")
        .withArgs(value, price);
    }
    const forcing = rollup.connect(stranger).force(bytes, { value: price });
    await expect(forcing).to.changeEtherBalance(rollup, price);
    const queuedAt = await layer2.now();
    const entry = concat([toBeHex(queuedAt, 8), "0x03", await stranger.getAddress(), bytes]);
    await expect(forcing).to.emit(rollup, "EntryQueued").withArgs(2, entry);
    expect([...(await rollup.entryOf(2))]).to.deep.equal([keccak256(entry).slice(0, 56), queuedAt]);
    expect([...(await rollup.entryOf(3))]).to.deep.equal([`0x${"0".repeat(54)}`, 0n]);
    expect((await rollup.head()).queueLength).to.equal(3);
  });

  it("prices a transaction by its type, and what is none as malformed", async () => {
    const { rollup } = await loadPlayed();
    const malformed = await rollup.forcePrice("0x");
    expect(malformed).to.be.greaterThan(0);
    for (const bytes of ["0x00", "0x13", "0xff1234"]) expect(await rollup.forcePrice(bytes)).to.equal(malformed);
    expect(await rollup.forcePrice("0x01")).to.equal(BigInt(METER.Transfer) * ENTRY_PRICE);
    expect(await rollup.forcePrice("0x0d")).to.equal(BigInt(METER.SessionJoin) * ENTRY_PRICE);
    expect(await rollup.forcePrice("0x12")).to.equal(BigInt(METER.CollectFees) * ENTRY_PRICE);
  });

  it("takes 512 bytes and no more", async () => {
    const { rollup } = await loadPlayed();
    const bytes = `0x${"00".repeat(513)}`;
    const value = await rollup.forcePrice(bytes);
    await expect(rollup.force(bytes, { value }))
      .to.be.revertedWithCustomError(rollup, "EntryTooLong")
      .withArgs(513, 512);
    await expect(rollup.force(`0x${"00".repeat(512)}`, { value })).to.emit(rollup, "EntryQueued");
  });

  it("takes a contract's transaction, which layer 2 executes as its", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    const owner = await deploy<OperatorMock>("OperatorMock");
    const to = ethers.getBytes(await owner.getAddress());
    await layer2.enqueue({ kind: "Deposit", queuedAt: 0n, to, balance: 0, asset: 0, amount: 50n });
    await layer2.run([bodyOf(layer2, 1)]);
    const bytes = encodeTransaction({ kind: "Withdraw", from: 6, amount: 20n });
    const call = rollup.interface.encodeFunctionData("force", [bytes]);
    const forcing = await owner.execute(rollup, call, { value: await rollup.forcePrice(bytes) });
    layer2.recordEntry(await forcing.wait());
    const { segments } = await layer2.draft([bodyOf(layer2, 1)]);
    expect(segments[0]!.results).to.deep.equal([REFUSAL.Applied]);
    expect(layer2.ledger.leaf(7)).to.deep.equal({ kind: "Exit", owner: to, asset: 0, amount: 20n });
  });

  it("takes deposits from the vault alone, for their price", async () => {
    const played = await loadPlayed();
    const { rollup, vault, admin, layer2 } = played;
    const { address: to } = player(3);
    const entry = encodeEntry({ kind: "Deposit", queuedAt: 0n, to, balance: 0, asset: 1, amount: 3n }).subarray(8);
    const price = await rollup.depositPrice();
    expect(price % ENTRY_PRICE).to.equal(0);
    await expect(rollup.connect(admin).enqueue(entry, { value: price }))
      .to.be.revertedWithCustomError(rollup, "NotTheVault")
      .withArgs(await admin.getAddress());
    const call = rollup.interface.encodeFunctionData("enqueue", [entry]);
    await expect(vault.execute(rollup, call, { value: price - 1n }))
      .to.be.revertedWithCustomError(rollup, "WrongEntryFee")
      .withArgs(price - 1n, price);
    const queuing = vault.execute(rollup, call, { value: price });
    await expect(queuing).to.emit(rollup, "EntryQueued");
    const bytes = concat([toBeHex(await layer2.now(), 8), hexlify(entry)]);
    await expect(queuing).to.emit(rollup, "EntryQueued").withArgs(2, bytes);
  });

  it("has one vault, for good: whoever could be put in its place could mint", async () => {
    const played = await loadPlayed();
    const { rollup, vault, stranger, manager, gateway, verifier, calldataSegments, blobSegments, admin } = played;
    await expect(rollup.connect(admin).setVault(verifier))
      .to.be.revertedWithCustomError(rollup, "VaultIsSet")
      .withArgs(await vault.getAddress());
    const params = { bond: 1n, challengeSeconds: 1n, openSeconds: 1n };
    const parts = await Promise.all(
      [manager, gateway, verifier, calldataSegments, blobSegments].map((each) => each.getAddress()),
    );
    const fresh = await deploy<typeof rollup>("Rollup", [...parts, params]);
    expect(await fresh.vault()).to.equal(ethers.ZeroAddress);
    await expect(fresh.connect(stranger).setVault(vault))
      .to.be.revertedWithCustomError(fresh, "AccessManagedUnauthorized")
      .withArgs(await stranger.getAddress());
    await expect(fresh.setVault(stranger))
      .to.be.revertedWithCustomError(fresh, "NotAVault")
      .withArgs(await stranger.getAddress());
    await expect(fresh.setVault(vault))
      .to.emit(fresh, "VaultSet")
      .withArgs(await vault.getAddress());
  });

  it("has a price that cannot keep anybody out", async () => {
    const { rollup, stranger } = await loadPlayed();
    await expect(rollup.connect(stranger).setEntryPrice(0)).to.be.revertedWithCustomError(
      rollup,
      "AccessManagedUnauthorized",
    );
    await expect(rollup.setEntryPrice(GWEI + 1n))
      .to.be.revertedWithCustomError(rollup, "EntryPriceTooHigh")
      .withArgs(GWEI + 1n, GWEI);
    await expect(rollup.setEntryPrice(GWEI)).to.emit(rollup, "EntryPriceSet").withArgs(GWEI);
    const prices = await Promise.all(Array.from({ length: 19 }, (_, kind) => rollup.forcePrice(toBeHex(kind, 1))));
    for (const price of prices) expect(price).to.be.lessThan(3n * 10n ** 15n);
  });

  it("gives what entries paid to whom the administration names, and never a bond or a reward", async () => {
    const played = await loadPlayed();
    const { rollup, stranger } = played;
    // Two deposits have paid.
    const fees = 2n * (await rollup.depositPrice());
    const receiver = ethers.Wallet.createRandom().address;
    await expect(rollup.connect(stranger).withdrawEntryFees(receiver)).to.be.revertedWithCustomError(
      rollup,
      "AccessManagedUnauthorized",
    );
    const withdrawing = rollup.withdrawEntryFees(receiver);
    await expect(withdrawing).to.changeEtherBalances([rollup, receiver], [-fees, fees]);
    await expect(withdrawing).to.emit(rollup, "EntryFeesWithdrawn").withArgs(receiver, fees);
    await expect(rollup.withdrawEntryFees(receiver))
      .to.be.revertedWithCustomError(rollup, "NothingToWithdraw")
      .withArgs(await rollup.getAddress());
  });
});
