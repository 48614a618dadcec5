import { task } from "hardhat/config";
import { LANE_LIMITS } from "../../deploy/parameters/lanes";
import { fileRecorder } from "../../deploy/record";
import { Refusal } from "../refusal";
import {
  openDeployment,
  openSession,
  parseAccount,
  parseChainId,
  parseWhole,
  withCommonParams,
  type CommonArgs,
} from "../session";
import { submitRestricted, type RestrictedOutcome } from "../submit";

interface AddLaneArgs extends CommonArgs {
  readonly chain: string;
  readonly gateway: string;
  readonly cadence: string;
  readonly maxGas: string;
  readonly maxBytes: string;
}

withCommonParams(task("qcp:add-lane", "Opens a lane to the gateway of another chain, for good"))
  .addParam("chain", "Chain id at its other end")
  .addParam("gateway", "Gateway on that chain")
  .addOptionalParam("cadence", "A header may exist for every so many blocks", LANE_LIMITS.cadence.toString())
  .addOptionalParam("maxGas", "Largest gas limit of a message", LANE_LIMITS.maxGas.toString())
  .addOptionalParam("maxBytes", "Longest payload", LANE_LIMITS.maxBytes.toString())
  .setAction(async (args: AddLaneArgs, hre): Promise<RestrictedOutcome> => {
    const session = await openSession(hre, args);
    const chainId = parseChainId("chain", args.chain);
    const remote = parseAccount("gateway", args.gateway);
    const limits = {
      cadence: parseWhole("cadence", args.cadence),
      maxGas: parseWhole("max-gas", args.maxGas),
      maxBytes: parseWhole("max-bytes", args.maxBytes),
    };
    const { gateway, record } = await openDeployment(session);
    if (chainId === session.chainId) throw new Refusal(`--chain ${chainId}: this is that chain`);
    if ((await gateway.laneChainIds()).includes(chainId)) {
      const { remoteGateway } = await gateway.laneState(chainId);
      throw new Refusal(`the lane to chain ${chainId} is open, to ${remoteGateway}; a lane is opened once, for good`);
    }
    const data = gateway.interface.encodeFunctionData("addLane", [chainId, remote, limits]);
    const call = { to: await gateway.getAddress(), data };
    const result = await submitRestricted(
      session,
      `Open the lane to ${remote} on chain ${chainId}`,
      call,
      "LANE_ADMIN",
    );
    if (result.outcome === "executed") {
      const lanes = [...record.lanes, { chainId: chainId.toString(), gateway: remote }];
      await fileRecorder(session.recordFile).save({ ...record, lanes });
    }
    return result;
  });
