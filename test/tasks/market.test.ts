import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ethers } from "hardhat";
import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { ZeroAddress, parseEther } from "ethers";
import { deploy, type Deployment, type GameContracts } from "../../deploy/deployment";
import { fileRecorder } from "../../deploy/record";
import { readOrderFile, type SignedOrder } from "../../protocol/marketOrder";
import type { DefinedItem } from "../../tasks/asset/define";
import type { Minted } from "../../tasks/asset/mint";
import type { Trade } from "../../tasks/market/buy";
import type { MarketPayment } from "../../tasks/market/withdraw";
import { deployPureCode, idOf, params } from "../game/assets/support";
import { KIND, readAssetId } from "../../protocol/assetId";
import { businessParameters, optionsFor } from "../support/deployment";
import { recordFile, refusal, run, running, type TasksFixture } from "./support";

const RECEIVER = "0x2000000000000000000000000000000000000002";
const PRICE = parseEther("0.25");
/** By index: who made the game and sells, who buys, who looks on. */
const [SELLER, BUYER, OTHER] = ["10", "11", "12"] as const;

interface MarketTasks extends TasksFixture {
  readonly games: GameContracts;
  readonly potion: bigint;
  readonly hero: bigint;
  readonly file: string;
  /** Where an order goes. */
  readonly out: string;
}

/** A running home chain with a game of the seller's, which has five potions. */
async function withGame(): Promise<MarketTasks> {
  const fixture = await running();
  const { games } = fixture.deployment;
  if (games === undefined) throw new Error("not the home chain");
  const seller = (await ethers.getSigners())[Number(SELLER)]!;
  await games.registry.connect(seller).registerGame(await deployPureCode(), 0, "ipfs://game");
  const gameId = await games.registry.gameCount();
  const royalty = { royaltyReceiver: RECEIVER, royaltyBps: 500n };
  await games.assets.connect(seller).defineItem(gameId, params(royalty));
  await games.assets.connect(seller).defineItem(gameId, params({ kind: KIND.character, unique: true }));
  const potion = idOf("item", 1n, { gameId });
  const out = join(await mkdtemp(join(tmpdir(), "order-")), "order.json");
  await run(fixture.file, "asset:mint", { from: SELLER, item: String(potion), amount: "5" });
  return { ...fixture, games, potion, hero: idOf("character", 2n, { gameId, unique: true }), out };
}

async function account(index: string): Promise<string> {
  return (await ethers.getSigners())[Number(index)]!.address;
}

/** Ten COS of the airdrop's vault. */
async function giveCOS({ token }: Deployment, to: string): Promise<void> {
  if (token === undefined) throw new Error("not the home chain");
  const vault = await ethers.getImpersonatedSigner(await token.airdropVault.getAddress());
  await setBalance(vault.address, parseEther("1000"));
  await token.cos.connect(vault).transfer(to, parseEther("10"));
}

/** The seller's ask for three potions in BNB, as a file. */
async function listed(): Promise<MarketTasks> {
  const fixture = await loadFixture(withGame);
  const { file, potion, out } = fixture;
  await run(file, "market:list", { from: SELLER, id: String(potion), amount: "3", price: "0.25", out });
  return fixture;
}

