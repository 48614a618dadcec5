import { formatEther } from "ethers";
import type { ContractTypes } from "../deploy/contracts";
import { timeInWords } from "./explain";
import { Refusal } from "./refusal";
import { parseAccount, parseWhole, type Session } from "./session";
import { submit } from "./submit";

/** What both pools of stakers have in common. */
export type StakePool = ContractTypes["COSStaking"] | ContractTypes["NodeStaking"];

export interface PositionArgs {
  readonly position: string;
  readonly to?: string;
}

/** The sender's position; refuses another's, and one that there is not. */
export async function ownPosition(session: Session, pool: StakePool, position: string): Promise<bigint> {
  const number = parseWhole("position", position);
  const last = await pool.lastPosition();
  if (number === 0n || number > last) throw new Refusal(`--position ${position}: there are 1 to ${last}`);
  const { owner } = await pool.spanOf(number);
  const { address } = await session.signer();
  if (owner !== address) throw new Refusal(`position ${position} is ${owner}'s, not ${address}'s: see --from`);
  return number;
}

/** The account that is paid: `--to`, or the sender. */
export async function receiverOf(session: Session, { to }: PositionArgs): Promise<string> {
  return to === undefined ? (await session.signer()).address : parseAccount("to", to);
}

/** Claims the reward of a position that has ended. */
export async function claimReward(
  session: Session,
  pool: StakePool,
  cos: ContractTypes["COSToken"],
  args: PositionArgs,
): Promise<bigint> {
  const position = await ownPosition(session, pool, args.position);
  const receiver = await receiverOf(session, args);
  const end = await pool.endOf(position);
  if ((await session.time()) < end) throw new Refusal(`the reward can be claimed from ${timeInWords(end)} on`);
  const before = await cos.balanceOf(receiver);
  const data = pool.interface.encodeFunctionData("claim", [position, receiver]);
  const what = `Claim the reward of position ${position} for ${receiver}`;
  await submit(session, what, { to: await pool.getAddress(), data });
  const amount = (await cos.balanceOf(receiver)) - before;
  session.say(`  ${formatEther(amount)} COS paid to ${receiver}`);
  return amount;
}
