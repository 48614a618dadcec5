import { ethers } from "hardhat";
import { type AddressLike, type Signer, concat, toBeHex } from "ethers";
import type {
  AccessManager,
  GameEngine,
  GameRegistry,
  GameRevenue,
  HostileERC20Mock,
  RevenuePoolMock,
  RevenueSplitter,
  ScriptedGameMock,
} from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { BNB, CREDITOR_ROLE, deploySplitter } from "../staking/revenueSupport";

export const TIMELOCK_ROLE = 20n;
export const GUARDIAN_ROLE = 21n;
export const GAME_CREDITOR_ROLE = 22n;
/** How revenue is divided in these tests. */
export const SHARES = { developerBps: 7_000n, stakersBps: 2_000n, treasuryBps: 1_000n } as const;
export const RAKE_BPS = 500n;

/** What `outcome` and `expire` of the scripted rules do. */
export const DEED = {
  nothing: 0,
  finish: 1,
  revert: 2,
  burnGas: 3,
  returnBomb: 4,
  revertBomb: 5,
  malformed: 6,
  truncated: 7,
  change: 8,
  tooLong: 9,
} as const;
export type Deed = keyof typeof DEED;

/** A state of the scripted rules: what `outcome` does, what `expire` does, and each player's share. */
export function scripted(over: Deed, expiry: Deed, shares: readonly (bigint | number)[]): string {
  return concat([toBeHex(DEED[over], 1), toBeHex(DEED[expiry], 1), ...shares.map((share) => toBeHex(share, 2))]);
}

/** A move of the scripted rules that does something bad instead. */
export function deed(name: Deed): string {
  return toBeHex(DEED[name], 1);
}

export interface RoomFixture {
  readonly manager: AccessManager;
  readonly registry: GameRegistry;
  readonly revenue: GameRevenue;
  readonly engine: GameEngine;
  readonly splitter: RevenueSplitter;
  readonly nodes: RevenuePoolMock;
  readonly pledges: RevenuePoolMock;
  /** Rules that do as they are told; game 1, with a rake of 5 %. */
  readonly rules: ScriptedGameMock;
  readonly gold: HostileERC20Mock;
  readonly silver: HostileERC20Mock;
  readonly treasury: string;
  /** Of the access manager; timelock and guardian. */
  readonly admin: Signer;
  readonly developer: Signer;
  readonly alice: Signer;
  readonly bob: Signer;
  readonly players: readonly Signer[];
}

/** Registry, revenue and engine over a splitter, and one game of scripted rules. */
export async function deployRoom(): Promise<RoomFixture> {
  const { manager, splitter, nodes, pledges, gold, silver, admin, treasury } = await deploySplitter();
  const authority = await manager.getAddress();
  const registry = await deploy<GameRegistry>("GameRegistry", [
    authority,
    SHARES.developerBps,
    SHARES.stakersBps,
    SHARES.treasuryBps,
  ]);
  const revenue = await deploy<GameRevenue>("GameRevenue", [authority, await registry.getAddress(), splitter]);
  const engine = await deploy<GameEngine>("GameEngine", [await registry.getAddress(), await revenue.getAddress()]);
  await manager.grantRole(CREDITOR_ROLE, revenue, 0);
  for (const [target, role, account, names] of [
    [registry, TIMELOCK_ROLE, admin, ["setShares"]],
    [registry, GUARDIAN_ROLE, admin, ["retireUnsafe"]],
    [revenue, GAME_CREDITOR_ROLE, engine, ["credit"]],
  ] as const) {
    const selectors = names.map((name) => target.interface.getFunction(name as never)!.selector);
    await manager.setTargetFunctionRole(target, selectors, role);
    await manager.grantRole(role, account, 0);
  }

  const signers = await ethers.getSigners();
  const developer = signers[2]!;
  const players = signers.slice(3);
  const rules = await deploy<ScriptedGameMock>("ScriptedGameMock");
  await registry.connect(developer).registerGame(rules as unknown as AddressLike, RAKE_BPS, "ipfs://scripted");
  for (const token of [gold, silver]) {
    for (const player of players) {
      await token.mint(player, 1n << 100n);
      await token.connect(player).approve(engine, ethers.MaxUint256);
    }
  }
  return {
    manager,
    registry,
    revenue,
    engine,
    splitter,
    nodes,
    pledges,
    rules,
    gold,
    silver,
    treasury,
    admin,
    developer,
    alice: players[0]!,
    bob: players[1]!,
    players,
  };
}

export interface TermsChoice {
  readonly setup?: string;
  readonly players?: number;
  readonly token?: AddressLike;
  readonly stake?: bigint;
  readonly moveSeconds?: number;
  readonly lifeSeconds?: number;
  readonly invited?: AddressLike[];
}

export const STAKE = 1_000n;
export const MOVE_SECONDS = 100;
export const LIFE_SECONDS = 10_000;

/** Terms of a session for two that stake BNB, but for what is chosen. */
export function terms(choice: TermsChoice = {}) {
  return {
    setup: "0x",
    players: 2,
    token: BNB as AddressLike,
    stake: STAKE,
    moveSeconds: MOVE_SECONDS,
    lifeSeconds: LIFE_SECONDS,
    invited: [],
    ...choice,
  };
}

/** Opens a session of game 1 with its creator, in BNB or a token, and says its number. */
export async function create(
  { engine, alice }: Pick<RoomFixture, "engine" | "alice">,
  choice: TermsChoice = {},
  creator: Signer = alice,
  gameId = 1n,
): Promise<bigint> {
  const chosen = terms(choice);
  const value = chosen.token === BNB ? chosen.stake : 0n;
  await engine.connect(creator).createGame(gameId, chosen, { value });
  return engine.sessionCount();
}

/** A session that runs: the players are the first ones of the fixture. */
export async function play(fixture: RoomFixture, choice: TermsChoice = {}, gameId = 1n): Promise<bigint> {
  const { engine, players } = fixture;
  const sessionId = await create(fixture, choice, players[0]!, gameId);
  const chosen = terms(choice);
  const value = chosen.token === BNB ? chosen.stake : 0n;
  for (const player of players.slice(1, chosen.players)) await engine.connect(player).joinGame(sessionId, { value });
  return sessionId;
}

/** `Phase` in the contract's order. */
export const PHASE = { none: 0n, open: 1n, playing: 2n, settled: 3n, voided: 4n } as const;
