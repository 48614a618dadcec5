import { MaxUint256, formatEther } from "ethers";
import { task } from "hardhat/config";
import type { ContractTypes } from "../../deploy/contracts";
import { ownPosition, receiverOf, type PositionArgs } from "../claimReward";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openPledges, openSession, withCommonParams, type CommonArgs, type Session } from "../session";
import { submit } from "../submit";

/** What became of a pledge: its COS was paid, or its cooldown runs. */
export type WithdrawResult =
  | { readonly outcome: "paid"; readonly amount: bigint }
  | { readonly outcome: "leaving"; readonly withdrawableAt: bigint };

/** Where an open-ended pledge that was not left ends. */
const OPEN = MaxUint256 >> 192n;

withCommonParams(
  task("cos:withdraw", "Pays a pledge that has ended; leaves an open-ended one, and pays it when run again"),
)
  .addParam("position", "Number of the position")
  .addOptionalParam("to", "Who receives it; default: the sender")
  .setAction(async (args: CommonArgs & PositionArgs, hre): Promise<WithdrawResult> => {
    const session = await openSession(hre, args);
    const { pool } = await openPledges(session);
    const position = await ownPosition(session, pool, args.position);
    const amount = await pool.principalOf(position);
    if (amount === 0n) throw new Refusal(`position ${position} was withdrawn already`);
    const withdrawableAt = await pool.withdrawableAt(position);
    if (withdrawableAt === OPEN) return leave(session, pool, position, amount);
    if ((await session.time()) < withdrawableAt) {
      throw new Refusal(`${formatEther(amount)} COS can be withdrawn from ${timeInWords(withdrawableAt)} on`);
    }
    const receiver = await receiverOf(session, args);
    const data = pool.interface.encodeFunctionData("withdraw", [position, receiver]);
    const what = `Withdraw the ${formatEther(amount)} COS of position ${position} to ${receiver}`;
    await submit(session, what, { to: await pool.getAddress(), data });
    session.say(`  ${formatEther(amount)} COS paid to ${receiver}`);
    return { outcome: "paid", amount };
  });

async function leave(
  session: Session,
  pool: ContractTypes["COSStaking"],
  position: bigint,
  amount: bigint,
): Promise<WithdrawResult> {
  const data = pool.interface.encodeFunctionData("leave", [position]);
  const what = `Leave position ${position} of ${formatEther(amount)} COS: it earns no more, and can be withdrawn after a cooldown`;
  await submit(session, what, { to: await pool.getAddress(), data });
  const withdrawableAt = await pool.withdrawableAt(position);
  session.say(`  run this again from ${timeInWords(withdrawableAt)} on; its reward can be claimed now: cos:claim`);
  return { outcome: "leaving", withdrawableAt };
}
