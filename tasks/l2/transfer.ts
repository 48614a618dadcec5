import { task } from "hardhat/config";
import { payable } from "../../sdk/rollup/ledgerAccount";
import type { Receipt } from "../../sdk/rollup/sequencerApi";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams } from "../session";
import {
  balancesIn,
  onLayer2,
  openAccount,
  openAsset,
  openBalance,
  openLayer2,
  parseLeaf,
  SEQUENCER_HELP,
  type SequencerArgs,
} from "./layer2";

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
    const amount = asset.parse("amount", args.amount);
    if (payable(amount) !== amount) {
      throw new Refusal(`--amount ${args.amount}: too many digits for a transfer; ${asset.show(payable(amount))} goes`);
    }
    const account = await openAccount(session, layer2, args.account);
    const { index: from } = await openBalance(account, asset);

    await session.confirm(`Pay ${asset.show(amount)} to ${args.to} on layer 2`);
    const receipt = await onLayer2(async () => {
      if (!args.to.startsWith("0x")) return account.transfer(from, parseLeaf("to", args.to), amount);
      const address = parseAccount("to", args.to);
      const [balance] = balancesIn(await layer2.sequencer.leavesOf(address.toLowerCase()), asset.number);
      if (balance !== undefined) return account.transfer(from, balance.index, amount);
      return account.transferToNew(from, address, amount);
    });
    session.say(`  ${receipt.hash}: ${receipt.status}, batch ${receipt.batch}, segment ${receipt.segment}`);
    return receipt;
  });
