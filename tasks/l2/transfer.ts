import { task } from "hardhat/config";
import { payable } from "../../sdk/rollup/ledgerAccount";
import type { Receipt } from "../../sdk/rollup/sequencerApi";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams } from "../session";
import {
  balancesIn,
  openAccount,
  openAsset,
  openBalance,
  openLayer2,
  parseLeaf,
  parsePayment,
  SEQUENCER_HELP,
  type SequencerArgs,
} from "./layer2";
import { onLayer2 } from "./onLayer2";

interface TransferArgs extends SequencerArgs {
  readonly asset: string;
  readonly amount: string;
  readonly to: string;
  readonly account?: string;
}

withCommonParams(task("l2:transfer", "Pays somebody on layer 2; it costs nothing"))
  .addOptionalParam("sequencer", SEQUENCER_HELP)
  .addParam("amount", "How much, such as 1.5")
  .addParam("to", "An address, or the number of a balance")
  .addOptionalParam("asset", "BNB, COS, the symbol of a QSC, or an address", "BNB")
  .addOptionalParam("account", "Which of the sender's accounts on layer 2, where it has several")
  .setAction(async (args: TransferArgs, hre): Promise<Receipt> => {
    const session = await openSession(hre, args);
    const layer2 = await openLayer2(session, args);
    const asset = await openAsset(session, layer2.contracts, args.asset);
    const amount = parsePayment(asset, args.amount);
    if (payable(amount) !== amount) {
      throw new Refusal(`--amount ${args.amount}: too many digits for a transfer; ${asset.show(payable(amount))} goes`);
    }
    const account = await openAccount(session, layer2, asset.number, args.account);
    const { index: from } = await openBalance(account, asset, amount);

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
