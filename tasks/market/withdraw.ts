import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openCurrency, openMarket } from "./market";

interface WithdrawArgs extends CommonArgs {
  readonly token: string;
  readonly to?: string;
}

/** What was paid, and to whom. */
export interface MarketPayment {
  readonly to: string;
  readonly amount: bigint;
}

withCommonParams(task("market:withdraw", "Fetches what sales, royalties and deposits left in the market"))
  .addOptionalParam("token", "BNB, COS, the symbol of a QSC, or an address", "BNB")
  .addOptionalParam("to", "Who receives it; default: the account that sends")
  .setAction(async (args: WithdrawArgs, hre): Promise<MarketPayment> => {
    const session = await openSession(hre, args);
    const { market, venue } = await openMarket(session);
    const currency = await openCurrency(session, args.token);
    const { address } = await session.signer();
    const to = args.to === undefined ? address : parseAccount("to", args.to);
    const amount = await market.owed(address, currency.address);
    if (amount === 0n) throw new Refusal(`the market owes ${address} nothing in ${args.token}`);
    const data = market.interface.encodeFunctionData("withdraw", [currency.address, to]);
    await submit(session, `Pay ${currency.show(amount)} to ${to}`, { to: venue.market, data });
    return { to, amount };
  });
