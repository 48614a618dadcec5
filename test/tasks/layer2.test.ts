import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { ethers } from "hardhat";
import { impersonateAccount, setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { ZeroAddress, parseEther, type Signer } from "ethers";
import type { Rollup, RollupVault } from "../../typechain-types";
import { SequencerApi, type LeafEvidence, type LeafNamed, type Receipt } from "../../sdk/rollup/sequencerApi";
import type { Deposit } from "../../tasks/l2/deposit";
import type { LedgerTable } from "../../tasks/l2/play";
import type { Withdrawn } from "../../tasks/l2/withdraw";
import type { RollupStatus } from "../../tasks/rollup/status";
import { startLayer2, type RunningLayer2 } from "../support/layer2";
import { refusal, run, running, type TasksFixture } from "./support";

/** Accounts of the local network. */
const [ALICE, BOB, CAROL, DAVE] = ["10", "11", "12", "13"] as const;
const TIC_TAC_TOE = "1";

type Args = Readonly<Record<string, unknown>>;

describe("tasks of layer 2", () => {
  let fixture: TasksFixture;
  let layer2: RunningLayer2;
  let api: SequencerApi;
  let rollup: Rollup;
  let vault: RollupVault;
  let accounts: readonly Signer[];

  before(async () => {
    fixture = await running();
    layer2 = await startLayer2(fixture.deployment);
    api = new SequencerApi(layer2.url, fetch);
    const { rollup: contracts } = fixture.deployment;
    if (contracts === undefined) throw new Error("not the home chain");
    rollup = await ethers.getContractAt("Rollup", await contracts.rollup.getAddress());
    vault = await ethers.getContractAt("RollupVault", await contracts.vault.getAddress());
    accounts = await ethers.getSigners();
  });
  after(() => layer2?.stop());

  const address = (account: string): Promise<string> => (accounts[Number(account)] as Signer).getAddress();
  const ask = <Result>(name: string, from: string, args: Args = {}): Promise<Result> =>
    run<Result>(fixture.file, name, { from, sequencer: layer2.url, ...args });
  const refused = (name: string, from: string, args: Args = {}): Promise<string> => refusal(ask(name, from, args));
  const balanceOf = async (account: string, asset = 0): Promise<bigint> => {
    const leaves = await api.leavesOf((await address(account)).toLowerCase());
    return leaves
      .filter((leaf): leaf is LeafNamed<"Balance"> => leaf.kind === "Balance" && leaf.asset === asset)
      .reduce((sum, { amount }) => sum + amount, 0n);
  };

  describe("l2:deposit", () => {
    it("pays in for the account that sends, waits until it has arrived, and adds to its balance", async () => {
      const held = await ethers.provider.getBalance(vault);
      const first = await ask<Deposit>("l2:deposit", ALICE, { amount: "2" });
      expect(await balanceOf(ALICE)).to.equal(parseEther("2"));
      const second = await ask<Deposit>("l2:deposit", ALICE, { amount: "0.5" });
      expect(second).to.deep.equal({ entry: first.entry + 1n, balance: first.balance });
      expect(await balanceOf(ALICE)).to.equal(parseEther("2.5"));
      expect((await ethers.provider.getBalance(vault)) - held).to.equal(parseEther("2.5"));
    });

    it("pays in for somebody else, without waiting", async () => {
      const made = await ask<Deposit>("l2:deposit", ALICE, { amount: "1", to: await address(BOB), wait: "0" });
      expect(made.balance).to.equal(undefined);
      await ask("l2:deposit", BOB, { amount: "1" });
      expect(await balanceOf(BOB)).to.equal(parseEther("2"));
    });

    it("pays COS into the same account, and lets the vault take no more than that", async () => {
      const { token } = fixture.deployment;
      if (token === undefined) throw new Error("not the home chain");
      const rich = await token.ecosystemVault.getAddress();
      await impersonateAccount(rich);
      await setBalance(rich, parseEther("1"));
      await token.cos.connect(await ethers.getSigner(rich)).transfer(await address(ALICE), parseEther("5"));
      await ask("l2:deposit", ALICE, { amount: "5", asset: "COS" });
      expect(await balanceOf(ALICE, 1)).to.equal(parseEther("5"));
      const kinds = (await api.leavesOf((await address(ALICE)).toLowerCase())).map(({ kind }) => kind);
      expect(kinds.sort()).to.deep.equal(["Account", "Balance", "Balance"]);
      expect(await token.cos.allowance(await address(ALICE), vault)).to.equal(0n);
      expect(await token.cos.balanceOf(vault)).to.equal(parseEther("5"));
    });

    it("refuses amounts, assets and accounts that are none, before anything is sent", async () => {
      const nonce = await (accounts[Number(ALICE)] as Signer).getNonce();
      expect(await refused("l2:deposit", ALICE, { amount: "0" })).to.contain("--amount 0");
      expect(await refused("l2:deposit", ALICE, { amount: "a lot" })).to.contain("--amount a lot");
      expect(await refused("l2:deposit", ALICE, { amount: "1", asset: "NONE" })).to.contain("NONE");
      expect(await refused("l2:deposit", ALICE, { amount: "1", to: "bob" })).to.contain("--to bob");
      expect(await refused("l2:deposit", ALICE, { amount: "1", wait: "long" })).to.contain("--wait");
      expect(await refused("l2:deposit", ALICE, { amount: "1000000" })).to.contain("not enough native coin");
      expect(await refused("l2:deposit", "99", { amount: "1" })).to.contain("--from 99");
      expect(await (accounts[Number(ALICE)] as Signer).getNonce()).to.equal(nonce);
    });

    it("refuses a sequencer that is none, does not answer, or serves another rollup", async () => {
      const none = await refusal(run(fixture.file, "l2:deposit", { from: ALICE, amount: "1" }));
      expect(none).to.contain("SEQUENCER_URL");
      const silent = await refused("l2:deposit", ALICE, { amount: "1", sequencer: "http://127.0.0.1:1" });
      expect(silent).to.contain("http://127.0.0.1:1");
      expect(await refused("l2:deposit", ALICE, { amount: "1", sequencer: "here" })).to.contain("--sequencer here");
      const { file } = await running();
      const foreign = refusal(run(file, "l2:deposit", { from: ALICE, sequencer: layer2.url, amount: "1" }));
      expect(await foreign).to.contain("is of the rollup");
    });
  });

  describe("l2:transfer", () => {
    it("pays an account, one that has none yet, and a balance by its number", async () => {
      const before = await balanceOf(BOB);
      await ask<Receipt>("l2:transfer", ALICE, { amount: "0.25", to: await address(BOB) });
      expect(await balanceOf(BOB)).to.equal(before + parseEther("0.25"));
      await ask("l2:transfer", ALICE, { amount: "0.125", to: await address(CAROL) });
      expect(await balanceOf(CAROL)).to.equal(parseEther("0.125"));
      const [account, balance] = await api.leavesOf((await address(CAROL)).toLowerCase());
      expect([account?.kind, balance?.kind]).to.deep.equal(["Account", "Balance"]);
      const receipt = await ask<Receipt>("l2:transfer", BOB, { amount: "0.125", to: `${balance?.index}` });
      expect(await balanceOf(CAROL)).to.equal(parseEther("0.25"));
      expect((await api.receipt(receipt.hash))?.error).to.equal(undefined);
    });

    it("refuses what cannot be paid, in words", async () => {
      const to = await address(BOB);
      expect(await refused("l2:transfer", ALICE, { amount: "1000", to })).to.contain("2.125");
      expect(await refused("l2:transfer", ALICE, { amount: "0.123456789012345678", to })).to.contain("too many digits");
      expect(await refused("l2:transfer", ALICE, { amount: "1", to: "bob" })).to.contain("--to bob");
      expect(await refused("l2:transfer", ALICE, { amount: "1", to: "0x12" })).to.contain("--to 0x12");
      expect(await refused("l2:transfer", DAVE, { amount: "1", to })).to.contain("l2:deposit");
      expect(await refused("l2:transfer", BOB, { amount: "1", to, asset: "COS" })).to.contain("l2:deposit");
      expect(await refused("l2:transfer", ALICE, { amount: "1", to, account: "99" })).to.contain("--account 99");
    });
  });

  describe("l2:list-game and l2:play", () => {
    before(() => ask("l2:list-game", ALICE, { game: TIC_TAC_TOE }));

    const play = (from: string, session: number, args: Args): Promise<LedgerTable> =>
      ask<LedgerTable>("l2:play", from, { session: `${session}`, ...args });

    it("plays a game for a stake to its end, which pays the winner", async () => {
      const [alice, bob] = [await balanceOf(ALICE), await balanceOf(BOB)];
      const opened = await ask<LedgerTable>("l2:play", ALICE, { game: TIC_TAC_TOE, stake: "0.5" });
      expect([opened.phase, opened.seat, opened.accounts.length]).to.deep.equal(["waiting", 0, 1]);
      const { session } = opened;
      expect(await refusal(play(BOB, session, { stake: "0.25" }))).to.contain("0.5 BNB each");
      const joined = await play(BOB, session, { stake: "0.5" });
      expect([joined.phase, joined.seat, joined.turn]).to.deep.equal(["playing", 1, 0]);
      expect(await refusal(play(BOB, session, { move: "5" }))).to.contain("turn");
      expect(await refusal(play(ALICE, session, { move: "ten" }))).to.contain("--move ten");
      for (const [from, move] of [
        [ALICE, "1"],
        [BOB, "4"],
        [ALICE, "2"],
        [BOB, "5"],
      ] as const) {
        await play(from, session, { move });
      }
      expect(await refusal(play(BOB, session, { expire: true }))).to.contain("deadline");
      const over = await play(ALICE, session, { move: "3" });
      expect([over.phase, over.isOver]).to.deep.equal(["over", true]);
      const pot = parseEther("1");
      const paid = (await balanceOf(ALICE)) - alice + ((await balanceOf(BOB)) - bob);
      expect((await balanceOf(BOB)) - bob).to.equal(-parseEther("0.5"));
      // All but the game's share of the pot.
      expect(-paid).to.equal((await feesOf(TIC_TAC_TOE)) % pot);
      expect(await refusal(play(ALICE, session, { show: true }))).to.contain(`--session ${session}`);
    });

    it("gives a seat back before the start", async () => {
      const { session } = await ask<LedgerTable>("l2:play", ALICE, { game: TIC_TAC_TOE, stake: "0.5" });
      const before = await balanceOf(ALICE);
      const left = await play(ALICE, session, { leave: true });
      expect([left.phase, left.isOver]).to.deep.equal(["over", true]);
      expect(await api.session(session)).to.equal(undefined);
      expect((await balanceOf(ALICE)) - before).to.equal(parseEther("0.5"));
    });

    it("shows a session to whoever looks, without joining it", async () => {
      const { session } = await ask<LedgerTable>("l2:play", ALICE, { game: TIC_TAC_TOE });
      const seen = await play(BOB, session, { show: true });
      expect([seen.phase, seen.seat, seen.accounts]).to.deep.equal([
        "waiting",
        undefined,
        opened(await address(ALICE)),
      ]);
    });

    const opened = (...owners: readonly string[]): readonly string[] => owners.map((owner) => owner.toLowerCase());
    const feesOf = async (game: string): Promise<bigint> => {
      const leaf = (await api.games()).find(({ gameId }) => gameId === BigInt(game));
      return leaf?.fees ?? 0n;
    };

    it("refuses what cannot be played, in words", async () => {
      expect(await refused("l2:play", ALICE))
        .to.contain("--game")
        .and.contain("--session");
      expect(await refused("l2:play", ALICE, { game: "1", session: "1" })).to.contain("--game");
      expect(await refused("l2:play", ALICE, { game: "2" })).to.contain("l2:list-game");
      expect(await refused("l2:play", ALICE, { game: "1", asset: "COS" })).to.contain("l2:list-game");
      expect(await refused("l2:play", ALICE, { session: "4000000" })).to.contain("--session 4000000");
      expect(await refused("l2:play", ALICE, { session: "0" })).to.contain("--session 0");
      expect(await refused("l2:play", ALICE, { game: "1", stake: "0.123456789012345678" })).to.contain("--stake");
      expect(await refused("l2:play", ALICE, { game: "1", setup: "stone" })).to.contain("--setup stone");
      expect(await refused("l2:play", ALICE, { game: "1", moveTime: "60" })).to.contain("--move-time 60");
      expect(await refused("l2:play", ALICE, { game: "1", life: "7200" })).to.contain("--life 7200");
      expect(await refused("l2:play", ALICE, { game: "1", players: "9" })).to.contain("--players 9");
      expect(await refused("l2:play", DAVE, { game: "1" })).to.contain("l2:deposit");
      expect(await refused("l2:list-game", ALICE, { game: "0" })).to.contain("--game 0");
      expect(await refused("l2:list-game", ALICE, { game: "77" })).to.contain("77");
    });
  });

  describe("l2:withdraw, rollup:exit-proof and rollup:status", () => {
    it("leaves layer 2, is refused until its batch is final, and is then paid once", async () => {
      const { exits } = await ask<Withdrawn>("l2:withdraw", ALICE, { amount: "0.5" });
      const [exit] = exits;
      expect(await api.leaf(exit as number)).to.include({ kind: "Exit", amount: parseEther("0.5") });
      const early = await refused("l2:withdraw", ALICE, { claim: `${exit}` });
      expect(early).to.contain("final").and.contain(`exit ${exit}`);
      expect(await refused("rollup:exit-proof", ALICE, { leaf: `${exit}` })).to.contain("final");
      expect(await ask<Withdrawn>("l2:withdraw", ALICE, { claim: "all" })).to.deep.equal({ exits: [] });

      await until(() => api.proof(exit as number, "posted"));
      await layer2.wait(await rollup.CHALLENGE_SECONDS());
      const out = join(await mkdtemp(join(tmpdir(), "exit-")), "exit.json");
      await until(() => api.proof(exit as number, "final"));
      const proof = await ask<LeafEvidence>("rollup:exit-proof", DAVE, { leaf: `${exit}`, out });
      expect(proof.hash).to.equal(await rollup.batchHashOf(proof.batch.number));
      expect(JSON.parse(await readFile(out, "utf8"))).to.deep.include({ index: exit, hash: proof.hash });

      const vaultHad = await ethers.provider.getBalance(vault);
      expect(await ask<Withdrawn>("l2:withdraw", ALICE, { claim: "all" })).to.deep.equal({ exits });
      expect(vaultHad - (await ethers.provider.getBalance(vault))).to.equal(parseEther("0.5"));
      expect(await refused("l2:withdraw", ALICE, { claim: `${exit}` })).to.contain("is paid");
      expect(await ask<Withdrawn>("l2:withdraw", ALICE, { claim: "all" })).to.deep.equal({ exits: [] });
    });

    it("refuses what cannot leave, in words", async () => {
      expect(await refused("l2:withdraw", ALICE))
        .to.contain("--amount")
        .and.contain("--claim");
      expect(await refused("l2:withdraw", ALICE, { amount: "1", claim: "all" })).to.contain("--amount");
      expect(await refused("l2:withdraw", ALICE, { amount: "0" })).to.contain("--amount 0");
      expect(await refused("l2:withdraw", ALICE, { amount: "1000" })).to.contain("BNB");
      expect(await refused("l2:withdraw", DAVE, { amount: "1" })).to.contain("l2:deposit");
      expect(await refused("l2:withdraw", ALICE, { claim: "0" })).to.contain("--claim 0");
      expect(await refused("l2:withdraw", ALICE, { claim: "1" })).to.contain("is no exit");
      expect(await refused("rollup:exit-proof", ALICE, { leaf: "4000000" })).to.contain("4000000");
      expect(await refused("rollup:exit-proof", ALICE, { leaf: "no" })).to.contain("--leaf no");
      expect(await refused("rollup:exit-proof", ALICE, { leaf: "1", at: "once" })).to.contain("--at once");
    });

    it("shows where layer 2 stands, with its sequencer and without", async () => {
      const status = await ask<RollupStatus>("rollup:status", ALICE);
      const { number, postedAt } = await rollup.head();
      expect(status).to.deep.include({ number, postedAt, waiting: 0n, frozen: false });
      const alone = await run<RollupStatus>(fixture.file, "rollup:status", { poster: ZeroAddress });
      expect(alone.number).to.be.at.least(number);
      expect(await refused("rollup:status", ALICE, { poster: "me" })).to.contain("--poster me");
      expect(await refused("rollup:status", ALICE, { sequencer: "here" })).to.contain("--sequencer here");
    });

    const PATIENCE_MS = 240_000;

    /** Looks until there is something; the sequencer sees a moment later what layer 1 has. */
    async function until<Result>(look: () => Promise<Result | undefined>): Promise<Result> {
      for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(50)) {
        const found = await look();
        if (found !== undefined) return found;
      }
      throw new Error("it has not come");
    }
  });
});
