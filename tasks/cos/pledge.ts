import { formatEther, formatUnits } from "ethers";
import { task } from "hardhat/config";
import { COS } from "../../deploy/parameters/token";
import { timeInWords } from "../explain";
import { parseAmount } from "../qsc/amount";
import { Refusal } from "../refusal";
import { openPledges, openSession, parseTime, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { parseTerm, termInWords } from "./term";

interface PledgeArgs extends CommonArgs {
  readonly amount: string;
  readonly term: string;
  readonly rewardsUntil?: string;
}

const DECIMALS = 18;

/** What a pledge opened. */
export interface PledgeResult {
  readonly position: bigint;
  readonly end: bigint;
}

withCommonParams(task("cos:pledge", "Locks COS for a term, in which it earns COS"))
  .addParam("amount", "COS, such as 250.5")
  .addParam("term", "90d for 90 days, or open for a pledge that can be left at any time")
  .addOptionalParam(
    "rewardsUntil",
    "Pledge only if rewards are funded until then: Unix seconds or a time with its zone",
  )
  .setAction(async (args: PledgeArgs, hre): Promise<PledgeResult> => {
    const session = await openSession(hre, args);
    const { pool, cos } = await openPledges(session);
    const { address } = await session.signer();
    const amount = parseAmount("amount", args.amount, DECIMALS);
    const term = await parseTerm(pool, args.term);
    const minimum = await pool.MINIMUM();
    if (amount < minimum) throw new Refusal(`--amount ${args.amount}: at least ${formatEther(minimum)} COS`);
    const balance = await cos.balanceOf(address);
    if (balance < amount) throw new Refusal(`${address} has ${formatEther(balance)} COS`);
    const rewardsUntil = args.rewardsUntil === undefined ? 0n : parseTime("rewards-until", args.rewardsUntil);
    const [length, multiplier] = await pool.termOf(term);

    const to = await pool.getAddress();
    if ((await cos.allowance(address, to)) < amount) {
      const approval = cos.interface.encodeFunctionData("approve", [to, amount]);
      const what = `Let the pool take ${formatEther(amount)} COS`;
      await submit(session, what, { to: await cos.getAddress(), data: approval });
    }
    const data = pool.interface.encodeFunctionData("pledge", [term, amount, rewardsUntil]);
    const what = `Pledge ${formatEther(amount)} COS, term ${termInWords(length)}, at ${formatUnits(multiplier, 4)} of its weight`;
    const receipt = await submit(session, what, { to, data });
    const opened = receipt.logs
      .filter((log) => log.address === to)
      .map((log) => pool.interface.parseLog(log))
      .find((event) => event?.name === "Pledged");
    const [position, end] = [opened?.args.position as bigint, opened?.args.end as bigint];
    const until = length === 0n ? "until you leave it (cos:withdraw)" : `until ${timeInWords(end)}`;
    const share = (amount * multiplier * COS) / 10_000n / (await pool.totalWeight());
    session.say(`  position ${position} earns ${until}, now ${formatUnits(share, 16)} % of the pool's rewards`);
    return { position, end };
  });
