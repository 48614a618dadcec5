import type { TicTacToe } from "../../typechain-types";
import { deploy } from "../../test/crosschain/support";
import { BNB } from "../../test/staking/revenueSupport";
import { create, deployRoom, scripted, STAKE, terms } from "../../test/game/roomSupport";
import { gasOf, type EconomyGas } from "../economy/receipts";

/** Cells of a game that X wins with its fourth mark; none of the first six moves ends it. */
const MOVES = ["0x00", "0x01", "0x04", "0x08", "0x03", "0x05", "0x06"] as const;

/** Tic-tac-toe played on chain for a stake in BNB; a typical move is the fourth, in the middle of the game. */
export async function sessionGas(): Promise<EconomyGas> {
  const fixture = await deployRoom();
  const { engine, registry, developer, alice, bob, gold, players } = fixture;
  const rules = await deploy<TicTacToe>("TicTacToe");
  const gas: Record<string, number | Record<string, number>> = {};
  gas.registerGame = await gasOf(
    registry.connect(developer).registerGame(await rules.getAddress(), 500, "ipfs://game"),
  );
  gas.createGame = await gasOf(engine.connect(alice).createGame(2, terms(), { value: STAKE }));
  gas.joinGame = await gasOf(engine.connect(bob).joinGame(1, { value: STAKE }));
  const byMove: Record<string, number> = {};
  for (const [index, move] of MOVES.entries()) {
    byMove[index + 1] = await gasOf(engine.connect(index % 2 === 0 ? alice : bob).playGame(1, move));
  }
  gas.playOnChain = byMove[4] ?? 0;
  gas.playOnChainByMove = byMove;
  gas.withdraw = await gasOf(engine.connect(alice).withdraw(BNB, alice));
  gas.creditRevenue = await gasOf(engine.creditRevenue(2, BNB));

  const shares = Array<number>(16).fill(625);
  const choice = { players: 16, token: gold, setup: scripted("nothing", "nothing", shares) };
  const sessionId = await create(fixture, choice);
  for (const player of players.slice(1, 16)) await engine.connect(player).joinGame(sessionId);
  gas.settle16Players = await gasOf(engine.connect(alice).playGame(sessionId, scripted("finish", "nothing", shares)));
  return gas;
}
