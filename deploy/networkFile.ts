import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { DeploymentError } from "./deploymentError";
import type { Environment } from "./environment";

/** What a network's file may set. Keys, endpoints and passwords have no place in it. */
export const NETWORK_KEYS: readonly string[] = [
  "MULTISIG",
  "GUARDIAN",
  "MIN_SIGNERS",
  "HOME_CHAIN",
  "GENESIS_OPERATORS",
  "TREASURY",
  "CELLULAR_CAP",
  "CORE_CAP",
  "ADMISSION_BPS",
  "COMMUNITY",
  "CONTRIBUTORS",
  "ADVISORS",
  "INVESTORS",
  "COS_START",
  "CONTRIBUTORS_VESTING",
  "ADVISORS_VESTING",
  "INVESTORS_VESTING",
  "RELEASE_BUDGET",
  "RELEASE_START",
  "NODE_SHARE_BPS",
  "GAME_SHARES",
  "MARKET_FEE_BPS",
  "REVENUE_TOKENS",
  "SEQUENCER",
  "SEQUENCER_BOND",
  "CHALLENGE_DAYS",
  "ENTRY_PRICE",
  "POSTING_REPAYMENT",
  "POSTING_RECEIVER",
  "GENESIS_EPOCH",
  "GENESIS_VALID_UNTIL",
  "GENESIS_SIGNERS",
  "LANES",
  "LANE_FEES",
  "DEPLOYMENT_SALT",
];

export interface NetworkSettings {
  readonly settings: Environment;
  /** The file that they come from; undefined where the network has none. */
  readonly file: string | undefined;
  /** Keys of the file that the environment sets otherwise. */
  readonly overridden: readonly string[];
}

/** The values of a network: those of its file, and over them those of the environment. */
export function networkSettings(
  network: string,
  environment: Environment,
  folder = resolve(__dirname, "networks"),
): NetworkSettings {
  const file = resolve(folder, `${network}.yaml`);
  if (!existsSync(file)) return { settings: environment, file: undefined, overridden: [] };
  const values = readValues(file);
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== "");
  const overridden = set
    .filter(([key, value]) => key in values && values[key] !== "" && values[key] !== value?.trim())
    .map(([key]) => key);
  return { settings: { ...values, ...Object.fromEntries(set) }, file, overridden };
}

function readValues(file: string): Readonly<Record<string, string>> {
  const refuse = (message: string, cause?: unknown): never => {
    throw new DeploymentError(`${file}: ${message}`, { cause });
  };
  let content: unknown;
  try {
    // As text: 0x… must stay an address, and 1e3 no number.
    content = parse(readFileSync(file, "utf8"), { schema: "failsafe" });
  } catch (cause) {
    return refuse("is not YAML", cause);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content))
    return refuse("is not a list of KEY: value");
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(content)) {
    if (!NETWORK_KEYS.includes(key)) refuse(`${key} is nothing that a network's file sets`);
    if (typeof value === "string") values[key] = value.trim();
    else if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) values[key] = value.join(",");
    else refuse(`${key} is neither a value nor a list of values`);
  }
  return values;
}
