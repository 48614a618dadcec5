import { setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { parseEther, type Signer } from "ethers";
import type { AccessManager, COSStaking, COSToken, NodeStaking, Vault } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { deployCOS } from "../token/support";

export const DAY = 86_400n;
export const WEEK = 7n * DAY;
export const LOCK = 63_072_000n;
export const IDLE = 30n * DAY;
export const BOND = 15n * DAY;
export const COOLDOWN = 7n * DAY;
export const MINIMUM = parseEther("100");
export const TERMS = [0n, 90n * DAY, 180n * DAY, 365n * DAY, 730n * DAY];
export const FOREVER = (1n << 64n) - 1n;
export const SCALE = 1n << 128n;
export const ACC = 10n ** 27n;
/** What `stream` gives a second. */
export const RATE = parseEther("1");
/** `NodeKind` and `NodeState` in the contract's order. */
export const KIND = { cellular: 0n, core: 1n } as const;
export const STATE = { held: 0n, released: 1n, withdrawn: 2n, renewed: 3n, slashed: 4n } as const;
export const PRICE = [parseEther("1"), parseEther("100")] as const;

const TREASURER_ROLE = 3n;
const REGISTRY_ROLE = 1n;
const TIMELOCK_ROLE = 2n;

export interface PoolFixture {
  readonly manager: AccessManager;
  readonly cos: COSToken;
  readonly vault: Vault;
  readonly admin: Signer;
  readonly registry: Signer;
  readonly timelock: Signer;
  readonly treasury: string;
  readonly alice: Signer;
  readonly bob: Signer;
  readonly carol: Signer;
  /** Four, as at genesis. */
  readonly operators: readonly Signer[];
}

export interface NodeFixture extends PoolFixture {
  readonly pool: NodeStaking;
}

export interface COSFixture extends PoolFixture {
  readonly pool: COSStaking;
}

export interface NodeChoice {
  readonly cellularCap?: number;
  readonly coreCap?: number;
  readonly cos?: string;
}

async function deployParts(): Promise<PoolFixture> {
  const [admin, registry, timelock, alice, bob, carol, ...others] = await ethers.getSigners();
  if (!admin || !registry || !timelock || !alice || !bob || !carol) throw new Error("too few accounts");
  const manager = await deploy<AccessManager>("AccessManager", [admin.address]);
  const vault = await deploy<Vault>("Vault", [await manager.getAddress()]);
  const cos = await deployCOS(await vault.getAddress());
  const spending = (["fund", "transfer"] as const).map((name) => vault.interface.getFunction(name).selector);
  await manager.setTargetFunctionRole(vault, spending, TREASURER_ROLE);
  await manager.grantRole(TREASURER_ROLE, admin, 0);
  for (const account of [alice, bob, carol]) await setBalance(account.address, parseEther("100000"));
  const treasury = ethers.getAddress("0x7000000000000000000000000000000000000007");
  const operators = others.slice(0, 4);
  return { manager, cos, vault, admin, registry, timelock, treasury, alice, bob, carol, operators };
}

async function open(
  { manager, registry, timelock }: PoolFixture,
  pool: NodeStaking | COSStaking,
  functions: Readonly<Record<"registry" | "timelock", readonly string[]>>,
): Promise<void> {
  const selectors = (names: readonly string[]): string[] =>
    names.map((name) => pool.interface.getFunction(name as "fund").selector);
  await manager.setTargetFunctionRole(pool, selectors(functions.registry), REGISTRY_ROLE);
  await manager.setTargetFunctionRole(pool, selectors(functions.timelock), TIMELOCK_ROLE);
  await manager.grantRole(REGISTRY_ROLE, registry, 0);
  await manager.grantRole(TIMELOCK_ROLE, timelock, 0);
}

/** A node pool with small capacities; nobody has pledged, nothing is funded. */
export async function deployNodes({ cellularCap = 3, coreCap = 6, cos }: NodeChoice = {}): Promise<NodeFixture> {
  const parts = await deployParts();
  const pool = await deploy<NodeStaking>("NodeStaking", [
    await parts.manager.getAddress(),
    cos ?? (await parts.cos.getAddress()),
    await parts.vault.getAddress(),
    {
      cellularCap,
      coreCap,
      idleSeconds: IDLE,
      treasury: parts.treasury,
      genesisOperators: await Promise.all(parts.operators.map((operator) => operator.getAddress())),
    },
  ]);
  await open(parts, pool, { registry: ["bind", "unbind", "slash"], timelock: ["setTreasury"] });
  return { ...parts, pool };
}

/** A COS pool; the three have 1,000,000 COS each, approved. Nobody has pledged, nothing is funded. */
export async function deployCOSPool(terms: readonly bigint[] = TERMS, cos?: string): Promise<COSFixture> {
  const parts = await deployParts();
  const pool = await deploy<COSStaking>("COSStaking", [
    await parts.manager.getAddress(),
    cos ?? (await parts.cos.getAddress()),
    await parts.vault.getAddress(),
    { minimum: MINIMUM, cooldownSeconds: COOLDOWN, termSeconds: terms },
  ]);
  await open(parts, pool, { registry: [], timelock: ["setMultiplier"] });
  for (const account of [parts.alice, parts.bob, parts.carol]) {
    await parts.vault.transfer(parts.cos, account, parseEther("1000000"));
    await parts.cos.connect(account).approve(pool, ethers.MaxUint256);
  }
  return { ...parts, pool };
}

/** Funds the pool through the vault. */
export async function fund(
  { vault, cos }: PoolFixture,
  pool: NodeStaking | COSStaking,
  amount: bigint,
  newEnd: bigint,
) {
  return vault.fund(cos, pool, amount, newEnd);
}

/** 1 COS a second from the next block on, for `duration`; returns when it begins. */
export async function stream(
  parts: PoolFixture,
  pool: NodeStaking | COSStaking,
  duration = 1_000n * DAY,
): Promise<bigint> {
  const start = (await now()) + 10n;
  await at(start);
  await fund(parts, pool, RATE * duration, start + duration);
  return start;
}

/** For a token that the vault would not fund with. */
export async function asVault<Result>(
  { vault }: PoolFixture,
  act: (vault: Signer) => Promise<Result>,
): Promise<Result> {
  const address = await vault.getAddress();
  await setBalance(address, parseEther("100"));
  return act(await ethers.getImpersonatedSigner(address));
}

/** The next block has this time. */
export async function at(timestamp: bigint): Promise<void> {
  await time.setNextBlockTimestamp(timestamp);
}

export async function now(): Promise<bigint> {
  return BigInt(await time.latest());
}

/** A pledge of the given kind by `owner`; returns its number. */
export async function pledgeNode(pool: NodeStaking, owner: Signer, kind: 0n | 1n): Promise<bigint> {
  await pool.connect(owner).pledge(kind, 0, { value: PRICE[Number(kind)]! });
  return pool.lastPosition();
}

export async function pledgeCOS(pool: COSStaking, owner: Signer, term: number, amount: bigint): Promise<bigint> {
  await pool.connect(owner).pledge(term, amount, 0);
  return pool.lastPosition();
}
