import { SigningKey, type BaseWallet, type ContractTransactionReceipt, type Provider, type Signer } from "ethers";
import type { Rotation } from "../protocol/header";
import type { ContractTypes } from "./contracts";
import { DeploymentError } from "./deploymentError";
import { withRoom } from "./gasRoom";

type Registry = ContractTypes["ValidatorRegistry"];

/** The home chain's contracts that an operator registers with. */
export interface ValidatorContracts {
  readonly validatorRegistry: Registry | undefined;
  readonly nodeStaking: ContractTypes["NodeStaking"] | undefined;
}

/** `NodeKind.Core` of the nodes. */
export const CORE_NODE = 1n;

/** The most that a commission can be, the most that it changes by at once, and what it is at first, in parts of 10,000. */
export interface CommissionTerms {
  readonly maxCommissionBps: bigint;
  readonly maxChangeBps: bigint;
  readonly commissionBps: bigint;
}

/** At most a fifth, by at most a hundredth a day. */
export const DEFAULT_COMMISSION: CommissionTerms = {
  maxCommissionBps: 2_000n,
  maxChangeBps: 100n,
  commissionBps: 500n,
};

export interface OperatorRegistration {
  /** The account that owns the core node, or pledges one. */
  readonly operator: Signer;
  /** The attestation key. */
  readonly attester: BaseWallet;
  /** Where it is paid; the operator's own account by default. */
  readonly payout?: string;
  /** URL of its attestation endpoint. */
  readonly endpoint: string;
  /** Its core node; it pledges a new one by default. */
  readonly position?: bigint;
  readonly commission?: CommissionTerms;
}

/** Registers an operator with its core node: a genesis operator is a member at once, anyone else a candidate. */
export async function registerOperator(
  { validatorRegistry, nodeStaking }: ValidatorContracts,
  registration: OperatorRegistration,
): Promise<ContractTransactionReceipt | null> {
  if (validatorRegistry === undefined || nodeStaking === undefined) {
    throw new DeploymentError("operators register on the home chain: this one has no validator registry");
  }
  const { operator, attester, endpoint, commission = DEFAULT_COMMISSION } = registration;
  const account = await operator.getAddress();
  const position = registration.position ?? (await pledgeCoreNode(nodeStaking, operator));
  const terms = {
    position,
    signer: attester.address,
    payout: registration.payout ?? account,
    ...commission,
    endpoint,
    consent: await consentOf(validatorRegistry, account, attester),
  };
  const { register } = validatorRegistry.connect(operator);
  const sent = await register(terms, { gasLimit: withRoom(await register.estimateGas(terms)) });
  return sent.wait();
}

/** The signing key's consent to be `account`'s. */
export async function consentOf(registry: Registry, account: string, attester: BaseWallet): Promise<string> {
  const digest = await registry.signerClaimDigest(account, attester.address);
  return new SigningKey(attester.privateKey).sign(digest).compactSerialized;
}

async function pledgeCoreNode(nodes: ContractTypes["NodeStaking"], operator: Signer): Promise<bigint> {
  const value = await nodes.priceOf(CORE_NODE);
  const { pledge } = nodes.connect(operator);
  const gasLimit = withRoom(await pledge.estimateGas(CORE_NODE, 0n, { value }));
  const sent = await pledge(CORE_NODE, 0n, { value, gasLimit });
  const receipt = await sent.wait();
  for (const log of receipt?.logs ?? []) {
    const event = nodes.interface.parseLog(log);
    if (event?.name === "NodePledged") return event.args.position as bigint;
  }
  throw new DeploymentError(`the pledge ${sent.hash} opened no node`);
}

/** Makes the registered operators' keys the home gateway's next epoch. Anyone may. */
export async function publishEpoch(registry: Registry, caller: Signer): Promise<Rotation> {
  const sent = await registry.connect(caller).publishEpoch();
  await sent.wait();
  const epoch = await registry.latestEpoch();
  const { validUntil, signers } = await registry.epochRecord(epoch);
  return { epoch, validUntil, signers: [...signers] };
}

/** Longest validity that a gateway takes. */
const MAX_VALIDITY_SECONDS = 7n * 86_400n;

/** An epoch as a business chain can start with it: its clock may be behind the home chain's. */
export async function genesisOf(epoch: Rotation, business: Provider): Promise<Rotation> {
  const now = BigInt((await business.getBlock("latest"))?.timestamp ?? 0);
  const latest = now + MAX_VALIDITY_SECONDS;
  return { ...epoch, validUntil: epoch.validUntil < latest ? epoch.validUntil : latest };
}
