import { setTimeout as delay } from "node:timers/promises";
import { ZeroAddress } from "ethers";
import { task } from "hardhat/config";
import type { SequencerApi } from "../../sdk/rollup/sequencerApi";
import { openSession, parseAccount, parseWhole, withCommonParams, type Session } from "../session";
import { submit } from "../submit";
import {
  approveVault,
  balancesIn,
  openAccounts,
  openAsset,
  openLayer2,
  parsePayment,
  type Asset,
  type Layer2,
  type SequencerArgs,
  vaultEvent,
  withAsset,
  withSequencer,
} from "./layer2";
import { onLayer2 } from "./onLayer2";

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

withAsset(
  withSequencer(
    withCommonParams(task("l2:deposit", "Sends BNB or a token to layer 2, where it costs nothing to move")),
  ),
)
  .addParam("amount", "How much, such as 1.5")
  .addOptionalParam("to", "Whose it is on layer 2; default: the account that sends")
  .addOptionalParam("wait", "Seconds to wait until it has arrived", "60")
  .setAction(async (args: DepositArgs, hre): Promise<Deposit> => {
    const session = await openSession(hre, args);
    const layer2 = await openLayer2(session, args);
    const { contracts, sequencer } = layer2;
    const { rollup, vault } = contracts;
    const asset = await openAsset(session, contracts, args.asset);
    const amount = parsePayment(asset, args.amount);
    const wait = parseWhole("wait", args.wait);
    const own = (await session.signer()).address;
    const to = args.to === undefined ? own : parseAccount("to", args.to);

    const [known] = balancesIn(await onLayer2(() => sequencer.leavesOf(to.toLowerCase())), asset.number);
    const target = await vault.getAddress();
    await approveVault(session, target, asset, amount);
    const into = known?.index ?? (to === own ? await openOwnBalance(session, layer2, asset) : 0);
    const price = await rollup.depositPrice();
    const value = price + (asset.address === ZeroAddress ? amount : 0n);
    const data = vault.interface.encodeFunctionData("deposit", [asset.number, amount, to, into]);
    const receipt = await submit(session, `Deposit ${asset.show(amount)} to ${to} on layer 2`, {
      to: target,
      data,
      value,
    });
    const entry = vaultEvent(vault, receipt, "Deposited").args.entry as bigint;
    session.say(`  entry ${entry} of the queue`);
    const arrived = await arrival(session, sequencer, entry, Number(wait));
    if (!arrived) {
      session.say("  it has not arrived yet: it will with one of the next batches, after an hour at the latest");
      return { entry, balance: undefined };
    }
    const balance = balancesIn(await onLayer2(() => sequencer.leavesOf(to.toLowerCase())), asset.number).at(-1);
    if (balance !== undefined) session.say(`  balance ${balance.index} on layer 2 has ${asset.show(balance.amount)}`);
    return { entry, balance: balance?.index };
  });

/** A balance of the signer's account in an asset that it has none of yet; 0 where it has no account: the deposit makes both. */
async function openOwnBalance(session: Session, layer2: Layer2, asset: Asset): Promise<number> {
  const [account] = await openAccounts(session, layer2);
  if (account === undefined) return 0;
  const { leaves } = await onLayer2(() => account.openBalance(asset.number));
  return leaves[0] ?? 0;
}

async function arrival(session: Session, sequencer: SequencerApi, entry: bigint, seconds: number): Promise<boolean> {
  if (seconds > 0) session.say("  waiting until layer 2 has it");
  for (const end = Date.now() + 1_000 * seconds; ;) {
    const { pending } = await onLayer2(() => sequencer.info());
    if (pending.queue > entry) return true;
    if (Date.now() >= end) return false;
    await delay(POLL_MS);
  }
}
