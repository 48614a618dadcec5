import type { LaneEnds } from "../../protocol/hashChain";
import type { ChainReader } from "../ports";
import { GATEWAY } from "./gatewayInterface";
import type { TargetState } from "./plan";

/** A lane's target as its gateway shows it. */
export interface TargetView extends TargetState {
  readonly paused: boolean;
}

/** By call: whatever is done because of it, the gateway checks again. */
export async function readTarget(lane: LaneEnds, target: ChainReader, signal: AbortSignal): Promise<TargetView> {
  const call = GATEWAY.encodeFunctionData("laneState", [lane.sourceChainId]);
  const data = await target.call(lane.targetGateway, call, signal);
  return GATEWAY.decodeFunctionResult("laneState", data)[0] as unknown as TargetView;
}
