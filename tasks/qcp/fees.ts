import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openDeployment, openSession, parseChainId, parseWhole, withCommonParams, type CommonArgs } from "../session";
import { submitRestricted, type RestrictedOutcome } from "../submit";

interface FeesArgs extends CommonArgs {
  readonly chain?: string;
  readonly base?: string;
  readonly perGas?: string;
  readonly perByte?: string;
}

/** What a message of a lane costs, in mwei (10^6 wei). */
export interface LanePrices {
  readonly chainId: bigint;
  readonly base: bigint;
  readonly perGas: bigint;
  readonly perByte: bigint;
}

withCommonParams(task("qcp:fees", "Shows what messages cost, or with all of its parameters changes it for a lane"))
  .addOptionalParam("chain", "Chain id of the lane to change")
  .addOptionalParam("base", "mwei (10^6 wei) per message")
  .addOptionalParam("perGas", "mwei per unit of the message's gas limit")
  .addOptionalParam("perByte", "mwei per byte of its payload")
  .setAction(async (args: FeesArgs, hre): Promise<RestrictedOutcome | readonly LanePrices[]> => {
    const session = await openSession(hre, args);
    const { gateway } = await openDeployment(session);
    const { chain, base, perGas, perByte } = args;
    if (chain !== undefined && base !== undefined && perGas !== undefined && perByte !== undefined) {
      const chainId = parseChainId("chain", chain);
      const fees = {
        base: parseWhole("base", base),
        perGas: parseWhole("per-gas", perGas),
        perByte: parseWhole("per-byte", perByte),
      };
      const data = gateway.interface.encodeFunctionData("setFees", [chainId, fees]);
      const what = `Let a message to chain ${chainId} cost ${base} + ${perGas} per gas + ${perByte} per byte, in mwei`;
      return submitRestricted(session, what, { to: await gateway.getAddress(), data }, "LANE_ADMIN");
    }
    if ([chain, base, perGas, perByte].some((value) => value !== undefined)) {
      throw new Refusal("to change a lane's fees name all of --chain, --base, --per-gas and --per-byte");
    }
    const all: LanePrices[] = [];
    for (const chainId of await gateway.laneChainIds()) {
      const fees = await gateway.laneFees(chainId);
      all.push({ chainId, base: fees.base, perGas: fees.perGas, perByte: fees.perByte });
      const example = await gateway.quote(chainId, 32, 200_000);
      session.say(`to chain ${chainId}: ${fees.base} + ${fees.perGas} per gas + ${fees.perByte} per byte, in mwei`);
      session.say(`  32 bytes with 200,000 gas cost ${formatEther(example)}`);
    }
    return all;
  });
