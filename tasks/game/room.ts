import { ZeroAddress, parseUnits, formatUnits } from "ethers";
import type { ContractTypes } from "../../deploy/contracts";
import type { GameContracts } from "../../deploy/deployment";
import { parseAmount } from "../qsc/amount";
import { Refusal } from "../refusal";
import { openRevenueToken } from "../revenue/splitter";
import { openDeployment, openToken, parseWhole, type Session } from "../session";
import { submit } from "../submit";

/** What a task works with: contracts to read, and their addresses. */
export async function openGames(session: Session): Promise<GameContracts> {
  const { games } = await openDeployment(session);
  if (games === undefined) throw new Refusal(`games are on the home chain, not on ${session.network}`);
  return games;
}

/** What is staked: BNB, or an ERC-20. */
export interface StakeToken {
  /** Zero for BNB. */
  readonly address: string;
  parse(key: string, value: string): bigint;
  show(amount: bigint): string;
}

/** `BNB`, `COS`, the symbol of a QSC, or an address. */
export async function openStakeToken(session: Session, name: string): Promise<StakeToken> {
  const { address, show } = await openRevenueToken(session, name);
  const decimals = address === ZeroAddress ? 18n : await (await openToken(session, address)).decimals();
  return { address, show, parse: (key, value) => parseAmount(key, value, decimals) };
}

/** Lets `spender` take a stake, where the token is not BNB and does not let it yet. */
export async function approveStake(
  session: Session,
  token: StakeToken,
  spender: string,
  amount: bigint,
): Promise<void> {
  if (token.address === ZeroAddress || amount === 0n) return;
  const erc20: ContractTypes["QSC"] = await openToken(session, token.address);
  const { address: owner } = await session.signer();
  if ((await erc20.allowance(owner, spender)) >= amount) return;
  const data = erc20.interface.encodeFunctionData("approve", [spender, amount]);
  await submit(session, `Let the engine take the stake of ${token.show(amount)}`, { to: token.address, data });
}

export function parseNumber(key: string, value: string): bigint {
  const number = parseWhole(key, value);
  if (number === 0n) throw new Refusal(`--${key} 0: counting starts at 1`);
  return number;
}

/** "2.5" percent as basis points, up to `max` of them. */
export function parseBps(key: string, value: string, max: bigint): bigint {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(value)) throw new Refusal(`--${key} ${value}: not a percentage such as 2.5`);
  const bps = parseUnits(value, 2);
  if (bps > max) throw new Refusal(`--${key} ${value}: at most ${formatUnits(max, 2)}`);
  return bps;
}
