import { Interface } from "ethers";

/** What the relayer needs of `contracts/validators/IValidatorRegistry.sol`, so that it runs without a build. */
export const REGISTRY = new Interface([
  "function operators() view returns (address[])",
  "function operatorOf(address account) view returns (tuple(uint8 status, address signer, uint64 exitedAt, uint64 dutyUntil, address payout, uint256 deposit, string endpoint))",

  "function publishEpoch() returns (uint64 epoch)",
  "function publishableFrom() view returns (uint256)",
  "function latestEpoch() view returns (uint64)",
  "function epochRecord(uint64 epoch) view returns (uint64 validUntil, address[] signers)",

  "error PublishedTooEarly(uint256 timestamp, uint256 earliest)",
]);

/** `OperatorStatus.Active` of the registry. */
export const OPERATOR_ACTIVE = 1n;

/** Name of the registry's error in revert data; undefined where it is none of its own. */
export function registryErrorName(data: string): string | undefined {
  try {
    return REGISTRY.parseError(data)?.name;
  } catch {
    return undefined;
  }
}
