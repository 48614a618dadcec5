import { ZeroAddress } from "ethers";
import { connect, type ContractTypes } from "../../deploy/contracts";
import { SIDE, readOrderFile, type MarketOrder, type MarketVenue, type SignedOrder } from "../../protocol/marketOrder";
import { readText } from "../airdrop/treeFile";
import { parseAmount } from "../qsc/amount";
import { Refusal } from "../refusal";
import { openRevenueToken, type RevenueToken } from "../revenue/splitter";
import { openDeployment, type Session } from "../session";
import { submit } from "../submit";

const BNB_DECIMALS = 18;

/** The market, and what it trades. */
export interface Market {
  readonly market: ContractTypes["Marketplace"];
  readonly assets: ContractTypes["GameAssets"];
  readonly venue: MarketVenue;
}

export async function openMarket(session: Session): Promise<Market> {
  const { games } = await openDeployment(session);
  if (games === undefined) throw new Refusal(`assets are traded on the home chain, not on ${session.network}`);
  const { assets, marketplace } = games;
  return { market: marketplace, assets, venue: { chainId: session.chainId, market: await marketplace.getAddress() } };
}

/** What an order is paid in. */
export interface Currency extends RevenueToken {
  parse(key: string, value: string): bigint;
}

/** `BNB`, `COS`, the symbol of a QSC, or an address. */
export async function openCurrency(session: Session, name: string): Promise<Currency> {
  const token = await openRevenueToken(session, name);
  const decimals =
    token.address === ZeroAddress
      ? BNB_DECIMALS
      : await (await connect("QSC", token.address, session.provider, session.artifacts)).decimals();
  return { ...token, parse: (key, value) => parseAmount(key, value, decimals) };
}

/** An order's file, if it is of this chain's market. */
export async function loadOrder(path: string, { venue }: Market): Promise<SignedOrder> {
  const signed = readOrderFile(await readText("order", path));
  if (signed === undefined) throw new Refusal(`--order ${path}: not a file of market:list`);
  const { chainId, market } = signed.venue;
  if (chainId !== venue.chainId || market !== venue.market) {
    throw new Refusal(`--order ${path}: is of the market ${market} on chain ${chainId}, not of this one`);
  }
  return signed;
}

/** Pieces of an order that can still be filled. */
export async function leftOf({ market }: Market, order: MarketOrder): Promise<bigint> {
  const filled = await market.filled(await market.hashOf(order));
  return filled >= order.amount ? 0n : order.amount - filled;
}

export function orderInWords(order: MarketOrder, amount: bigint, currency: RevenueToken): string {
  const deed = order.side === SIDE.ask ? "sells" : "buys";
  const each = currency.show(order.unitPrice);
  return `${order.maker} ${deed} ${amount} of ${order.id}, ${each} each, ${currency.show(order.unitPrice * amount)} in all`;
}

/** Lets the market move the account's assets, where it may not yet. */
export async function approveAssets(session: Session, { assets, venue }: Market): Promise<void> {
  const { address } = await session.signer();
  if (await assets.isApprovedForAll(address, venue.market)) return;
  const data = assets.interface.encodeFunctionData("setApprovalForAll", [venue.market, true]);
  await submit(session, "Let the market move your assets, for this order and later ones", {
    to: await assets.getAddress(),
    data,
  });
}

/** Lets the market take so much of the currency from the account, where it may not yet. */
export async function approveCurrency(
  session: Session,
  { venue }: Market,
  currency: Currency,
  amount: bigint,
): Promise<void> {
  const { address } = await session.signer();
  const token = await connect("QSC", currency.address, session.provider, session.artifacts);
  if ((await token.allowance(address, venue.market)) >= amount) return;
  const data = token.interface.encodeFunctionData("approve", [venue.market, amount]);
  await submit(session, `Let the market take ${currency.show(amount)}`, { to: currency.address, data });
}
