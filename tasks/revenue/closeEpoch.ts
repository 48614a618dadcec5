import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { openSession, parseWhole, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { POOLS, openRevenue, openRevenueToken, parsePool, type PoolName } from "./splitter";

interface CloseEpochArgs extends CommonArgs {
  readonly token: string;
  readonly pool?: string;
  readonly max: string;
}

const EPOCH_SECONDS = 604_800n;

/** First epoch that is still open, by pool. */
export type OpenEpochs = Readonly<Partial<Record<PoolName, bigint>>>;

withCommonParams(task("revenue:close-epoch", "Settles the weeks of a token's revenue that have ended"))
  .addParam("token", "BNB, COS, the symbol of a QSC, or an address")
  .addOptionalParam("pool", "node or cos; default: both")
  .addOptionalParam("max", "Weeks to settle at most, in each pool", "100")
  .setAction(async (args: CloseEpochArgs, hre): Promise<OpenEpochs> => {
    const session = await openSession(hre, args);
    const max = parseWhole("max", args.max);
    const { splitter, address } = await openRevenue(session);
    const token = await openRevenueToken(session, args.token);
    const names = args.pool === undefined ? (["node", "cos"] as const) : [parsePool(args.pool)];
    const result: Partial<Record<PoolName, bigint>> = {};
    for (const name of names) {
      const before = await splitter.openEpoch(POOLS[name], token.address);
      const current = (await session.time()) / EPOCH_SECONDS;
      if (before === 0n || before < current) {
        const data = splitter.interface.encodeFunctionData("closeEpoch", [POOLS[name], token.address, max]);
        await submit(session, `Close up to ${max} of ${current - before} weeks of ${args.token}, pool ${name}`, {
          to: address,
          data,
        });
      }
      const open = await splitter.openEpoch(POOLS[name], token.address);
      session.say(`  pool ${name}: settled up to ${timeInWords(open * EPOCH_SECONDS)}`);
      session.say(`    ${token.show(await splitter.streamOf(POOLS[name], token.address, open))} in the week from then`);
      result[name] = open;
    }
    return result;
  });
