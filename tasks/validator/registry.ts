import { Wallet } from "ethers";
import type { ConfigurableTaskDefinition } from "hardhat/types";
import type { ContractTypes } from "../../deploy/contracts";
import { consentOf } from "../../deploy/operators";
import { loadPrivateKey, terminalPrompt } from "../../relayer/keystore";
import { Refusal } from "../refusal";
import { openDeployment, parseAccount, type Session } from "../session";

/** By the contract's `OperatorStatus`. */
export const STATUS_WORDS = [
  "not registered",
  "candidate",
  "active",
  "standby",
  "inactive",
  "closed",
  "slashed",
] as const;
/** By the contract's `Absence`. */
export const ABSENCE_WORDS = ["", "it revoked", "it missed attestations", "the guardian jailed it"] as const;
/** `OperatorStatus` values that tasks ask for. */
export const STATUS = { none: 0n, candidate: 1n, active: 2n, standby: 3n, inactive: 4n } as const;

/** The contracts that validators are in. */
export interface Validators {
  readonly registry: ContractTypes["ValidatorRegistry"];
  readonly delegation: ContractTypes["Delegation"];
  readonly nodes: ContractTypes["NodeStaking"];
  readonly liveness: ContractTypes["Liveness"];
  readonly address: string;
}

export async function openRegistry(session: Session): Promise<Validators> {
  const { validatorRegistry, delegation, nodeStaking, liveness } = await openDeployment(session);
  if (
    validatorRegistry === undefined ||
    delegation === undefined ||
    nodeStaking === undefined ||
    liveness === undefined
  ) {
    throw new Refusal("this chain has no validators: they are on the home chain");
  }
  const address = await validatorRegistry.getAddress();
  return { registry: validatorRegistry, delegation, nodes: nodeStaking, liveness, address };
}

/** Where a signing key is, or what it has signed. */
export interface KeyArgs {
  readonly keystore?: string;
  readonly passwordFile?: string;
  readonly signer?: string;
  readonly consent?: string;
}

export function withKeyParams(definition: ConfigurableTaskDefinition): ConfigurableTaskDefinition {
  return definition
    .addOptionalParam("keystore", "Encrypted keystore of the signing key (relayer: keys new)")
    .addOptionalParam("passwordFile", "File with the keystore's password; without it: asks")
    .addOptionalParam("signer", "Address of a signing key that is elsewhere")
    .addOptionalParam("consent", "Its 64-byte signature of signerClaimDigest(operator, signer)");
}

/** A signing key's address and its consent to be the operator's. */
export async function keyWithConsent(
  registry: ContractTypes["ValidatorRegistry"],
  operator: string,
  args: KeyArgs,
): Promise<{ readonly signer: string; readonly consent: string }> {
  if (args.keystore !== undefined) {
    const source = { keystore: args.keystore, passwordFile: args.passwordFile };
    const warn = (message: string): void => console.warn(`${args.keystore}: ${message}`);
    let key: string;
    try {
      key = await loadPrivateKey(source, { prompt: terminalPrompt(), warn });
    } catch (error) {
      throw new Refusal(`--keystore ${args.keystore}: ${(error as Error).message}`, error);
    }
    const wallet = new Wallet(key);
    return { signer: wallet.address, consent: await consentOf(registry, operator, wallet) };
  }
  if (args.signer === undefined) throw new Refusal("name the signing key: --keystore, or --signer and --consent");
  const signer = parseAccount("signer", args.signer);
  if (args.consent === undefined) {
    const digest = await registry.signerClaimDigest(operator, signer);
    throw new Refusal(`--consent is missing: the key ${signer} signs the digest ${digest}, in 64 bytes (EIP-2098)`);
  }
  return { signer, consent: args.consent };
}
