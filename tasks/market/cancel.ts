import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { leftOf, loadOrder, openCurrency, openMarket, orderInWords } from "./market";

interface CancelArgs extends CommonArgs {
  readonly order?: string;
  readonly all?: boolean;
}

withCommonParams(task("market:cancel", "Voids an order of yours, or all of them, before they expire"))
  .addOptionalParam("order", "File of market:list")
  .addFlag("all", "Void every order that the account has signed so far")
  .setAction(async (args: CancelArgs, hre): Promise<void> => {
    const session = await openSession(hre, args);
    const here = await openMarket(session);
    const { address } = await session.signer();
    if ((args.order === undefined) !== (args.all === true)) {
      throw new Refusal("name either --order, the file of one, or --all");
    }
    if (args.order === undefined) {
      const data = here.market.interface.encodeFunctionData("raiseCounter");
      await submit(session, `Void all orders of ${address} so far`, { to: here.venue.market, data });
      return;
    }
    const { order } = await loadOrder(args.order, here);
    if (order.maker !== address) throw new Refusal(`--order ${args.order}: ${order.maker} made it, not ${address}`);
    const left = await leftOf(here, order);
    if (left === 0n) throw new Refusal(`--order ${args.order}: nothing of it is left to void`);
    const data = here.market.interface.encodeFunctionData("cancel", [[order]]);
    const currency = await openCurrency(session, order.token);
    await submit(session, `Void what is left of an order: ${orderInWords(order, left, currency)}`, {
      to: here.venue.market,
      data,
    });
  });
