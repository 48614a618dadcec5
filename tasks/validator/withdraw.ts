import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openSession, parseAccount, parseWhole, withCommonParams, type CommonArgs, type Session } from "../session";
import { submit } from "../submit";
import { openBonds, parseValidator, showCOS, type Bonds } from "./bonds";

interface WithdrawArgs extends CommonArgs {
  readonly validator: string;
  readonly id?: string;
  readonly to?: string;
}

withCommonParams(task("validator:withdraw", "Pays COS that was taken out of a bond 15 days ago"))
  .addParam("validator", "The validator's account")
  .addOptionalParam("id", "Number of the unbonding; without it: all that are ready")
  .addOptionalParam("to", "Who receives it; default: the account that sends")
  .setAction(async (args: WithdrawArgs, hre): Promise<{ readonly paid: bigint; readonly ids: readonly bigint[] }> => {
    const session = await openSession(hre, args);
    const { delegation, address } = await openBonds(session);
    const validator = parseValidator(args.validator);
    const { address: delegator } = await session.signer();
    const to = args.to === undefined ? delegator : parseAccount("to", args.to);
    const ids =
      args.id === undefined ? await readyIds(session, delegation, validator, delegator) : [parseWhole("id", args.id)];
    let paid = 0n;
    for (const id of ids) {
      const { amount } = await delegation.unbondingOf(validator, delegator, id);
      const data = delegation.interface.encodeFunctionData("withdraw", [validator, id, to]);
      await submit(session, `Withdraw unbonding ${id}, ${showCOS(amount)}, to ${to}`, { to: address, data });
      paid += amount;
    }
    session.say(`  ${showCOS(paid)} paid`);
    return { paid, ids };
  });

async function readyIds(
  session: Session,
  delegation: Bonds["delegation"],
  validator: string,
  delegator: string,
): Promise<readonly bigint[]> {
  const now = await session.time();
  const { unbondings } = await delegation.positionOf(validator, delegator);
  const ready: bigint[] = [];
  let next: bigint | undefined;
  for (let id = 0n; id < unbondings; ++id) {
    const { shares, readyAt } = await delegation.unbondingOf(validator, delegator, id);
    if (shares === 0n) continue;
    if (readyAt <= now) ready.push(id);
    else if (next === undefined) next = readyAt;
  }
  if (ready.length > 0) return ready;
  throw new Refusal(
    next === undefined
      ? `${delegator} has taken nothing out at ${validator}: validator:undelegate does`
      : `nothing is ready at ${validator} before ${timeInWords(next)}`,
  );
}
