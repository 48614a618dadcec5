import { Interface } from "ethers";

/** What the relayer needs of `contracts/validators/IValidatorRegistry.sol`, so that it runs without a build. */
export const REGISTRY = new Interface([
  "function operators() view returns (address[])",
  "function operatorOf(address account) view returns (tuple(uint8 status, uint8 absence, uint64 inactiveSince, address signer, address payout, string endpoint))",

  "function nextToSeat() view returns (address operator)",
  "function takeSeat(address operator)",
  "function publishEpoch() returns (uint64 epoch)",
  "function publishableFrom() view returns (uint256)",
  "function latestEpoch() view returns (uint64)",
  "function epochRecord(uint64 epoch) view returns (uint64 validUntil, address[] signers)",

  "error PublishedTooEarly(uint256 timestamp, uint256 earliest)",
]);

/** `OperatorStatus.Active` of the registry. */
export const OPERATOR_ACTIVE = 2n;

/** Name of the registry's error in revert data; undefined where it is none of its own. */
export function registryErrorName(data: string): string | undefined {
  try {
    return REGISTRY.parseError(data)?.name;
  } catch {
    return undefined;
  }
}
