import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openSession, openToken, parseChainId, parseWhole, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { unitOf } from "./amount";

interface LimitArgs extends CommonArgs {
  readonly token: string;
  readonly chain: string;
  readonly limit?: string;
  readonly window: string;
}

/** What a chain may release of a token here. */
export interface LimitStatus {
  readonly capacity: bigint;
  readonly window: bigint;
  readonly available: bigint;
  /** Unix seconds from which another limit follows; 0: none. */
  readonly nextFrom: bigint;
}

withCommonParams(task("qsc:limit", "Shows what another chain may release of a token here, or with --limit changes it"))
  .addParam("token", "The token: its address, or its symbol")
  .addParam("chain", "Chain id of the counterpart")
  .addOptionalParam("limit", "How much per window, such as 1000: lower at once, higher after the admin's delay")
  .addOptionalParam("window", "Seconds", "86400")
  .setAction(async (args: LimitArgs, hre): Promise<LimitStatus> => {
    const session = await openSession(hre, args);
    const chainId = parseChainId("chain", args.chain);
    const token = await openToken(session, args.token);
    const unit = await unitOf(token);
    if (args.limit !== undefined) {
      const inbound = { capacity: unit.parse("limit", args.limit), window: parseWhole("window", args.window) };
      const data = token.interface.encodeFunctionData("setInboundLimit", [chainId, inbound]);
      const what = `Let chain ${chainId} release ${unit.show(inbound.capacity)} per ${inbound.window} s`;
      await submit(session, what, { to: await token.getAddress(), data });
    }
    const { inbound, available, next, from } = await token.inboundLimit(chainId);
    if (inbound.window === 0n && from === 0n) throw new Refusal(`the token has no counterpart on chain ${chainId}`);
    session.say(`chain ${chainId} may release ${unit.show(inbound.capacity)} per ${inbound.window} s`);
    session.say(`  ${unit.show(available)} of it are left now`);
    if (from !== 0n) {
      session.say(`  from ${timeInWords(from)} on ${unit.show(next.capacity)} per ${next.window} s`);
    }
    return { capacity: inbound.capacity, window: inbound.window, available, nextFrom: from };
  });
