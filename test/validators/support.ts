import { time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { TypedDataEncoder, ZeroHash, parseEther, type Signer, type Wallet } from "ethers";
import { headerDigest, rotationDigest, type Header, type Rotation, type Target } from "../../protocol/header";
import type { AccessManager, Gateway, Slashing, ValidatorRegistry } from "../../typechain-types";
import { LIMITS, REMOTE_CHAIN, REMOTE_GATEWAY, deploy, signDigest, signerWallets } from "../crosschain/support";

export const DAY = 86_400n;
export const DEPOSIT = parseEther("100");
export const INTERVAL = 3_600n;
export const RENEW_AFTER = (7n * DAY) / 2n;
export const UNBONDING = 15n * DAY;
export const VALIDITY = 7n * DAY;
export const STILL = (1n << 64n) - 1n;
export const ENDPOINT = "https://relayer.example:8443";
/** Role of the registry at the gateway. */
export const REGISTRY_ROLE = 1n;
/** Role of the proofs at the registry. */
export const SLASHER_ROLE = 2n;

/** `OperatorStatus` in the contract's order. */
export const STATUS = { none: 0n, active: 1n, exiting: 2n, withdrawn: 3n, slashed: 4n } as const;
/** `Offence` in the contract's order. */
export const OFFENCE = {
  messages: 0n,
  results: 1n,
  block: 2n,
  rotations: 3n,
  falseHead: 4n,
  falseResult: 5n,
  falseRotation: 6n,
} as const;

export interface Member {
  readonly account: Signer;
  readonly address: string;
  readonly key: Wallet;
  readonly payout: string;
}

export interface RegistryFixture {
  readonly manager: AccessManager;
  readonly gateway: Gateway;
  readonly registry: ValidatorRegistry;
  readonly slashing: Slashing;
  readonly home: Target;
  readonly admin: Signer;
  readonly stranger: Signer;
  readonly treasury: string;
  readonly members: Member[];
}

/** A gateway without an epoch, and a registry that may rotate and pause it; nobody has registered. */
export async function deployRegistry(genesis = 5, minSigners = 4): Promise<RegistryFixture> {
  const accounts = await ethers.getSigners();
  const [admin, stranger, treasury] = accounts;
  const manager = await deploy<AccessManager>("AccessManager", [await admin!.getAddress()]);
  const none = { epoch: 0n, validUntil: 0n, signers: [] };
  const gateway = await deploy<Gateway>("Gateway", [await manager.getAddress(), minSigners, INTERVAL, 600n, none]);
  await gateway.addLane(REMOTE_CHAIN, REMOTE_GATEWAY, LIMITS);
  const keys = signerWallets(genesis, "validator key");
  const members = await Promise.all(
    keys.map(async (key, index) => {
      const account = accounts[index + 3]!;
      return {
        account,
        address: await account.getAddress(),
        key,
        payout: signerWallets(1, `payout ${index}`)[0]!.address,
      };
    }),
  );
  const params = {
    deposit: DEPOSIT,
    treasury: await treasury!.getAddress(),
    renewAfter: RENEW_AFTER,
    genesisOperators: members.map((member) => member.address),
  };
  const registry = await deploy<ValidatorRegistry>("ValidatorRegistry", [
    await manager.getAddress(),
    await gateway.getAddress(),
    params,
  ]);
  await grantGateway(manager, gateway, registry);
  const slashing = await deploySlashing(manager, registry);
  const home = { chainId: (await ethers.provider.getNetwork()).chainId, gateway: await gateway.getAddress() };
  const { treasury: receiver } = params;
  return {
    manager,
    gateway,
    registry,
    slashing,
    home,
    admin: admin!,
    stranger: stranger!,
    treasury: receiver,
    members,
  };
}

/** The proofs, which may slash at `registry`. */
export async function deploySlashing(manager: AccessManager, registry: ValidatorRegistry): Promise<Slashing> {
  const slashing = await deploy<Slashing>("Slashing", [await registry.getAddress()]);
  const selector = registry.interface.getFunction("slash").selector;
  await manager.setTargetFunctionRole(await registry.getAddress(), [selector], SLASHER_ROLE);
  await manager.grantRole(SLASHER_ROLE, await slashing.getAddress(), 0);
  return slashing;
}

export async function grantGateway(
  manager: AccessManager,
  gateway: Gateway,
  registry: ValidatorRegistry,
): Promise<void> {
  const selectors = (["setEpoch", "pauseAll"] as const).map((name) => gateway.interface.getFunction(name).selector);
  await manager.setTargetFunctionRole(await gateway.getAddress(), selectors, REGISTRY_ROLE);
  await manager.grantRole(REGISTRY_ROLE, await registry.getAddress(), 0);
}

/** As {@link deployRegistry}, with all registered. */
export async function deployRegistered(): Promise<RegistryFixture> {
  const fixture = await deployRegistry();
  for (const member of fixture.members) await register(fixture.registry, member);
  return fixture;
}

/** As {@link deployRegistered}, with epoch 1 published. */
export async function deployPublished(): Promise<RegistryFixture> {
  const fixture = await deployRegistered();
  await fixture.registry.publishEpoch();
  return fixture;
}

/** Digest of a key's consent, computed without the contract. */
export async function claimDigest(registry: ValidatorRegistry, operator: string, signer: string): Promise<string> {
  const domain = {
    name: "ValidatorRegistry",
    version: "1",
    chainId: (await ethers.provider.getNetwork()).chainId,
    verifyingContract: await registry.getAddress(),
  };
  const types = {
    SignerClaim: [
      { name: "operator", type: "address" },
      { name: "signer", type: "address" },
    ],
  };
  return TypedDataEncoder.hash(domain, types, { operator, signer });
}

export async function claim(registry: ValidatorRegistry, operator: string, key: Wallet): Promise<string> {
  return signDigest(key, await claimDigest(registry, operator, key.address));
}

export async function register(registry: ValidatorRegistry, member: Member): Promise<void> {
  const proof = await claim(registry, member.address, member.key);
  await registry
    .connect(member.account)
    .register(member.key.address, member.payout, ENDPOINT, proof, { value: DEPOSIT });
}

/** Puts the next block at `timestamp`. */
export async function at(timestamp: bigint): Promise<void> {
  await time.setNextBlockTimestamp(timestamp);
}

export async function now(): Promise<bigint> {
  return BigInt(await time.latest());
}

export const LANE: Target = { chainId: REMOTE_CHAIN, gateway: REMOTE_GATEWAY };
export const hash = (byte: string): string => `0x${byte.repeat(32)}`;

export function header(change: Partial<Header> = {}): Header {
  return {
    source: 97n,
    sourceBlock: 400n,
    epoch: 1n,
    toSeq: 7n,
    acc: hash("11"),
    ackSeq: 3n,
    resAcc: hash("22"),
    ...change,
  };
}

export function signedHeader(key: Wallet, of: Header, target: Target = LANE) {
  return { header: of, signature: signDigest(key, headerDigest(of, target)) };
}

export function signedRotation(key: Wallet, of: Rotation, target: Target = LANE) {
  return { rotation: { ...of, signers: [...of.signers] }, signature: signDigest(key, rotationDigest(of, target)) };
}

/** A proof of two accumulators at one sequence, by `key` in `epoch`. */
export function messagesEvidence(key: Wallet, epoch = 1n) {
  return [
    LANE,
    signedHeader(key, header({ epoch })),
    signedHeader(key, header({ epoch, sourceBlock: 404n, acc: ZeroHash })),
  ] as const;
}

/** The same `r` with the least s that is too high for 64 bytes: half of secp256k1's order, plus one. */
export function highS(compact: string): string {
  return `${compact.slice(0, 66)}7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1`;
}
