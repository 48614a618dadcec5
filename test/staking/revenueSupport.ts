import { setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import {
  ZeroAddress,
  ZeroHash,
  parseEther,
  type AddressLike,
  type ContractTransactionResponse,
  type Signer,
} from "ethers";
import type {
  AccessManager,
  COSStaking,
  HostileERC20Mock,
  NodeStaking,
  RevenuePoolMock,
  RevenueSplitter,
} from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { deployCOS } from "../token/support";

export const EPOCH = 7n * 86_400n;
export const BNB = ZeroAddress;
export const NODE_SHARE = 6_000n;
export const CREDITOR_ROLE = 1n;
export const MAX_OUTSTANDING = (1n << 128n) - 1n;
/** Places of either kind in the nodes' pool. */
export const NODE_PLACES = 5n;
/** `Pool` in the contract's order. */
export const POOL = { node: 0, cos: 1 } as const;
/** A weight that divides the integral's scale: the streams come out exact. */
export const WEIGHT = 1n << 60n;

const TREASURY = "0x7000000000000000000000000000000000000007";

export interface Shares {
  readonly developer: AddressLike;
  readonly developerBps: bigint;
  readonly stakersBps: bigint;
  readonly treasuryBps: bigint;
}

/** All for the stakers: 6,000 of 10,000 to the nodes, the rest to the pledges. */
export const STAKERS_ONLY: Shares = { developer: ZeroAddress, developerBps: 0n, stakersBps: 10_000n, treasuryBps: 0n };
/** A credit of this streams 6,000 a second to the nodes and 4,000 to the pledges. */
export const PER_SECOND = 10_000n;
export const STREAM = PER_SECOND * EPOCH;
export const NODES_PER_SECOND = (PER_SECOND * NODE_SHARE) / 10_000n;
export const PLEDGES_PER_SECOND = PER_SECOND - NODES_PER_SECOND;

export interface SplitterFixture {
  readonly manager: AccessManager;
  readonly splitter: RevenueSplitter;
  readonly address: string;
  /** Two allowed tokens, of which `creditor` has plenty. */
  readonly gold: HostileERC20Mock;
  readonly silver: HostileERC20Mock;
  readonly admin: Signer;
  readonly creditor: Signer;
  readonly developer: Signer;
  readonly alice: Signer;
  readonly bob: Signer;
  readonly treasury: string;
  /** The epoch in which it was deployed, a minute after it began. */
  readonly first: bigint;
}

/** Over pools whose positions begin and end when they are told to. */
export interface RevenueFixture extends SplitterFixture {
  readonly nodes: RevenuePoolMock;
  readonly pledges: RevenuePoolMock;
}

/** Over the pools as they are. */
export interface PoolsFixture extends SplitterFixture {
  readonly nodes: NodeStaking;
  readonly pledges: COSStaking;
  /** Accounts with BNB and COS, which the pledges' pool may take. */
  readonly owners: readonly Signer[];
}

export async function deploySplitter(): Promise<RevenueFixture> {
  const manager = await deployManager();
  const nodes = await deploy<RevenuePoolMock>("RevenuePoolMock");
  const pledges = await deploy<RevenuePoolMock>("RevenuePoolMock");
  return { ...(await deployOver(manager, await nodes.getAddress(), await pledges.getAddress())), nodes, pledges };
}

export async function deploySplitterOverPools(): Promise<PoolsFixture> {
  const manager = await deployManager();
  const [admin, , , alice, bob, carol, dave] = await ethers.getSigners();
  const owners = [alice!, bob!, carol!, dave!];
  const authority = await manager.getAddress();
  const cos = await deployCOS(await admin!.getAddress());
  const nodes = await deploy<NodeStaking>("NodeStaking", [
    authority,
    await cos.getAddress(),
    authority,
    { cellularCap: NODE_PLACES, coreCap: NODE_PLACES, idleSeconds: 0, treasury: TREASURY, genesisOperators: [] },
  ]);
  const pledges = await deploy<COSStaking>("COSStaking", [
    authority,
    await cos.getAddress(),
    authority,
    {
      minimum: parseEther("100"),
      cooldownSeconds: EPOCH,
      termSeconds: [0, 90, 180, 365, 730].map((day) => day * 86_400),
    },
  ]);
  for (const owner of owners) {
    await cos.transfer(owner, parseEther("200000000"));
    await cos.connect(owner).approve(pledges, ethers.MaxUint256);
    await setBalance(await owner.getAddress(), parseEther("1000000"));
  }
  return {
    ...(await deployOver(manager, await nodes.getAddress(), await pledges.getAddress())),
    nodes,
    pledges,
    owners,
  };
}

async function deployManager(): Promise<AccessManager> {
  const [admin] = await ethers.getSigners();
  const epoch = BigInt(await time.latest()) / EPOCH + 1n;
  await time.increaseTo(startOf(epoch) + 60n);
  return deploy<AccessManager>("AccessManager", [await admin!.getAddress()]);
}

async function deployOver(manager: AccessManager, nodes: string, pledges: string): Promise<SplitterFixture> {
  const [admin, creditor, developer, alice, bob] = await ethers.getSigners();
  // Other tests pay the same account.
  await setBalance(TREASURY, 0n);
  const first = (await now()) / EPOCH;
  const gold = await deploy<HostileERC20Mock>("HostileERC20Mock");
  const silver = await deploy<HostileERC20Mock>("HostileERC20Mock");
  const splitter = await deploy<RevenueSplitter>("RevenueSplitter", [
    await manager.getAddress(),
    nodes,
    pledges,
    { treasury: TREASURY, nodeShareBps: NODE_SHARE, tokens: [BNB, await gold.getAddress(), await silver.getAddress()] },
  ]);
  const address = await splitter.getAddress();
  const payer = await creditor!.getAddress();
  await allowCredit(manager, splitter, payer);
  for (const token of [gold, silver]) {
    await token.mint(payer, MAX_OUTSTANDING * 2n);
    await token.connect(creditor!).approve(address, ethers.MaxUint256);
  }
  await setBalance(payer, parseEther("1000000000000"));
  return {
    manager,
    splitter,
    address,
    gold,
    silver,
    admin: admin!,
    creditor: creditor!,
    developer: developer!,
    alice: alice!,
    bob: bob!,
    treasury: TREASURY,
    first,
  };
}

export async function allowCredit(manager: AccessManager, splitter: RevenueSplitter, account: string): Promise<void> {
  const { selector } = splitter.interface.getFunction("credit");
  await manager.setTargetFunctionRole(await splitter.getAddress(), [selector], CREDITOR_ROLE);
  await manager.grantRole(CREDITOR_ROLE, account, 0);
}

export async function now(): Promise<bigint> {
  return BigInt(await time.latest());
}

/** First second of an epoch. */
export function startOf(epoch: bigint): bigint {
  return epoch * EPOCH;
}

/** Puts the next block at `timestamp`. */
export async function at(timestamp: bigint): Promise<void> {
  await time.setNextBlockTimestamp(timestamp);
}

export function credit(
  { splitter, creditor }: Pick<RevenueFixture, "splitter" | "creditor">,
  token: AddressLike,
  amount: bigint,
  shares: Shares = STAKERS_ONLY,
): Promise<ContractTransactionResponse> {
  return splitter.connect(creditor).credit(ZeroHash, token, amount, shares, { value: token === BNB ? amount : 0n });
}

/** Begins a position of `weight` and says its number. */
export async function begin(pool: RevenuePoolMock, owner: AddressLike, weight = WEIGHT): Promise<bigint> {
  const position = await pool.begin.staticCall(owner, weight);
  await pool.begin(owner, weight);
  return position;
}
