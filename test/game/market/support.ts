import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { ethers } from "hardhat";
import { MaxUint256, ZeroAddress, parseEther, type AddressLike } from "ethers";
import type { GameRevenue, HostileERC20Mock, Marketplace, RevenueSplitter } from "../../../typechain-types";
import { ORDER_TYPES, SIDE, marketDomain, type MarketOrder, type MarketVenue } from "../../../protocol/marketOrder";
import { BNB, allowCredit, deploySplitter, type RevenueFixture } from "../../staking/revenueSupport";
import { defineItems, deployAssets, now, type AssetFixture, type Items, type Sent } from "../assets/support";

export { BNB };
export const CHAIN = 31_337n;
export const FEE_BPS = 250n;
export const ROYALTY_BPS = 500n;
export const PRICE = parseEther("0.1");
const MARKET_ROLE = 2n;
export const TIMELOCK_ROLE = 3n;

export interface MarketFixture extends AssetFixture, Items {
  readonly splitter: RevenueSplitter;
  readonly pools: Pick<RevenueFixture, "nodes" | "pledges">;
  readonly revenue: GameRevenue;
  readonly market: Marketplace;
  readonly venue: MarketVenue;
  /** Two tokens that revenue may come in; everybody has some, which the market may take. */
  readonly gold: HostileERC20Mock;
  readonly silver: HostileERC20Mock;
}

/** Alice has ten potions, three swords and a hero (`hero + 1n`); the market may move what anybody has. */
export async function deployMarket(): Promise<MarketFixture> {
  const pools = await deploySplitter();
  const { splitter, gold, silver, manager } = pools;
  const fixture = await deployAssets(manager);
  const { registry, assets, admin, operator, alice, bob, carol, rival } = fixture;
  const revenue = await ethers.deployContract("GameRevenue", [manager, registry, splitter]);
  const market = await ethers.deployContract("Marketplace", [manager, assets, revenue, FEE_BPS]);
  const address = await market.getAddress();
  await allowCredit(manager, splitter, await revenue.getAddress());
  const credit = revenue.interface.getFunction("credit").selector;
  await manager.setTargetFunctionRole(revenue, [credit], MARKET_ROLE);
  await manager.grantRole(MARKET_ROLE, address, 0);
  const setFee = market.interface.getFunction("setFee").selector;
  await manager.setTargetFunctionRole(market, [setFee], TIMELOCK_ROLE);
  await manager.grantRole(TIMELOCK_ROLE, admin, 0);
  for (const account of [alice, bob, carol, rival]) {
    await assets.connect(account).setApprovalForAll(address, true);
    for (const token of [gold, silver]) {
      await token.mint(account, parseEther("1000"));
      await token.connect(account).approve(address, MaxUint256);
    }
  }
  const items = await defineItems(fixture);
  const by = assets.connect(operator);
  await by.mint(alice, items.potion, 10n);
  await by.mint(alice, items.sword, 3n);
  await by.mint(alice, items.hero, 1n);
  return {
    ...fixture,
    ...items,
    splitter,
    pools,
    revenue,
    market,
    venue: { chainId: CHAIN, market: address },
    gold,
    silver,
  };
}

/** Alice's ask for four potions in BNB, or as changed. */
export async function orderOf(
  { alice, potion }: Pick<MarketFixture, "alice" | "potion">,
  change: Partial<MarketOrder> = {},
): Promise<MarketOrder> {
  return {
    side: SIDE.ask,
    maker: alice.address,
    taker: ZeroAddress,
    id: potion,
    amount: 4n,
    token: BNB,
    unitPrice: PRICE,
    maxFeeBps: FEE_BPS,
    expiry: (await now()) + 1_000n,
    salt: 7n,
    counter: 0n,
    ...change,
  };
}

export async function sign(venue: MarketVenue, by: HardhatEthersSigner, order: MarketOrder): Promise<string> {
  return by.signTypedData(marketDomain(venue), ORDER_TYPES, order);
}

/** Fills with the BNB that it costs, or as said. */
export function fill(
  { market }: Pick<MarketFixture, "market">,
  by: HardhatEthersSigner,
  order: MarketOrder,
  signature: string,
  amount: bigint,
  value = order.side === SIDE.ask && order.token === BNB ? order.unitPrice * amount : 0n,
): Sent {
  return market.connect(by).fill(order, signature, amount, { value });
}

/** How a total is divided. */
export function divided(total: bigint, royaltyBps = ROYALTY_BPS, feeBps = FEE_BPS) {
  const [fee, royalty] = [(total * feeBps) / 10_000n, (total * royaltyBps) / 10_000n];
  return { fee, royalty, proceeds: total - fee - royalty };
}

/** What the market has of a token. */
export async function held({ venue, gold, silver }: MarketFixture, token: AddressLike): Promise<bigint> {
  if (token === BNB) return ethers.provider.getBalance(venue.market);
  return (token === gold ? gold : silver).balanceOf(venue.market);
}
