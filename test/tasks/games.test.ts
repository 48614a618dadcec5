import { expect } from "chai";
import { ethers } from "hardhat";
import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { ZeroAddress, parseEther } from "ethers";
import { deploy } from "../../deploy/deployment";
import { fileRecorder } from "../../deploy/record";
import { resultOf, type Table } from "../../tasks/game/play";
import type { RegisteredGame } from "../../tasks/game/register";
import { liarsDice } from "../../tasks/game/liarsDice";
import { ticTacToe } from "../../tasks/game/ticTacToe";
import { businessParameters, homeParameters, optionsFor } from "../support/deployment";
import { recordFile, refusal, run, type TasksFixture } from "./support";

const STAKE = parseEther("0.5");
/** Accounts of the local network that play. */
const [ALICE, BOB, CAROL] = ["7", "8", "9"] as const;

async function home(): Promise<TasksFixture> {
  const file = await recordFile();
  return {
    file,
    deployment: await deploy({ ...(await optionsFor(await homeParameters())), recorder: fileRecorder(file) }),
  };
}

/** Session 1 of tic-tac-toe, for half a BNB, joined by both. */
async function begun(): Promise<TasksFixture> {
  const fixture = await home();
  await run(fixture.file, "game:play", { from: ALICE, game: "1", stake: "0.5" });
  await run(fixture.file, "game:play", { from: BOB, session: "1" });
  return fixture;
}

const play = (file: string, from: string, args: Readonly<Record<string, unknown>>): Promise<Table> =>
  run<Table>(file, "game:play", { from, session: "1", ...args });