describe("tasks of assets and the market", () => {
  it("define an item, say its id, and mint it", async () => {
    const { file, games } = await loadFixture(withGame);
    const gameId = await games.registry.gameCount();
    const args = {
      from: SELLER,
      game: String(gameId),
      kind: "character",
      cap: "3",
      royalty: "2.5",
      royaltyTo: RECEIVER,
    };
    const { itemId } = await run<DefinedItem>(file, "asset:define", { ...args, bound: true, uri: "ipfs://hero" });
    const item = await games.assets.itemOf(itemId);
    expect([item.cap, item.royaltyBps, item.royaltyReceiver, item.uri]).to.deep.equal([
      3n,
      250n,
      RECEIVER,
      "ipfs://hero",
    ]);
    expect(readAssetId(itemId)).to.include({ gameId, kind: "character", unique: true, bound: true, serial: 0n });
    expect((await run<Minted>(file, "asset:mint", { from: SELLER, item: String(itemId) })).firstId).to.equal(
      itemId + 1n,
    );

    expect(await refusal(run(file, "asset:define", { ...args, kind: "sword" }))).to.contain("--kind sword");
    expect(await refusal(run(file, "asset:define", { ...args, royalty: "10.01" }))).to.contain("at most 10");
    expect(await refusal(run(file, "asset:define", { ...args, from: BUYER }))).to.contain("Not speaker");
  });

  it("mint pieces, and say their ids", async () => {
    const { file, games, potion, hero } = await loadFixture(withGame);
    expect(await games.assets.balanceOf(await account(SELLER), potion)).to.equal(5n);
    const args = { from: SELLER, item: String(hero), to: await account(BUYER) };
    expect(await run<Minted>(file, "asset:mint", args)).to.deep.equal({ firstId: hero + 1n, lastId: hero + 1n });
    const three = await run<Minted>(file, "asset:mint", { ...args, amount: "3" });
    expect(three).to.deep.equal({ firstId: hero + 2n, lastId: hero + 4n });
    expect(await games.assets.balanceOf(await account(BUYER), hero + 4n)).to.equal(1n);
  });

  it("refuse to mint what is no item, or for whom does not speak for the game", async () => {
    const { file, potion, hero } = await loadFixture(withGame);
    for (const item of ["5", String(hero + 1n)]) {
      expect(await refusal(run(file, "asset:mint", { from: SELLER, item }))).to.contain(`--item ${item}`);
    }
    expect(await refusal(run(file, "asset:mint", { from: BUYER, item: String(potion) }))).to.contain("Not speaker");
    const none = { from: SELLER, item: String(potion), amount: "0" };
    expect(await refusal(run(file, "asset:mint", none))).to.contain("Mints nothing");
  });

  it("sell for BNB: list, approve, buy in parts, withdraw", async () => {
    const { file, games, potion, out } = await listed();
    const market = games.marketplace;
    const [seller, buyer] = [await account(SELLER), await account(BUYER)];
    expect(await games.assets.isApprovedForAll(seller, market)).to.equal(true);
    const saved = readOrderFile(await readFile(out, "utf8"));
    expect(saved?.order).to.include({ maker: seller, taker: ZeroAddress, amount: 3n, unitPrice: PRICE });
    const first = await run<Trade>(file, "market:buy", { from: BUYER, order: out, amount: "1" });
    expect(first).to.deep.equal({ amount: 1n, total: PRICE, left: 2n });
    const rest = await run<Trade>(file, "market:buy", { from: BUYER, order: out });
    expect(rest).to.deep.equal({ amount: 2n, total: 2n * PRICE, left: 0n });
    expect(await games.assets.balanceOf(buyer, potion)).to.equal(3n);
    expect(await refusal(run(file, "market:buy", { from: BUYER, order: out }))).to.contain("filled or cancelled");

    const due = await market.owed(seller, ZeroAddress);
    const before = await ethers.provider.getBalance(RECEIVER);
    const paid = await run<MarketPayment>(file, "market:withdraw", { from: SELLER, to: RECEIVER });
    expect(paid).to.deep.equal({ to: RECEIVER, amount: due });
    expect((await ethers.provider.getBalance(RECEIVER)) - before).to.equal(due);
    expect(await refusal(run(file, "market:withdraw", { from: SELLER }))).to.contain("owes");
  });

  it("buy for BNB and for COS by a bid", async () => {
    const { file, deployment, games, potion, out } = await loadFixture(withGame);
    const cos = deployment.token!.cos;
    const seller = await account(SELLER);
    const bid = { from: BUYER, id: String(potion), bid: true, price: "0.25", amount: "2", out };
    await run(file, "market:list", bid);
    expect(await games.marketplace.owed(await account(BUYER), ZeroAddress)).to.equal(2n * PRICE);
    await run(file, "market:list", { ...bid, amount: "1" });
    expect(await games.marketplace.owed(await account(BUYER), ZeroAddress)).to.equal(2n * PRICE);
    await run(file, "market:buy", { from: SELLER, order: out });
    expect(await games.marketplace.owed(await account(BUYER), ZeroAddress)).to.equal(PRICE);

    await giveCOS(deployment, await account(BUYER));
    await run(file, "market:list", { ...bid, token: "COS", price: "2" });
    expect(await cos.allowance(await account(BUYER), games.marketplace)).to.equal(parseEther("4"));
    const before = await cos.balanceOf(seller);
    await run(file, "market:buy", { from: SELLER, order: out, amount: "2" });
    const fee = await games.marketplace.feeBps();
    expect((await cos.balanceOf(seller)) - before).to.equal((parseEther("4") * (10_000n - 500n - fee)) / 10_000n);
  });

  it("sell for COS: the buyer lets the market take the price", async () => {
    const { file, deployment, games, potion, out } = await loadFixture(withGame);
    const cos = deployment.token!.cos;
    await giveCOS(deployment, await account(BUYER));
    await run(file, "market:list", { from: SELLER, id: String(potion), price: "1.5", token: "COS", out });
    await run(file, "market:buy", { from: BUYER, order: out });
    expect(await cos.balanceOf(await account(BUYER))).to.equal(parseEther("8.5"));
    expect(await games.assets.balanceOf(await account(BUYER), potion)).to.equal(1n);
  });

  it("cancel one order, or all", async () => {
    const { file, games, potion, out } = await listed();
    expect(await refusal(run(file, "market:cancel", { from: OTHER, order: out }))).to.contain("made it, not");
    await run(file, "market:cancel", { from: SELLER, order: out });
    expect(await refusal(run(file, "market:buy", { from: BUYER, order: out }))).to.contain("filled or cancelled");
    expect(await refusal(run(file, "market:cancel", { from: SELLER, order: out }))).to.contain("nothing of it");
    await run(file, "market:list", { from: SELLER, id: String(potion), price: "0.25", out });
    await run(file, "market:cancel", { from: SELLER, all: true });
    expect(await games.marketplace.counterOf(await account(SELLER))).to.equal(1n);
    expect(await refusal(run(file, "market:buy", { from: BUYER, order: out }))).to.contain("Counter mismatch");
    for (const args of [{}, { order: out, all: true }]) {
      expect(await refusal(run(file, "market:cancel", { from: SELLER, ...args }))).to.contain("either --order");
    }
  });

  it("keep an order for the taker that it names, until it expires", async () => {
    const { file, potion, out } = await loadFixture(withGame);
    const expiry = (await time.latest()) + 1_000;
    const args = { from: SELLER, id: String(potion), price: "0.25", out, taker: await account(BUYER) };
    await run(file, "market:list", { ...args, expiry: String(expiry) });
    expect(await refusal(run(file, "market:buy", { from: OTHER, order: out }))).to.contain("Not the taker");
    await time.increaseTo(expiry);
    expect(await refusal(run(file, "market:buy", { from: BUYER, order: out }))).to.contain("Order expired");
  });

  it("refuse bad input in words", async () => {
    const { file, potion, hero, out } = await listed();
    const list = (args: Readonly<Record<string, unknown>>): Promise<string> =>
      refusal(run(file, "market:list", { from: SELLER, id: String(potion), price: "1", ...args }));
    expect(await list({ amount: "6" })).to.contain("can move 5");
    expect(await list({ amount: "0" })).to.contain("--amount 0");
    expect(await list({ price: "0" })).to.contain("--price 0");
    expect(await list({ price: "a lot" })).to.contain("--price a lot");
    expect(await list({ id: String(hero + 1n) })).to.contain("can move 0");
    expect(await list({ id: "7" })).to.contain("Unknown asset");
    expect(await list({ token: "NONE" })).to.contain("--token NONE");
    expect(await list({ expiry: "1" })).to.contain("--expiry 1");
    expect(await list({ taker: await account(SELLER) })).to.contain("--taker");
    const buy = (args: Readonly<Record<string, unknown>>): Promise<string> =>
      refusal(run(file, "market:buy", { from: BUYER, order: out, ...args }));
    expect(await buy({ amount: "4" })).to.contain("1 to 3 are left");
    expect(await buy({ amount: "0" })).to.contain("1 to 3 are left");
    expect(await buy({ order: `${out}.none` })).to.contain("cannot be read");
    const text = await readFile(out, "utf8");
    await writeFile(out, text.replace(/"chainId": "\d+"/, '"chainId": "56"'));
    expect(await buy({})).to.contain("on chain 56, not of this one");
    await writeFile(out, text.replace("0.", "").replace('"amount": "3"', '"amount": "300"'));
    expect(await buy({})).to.contain("Order not signed");
    await writeFile(out, "{}");
    expect(await buy({})).to.contain("not a file of market:list");
  });

  it("print the order where no file is named", async () => {
    const { file, potion } = await loadFixture(withGame);
    const signed = await run<SignedOrder>(file, "market:list", { from: SELLER, id: String(potion), price: "0.25" });
    expect(signed.order.amount).to.equal(1n);
    expect(signed.order.expiry).to.be.greaterThan(BigInt(await time.latest()));
  });

  it("refuse a business chain, which trades no assets", async () => {
    const file = await recordFile();
    await deploy({ ...(await optionsFor(await businessParameters())), recorder: fileRecorder(file) });
    expect(await refusal(run(file, "market:withdraw", {}))).to.contain("home chain");
  });
});
