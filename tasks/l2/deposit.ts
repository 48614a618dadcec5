import { setTimeout as delay } from "node:timers/promises";
import { ZeroAddress } from "ethers";
import { task } from "hardhat/config";
import type { SequencerApi } from "../../sdk/rollup/sequencerApi";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams, type Session } from "../session";
import { submit } from "../submit";
import {
  approveVault,
  balancesIn,
  onLayer2,
  openAsset,
  openLayer2,
  SEQUENCER_HELP,
  type SequencerArgs,
} from "./layer2";

interface DepositArgs extends SequencerArgs {
  readonly asset: string;
  readonly amount: string;
  readonly to?: string;
  readonly wait: string;
}

/** The queue's entry, and the balance on layer 2 once it has arrived. */
export interface Deposit {
  readonly entry: bigint;
  readonly balance: number | undefined;
}

const POLL_MS = 500;

withCommonParams(task("l2:deposit", "Sends BNB or a token to layer 2, where it costs nothing to move"))
  .addOptionalParam("sequencer", SEQUENCER_HELP)
  .addParam("amount", "How much, such as 1.5")
  .addOptionalParam("asset", "BNB, COS, the symbol of a QSC, or an address", "BNB")
  .addOptionalParam("to", "Whose it is on layer 2; default: the account that sends")
  .addOptionalParam("wait", "Seconds to wait until it has arrived", "60")
  .setAction(async (args: DepositArgs, hre): Promise<Deposit> => {
    const session = await openSession(hre, args);
    const { contracts, sequencer } = await openLayer2(session, args);
    const { rollup, vault } = contracts;
    const asset = await openAsset(session, contracts, args.asset);
    const amount = asset.parse("amount", args.amount);
    if (amount === 0n) throw new Refusal("--amount 0: more than nothing");
    const to = args.to === undefined ? (await session.signer()).address : parseAccount("to", args.to);

    const before = balancesIn(await onLayer2(() => sequencer.leavesOf(to.toLowerCase())), asset.number)[0];
    const target = await vault.getAddress();
    await approveVault(session, target, asset, amount);
    const price = await rollup.depositPrice();
    const value = price + (asset.address === ZeroAddress ? amount : 0n);
    const data = vault.interface.encodeFunctionData("deposit", [asset.number, amount, to, before?.index ?? 0]);
    const receipt = await submit(session, `Deposit ${asset.show(amount)} to ${to} on layer 2`, {
      to: target,
      data,
      value,
    });
    const event = receipt.logs
      .filter((log) => log.address === target)
      .map((log) => vault.interface.parseLog(log))
      .find((parsed) => parsed?.name === "Deposited");
    if (event == null) throw new Refusal(`the transaction ${receipt.hash} deposited nothing`);
    const entry = event.args.entry as bigint;
    session.say(`  entry ${entry} of the queue`);
    const arrived = await arrival(session, sequencer, entry, Number(args.wait));
    if (!arrived) {
      session.say("  it has not arrived yet: the next batch takes it");
      return { entry, balance: undefined };
    }
    const balance = balancesIn(await onLayer2(() => sequencer.leavesOf(to.toLowerCase())), asset.number).at(-1);
    if (balance !== undefined) session.say(`  balance ${balance.index} on layer 2 has ${asset.show(balance.amount)}`);
    return { entry, balance: balance?.index };
  });

async function arrival(session: Session, sequencer: SequencerApi, entry: bigint, seconds: number): Promise<boolean> {
  if (!(seconds >= 0)) throw new Refusal("--wait: seconds, such as 60");
  if (seconds > 0) session.say("  waiting until layer 2 has it");
  for (const end = Date.now() + 1_000 * seconds; ;) {
    const { pending } = await onLayer2(() => sequencer.info());
    if (pending.queue > entry) return true;
    if (Date.now() >= end) return false;
    await delay(POLL_MS);
  }
}