describe("tasks of games", () => {
  it("register a game that is deployed, or deploy it first", async () => {
    const { file, deployment } = await loadFixture(home);
    const before = (await deployment.games?.registry.gameCount()) ?? 0n;
    const rules = deployment.record.contracts.TicTacToe?.address ?? "";
    const first = await run<RegisteredGame>(file, "game:register", {
      rules,
      rake: "2.5",
      uri: "ipfs://x",
      from: ALICE,
    });
    expect(first.gameId).to.equal(before + 1n);
    const contract = { contract: "TicTacToe", from: ALICE, noCompile: true };
    const second = await run<RegisteredGame>(file, "game:register", contract);
    expect(second.gameId).to.equal(before + 2n);
    const game = await deployment.games?.registry.gameOf(first.gameId);
    const [, , , , , , , alice] = await ethers.getSigners();
    expect([game?.rakeBps, game?.developer, game?.rules]).to.deep.equal([250n, alice?.address, first.rules]);
    expect(await deployment.games?.registry.metadataOf(first.gameId)).to.equal("ipfs://x");
  });

  it("refuse to register what is no game, in words", async () => {
    const { file, deployment } = await loadFixture(home);
    const token = deployment.record.contracts.COSToken?.address ?? "";
    const register = (args: Readonly<Record<string, unknown>>): Promise<string> =>
      refusal(run(file, "game:register", { noCompile: true, ...args }));
    expect(await register({})).to.contain("--rules or --contract");
    expect(await register({ rules: token, contract: "TicTacToe" })).to.contain("--rules or --contract");
    expect(await register({ rules: token })).to.contain("Impure code");
    expect(await register({ rules: token, rake: "10.01" })).to.contain("--rake 10.01: at most 10");
    expect(await register({ rules: token, rake: "much" })).to.contain("--rake much");
    expect(await register({ contract: "NoSuchGame" })).to.contain("--contract NoSuchGame");
  });

  it("play a game of tic-tac-toe for a stake, from its opening to the payment", async () => {
    const { file, deployment } = await loadFixture(home);
    const opened = await run<Table>(file, "game:play", { from: ALICE, game: "1", stake: "0.5" });
    expect([opened.sessionId, opened.phase, opened.seat, opened.turn]).to.deep.equal([1n, "open", 0, undefined]);
    const joined = await play(file, BOB, {});
    expect([joined.phase, joined.seat, joined.turn]).to.deep.equal(["playing", 1, 0]);
    for (const [from, move] of [
      [ALICE, "1"],
      [BOB, "4"],
      [ALICE, "2"],
      [BOB, "5"],
    ] as const) {
      await play(file, from, { move });
    }
    const won = await play(file, ALICE, { move: "3" });
    expect([won.phase, won.owed, won.shareBps]).to.deep.equal(["settled", 2n * STAKE, [10_000n, 0n]]);
    const engine = await deployment.games?.engine.getAddress();
    const paid = await play(file, ALICE, { withdraw: true });
    expect(paid.owed).to.equal(0);
    expect(await ethers.provider.getBalance(engine ?? ZeroAddress)).to.equal(0);
    expect(await refusal(play(file, BOB, { withdraw: true }))).to.contain("Nothing owed");
  });

  it("play for COS, whose stake they approve", async () => {
    const { file, deployment } = await loadFixture(home);
    const { token, games } = deployment;
    if (token === undefined || games === undefined) throw new Error("not the home chain");
    const vault = await ethers.getImpersonatedSigner(await token.ecosystemVault.getAddress());
    await setBalance(vault.address, parseEther("1000"));
    const [, , , , , , , alice, bob] = await ethers.getSigners();
    for (const player of [alice!, bob!]) await token.cos.connect(vault).transfer(player, STAKE);
    await run(file, "game:play", { from: ALICE, game: "1", stake: "0.5", token: "COS" });
    await play(file, BOB, {});
    expect(await token.cos.balanceOf(games.engine)).to.equal(2n * STAKE);
  });

  it("keep what was chosen secretly in a file, and open it from there", async () => {
    const { file, deployment } = await loadFixture(home);
    // One round: whoever wins it has the pot.
    const opened = await run<Table>(file, "game:play", { from: ALICE, game: "2", stake: "0.5", setup: "0x01" });
    const both = { session: `${opened.sessionId}` };
    await play(file, BOB, both);
    expect(await refusal(play(file, ALICE, { ...both, move: "open" }))).to.contain("you have not chosen yet");
    expect(await refusal(play(file, ALICE, { ...both, move: "stone" }))).to.contain("--move stone");
    await play(file, ALICE, { ...both, move: "paper" });
    const chosen = await play(file, BOB, { ...both, move: "rock" });
    expect(chosen.turn).to.equal("anyone");
    await play(file, BOB, { ...both, move: "open" });
    const over = await play(file, ALICE, { ...both, move: "open" });
    expect([over.phase, over.owed]).to.deep.equal(["settled", 2n * STAKE]);
    expect(await deployment.games?.engine.sessionCount()).to.equal(1);
  });

  it("roll, mix, bid, doubt and show hidden dice", async () => {
    const { file } = await loadFixture(home);
    // One die each: who loses it has lost.
    const opened = await run<Table>(file, "game:play", { from: ALICE, game: "3", stake: "0.5", setup: "0x01" });
    const both = { session: `${opened.sessionId}` };
    await play(file, BOB, both);
    for (const move of ["roll", "mix"]) for (const from of [ALICE, BOB]) await play(file, from, { ...both, move });
    const position = { players: 2, seat: 0, secretFile: "none" };
    const { state } = await play(file, ALICE, { ...both, move: "2x6" });
    expect(await liarsDice.draw({ ...position, state })).to.include("  player 0 bid 2x6");
    await play(file, BOB, { ...both, move: "doubt" });
    await play(file, BOB, { ...both, move: "show" });
    const over = await play(file, ALICE, { ...both, move: "show" });
    const loser = await play(file, BOB, { ...both, show: true });
    expect([over.phase, over.owed + loser.owed]).to.deep.equal(["settled", 2n * STAKE]);
    expect(await refusal(play(file, ALICE, { ...both, move: "2" }))).to.contain("--move 2");
  });

  it("show a session without joining it, and give a seat back", async () => {
    const { file } = await loadFixture(home);
    await run(file, "game:play", { from: ALICE, game: "1", stake: "0.5" });
    const seen = await play(file, BOB, { show: true });
    expect([seen.phase, seen.seat, seen.accounts.length]).to.deep.equal(["open", undefined, 1]);
    const left = await play(file, ALICE, { leave: true });
    expect([left.phase, left.owed]).to.deep.equal(["voided", STAKE]);
  });

  it("have a missed deadline decided", async () => {
    const { file } = await loadFixture(begun);
    expect(await refusal(play(file, BOB, { expire: true }))).to.contain("Move still due");
    await time.increase(301);
    const decided = await play(file, CAROL, { expire: true });
    expect(decided.phase).to.equal("settled");
    expect((await play(file, BOB, { show: true })).owed).to.equal(2n * STAKE);
    expect(await refusal(play(file, ALICE, { move: "1" }))).to.contain("Wrong phase");
  });

  it("refuse bad input in words", async () => {
    const { file } = await loadFixture(begun);
    const refused = (args: Readonly<Record<string, unknown>>): Promise<string> =>
      refusal(run(file, "game:play", { from: CAROL, ...args }));
    expect(await refused({})).to.contain("name --game to open");
    expect(await refused({ game: "1", session: "1" })).to.contain("name --game to open");
    expect(await refused({ session: "0" })).to.contain("--session 0");
    expect(await refused({ session: "99" })).to.contain("there is no such session");
    expect(await refused({ game: "99" })).to.contain("Unknown game (gameId 99)");
    expect(await refused({ game: "1", players: "17" })).to.contain("--players 17");
    expect(await refused({ game: "1", players: "3" })).to.contain("Start refused");
    expect(await refused({ game: "1", stake: "x" })).to.contain("--stake x");
    expect(await refused({ game: "1", life: "299" })).to.contain("Session life out of range");
    expect(await refused({ game: "1", life: "999999999999" })).to.contain("--life 999999999999");
    expect(await refused({ game: "1", setup: "0x1" })).to.contain("--setup 0x1");
    expect(await refused({ game: "1", invite: "0x12" })).to.contain("--invite 0x12");
    expect(await refused({ session: "1", move: "1" })).to.contain("Not seated");
    expect(await refusal(play(file, ALICE, { move: "10" }))).to.contain("--move 10");
    expect(await refusal(play(file, BOB, { move: "1" }))).to.contain("Move refused");
  });

  it("refuse a business chain, which has no games", async () => {
    const file = await recordFile();
    await deploy({ ...(await optionsFor(await businessParameters())), recorder: fileRecorder(file) });
    expect(await refusal(run(file, "game:play", { session: "1" }))).to.contain("home chain");
  });

  it("say who won, or how the pot is shared", () => {
    expect(resultOf({ shareBps: [0n, 10_000n], seat: 1 })).to.equal("you won");
    expect(resultOf({ shareBps: [0n, 10_000n], seat: 0 })).to.equal("player 1 won");
    expect(resultOf({ shareBps: [3_333n, 0n, 6_667n], seat: 2 })).to.equal(
      "the pot is shared: player 0 33.33 %, you 66.67 %",
    );
  });

  it("draw tic-tac-toe with the numbers of its free cells", async () => {
    // X in the middle and the corner, O above.
    const position = { state: "0x000411", players: 2, seat: 1, secretFile: "none" };
    expect(await ticTacToe.draw(position)).to.deep.equal([
      "   X │ O │ 3",
      "  ───┼───┼───",
      "   4 │ X │ 6",
      "  ───┼───┼───",
      "   7 │ 8 │ 9",
      "  you are O",
    ]);
    expect(await ticTacToe.move("9", position)).to.equal("0x08");
  });
});
