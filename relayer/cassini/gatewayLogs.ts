import { dataSlice, type LogDescription } from "ethers";
import { type LaneEnds, type ResultRecord } from "../../protocol/hashChain";
import {
  DEFAULT_GAS_LIMIT,
  messageId,
  messageIdSeq,
  parseInteroperableAddress,
  type Message,
} from "../../protocol/message";
import type { ChainLog } from "../ports";
import { ATTRIBUTES, GATEWAY } from "./gatewayInterface";

/** What a log of the source gateway says about one lane. */
export type LaneEvent = { readonly block: bigint; readonly transactionHash: string } & (
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "result"; readonly record: ResultRecord }
  | { readonly kind: "epoch"; readonly epoch: bigint }
  | { readonly kind: "cadence"; readonly cadence: bigint }
);

function attributesOf(attributes: readonly string[]): Pick<Message, "gasLimit" | "deadline" | "reclaimable"> {
  let gasLimit = DEFAULT_GAS_LIMIT;
  let deadline = 0n;
  let reclaimable = false;
  for (const attribute of attributes) {
    const parsed = ATTRIBUTES.parseTransaction({ data: attribute });
    if (parsed === null) throw new RangeError(`unknown attribute ${dataSlice(attribute, 0, 4)}`);
    if (parsed.name === "gasLimit") gasLimit = parsed.args.value as bigint;
    else if (parsed.name === "deadline") deadline = parsed.args.value as bigint;
    else reclaimable = parsed.args.value as boolean;
  }
  return { gasLimit, deadline, reclaimable };
}

function messageOf(lane: LaneEnds, log: LogDescription): Message | undefined {
  const id = log.args.sendId as string;
  const seq = messageIdSeq(id);
  const target = BigInt(dataSlice(id, 8, 16));
  if (target !== lane.targetChainId) return undefined;
  const { sourceChainId, targetChainId, sourceGateway } = lane;
  if (id !== messageId({ sourceChainId, targetChainId, sourceGateway, seq })) {
    throw new RangeError(`a message id of another gateway: ${id}`);
  }
  const recipient = parseInteroperableAddress(log.args.recipient as string);
  if (recipient.chainId !== target) throw new RangeError(`the recipient of ${id} is on chain ${recipient.chainId}`);
  return {
    seq,
    sender: parseInteroperableAddress(log.args.sender as string).account,
    recipient: recipient.account,
    ...attributesOf([...(log.args.attributes as readonly string[])]),
    payload: log.args.payload as string,
  };
}

/**
 * The event of a log, undefined where it does not concern the lane; throws on a log that the gateway cannot have
 * emitted.
 */
export function laneEvent(lane: LaneEnds, log: ChainLog): LaneEvent | undefined {
  const parsed = GATEWAY.parseLog({ topics: [...log.topics], data: log.data });
  if (parsed === null) return undefined;
  const at = { block: log.blockNumber, transactionHash: log.transactionHash };
  switch (parsed.name) {
    case "MessageSent": {
      const message = messageOf(lane, parsed);
      return message && { ...at, kind: "message", message };
    }
    case "BatchDelivered": {
      const { sourceChainId, first, last, failures, payout } = parsed.args as unknown as ResultRecord & {
        readonly sourceChainId: bigint;
      };
      if (sourceChainId !== lane.targetChainId) return undefined;
      return { ...at, kind: "result", record: { first, last, failures, payout } };
    }
    case "EpochRotated":
      return { ...at, kind: "epoch", epoch: parsed.args.epoch as bigint };
    case "LimitsSet":
      if (parsed.args.chainId !== lane.targetChainId) return undefined;
      return { ...at, kind: "cadence", cadence: parsed.args.cadence as bigint };
    default:
      return undefined;
  }
}
