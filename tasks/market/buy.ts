import { ZeroAddress } from "ethers";
import { task } from "hardhat/config";
import { SIDE } from "../../protocol/marketOrder";
import { Refusal } from "../refusal";
import { openSession, parseWhole, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { approveAssets, approveCurrency, leftOf, loadOrder, openCurrency, openMarket, orderInWords } from "./market";

interface BuyArgs extends CommonArgs {
  readonly order: string;
  readonly amount?: string;
}

/** What was filled. */
export interface Trade {
  readonly amount: bigint;
  readonly total: bigint;
  /** Pieces of the order that are left. */
  readonly left: bigint;
}

withCommonParams(task("market:buy", "Fills an order: buys what it sells, or sells what it buys"))
  .addParam("order", "File of market:list")
  .addOptionalParam("amount", "How many pieces; default: all that are left")
  .setAction(async (args: BuyArgs, hre): Promise<Trade> => {
    const session = await openSession(hre, args);
    const here = await openMarket(session);
    const { order, signature } = await loadOrder(args.order, here);
    const left = await leftOf(here, order);
    if (left === 0n) throw new Refusal(`--order ${args.order}: it is filled or cancelled`);
    const amount = args.amount === undefined ? left : parseWhole("amount", args.amount);
    if (amount === 0n || amount > left) throw new Refusal(`--amount ${amount}: 1 to ${left} are left`);
    const currency = await openCurrency(session, order.token);
    const total = order.unitPrice * amount;
    const asks = order.side === SIDE.ask;

    if (!asks) await approveAssets(session, here);
    else if (order.token !== ZeroAddress) await approveCurrency(session, here, currency, total);
    const data = here.market.interface.encodeFunctionData("fill", [order, signature, amount]);
    const value = asks && order.token === ZeroAddress ? total : 0n;
    const what = `${asks ? "Buy from" : "Sell to"} an order: ${orderInWords(order, amount, currency)}`;
    await submit(session, what, { to: here.venue.market, data, value });
    const { address } = await session.signer();
    session.say(`  you have ${await here.assets.balanceOf(address, order.id)} of it`);
    if (!asks && order.token === ZeroAddress) session.say("  your part waits in the market: market:withdraw");
    return { amount, total, left: left - amount };
  });
