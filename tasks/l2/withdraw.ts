import { getAddress } from "ethers";
import { task } from "hardhat/config";
import type { SequencerApi } from "../../sdk/rollup/sequencerApi";
import { Refusal } from "../refusal";
import { openSession, withCommonParams, type Session } from "../session";
import { submit } from "../submit";
import { assetOf, openLayer2, parseLeaf, type Layer2, openSpending, withSpending, type SpendingArgs } from "./layer2";
import { onLayer2 } from "./onLayer2";

interface WithdrawArgs extends SpendingArgs {
  readonly amount?: string;
  readonly claim?: string;
}

/** Leaves of exits: made on layer 2 now, or paid on layer 1 now. */
export interface Withdrawn {
  readonly exits: readonly number[];
}

withSpending(
  withCommonParams(
    task("l2:withdraw", "Takes money off layer 2: first an exit there, and once it is final the payment here"),
  ),
)
  .addOptionalParam("amount", "How much leaves layer 2, such as 1.5")
  .addOptionalParam("claim", "Pay this exit here: its leaf, or `all` that are final")
  .setAction(async (args: WithdrawArgs, hre): Promise<Withdrawn> => {
    const session = await openSession(hre, args);
    const layer2 = await openLayer2(session, args);
    if ((args.amount === undefined) === (args.claim === undefined)) {
      throw new Refusal("name --amount to leave layer 2, or --claim to be paid what has left it");
    }
    return args.claim === undefined ? leave(session, layer2, args) : claim(session, layer2, args.claim);
  });

async function leave(session: Session, layer2: Layer2, args: WithdrawArgs): Promise<Withdrawn> {
  const { account, asset, amount, from } = await openSpending(session, layer2, args, args.amount ?? "");
  await session.confirm(`Take ${asset.show(amount)} off layer 2`);
  const receipt = await onLayer2(() => account.withdraw(from, amount));
  const [exit] = receipt.leaves;
  if (exit === undefined) throw new Refusal(`the sequencer names no exit of ${receipt.hash}: see its receipt`);
  const window = await layer2.contracts.rollup.CHALLENGE_SECONDS();
  session.say(
    `  exit ${exit}, in batch ${receipt.batch}: final ${window} s after that batch is posted. Then it is paid by`,
  );
  session.say(`  npx hardhat l2:withdraw --network ${session.network} --claim ${exit}`);
  return { exits: [exit] };
}

async function claim(session: Session, layer2: Layer2, which: string): Promise<Withdrawn> {
  const { contracts, sequencer } = layer2;
  const exits = which === "all" ? await unpaid(session, layer2) : [parseLeaf("claim", which)];
  const paid: number[] = [];
  for (const exit of exits) {
    if (await contracts.vault.isClaimed(exit)) throw new Refusal(`exit ${exit} is paid: nothing to do`);
    const what = await inWordsOf(session, layer2, sequencer, exit);
    const evidence = await onLayer2(() => sequencer.proof(exit, "final"));
    if (evidence === undefined) {
      const message = `${what}: its batch is not final yet`;
      if (which !== "all") throw new Refusal(`${message}, try again once its window is over`);
      session.say(`  ${message}`);
      continue;
    }
    const { batch, index, leaf, siblings } = evidence;
    const proof = [batch, { index, leaf, siblings }] as const;
    const data = contracts.vault.interface.encodeFunctionData("claimExit", proof as never);
    await submit(session, `Pay ${what}`, { to: await contracts.vault.getAddress(), data });
    paid.push(exit);
  }
  if (exits.length === 0) session.say("nothing has left layer 2 that is not paid");
  return { exits: paid };
}

async function unpaid(session: Session, { contracts, sequencer }: Layer2): Promise<readonly number[]> {
  const { address } = await session.signer();
  const leaves = await onLayer2(() => sequencer.leavesOf(address.toLowerCase()));
  const exits = leaves.filter(({ kind }) => kind === "Exit" || kind === "ItemExit").map(({ index }) => index);
  const claimed = await Promise.all(exits.map((exit) => contracts.vault.isClaimed(exit)));
  return exits.filter((_, i) => claimed[i] !== true);
}

async function inWordsOf(
  session: Session,
  { contracts }: Layer2,
  sequencer: SequencerApi,
  exit: number,
): Promise<string> {
  const leaf = await onLayer2(() => sequencer.leaf(exit));
  if (leaf?.kind === "ItemExit") return `exit ${exit}, ${leaf.amount} of item ${leaf.id} to ${getAddress(leaf.owner)}`;
  if (leaf?.kind !== "Exit") throw new Refusal(`--claim ${exit}: leaf ${exit} of layer 2 is no exit`);
  return `exit ${exit}, ${(await assetOf(session, contracts, leaf.asset)).show(leaf.amount)} to ${getAddress(leaf.owner)}`;
}
