import { task } from "hardhat/config";
import { payable } from "../../sdk/rollup/ledgerAccount";
import type { Receipt } from "../../sdk/rollup/sequencerApi";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams } from "../session";
import { balancesIn, openLayer2, parseLeaf, openSpending, withSpending, type SpendingArgs } from "./layer2";
import { onLayer2 } from "./onLayer2";

interface TransferArgs extends SpendingArgs {
  readonly amount: string;
  readonly to: string;
}

withSpending(withCommonParams(task("l2:transfer", "Pays somebody on layer 2; it costs nothing")))
  .addParam("amount", "How much, such as 1.5")
  .addParam("to", "An address, or the number of a balance")
  .setAction(async (args: TransferArgs, hre): Promise<Receipt> => {
    const session = await openSession(hre, args);
    const layer2 = await openLayer2(session, args);
    const { account, asset, amount, from } = await openSpending(session, layer2, args, args.amount);
    if (payable(amount) !== amount) {
      throw new Refusal(`--amount ${args.amount}: too many digits for a transfer; ${asset.show(payable(amount))} goes`);
    }

    await session.confirm(`Pay ${asset.show(amount)} to ${args.to} on layer 2`);
    const receipt = await onLayer2(async () => {
      if (/^\d+$/.test(args.to)) return account.transfer(from, parseLeaf("to", args.to), amount);
      const address = parseAccount("to", args.to);
      const [balance] = balancesIn(await layer2.sequencer.leavesOf(address.toLowerCase()), asset.number);
      if (balance !== undefined) return account.transfer(from, balance.index, amount);
      return account.transferToNew(from, address, amount);
    });
    const left = await onLayer2(() => account.balance(asset.number));
    session.say(`  paid, in batch ${receipt.batch}: ${receipt.hash}`);
    session.say(`  account ${account.index} has ${asset.show(left?.amount ?? 0n)} left`);
    return receipt;
  });
