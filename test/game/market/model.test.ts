import { expect } from "chai";
import { ethers, network } from "hardhat";
import { setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { SigningKey, Wallet, ZeroAddress, id as keccak, parseEther } from "ethers";
import type { Interface } from "ethers";
import type { HostileERC20Mock } from "../../../typechain-types";
import { SIDE, orderHash, type MarketOrder } from "../../../protocol/marketOrder";
import { generator } from "../../support/random";
import { GAME } from "../assets/support";
import { send, view } from "../rawCall";
import { BNB, FEE_BPS, ROYALTY_BPS, deployMarket, type MarketFixture } from "./support";

/** That are sent; orders are signed beside them. */
const OPERATIONS = 2_000;
const SEED = 20_261_122;
const CHECK_ALL_EVERY = 25;
const NO_EXPIRY = 2n ** 40n;
const CANCELLED = 2n ** 256n - 1n;

interface Listing {
  readonly order: MarketOrder;
  readonly signature: string;
  readonly hash: string;
  readonly maker: Player;
  /** By its maker's key. */
  readonly signed: boolean;
  filled: bigint;
  cancelled: boolean;
}

interface Player {
  readonly name: string;
  readonly address: string;
  readonly key: SigningKey;
  counter: bigint;
  potions: bigint;
}

/** The market, and beside it everybody's potions, tokens and dues. */
class Run {
  readonly seen = new Map<string, number>();
  sent = 0;
  private readonly below = generator(SEED);
  private readonly listings: Listing[] = [];
  private readonly owed = new Map<string, bigint>();
  private readonly wallets = new Map<string, bigint>();
  private readonly fees = new Map<string, bigint>();
  private readonly credited = new Map<string, bigint>();
  private readonly forced = new Map<string, bigint>();
  private readonly allowed = new Map<string, boolean>();
  private fee = FEE_BPS;
  private salt = 0n;
  private readonly coders: readonly Interface[];

  constructor(
    private readonly fixture: MarketFixture,
    private readonly players: readonly Player[],
    private readonly tokens: readonly { readonly address: string; readonly contract: HostileERC20Mock }[],
    private readonly artist: string,
  ) {
    const { market, assets, gold, splitter } = fixture;
    this.coders = [market.interface, assets.interface, gold.interface, splitter.interface];
    for (const { address } of tokens) this.allowed.set(address, true);
    for (const player of players) {
      for (const { address } of tokens) this.wallets.set(`${player.address} ${address}`, parseEther("1000"));
    }
  }

  async step(): Promise<void> {
    const operations = [
      () => this.list(),
      () => this.list(),
      () => this.fill(),
      () => this.fill(),
      () => this.fill(),
      () => this.fill(),
      () => this.fill(),
      () => this.fillMany(),
      () => this.deposit(),
      () => this.withdraw(),
      () => this.credit(),
      () => this.cancel(),
      () => this.govern(),
      () => this.force(),
    ];
    await this.one(operations)();
  }

  /** Invariants M1 and M2: what the market holds is exactly what it owes, has collected and was forced to have. */
  async check(all: boolean): Promise<void> {
    const { market, assets, potion, venue, splitter } = this.fixture;
    for (const token of [BNB, ...this.tokens.map(({ address }) => address)]) {
      const due = [...this.owed].filter(([key]) => key.endsWith(token)).reduce((sum, [, each]) => sum + each, 0n);
      const expected = due + this.get(this.fees, token) + this.get(this.forced, token);
      expect(await this.balance(venue.market, token), `balance of ${token}`).to.equal(expected);
      if (!all) continue;
      expect(await market.feesOf(GAME, token)).to.equal(this.get(this.fees, token));
      expect(await splitter.outstanding(token)).to.equal(this.get(this.credited, token));
      for (const { address } of this.players) {
        expect(await market.owed(address, token)).to.equal(this.get(this.owed, `${address} ${token}`));
        if (token === BNB) continue;
        expect(await this.balance(address, token)).to.equal(this.wallets.get(`${address} ${token}`));
      }
      expect(await market.owed(this.artist, token)).to.equal(this.get(this.owed, `${this.artist} ${token}`));
    }
    if (!all) return;
    for (const player of this.players) {
      expect(await assets.balanceOf(player.address, potion)).to.equal(player.potions);
      expect(await market.counterOf(player.address)).to.equal(player.counter);
    }
    for (const listing of this.listings.slice(-10)) {
      expect(await market.filled(listing.hash)).to.equal(listing.cancelled ? CANCELLED : listing.filled);
    }
  }

  private one<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  private chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  private get(map: ReadonlyMap<string, bigint>, key: string): bigint {
    return map.get(key) ?? 0n;
  }

  private add(map: Map<string, bigint>, key: string, amount: bigint): void {
    map.set(key, this.get(map, key) + amount);
  }

  private async balance(account: string, token: string): Promise<bigint> {
    if (token === BNB) {
      return BigInt((await network.provider.send("eth_getBalance", [account, "latest"])) as string);
    }
    return BigInt(await view(token, this.fixture.gold.interface.encodeFunctionData("balanceOf", [account])));
  }

  private async operate(
    label: string,
    from: string,
    to: string,
    data: string,
    value: bigint,
    expected: string | undefined,
    apply: () => void,
  ): Promise<void> {
    const error = await send(from, to, this.coders, data, value);
    ++this.sent;
    expect(error, `${label} by ${from}`).to.equal(expected);
    if (expected === undefined) apply();
    const key = `${label}: ${expected ?? "done"}`;
    this.seen.set(key, (this.seen.get(key) ?? 0) + 1);
  }

  private call(name: string, args: readonly unknown[]): string {
    return (this.fixture.market.interface as Interface).encodeFunctionData(name, args);
  }

  /** Signs an order; nothing is sent. */
  private list(): Promise<void> {
    const { potion, venue } = this.fixture;
    const maker = this.one(this.players);
    const taker = this.chance(6) ? this.one(this.players).address : ZeroAddress;
    const order: MarketOrder = {
      side: this.chance(2) ? SIDE.ask : SIDE.bid,
      maker: maker.address,
      taker,
      id: potion,
      amount: BigInt(1 + this.below(6)),
      token: this.one([BNB, BNB, ...this.tokens.map(({ address }) => address)]),
      unitPrice: this.one([1n, 3n, 39n, 9_999n, parseEther("0.01") + 7n, parseEther("3") + 1n]),
      maxFeeBps: this.one([this.fee, 1_000n, 100n]),
      expiry: this.chance(12) ? 1n : NO_EXPIRY,
      salt: ++this.salt,
      counter: this.chance(20) ? maker.counter + 1n : maker.counter,
    };
    const signer = this.chance(6) ? this.one(this.players) : maker;
    const hash = orderHash(order, venue);
    this.listings.push({
      order,
      hash,
      maker,
      signed: signer === maker,
      signature: signer.key.sign(hash).serialized,
      filled: 0n,
      cancelled: false,
    });
    return Promise.resolve();
  }

  /** What the contract says to a fill, in the order of its checks. */
  private verdict(listing: Listing, taker: Player, amount: bigint): string | undefined {
    const { order, maker } = listing;
    const left = order.amount - listing.filled;
    if (amount === 0n) return "FillsNothing";
    if (listing.cancelled) return "OrderIsCancelled";
    if (amount > left) return "OrderExhausted";
    if (order.expiry !== NO_EXPIRY) return "OrderExpired";
    if (order.taker !== ZeroAddress && order.taker !== taker.address) return "NotTheTaker";
    if (taker === maker) return "SelfTrade";
    if (this.fee > order.maxFeeBps) return "FeeAboveSigned";
    if (order.counter !== maker.counter) return "CounterMismatch";
    if (order.token !== BNB && this.allowed.get(order.token) !== true) return "PaymentTokenNotAllowed";
    if (!listing.signed) return "OrderNotSigned";
    const [seller, buyer] = order.side === SIDE.ask ? [maker, taker] : [taker, maker];
    const { total } = this.divide(order, amount);
    if (order.token === BNB) {
      if (order.side === SIDE.bid && this.get(this.owed, `${buyer.address} ${BNB}`) < total) return "DepositTooSmall";
    } else if (this.wallets.get(`${buyer.address} ${order.token}`)! < total) {
      return "ERC20InsufficientBalance";
    }
    return seller.potions < amount ? "ERC1155InsufficientBalance" : undefined;
  }

  private divide(order: MarketOrder, amount: bigint) {
    const total = order.unitPrice * amount;
    const [fee, royalty] = [(total * this.fee) / 10_000n, (total * ROYALTY_BPS) / 10_000n];
    return { total, fee, royalty, proceeds: total - fee - royalty };
  }

  private settle(listing: Listing, taker: Player, amount: bigint): void {
    const { order, maker } = listing;
    const { token } = order;
    const [seller, buyer] = order.side === SIDE.ask ? [maker, taker] : [taker, maker];
    const { total, fee, royalty, proceeds } = this.divide(order, amount);
    listing.filled += amount;
    seller.potions -= amount;
    buyer.potions += amount;
    this.add(this.owed, `${this.artist} ${token}`, royalty);
    this.add(this.fees, token, fee);
    if (token !== BNB) {
      this.add(this.wallets, `${buyer.address} ${token}`, -total);
      this.add(this.wallets, `${seller.address} ${token}`, proceeds);
    } else {
      if (order.side === SIDE.bid) this.add(this.owed, `${buyer.address} ${BNB}`, -total);
      this.add(this.owed, `${seller.address} ${BNB}`, proceeds);
    }
  }

  private pick(): Listing | undefined {
    return this.listings.length === 0 ? undefined : this.one(this.listings.slice(-25));
  }

  private amountOf({ order, filled }: Listing): bigint {
    const left = order.amount - filled;
    if (this.chance(15)) return 0n;
    if (this.chance(10)) return left + 1n;
    return left === 0n ? 1n : BigInt(1 + this.below(Number(left)));
  }

  private async fill(): Promise<void> {
    const listing = this.pick();
    if (listing === undefined) return;
    const taker = this.one(this.players);
    const amount = this.amountOf(listing);
    const { order, signature } = listing;
    const cost = order.side === SIDE.ask && order.token === BNB ? order.unitPrice * amount : 0n;
    const value = this.chance(15) ? cost + 1n : cost;
    const expected = this.verdict(listing, taker, amount) ?? (value === cost ? undefined : "PaymentMismatch");
    const label = `fill ${order.side === SIDE.ask ? "ask" : "bid"} ${order.token === BNB ? "BNB" : "token"}`;
    const data = this.call("fill", [order, signature, amount]);
    await this.operate(label, taker.address, this.fixture.venue.market, data, value, expected, () =>
      this.settle(listing, taker, amount),
    );
  }

  /** Two fills that are good one by one, of different orders of different makers. */
  private async fillMany(): Promise<void> {
    const taker = this.one(this.players);
    const good = this.listings
      .slice(-40)
      .filter((listing) => listing.order.side === SIDE.ask && this.verdict(listing, taker, 1n) === undefined);
    const first = good[0];
    const second = good.find(({ maker }) => maker !== first?.maker);
    if (first === undefined || second === undefined) return;
    const buying = [first, second];
    const spent = new Map<string, bigint>();
    for (const { order } of buying) if (order.token !== BNB) this.add(spent, order.token, order.unitPrice);
    for (const [token, amount] of spent) if (this.wallets.get(`${taker.address} ${token}`)! < amount) return;
    const value = buying.reduce((sum, { order }) => sum + (order.token === BNB ? order.unitPrice : 0n), 0n);
    const bad = this.chance(5);
    const fills = buying.map(({ order, signature }) => ({ order, signature, amount: 1n }));
    const error = bad ? "PaymentMismatch" : undefined;
    const data = this.call("fillMany", [fills]);
    await this.operate(
      "fillMany",
      taker.address,
      this.fixture.venue.market,
      data,
      bad ? value + 1n : value,
      error,
      () => {
        for (const listing of buying) this.settle(listing, taker, 1n);
      },
    );
  }

  private async deposit(): Promise<void> {
    const { address } = this.one(this.players);
    const amount = this.one([1n, 10_000n, parseEther("0.1"), parseEther("5")]);
    await this.operate("deposit", address, this.fixture.venue.market, this.call("deposit", []), amount, undefined, () =>
      this.add(this.owed, `${address} ${BNB}`, amount),
    );
  }

  private async withdraw(): Promise<void> {
    const address = this.chance(4) ? this.artist : this.one(this.players).address;
    const token = this.one([BNB, ...this.tokens.map((each) => each.address)]);
    const place = `${address} ${token}`;
    const amount = this.get(this.owed, place);
    const data = this.call("withdraw", [token, address]);
    const expected = amount === 0n ? "NothingOwed" : undefined;
    await this.operate("withdraw", address, this.fixture.venue.market, data, 0n, expected, () => {
      this.owed.set(place, 0n);
      if (this.wallets.has(place)) this.add(this.wallets, place, amount);
    });
  }

  private async credit(): Promise<void> {
    const token = this.one([BNB, ...this.tokens.map((each) => each.address)]);
    const amount = this.get(this.fees, token);
    const refused = token !== BNB && this.allowed.get(token) !== true ? "TokenNotAllowed" : undefined;
    const expected = amount === 0n ? "NoFees" : refused;
    const data = this.call("creditRevenue", [GAME, token]);
    await this.operate("credit", this.artist, this.fixture.venue.market, data, 0n, expected, () => {
      this.fees.set(token, 0n);
      this.add(this.credited, token, amount);
    });
  }

  private async cancel(): Promise<void> {
    const listing = this.pick();
    if (listing === undefined) return;
    const { maker, order } = listing;
    const market = this.fixture.venue.market;
    if (this.chance(6)) {
      await this.operate("raiseCounter", maker.address, market, this.call("raiseCounter", []), 0n, undefined, () => {
        maker.counter += 1n;
      });
      return;
    }
    const by = this.chance(3) ? this.one(this.players) : maker;
    const expected = by === maker ? undefined : "NotTheMaker";
    await this.operate("cancel", by.address, market, this.call("cancel", [[order]]), 0n, expected, () => {
      listing.cancelled = true;
    });
  }

  /** The timelock changes the fee, or whether a token is taken. */
  private async govern(): Promise<void> {
    const { splitter, admin, venue } = this.fixture;
    if (this.chance(2)) {
      const bps = this.one([0n, 100n, FEE_BPS, 1_000n]);
      await this.operate("setFee", admin.address, venue.market, this.call("setFee", [bps]), 0n, undefined, () => {
        this.fee = bps;
      });
      return;
    }
    const token = this.one(this.tokens).address;
    const allow = !this.chance(3);
    const data = splitter.interface.encodeFunctionData("setTokenAllowed", [token, allow]);
    await this.operate("setTokenAllowed", admin.address, await splitter.getAddress(), data, 0n, undefined, () =>
      this.allowed.set(token, allow),
    );
  }

  /** BNB and tokens that nobody asked for. */
  private async force(): Promise<void> {
    const { market } = this.fixture.venue;
    if (this.chance(2)) {
      this.add(this.forced, BNB, 1n);
      await setBalance(market, (await this.balance(market, BNB)) + 1n);
    } else {
      const { address, contract } = this.one(this.tokens);
      this.add(this.forced, address, 3n);
      await contract.mint(market, 3n);
    }
  }
}

describe("Marketplace model", () => {
  it(`holds invariants M1 to M3 over ${OPERATIONS} random operations (seed ${SEED})`, async () => {
    const fixture = await deployMarket();
    const { market, assets, operator, potion, artist, gold, silver, venue } = fixture;
    const players: Player[] = [];
    for (const name of ["dave", "erin", "frank", "grace"]) {
      const wallet = new Wallet(keccak(`market model ${name}`));
      await network.provider.send("hardhat_impersonateAccount", [wallet.address]);
      await setBalance(wallet.address, parseEther("1000000"));
      const signer = await ethers.getSigner(wallet.address);
      await assets.connect(signer).setApprovalForAll(venue.market, true);
      for (const token of [gold, silver]) {
        await token.mint(wallet, parseEther("1000"));
        await token.connect(signer).approve(market, ethers.MaxUint256);
      }
      await assets.connect(operator).mint(wallet.address, potion, 300n);
      players.push({
        name,
        address: wallet.address,
        key: new SigningKey(wallet.privateKey),
        counter: 0n,
        potions: 300n,
      });
    }
    const tokens = await Promise.all(
      [gold, silver].map(async (contract) => ({ contract, address: await contract.getAddress() })),
    );
    const run = new Run(fixture, players, tokens, artist.address);
    while (run.sent < OPERATIONS) {
      const before = run.sent;
      await run.step();
      if (run.sent > before) await run.check(run.sent % CHECK_ALL_EVERY === 0);
    }
    // The walk came to all that it is there for.
    for (const outcome of [
      ...["ask BNB", "ask token", "bid BNB", "bid token"].map((kind) => `fill ${kind}: done`),
      ...[
        "FillsNothing",
        "OrderIsCancelled",
        "OrderExhausted",
        "OrderExpired",
        "NotTheTaker",
        "SelfTrade",
        "FeeAboveSigned",
        "CounterMismatch",
        "OrderNotSigned",
        "PaymentMismatch",
      ].map((result) => `fill ask BNB: ${result}`),
      "fill bid BNB: DepositTooSmall",
      "fill ask token: PaymentTokenNotAllowed",
      "fillMany: done",
      "fillMany: PaymentMismatch",
      "deposit: done",
      "withdraw: done",
      "withdraw: NothingOwed",
      "credit: done",
      "credit: NoFees",
      "credit: TokenNotAllowed",
      "cancel: done",
      "cancel: NotTheMaker",
      "raiseCounter: done",
      "setFee: done",
    ]) {
      expect(run.seen.get(outcome) ?? 0, outcome).to.be.above(0);
    }
  });
});
