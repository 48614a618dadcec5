import { DeploymentError } from "../deploymentError";
import { parseAddress, parseInteger, type EnvironmentReader } from "../environment";

export interface LaneLimits {
  /** A header may exist for every so many blocks. */
  readonly cadence: bigint;
  /** Largest gas limit of a message. */
  readonly maxGas: bigint;
  /** Longest payload. */
  readonly maxBytes: bigint;
}

/** What a message costs its sender, in mwei (10^6 wei): base + perGas × gas limit + perByte × payload bytes. */
export interface LaneFees {
  readonly base: bigint;
  readonly perGas: bigint;
  readonly perByte: bigint;
}

export interface LaneParameters {
  readonly chainId: bigint;
  readonly gateway: string;
  readonly limits: LaneLimits;
  /** Default: none. */
  readonly fees?: LaneFees;
}

/** A header at most every 4 blocks (1.8 s on BSC); 5 M gas and 48 kB leave a delivery room in any transaction. */
export const LANE_LIMITS: LaneLimits = { cadence: 4n, maxGas: 5_000_000n, maxBytes: 48_000n };

/** On a local chain nobody has to be paid. */
export const NO_FEES: LaneFees = { base: 0n, perGas: 0n, perByte: 0n };

/**
 * What a delivery costs at 0.1 gwei, twice BSC's least gas price: 100,000 gas for the delivery and its result, the
 * recipient's gas, 64 gas a byte. For a target whose gas costs more, name other prices.
 */
export const LANE_FEES: LaneFees = { base: 10_000_000n, perGas: 100n, perByte: 6_400n };

/** Every block counts: nobody waits on a local chain. */
export const LOCAL_LANE_LIMITS: LaneLimits = { cadence: 1n, maxGas: 5_000_000n, maxBytes: 48_000n };

/** `LANES=56:0xGateway,97:0xGateway` */
export function readLanes(read: EnvironmentReader, limits: LaneLimits, defaults: LaneFees): readonly LaneParameters[] {
  const fees = readFees(read, defaults);
  const list = read.optional("LANES");
  if (list === undefined) return [];
  return list.split(",").map((entry) => {
    const [chainId, gateway, rest] = entry.trim().split(":");
    if (chainId === undefined || gateway === undefined || rest !== undefined) {
      throw new DeploymentError(`"${entry}" is not of the form chainId:gateway`, { key: "LANES" });
    }
    return { chainId: parseInteger("LANES", chainId), gateway: parseAddress("LANES", gateway), limits, fees };
  });
}

/** `LANE_FEES=base:perGas:perByte`, in mwei */
function readFees(read: EnvironmentReader, defaults: LaneFees): LaneFees {
  const value = read.optional("LANE_FEES");
  if (value === undefined) return defaults;
  const [base, perGas, perByte, rest] = value.split(":").map((entry) => parseInteger("LANE_FEES", entry.trim()));
  if (base === undefined || perGas === undefined || perByte === undefined || rest !== undefined) {
    throw new DeploymentError(`"${value}" is not of the form base:perGas:perByte, in mwei`, { key: "LANE_FEES" });
  }
  for (const [amount, bits] of [
    [base, 48n],
    [perGas, 32n],
    [perByte, 32n],
  ] as const) {
    if (amount >> bits !== 0n) throw new DeploymentError(`${amount} mwei exceeds ${bits} bits`, { key: "LANE_FEES" });
  }
  return { base, perGas, perByte };
}
