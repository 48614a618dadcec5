import { Interface, type ErrorDescription } from "ethers";

const ROTATION = "tuple(uint64 epoch, uint64 validUntil, address[] signers)";

/** What the relayer needs of a gateway: a subset of `contracts/crosschain/IGateway.sol`, so that it runs without a build. */
export const GATEWAY = new Interface([
  "event MessageSent(bytes32 indexed sendId, bytes sender, bytes recipient, bytes payload, uint256 value, bytes[] attributes)",
  "event BatchDelivered(uint64 indexed sourceChainId, uint64 first, uint64 last, uint256 failures, address payout)",
  "event EpochRotated(uint64 indexed epoch, uint64 validUntil, address[] signers)",
  "event LimitsSet(uint64 indexed chainId, uint16 cadence, uint32 maxGas, uint24 maxBytes)",

  "function deliver(bytes delivery)",
  `function rotate(${ROTATION} rotation, uint256 signers, bytes signatures)`,
  "function laneState(uint64 chainId) view returns (tuple(address remoteGateway, uint64 outSeq, bytes32 outAcc, uint64 ackSeq, bytes32 ackAcc, uint64 inSeq, bytes32 resAcc, uint16 cadence, uint32 maxGas, uint24 maxBytes, bool paused))",
  "function currentEpoch() view returns (uint64)",
  "function epochValidUntil(uint64 epoch) view returns (uint64)",
  "function signersOf(uint64 epoch) view returns (address[] signers)",

  "error UnknownLane(uint256 chainId)",
  "error LanePaused(uint64 chainId)",
  "error NothingToDeliver()",
  "error BatchTooLarge(uint256 messages, uint256 max)",
  "error StaleHeader(uint64 toSeq, uint64 inSeq)",
  "error DeliveryMalformed(uint256 length, uint256 expected)",
  "error MessageOutOfOrder(uint64 seq, uint64 expected)",
  "error AccumulatorMismatch(bytes32 acc, bytes32 expected)",
  "error InsufficientGas(uint64 seq, uint256 available, uint256 required)",
  "error AckAhead(uint64 ackSeq, uint64 outSeq)",
  "error AckBehind(uint64 ackSeq, uint64 known)",
  "error ResultOutOfOrder(uint64 first, uint64 last, uint64 expectedFirst)",
  "error ResultMismatch(bytes32 resAcc, bytes32 expected)",
  "error EpochNotAccepted(uint64 epoch, uint64 validUntil, uint256 timestamp)",
  "error EpochNotNewer(uint64 epoch, uint64 current)",
  "error RotationTooEarly(uint256 timestamp, uint256 earliest)",
  "error ValidityOutOfRange(uint64 validUntil, uint256 latest)",
  "error InvalidSignature(uint256 index, address recovered, address expected)",
]);

/** Attributes of a message, as `IOutbox` takes them. */
export const ATTRIBUTES = new Interface([
  "function gasLimit(uint256 value)",
  "function deadline(uint256 value)",
  "function reclaimable(bool value)",
]);

/**
 * Reverts of a delivery or rotation that say another operator was faster: not a fault of anybody.
 */
const OVERTAKEN: ReadonlySet<string> = new Set([
  "StaleHeader",
  "NothingToDeliver",
  "MessageOutOfOrder",
  "AckBehind",
  "ResultOutOfOrder",
  "EpochNotNewer",
]);

/** The gateway's error in revert data; undefined where it is none of its own. */
export function gatewayError(data: string): ErrorDescription | undefined {
  try {
    return GATEWAY.parseError(data) ?? undefined;
  } catch {
    return undefined;
  }
}

export function gatewayErrorName(data: string): string | undefined {
  return gatewayError(data)?.name;
}

export function isOvertaken(data: string): boolean {
  const name = gatewayErrorName(data);
  return name !== undefined && OVERTAKEN.has(name);
}
