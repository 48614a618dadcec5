import { Interface } from "ethers";

/** What the relayer needs of `contracts/validators/Liveness.sol`, so that it runs without a build. */
export const LIVENESS = new Interface([
  "function openSample(uint64 target, tuple(uint64 source, uint64 sourceBlock, uint64 epoch, uint64 toSeq, bytes32 acc, uint64 ackSeq, bytes32 resAcc) header, uint256 signers, bytes signatures) returns (uint256 slot)",
  "function addSignatures(uint256 slot, uint256 signers, bytes signatures)",
  "function closePeriod() returns (uint256 period)",
  "function openPeriod() view returns (uint256)",
  "function closableAt() view returns (uint256)",
  "function currentSlot() view returns (uint256)",
  "function lastSampledBlock() view returns (uint64)",
  "function sampleOf(uint256 slot) view returns (tuple(bytes32 digest, uint64 epoch, uint32 signed))",
  "function SLOTS() view returns (uint64)",

  "error SampleExists(uint256 slot)",
  "error NoSample(uint256 slot)",
  "error SourceBlockOutOfRange(uint256 sourceBlock, uint256 min, uint256 max)",
  "error NotAnEpochOfRegistry(uint64 epoch)",
  "error SamplesEpochExpired(uint64 epoch, uint256 timestamp, uint256 validUntil)",
  "error NotSignedByMember(uint256 index, address recovered, address member)",
  "error PeriodStillOpen(uint256 period, uint256 timestamp, uint256 closableAt)",
  "error PeriodAlreadyClosed(uint256 period, uint256 next)",
]);

/** Reverts that say another operator was faster, or that the chain's clock is behind: nobody's fault. */
const OVERTAKEN: ReadonlySet<string> = new Set([
  "SampleExists",
  "NoSample",
  "SourceBlockOutOfRange",
  "PeriodStillOpen",
  "PeriodAlreadyClosed",
]);

/** Why a call is refused; undefined where it only came too late or too early. */
export function livenessRefusal(data: string): string | undefined {
  let name = data;
  try {
    name = LIVENESS.parseError(data)?.name ?? data;
  } catch {
    // None of its own: what it calls refused.
  }
  return OVERTAKEN.has(name) ? undefined : name;
}
