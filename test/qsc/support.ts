import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import type { ContractTransactionReceipt, ContractTransactionResponse } from "ethers";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { interoperableAddress } from "../../protocol/message";
import type { GatewayMock, QSC } from "../../typechain-types";
import type {} from "../../typechain-types/hardhat";
import type { QSCParamsStruct, QSCRolesStruct } from "../../typechain-types/contracts/qsc/QSC";

/** Chain id of the process: both ends live on it and believe the other elsewhere. */
export const LOCAL = 31_337n;
/** What the remote end takes the home chain to be. */
export const HOME = 1_001n;
/** What the home end takes the remote chain to be. */
export const REMOTE = 4_242n;

export const STATUS = { unknown: 0n, pending: 1n, succeeded: 2n, failed: 3n, failedFinal: 4n } as const;

export interface Actors {
  readonly admin: HardhatEthersSigner;
  readonly freezer: HardhatEthersSigner;
  readonly pauser: HardhatEthersSigner;
  readonly banker: HardhatEthersSigner;
  readonly linker: HardhatEthersSigner;
  readonly alice: HardhatEthersSigner;
  readonly bob: HardhatEthersSigner;
  readonly carol: HardhatEthersSigner;
}

export interface Ends extends Actors {
  readonly home: QSC;
  readonly remote: QSC;
  readonly homeGateway: GatewayMock;
  readonly remoteGateway: GatewayMock;
}

export const SUPPLY = 1_000_000n;
export const CAP = 1_500_000n;

export async function actors(): Promise<Actors> {
  const [admin, freezer, pauser, banker, linker, alice, bob, carol] = await ethers.getSigners();
  if (!admin || !freezer || !pauser || !banker || !linker || !alice || !bob || !carol) throw new Error("8 accounts");
  return { admin, freezer, pauser, banker, linker, alice, bob, carol };
}

export function rolesOf(of: Actors): QSCRolesStruct {
  return {
    admin: of.admin.address,
    adminDelay: ADMIN_DELAY,
    freezer: of.freezer.address,
    pauser: of.pauser.address,
    banker: of.banker.address,
    linker: of.linker.address,
  };
}

export function paramsOf(of: Actors, changes: Partial<QSCParamsStruct> = {}): QSCParamsStruct {
  return {
    name: "Chaos",
    symbol: "CHAOS",
    decimals: 6n,
    homeChainId: LOCAL,
    cap: CAP,
    roles: rolesOf(of),
    holdings: [{ account: of.alice.address, amount: SUPPLY }],
    ...changes,
  };
}

/** Parameters of the counterpart away from home. */
export function remoteParamsOf(of: Actors): QSCParamsStruct {
  return paramsOf(of, { homeChainId: HOME, cap: 0n, holdings: [] });
}

/** As much as can be released, for tests that are about something else. */
export const UNLIMITED = { capacity: 2n ** 96n - 1n, window: 1n } as const;
export const ADMIN_DELAY = 86_400n;

/** A home token of which alice has everything, and its linked counterpart, each with a gateway of its own. */
export async function deployEnds(): Promise<Ends> {
  const of = await actors();
  const homeGateway = await ethers.deployContract("GatewayMock", [HOME], of.admin);
  const remoteGateway = await ethers.deployContract("GatewayMock", [REMOTE], of.admin);
  const home = await ethers.deployContract("QSC", [paramsOf(of), homeGateway], of.admin);
  const remote = await ethers.deployContract("QSC", [remoteParamsOf(of), remoteGateway], of.admin);
  await home.connect(of.linker).link(REMOTE, remote, UNLIMITED);
  await remote.connect(of.linker).link(HOME, home, UNLIMITED);
  await time.increase(ADMIN_DELAY);
  return { ...of, home, remote, homeGateway, remoteGateway };
}

/** ERC-7930 address of an account on a chain. */
export function at(chainId: bigint, account: { readonly address: string }): string {
  return interoperableAddress(chainId, account.address);
}

/** The gateway's id of the one exchange in a transaction. */
export async function sendIdOf(token: QSC, sent: Promise<ContractTransactionResponse>): Promise<string> {
  const receipt: ContractTransactionReceipt | null = await (await sent).wait();
  const topic = token.interface.getEvent("Exchanged").topicHash;
  const log = receipt?.logs.find((entry) => entry.topics[0] === topic);
  if (!log?.topics[1]) throw new Error("no exchange in this transaction");
  return log.topics[1];
}
