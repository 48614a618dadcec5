import { SigningKey, type BaseWallet, type ContractTransactionReceipt, type Provider, type Signer } from "ethers";
import type { Rotation } from "../protocol/header";
import type { ContractTypes } from "./contracts";

type Registry = ContractTypes["ValidatorRegistry"];

export interface OperatorRegistration {
  /** The account that puts the deposit down. */
  readonly operator: Signer;
  /** The attestation key. */
  readonly attester: BaseWallet;
  /** Where it is paid; the operator's own account by default. */
  readonly payout?: string;
  /** URL of its attestation endpoint. */
  readonly endpoint: string;
}

/** Registers a genesis operator with its deposit. */
export async function registerOperator(
  registry: Registry,
  { operator, attester, payout, endpoint }: OperatorRegistration,
): Promise<ContractTransactionReceipt | null> {
  const account = await operator.getAddress();
  const digest = await registry.signerClaimDigest(account, attester.address);
  const proof = new SigningKey(attester.privateKey).sign(digest).compactSerialized;
  const value = await registry.DEPOSIT();
  const connected = registry.connect(operator);
  const sent = await connected.register(attester.address, payout ?? account, endpoint, proof, { value });
  return sent.wait();
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
