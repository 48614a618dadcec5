import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams, type CommonArgs, type Session } from "../session";
import { submit } from "../submit";
import {
  POOLS,
  openRevenue,
  openRevenueToken,
  parsePool,
  parsePosition,
  type Revenue,
  type RevenueToken,
} from "./splitter";

interface WithdrawArgs extends CommonArgs {
  readonly token: string;
  readonly to?: string;
  readonly pool?: string;
  readonly position?: string;
  readonly treasury?: boolean;
}

export interface Payment {
  readonly to: string;
  readonly amount: bigint;
}

withCommonParams(task("revenue:withdraw", "Fetches revenue: a developer's, a position's, or the treasury's"))
  .addParam("token", "BNB, COS, the symbol of a QSC, or an address")
  .addOptionalParam("to", "Who receives it; default: the account that sends")
  .addOptionalParam("pool", "node or cos, for what a position earned")
  .addOptionalParam("position", "Number of the position in that pool")
  .addFlag("treasury", "Pay the treasury what waits for it; anyone may")
  .setAction(async (args: WithdrawArgs, hre): Promise<Payment> => {
    const session = await openSession(hre, args);
    const revenue = await openRevenue(session);
    const token = await openRevenueToken(session, args.token);
    if ((args.pool === undefined) !== (args.position === undefined)) {
      throw new Refusal("--pool and --position go together: which position of which pool?");
    }
    if (args.treasury === true) return payTreasury(session, revenue, token, args);
    const to = args.to === undefined ? (await session.signer()).address : parseAccount("to", args.to);
    if (args.pool === undefined || args.position === undefined) return withdraw(session, revenue, token, to);
    return claim(session, revenue, token, { to, pool: args.pool, position: args.position });
  });

async function withdraw(session: Session, revenue: Revenue, token: RevenueToken, to: string): Promise<Payment> {
  const { splitter, address } = revenue;
  const { address: developer } = await session.signer();
  const amount = await splitter.developerDue(developer, token.address);
  const data = splitter.interface.encodeFunctionData("withdraw", [token.address, to]);
  await submit(session, `Pay ${token.show(amount)}, due to the developer ${developer}, to ${to}`, {
    to: address,
    data,
  });
  return { to, amount };
}

async function payTreasury(
  session: Session,
  { splitter, address }: Revenue,
  token: RevenueToken,
  args: WithdrawArgs,
): Promise<Payment> {
  if (args.to !== undefined || args.pool !== undefined) {
    throw new Refusal("--treasury stands alone: the treasury receives what is the treasury's");
  }
  const [to, amount] = [await splitter.treasury(), await splitter.treasuryDue(token.address)];
  const data = splitter.interface.encodeFunctionData("payTreasury", [token.address]);
  await submit(session, `Pay ${token.show(amount)} to the treasury ${to}`, { to: address, data });
  return { to, amount };
}

async function claim(
  session: Session,
  { splitter, address }: Revenue,
  token: RevenueToken,
  of: { readonly to: string; readonly pool: string; readonly position: string },
): Promise<Payment> {
  const [name, position] = [parsePool(of.pool), parsePosition(of.position)];
  const before = await splitter.claimed(POOLS[name], position, token.address);
  const data = splitter.interface.encodeFunctionData("claim", [POOLS[name], position, token.address, of.to]);
  const what = `Pay what position ${position} of pool ${name} earned by now to ${of.to}`;
  await submit(session, what, { to: address, data });
  const amount = (await splitter.claimed(POOLS[name], position, token.address)) - before;
  session.say(`  ${token.show(amount)} paid; ${token.show(before + amount)} in all`);
  return { to: of.to, amount };
}
