import { time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { MaxUint256, parseEther, type ContractTransactionResponse, type Signer } from "ethers";
import type { AccessManager, COSToken, Delegation } from "../../../typechain-types";
import { deploy } from "../../crosschain/support";

export const DAY = 86_400n;
export const UNBONDING = 15n * DAY;
/** A share's first worth: one wei. */
export const SCALE = 10n ** 27n;
export const cos = (amount: string | number): bigint => parseEther(String(amount));

/** Roles of the tests' access manager. */
const REGISTRY_ROLE = 1n;
const TIMELOCK_ROLE = 2n;

export interface Account {
  readonly signer: Signer;
  readonly address: string;
}

export interface DelegationFixture {
  readonly manager: AccessManager;
  readonly token: COSToken;
  readonly delegation: Delegation;
  readonly address: string;
  /** Holds the roles of the registry and of the timelock. */
  readonly registry: Account;
  readonly timelock: Account;
  readonly vault: Account;
  readonly treasury: Account;
  readonly community: Account;
  readonly validators: readonly Account[];
  readonly delegators: readonly Account[];
}

export const RICH = cos(10_000_000);
/** Commission of the fixture's validators: 10 %, at most 30 %, 5 % a change. */
export const TERMS = { max: 3_000n, change: 500n, commission: 1_000n } as const;

/** Four validators with open pools and six delegators, everybody rich and everything approved; nothing is bonded. */
export async function deployDelegation(): Promise<DelegationFixture> {
  const signers = await ethers.getSigners();
  const accounts: Account[] = await Promise.all(
    signers.map(async (signer) => ({ signer, address: await signer.getAddress() })),
  );
  const [admin, registry, timelock, vault, treasury, community] = accounts as [
    Account,
    Account,
    Account,
    Account,
    Account,
    Account,
  ];
  const validators = accounts.slice(6, 10);
  const delegators = accounts.slice(10, 16);
  const manager = await deploy<AccessManager>("AccessManager", [admin.address]);
  const share = cos(200_000_000);
  const token = await deploy<COSToken>("COSToken", [
    [0, 1, 2, 3, 4].map(() => ({ vault: vault.address, amount: share })),
  ]);
  const delegation = await deploy<Delegation>("Delegation", [
    await manager.getAddress(),
    {
      cos: await token.getAddress(),
      vault: vault.address,
      treasury: treasury.address,
      community: community.address,
      epochSeconds: DAY,
    },
  ]);
  const address = await delegation.getAddress();
  const selectors = (names: readonly ("open" | "close" | "slash" | "settle" | "setTreasury" | "setCommunity")[]) =>
    names.map((name) => delegation.interface.getFunction(name).selector);
  await manager.setTargetFunctionRole(address, selectors(["open", "close", "slash", "settle"]), REGISTRY_ROLE);
  await manager.setTargetFunctionRole(address, selectors(["setTreasury", "setCommunity"]), TIMELOCK_ROLE);
  await manager.grantRole(REGISTRY_ROLE, registry.address, 0);
  await manager.grantRole(TIMELOCK_ROLE, timelock.address, 0);
  await token.connect(vault.signer).approve(address, MaxUint256);
  for (const { signer, address: account } of [...validators, ...delegators]) {
    await token.connect(vault.signer).transfer(account, RICH);
    await token.connect(signer).approve(address, MaxUint256);
  }
  for (const validator of validators) {
    await delegation.connect(registry.signer).open(validator.address, TERMS.max, TERMS.change, TERMS.commission);
  }
  return {
    manager,
    token,
    delegation,
    address,
    registry,
    timelock,
    vault,
    treasury,
    community,
    validators,
    delegators,
  };
}

export const now = async (): Promise<bigint> => BigInt(await time.latest());

/** Puts the next block at `timestamp`. */
export const at = (timestamp: bigint): Promise<void> => time.setNextBlockTimestamp(timestamp);

/** Start of the reward epoch that begins next. */
export async function nextEpochStart(): Promise<bigint> {
  return ((await now()) / DAY + 1n) * DAY;
}

export type Sent = Promise<ContractTransactionResponse>;

/** The fixture's calls by their actors. */
export function actions({ delegation, registry, vault }: DelegationFixture) {
  return {
    delegate: (by: Account, validator: Account, amount: bigint): Sent =>
      delegation.connect(by.signer).delegate(validator.address, amount),
    undelegate: (by: Account, validator: Account, shares: bigint): Sent =>
      delegation.connect(by.signer).undelegate(validator.address, shares),
    withdraw: (by: Account, validator: Account, id: bigint | number, to = by): Sent =>
      delegation.connect(by.signer).withdraw(validator.address, id, to.address),
    claim: (by: Account, validator: Account, to = by): Sent =>
      delegation.connect(by.signer).claim(validator.address, to.address),
    slash: (validator: Account, bps: bigint): Sent => delegation.connect(registry.signer).slash(validator.address, bps),
    close: (validator: Account): Sent => delegation.connect(registry.signer).close(validator.address),
    settle: (epoch: bigint, proposer: Account | undefined, signed: readonly Account[]): Sent =>
      delegation.connect(registry.signer).settle(
        epoch,
        proposer?.address ?? "0x0000000000000000000000000000000000000000",
        signed.map((account) => account.address),
      ),
    fund: (amount: bigint, newEnd: bigint): Sent => delegation.connect(vault.signer).fund(amount, newEnd),
  };
}
