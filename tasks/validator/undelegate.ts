import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { parseAmount } from "../qsc/amount";
import { Refusal } from "../refusal";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openBonds, parseValidator, showCOS } from "./bonds";

interface UndelegateArgs extends CommonArgs {
  readonly validator: string;
  readonly amount?: string;
}

/** Worth of a share that was never slashed. */
const SCALE = 10n ** 27n;

withCommonParams(task("validator:undelegate", "Takes COS out of a bond: to be withdrawn 15 days later"))
  .addParam("validator", "The validator's account")
  .addOptionalParam("amount", "How much COS, such as 12.5; without it: all")
  .setAction(async (args: UndelegateArgs, hre): Promise<{ readonly id: bigint; readonly readyAt: bigint }> => {
    const session = await openSession(hre, args);
    const { delegation, address } = await openBonds(session);
    const validator = parseValidator(args.validator);
    const { address: delegator } = await session.signer();
    const position = await delegation.positionOf(validator, delegator);
    if (position.shares === 0n) throw new Refusal(`${delegator} has no bond at ${validator}`);
    const { index } = await delegation.poolOf(validator);
    const shares = args.amount === undefined ? position.shares : sharesOf(args.amount, position, index);
    const worth = (shares * index) / SCALE;
    const data = delegation.interface.encodeFunctionData("undelegate", [validator, shares]);
    await submit(session, `Take ${showCOS(worth)} out of the bond at ${validator}: slashable until it is withdrawn`, {
      to: address,
      data,
    });
    const id = (await delegation.positionOf(validator, delegator)).unbondings - 1n;
    const { readyAt } = await delegation.unbondingOf(validator, delegator, id);
    session.say(`  unbonding ${id}: validator:withdraw pays it from ${timeInWords(readyAt)} on`);
    return { id, readyAt };
  });

/** Shares that are worth `amount`: rounded up, for at least what was asked for, but all of them for the whole bond. */
function sharesOf(amount: string, held: { readonly shares: bigint; readonly bond: bigint }, index: bigint): bigint {
  const wanted = parseAmount("amount", amount, 18n);
  if (wanted > held.bond) throw new Refusal(`--amount ${amount}: the bond is ${showCOS(held.bond)}`);
  return wanted === held.bond ? held.shares : (wanted * SCALE + index - 1n) / index;
}
