import { ZeroAddress, formatUnits } from "ethers";
import { connect, type ContractTypes } from "../../deploy/contracts";
import { Refusal } from "../refusal";
import { openDeployment, openToken, parseWhole, type Session } from "../session";

/** The pools of the stakers, by the names and numbers of the contract. */
export const POOLS = { node: 0, cos: 1 } as const;
export type PoolName = keyof typeof POOLS;

export interface Revenue {
  readonly splitter: ContractTypes["RevenueSplitter"];
  readonly address: string;
}

/** What revenue is paid in: BNB, or an ERC-20. */
export interface RevenueToken {
  /** Zero for BNB. */
  readonly address: string;
  show(amount: bigint): string;
}

export async function openRevenue(session: Session): Promise<Revenue> {
  const { revenueSplitter } = await openDeployment(session);
  if (revenueSplitter === undefined) throw new Refusal("revenue is divided on the home chain: name its network");
  return { splitter: revenueSplitter, address: await revenueSplitter.getAddress() };
}

/** `BNB`, `COS`, the symbol of a QSC, or an address. */
export async function openRevenueToken(session: Session, name: string): Promise<RevenueToken> {
  if (name === "BNB" || name === ZeroAddress) {
    return { address: ZeroAddress, show: (amount) => `${formatUnits(amount)} BNB` };
  }
  const token = name === "COS" ? await openCOS(session) : await openToken(session, name);
  const [decimals, symbol] = [await token.decimals(), await token.symbol()];
  return { address: await token.getAddress(), show: (amount) => `${formatUnits(amount, decimals)} ${symbol}` };
}

export function parsePool(name: string): PoolName {
  if (name !== "node" && name !== "cos") throw new Refusal(`--pool ${name}: name "node" or "cos"`);
  return name;
}

export function parsePosition(value: string): bigint {
  const position = parseWhole("position", value);
  if (position === 0n) throw new Refusal("--position 0: positions are numbered from 1");
  return position;
}

async function openCOS(session: Session): Promise<ContractTypes["QSC"]> {
  const { token } = await openDeployment(session);
  if (token === undefined) throw new Refusal("--token COS: COS is on the home chain");
  return connect("QSC", await token.cos.getAddress(), session.provider, session.artifacts);
}
