import { mine, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { REFUSAL } from "../../../protocol/ledger/refusal";
import type { Transaction } from "../../../protocol/ledger/transactions";
import { DAY, HOUR, Layer2, PARAMS, commit, type Draft, type PostedBatch } from "../support";
import { ALICE, BOB, GAME, STAKE, answerOf, expectCaught, openScene, type Scene } from "./lies";
import { ChallengerRig } from "./support";

const NEVER = (1n << 64n) - 1n;
/** Of the game that begins just before the halt, and of one that waits for its second player. */
const [RUNNING, WAITING] = [7, 8];
const TERMS = { game: GAME, stake: STAKE, players: 2, moveSeconds: 77_760, lifeSeconds: 7_776_000 } as const;

interface Halted extends Scene {
  /** Where the halt begins and ends. */
  readonly from: bigint;
  readonly to: bigint;
  /** A segment with alice's next move, and then a payment, which no halt is for. */
  readonly moving: (nonce?: bigint) => Uint8Array;
}

/** An hour before a halt of two days: a game of alice and bob runs, bob may join another one. */
async function beforeHalt(): Promise<Halted> {
  const scene = await openScene();
  const { fixture, layer2, body } = scene;
  const from = (await layer2.now()) + PARAMS.challengeSeconds + DAY + HOUR;
  const to = from + 2n * DAY;
  await fixture.rollup.setMovesHalt(from, to);
  // Served all the while: nobody may freeze it.
  await time.increaseTo(from - 5n * DAY);
  await layer2.post(await scene.draft([body()]));
  await time.increaseTo(from - HOUR);
  const open: Transaction = { kind: "SessionOpen", balance: ALICE.balance, ...TERMS, setup: new Uint8Array() };
  const join: Transaction = { kind: "SessionJoin", session: RUNNING, balance: BOB.balance };
  const games = body([ALICE.number, open, 1n], [BOB.number, join, 1n], [ALICE.number, open, 2n]);
  await layer2.post(await scene.draft([games]));
  const move: Transaction = { kind: "SessionMove", session: RUNNING, player: 0, move: Uint8Array.of(4) };
  const pay: Transaction = { kind: "Transfer", from: BOB.balance, to: ALICE.balance, amount: 5n };
  return { ...scene, from, to, moving: (nonce = 3n) => body([ALICE.number, move, nonce], [BOB.number, pay, 2n]) };
}

/** A draft by a poster who takes `movesHalt` for the halt of its clock. */
const draftBy = ({ layer2 }: Halted, movesHalt: bigint, ...bodies: readonly Uint8Array[]): Promise<Draft> =>
  layer2.draft(bodies, { answer: answerOf, movesHalt });

/** A challenger finds nothing, and the contract takes no proof of any segment. */
async function expectTrue({ fixture, layer2 }: Halted, posted: PostedBatch): Promise<void> {
  const { rollup, prover } = fixture;
  for (const segment of posted.segments.keys()) {
    await commit(fixture, posted, segment);
    await mine(2);
    await expect(rollup.proveFraud(layer2.proofOf(posted, segment, await prover.getAddress())))
      .to.be.revertedWithCustomError(rollup, "BatchIsTrue")
      .withArgs(posted.batch.number, segment);
  }
  const rig = await ChallengerRig.start(fixture);
  await rig.settle();
  expect(rig.node.replica.at.hash).to.equal(posted.hash);
  expect(rig.ofKind("batch_false")).to.deep.equal([]);
}

const resultsOf = ({ segments }: Draft): readonly (readonly number[])[] => segments.map(({ results }) => [...results]);

describe("a halt of moves", () => {
  it("lets nobody prove a batch false that takes no moves in it, while it lasts and after it", async () => {
    const scene = await beforeHalt();
    const { layer2, from, to, body, moving } = scene;
    await time.increaseTo(from);
    const join: Transaction = { kind: "SessionJoin", session: WAITING, balance: BOB.balance };
    const settle: Transaction = { kind: "SessionSettle", session: RUNNING };
    const draft = await draftBy(scene, from, moving(), body([BOB.number, join, 3n], [ALICE.number, settle, 3n]));
    // What calls no rules goes on.
    expect(resultsOf(draft)).to.deep.equal([
      [REFUSAL.WrongTime, REFUSAL.Applied],
      [REFUSAL.WrongTime, REFUSAL.WrongTime],
    ]);
    const posted = await layer2.post(draft);
    await expectTrue(scene, posted);
    await time.increaseTo(to + HOUR);
    await expectTrue(scene, posted);
  });

  it("lets nobody prove a batch false that took moves before it, once it has begun", async () => {
    const scene = await beforeHalt();
    const { layer2, from, moving } = scene;
    const draft = await draftBy(scene, NEVER, moving());
    expect(resultsOf(draft)).to.deep.equal([[REFUSAL.Applied, REFUSAL.Applied]]);
    const posted = await layer2.post(draft);
    await time.increaseTo(from + HOUR);
    await expectTrue(scene, posted);
  });

  it("lets moves be taken again behind it", async () => {
    const scene = await beforeHalt();
    const { layer2, to, body } = scene;
    await time.increaseTo(to);
    // The running game's time is over; bob joins the other one.
    const join: Transaction = { kind: "SessionJoin", session: WAITING, balance: BOB.balance };
    const draft = await draftBy(scene, NEVER, body([BOB.number, join, 2n]));
    expect(resultsOf(draft)).to.deep.equal([[REFUSAL.Applied]]);
    await expectTrue(scene, await layer2.post(draft));
  });

  it("has a batch proven false that takes a move in it", async () => {
    const scene = await beforeHalt();
    const { layer2, from, moving, body } = scene;
    await time.increaseTo(from);
    const posted = await layer2.post(await draftBy(scene, NEVER, body(), moving()));
    await expectCaught(scene, posted, 1);
  });

  it("has such a batch proven false after it too", async () => {
    const scene = await beforeHalt();
    const { layer2, to, from, moving } = scene;
    await time.increaseTo(from);
    const posted = await layer2.post(await draftBy(scene, NEVER, moving()));
    await time.increaseTo(to + DAY);
    await expectCaught(scene, posted, 0);
  });

  it("has a batch proven false that calls the rules for a player who joins in it", async () => {
    const scene = await beforeHalt();
    const { layer2, from, body } = scene;
    await time.increaseTo(from);
    const join: Transaction = { kind: "SessionJoin", session: WAITING, balance: BOB.balance };
    const posted = await layer2.post(await draftBy(scene, NEVER, body([BOB.number, join, 2n])));
    await expectCaught(scene, posted, 0);
  });

  for (const [when, halted] of [
    ["before it", (scene: Halted) => scene.from - 60n],
    ["behind it", (scene: Halted) => scene.to],
  ] as const) {
    it(`has a batch proven false that refuses to call the rules ${when}`, async () => {
      const scene = await beforeHalt();
      const { layer2, body } = scene;
      await time.increaseTo(halted(scene));
      const join: Transaction = { kind: "SessionJoin", session: WAITING, balance: BOB.balance };
      const draft = await draftBy(scene, 0n, body([BOB.number, join, 2n]));
      expect(resultsOf(draft)).to.deep.equal([[REFUSAL.WrongTime]]);
      await expectCaught(scene, await layer2.post(draft), 0);
    });
  }

  it("has a batch proven false in it that takes no move, and lies about the state", async () => {
    const scene = await beforeHalt();
    const { layer2, from, moving } = scene;
    await time.increaseTo(from);
    const lie = Layer2.lie(await draftBy(scene, from, moving()), 0);
    await expectCaught(scene, await layer2.post(lie), 0);
  });
});
