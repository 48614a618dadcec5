import { ZeroAddress, getAddress, isAddress } from "ethers";
import { DeploymentError } from "./deploymentError";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings and names the key of each that is missing or invalid. An empty value counts as absent. */
export class EnvironmentReader {
  constructor(private readonly environment: Environment) {}

  optional(key: string): string | undefined {
    const value = this.environment[key]?.trim();
    return value === undefined || value === "" ? undefined : value;
  }

  required(key: string, purpose: string): string {
    const value = this.optional(key);
    if (value === undefined) throw new DeploymentError(`is missing: set it to ${purpose}`, { key });
    return value;
  }

  address(key: string, purpose: string): string {
    return parseAddress(key, this.required(key, purpose));
  }

  integer(key: string, fallback?: bigint): bigint {
    const value = fallback === undefined ? this.required(key, "a whole number") : this.optional(key);
    return value === undefined ? (fallback as bigint) : parseInteger(key, value);
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.optional(key);
    if (value === undefined) return fallback;
    if (value !== "true" && value !== "false") {
      throw new DeploymentError(`is "${value}": set it to true or false`, { key });
    }
    return value === "true";
  }
}

export function parseAddress(key: string, value: string): string {
  if (!isAddress(value)) throw new DeploymentError(`"${value}" is not an address: check its 40 digits`, { key });
  const address = getAddress(value);
  if (address === ZeroAddress) throw new DeploymentError("is the zero address: name a real account", { key });
  return address;
}

export function parseInteger(key: string, value: string): bigint {
  if (!/^\d+$/.test(value)) throw new DeploymentError(`"${value}" is not a whole number`, { key });
  return BigInt(value);
}
