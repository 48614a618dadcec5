import { setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { MaxUint256, TypedDataEncoder, Wallet, ZeroHash, getAddress, id, parseEther, type Signer } from "ethers";
import { headerDigest, rotationDigest, type Header, type Rotation, type Target } from "../../protocol/header";
import type {
  AccessManager,
  COSToken,
  Delegation,
  Gateway,
  NodeStaking,
  Slashing,
  ValidatorRegistry,
  Vault,
} from "../../typechain-types";
import { LIMITS, REMOTE_CHAIN, REMOTE_GATEWAY, deploy, signDigest, signerWallets } from "../crosschain/support";
import { KIND, PRICE, pledgeNode } from "../staking/support";
import { deployCOS } from "../token/support";

export const DAY = 86_400n;
export const DEPOSIT = PRICE[Number(KIND.core)]!;
export const INTERVAL = 3_600n;
export const RENEW_AFTER = (7n * DAY) / 2n;
export const RETURN = 28_800n;
export const VALIDITY = 7n * DAY;
export const VOTING = 7n * DAY;
export const ADMISSION_BPS = 5_000n;
export const SEATS = 21;
export const ENDPOINT = "https://relayer.example:8443";
/** Role of the registry at the gateway. */
export const REGISTRY_ROLE = 1n;
/** Role of the proofs at the registry. */
export const SLASHER_ROLE = 2n;
/** Role of those who may jail. */
export const JAILER_ROLE = 3n;
/** Role of the registry at the deposits and the bonds. */
export const STAKE_ROLE = 4n;
const TREASURER_ROLE = 5n;
/** What a slash of a deposit or a bond ends in, and what of a reward nobody earned. */
const TREASURY = getAddress("0x7000000000000000000000000000000000000007");

/** `OperatorStatus` in the contract's order. */
export const STATUS = {
  none: 0n,
  candidate: 1n,
  active: 2n,
  standby: 3n,
  inactive: 4n,
  closed: 5n,
  slashed: 6n,
} as const;
/** `Absence` in the contract's order. */
export const ABSENCE = { none: 0n, revoked: 1n, missed: 2n, jailed: 3n } as const;
/** `Offence` in the contract's order. */
export const OFFENCE = {
  messages: 0n,
  results: 1n,
  block: 2n,
  rotations: 3n,
  falseHead: 4n,
  falseResult: 5n,
  falseRotation: 6n,
  falseCertificate: 7n,
} as const;
/** Commission terms that every test operator registers with. */
export const TERMS = { maxCommissionBps: 2_000n, maxChangeBps: 100n, commissionBps: 500n };

export interface Member {
  readonly account: Signer;
  readonly address: string;
  readonly key: Wallet;
  readonly payout: string;
  /** Its core node. */
  readonly position: bigint;
}

export interface RegistryFixture {
  readonly manager: AccessManager;
  readonly gateway: Gateway;
  readonly cos: COSToken;
  readonly vault: Vault;
  readonly nodes: NodeStaking;
  readonly delegation: Delegation;
  readonly registry: ValidatorRegistry;
  readonly slashing: Slashing;
  readonly home: Target;
  readonly admin: Signer;
  readonly stranger: Signer;
  /** Has all COS that is not the vault's, and delegates it. */
  readonly backer: Signer;
  /** The genesis operators. */
  readonly members: Member[];
  /** Owners of a core node that are no genesis operators. */
  readonly others: Member[];
}

export interface RegistryChoice {
  readonly genesis?: number;
  readonly others?: number;
  readonly minSigners?: number;
}

/** Accounts with coin, each for the core node of its number. */
async function makeMembers(count: number, first: number): Promise<Member[]> {
  const keys = signerWallets(count, `validator key ${first}`);
  return Promise.all(
    keys.map(async (key, index) => {
      const position = first + index;
      const account = new Wallet(id(`operator ${position}`), ethers.provider);
      await setBalance(account.address, parseEther("1000"));
      const payout = new Wallet(id(`payout ${position}`)).address;
      return { account, address: account.address, key, payout, position: BigInt(position) };
    }),
  );
}

/** A gateway without an epoch, and a registry that may rotate and pause it; nobody has registered. */
export async function deployRegistry(choice: RegistryChoice = {}): Promise<RegistryFixture> {
  const { genesis = 5, others: otherCount = 4, minSigners = 4 } = choice;
  const [admin, stranger, backer] = await ethers.getSigners();
  const manager = await deploy<AccessManager>("AccessManager", [await admin!.getAddress()]);
  const none = { epoch: 0n, validUntil: 0n, signers: [] };
  const gateway = await deploy<Gateway>("Gateway", [await manager.getAddress(), minSigners, INTERVAL, 600n, none]);
  await gateway.addLane(REMOTE_CHAIN, REMOTE_GATEWAY, LIMITS);
  const members = await makeMembers(genesis, 1);
  // Between them is the cellular node that opens core nodes to everyone.
  const others = await makeMembers(otherCount, genesis + 2);
  const vault = await deploy<Vault>("Vault", [await manager.getAddress()]);
  const cos = await deployCOS(await vault.getAddress());
  const nodes = await deployNodes({ manager, cos, vault, admin: admin! }, members, others);
  const delegation = await deployBonds({ manager, cos, vault, admin: admin! }, backer!);
  const registry = await deploy<ValidatorRegistry>("ValidatorRegistry", [
    await manager.getAddress(),
    await gateway.getAddress(),
    await registryParams(nodes, delegation),
  ]);
  await grantGateway(manager, gateway, registry);
  await manager.grantRole(STAKE_ROLE, await registry.getAddress(), 0);
  const jail = (["jail", "jailMissing"] as const).map((name) => registry.interface.getFunction(name).selector);
  await manager.setTargetFunctionRole(await registry.getAddress(), jail, JAILER_ROLE);
  await manager.grantRole(JAILER_ROLE, await admin!.getAddress(), 0);
  const slashing = await deploySlashing(manager, registry);
  const home = { chainId: (await ethers.provider.getNetwork()).chainId, gateway: await gateway.getAddress() };
  return {
    manager,
    gateway,
    cos,
    vault,
    nodes,
    delegation,
    registry,
    slashing,
    home,
    admin: admin!,
    stranger: stranger!,
    backer: backer!,
    members,
    others,
  };
}

type StakeParts = Pick<RegistryFixture, "manager" | "cos" | "vault" | "admin">;

/** The nodes, a core node of each member pledged in the order of their positions. */
async function deployNodes(
  { manager, cos, vault, admin }: StakeParts,
  members: readonly Member[],
  others: readonly Member[],
): Promise<NodeStaking> {
  const nodes = await deploy<NodeStaking>("NodeStaking", [
    await manager.getAddress(),
    await cos.getAddress(),
    await vault.getAddress(),
    {
      cellularCap: 1,
      coreCap: members.length + others.length + 1,
      idleSeconds: 30n * DAY,
      treasury: TREASURY,
      genesisOperators: members.map(({ address }) => address),
    },
  ]);
  const selectors = (["bind", "unbind", "slash"] as const).map((name) => nodes.interface.getFunction(name).selector);
  await manager.setTargetFunctionRole(nodes, selectors, STAKE_ROLE);
  for (const { account } of members) await pledgeNode(nodes, account, KIND.core);
  await pledgeNode(nodes, admin, KIND.cellular);
  for (const { account } of others) await pledgeNode(nodes, account, KIND.core);
  return nodes;
}

/** The bonds, and whom to delegate by: nothing is bonded, nothing is funded. */
async function deployBonds({ manager, cos, vault, admin }: StakeParts, backer: Signer): Promise<Delegation> {
  const spending = (["fund", "transfer"] as const).map((name) => vault.interface.getFunction(name).selector);
  await manager.setTargetFunctionRole(vault, spending, TREASURER_ROLE);
  await manager.grantRole(TREASURER_ROLE, admin, 0);
  const delegation = await deploy<Delegation>("Delegation", [
    await manager.getAddress(),
    {
      cos: await cos.getAddress(),
      vault: await vault.getAddress(),
      treasury: TREASURY,
      community: TREASURY,
      epochSeconds: DAY,
    },
  ]);
  const selectors = (["open", "close", "slash"] as const).map(
    (name) => delegation.interface.getFunction(name).selector,
  );
  await manager.setTargetFunctionRole(delegation, selectors, STAKE_ROLE);
  await manager.setTargetFunctionRole(delegation, [delegation.interface.getFunction("settle").selector], JAILER_ROLE);
  await vault.connect(admin).transfer(cos, backer, parseEther("100000000"));
  await cos.connect(backer).approve(delegation, MaxUint256);
  return delegation;
}

/** Makes a member's bond `amount`, in a pool that was never slashed: there a share is a wei. */
export async function setBond(
  { delegation, backer }: Pick<RegistryFixture, "delegation" | "backer">,
  { address }: Member,
  amount: bigint,
): Promise<void> {
  const bond = await delegation.bondOf(address);
  const as = delegation.connect(backer);
  if (amount > bond) await as.delegate(address, amount - bond);
  if (amount < bond) await as.undelegate(address, bond - amount);
}

export async function registryParams(nodes: NodeStaking, delegation: Delegation) {
  return {
    nodes: await nodes.getAddress(),
    delegation: await delegation.getAddress(),
    renewAfter: RENEW_AFTER,
    votingSeconds: VOTING,
    admissionBps: ADMISSION_BPS,
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

/** As {@link deployRegistry}, with all genesis operators registered. */
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

/** All 21 seats taken by genesis operators of bond 100, 99, … 80, and epoch 1 published. */
export async function deployFull(): Promise<RegistryFixture> {
  const fixture = await deployRegistry({ genesis: SEATS, others: 2 });
  for (const [index, member] of fixture.members.entries()) {
    await register(fixture.registry, member);
    await setBond(fixture, member, BigInt(100 - index));
  }
  await fixture.registry.publishEpoch();
  return fixture;
}

/** Registers one of the others and has the genesis operators admit it. */
export async function admit({ registry, members }: RegistryFixture, candidate: Member): Promise<void> {
  await register(registry, candidate);
  for (const member of members) await registry.connect(member.account).vote(candidate.address);
  await registry.admit(candidate.address);
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

/** What a member registers with. */
export async function registration(registry: ValidatorRegistry, member: Member) {
  const { address, key, payout, position } = member;
  const consent = await claim(registry, address, key);
  return { position, signer: key.address, payout, ...TERMS, endpoint: ENDPOINT, consent };
}

export async function register(registry: ValidatorRegistry, member: Member): Promise<void> {
  await registry.connect(member.account).register(await registration(registry, member));
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
