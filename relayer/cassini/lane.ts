import type { LaneEnds } from "../../protocol/hashChain";
import type { Target } from "../../protocol/header";

export const sourceOf = (lane: LaneEnds): Target => ({ chainId: lane.sourceChainId, gateway: lane.sourceGateway });

export const targetOf = (lane: LaneEnds): Target => ({ chainId: lane.targetChainId, gateway: lane.targetGateway });

/** The other direction: whose messages this lane's source receives. */
export const opposite = (lane: LaneEnds): LaneEnds => ({
  sourceChainId: lane.targetChainId,
  sourceGateway: lane.targetGateway,
  targetChainId: lane.sourceChainId,
  targetGateway: lane.sourceGateway,
});
