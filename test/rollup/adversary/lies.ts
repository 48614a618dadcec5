import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { getBytes } from "ethers";
import { ethers } from "hardhat";
import type { Leaf, LeafKind } from "../../../protocol/ledger/leaves";
import type { Ledger } from "../../../protocol/ledger/ledger";
import type { RulesAnswer, RulesCall } from "../../../protocol/ledger/rulesCall";
import type { Transaction } from "../../../protocol/ledger/transactions";
import { player } from "../../protocol/ledger/support";
import {
  Layer2,
  PARAMS,
  bodyOf,
  deployRollup,
  hashOf,
  type Draft,
  type PostedBatch,
  type RollupFixture,
} from "../support";
import { ChallengerRig, PAYOUT } from "./support";

/** Leaves of the scene, in the order in which the entries make them. */
export const ALICE = { number: 0, account: 1, balance: 2 } as const;
export const BOB = { number: 1, account: 3, balance: 4 } as const;
export const GAME = 5;
export const SESSION = 6;
export const FUNDS = 1_000_000n;
export const STAKE = 1_000n;

const BURNED = "0x000000000000000000000000000000000000dEaD";

/** Board of the sample's tic-tac-toe: one bit per cell and player. */
function board(state: Uint8Array): { readonly first: number; readonly second: number } {
  const value = ((state[0] as number) << 16) | ((state[1] as number) << 8) | (state[2] as number);
  return { first: value & 511, second: (value >> 9) & 511 };
}

/** What tic-tac-toe answers, without its refusals: those who post honestly play by its rules. */
export function answerOf(call: RulesCall): RulesAnswer {
  if (call.call === "start") return { state: new Uint8Array(3) };
  if (call.call !== "play") return { over: false, shareBps: [5_000n, 5_000n] };
  const { first, second } = board(call.state);
  const cell = 1 << (call.move[0] as number);
  const value = call.player === 0 ? first | cell | (second << 9) : first | ((second | cell) << 9);
  return { state: Uint8Array.of(value >> 16, (value >> 8) & 255, value & 255) };
}

/** A rollup on which two players have funds, and a session of tic-tac-toe runs: two honest batches. */
export interface Scene {
  readonly fixture: RollupFixture;
  readonly layer2: Layer2;
  /** A draft by the rules. */
  readonly draft: (bodies: readonly Uint8Array[]) => Promise<Draft>;
  /** A body of transactions, each by its author with its nonce. */
  readonly body: (...transactions: readonly (readonly [number, Transaction, bigint])[]) => Uint8Array;
}

/** What layer 1 has of the scene. */
async function postScene() {
  const fixture = await deployRollup();
  const layer2 = new Layer2(fixture);
  const rules = await (await ethers.deployContract("TicTacToe")).getAddress();
  await layer2.deposit(ALICE.number, FUNDS);
  await layer2.deposit(BOB.number, FUNDS);
  const game = { gameId: 1n, rules: getBytes(rules), asset: 0, rakeBps: 100 } as const;
  await layer2.enqueue({ kind: "ListGame", queuedAt: 0n, ...game });
  await layer2.post(await layer2.draft([bodyOf(layer2, 3)]));
  const open = { kind: "SessionOpen", balance: ALICE.balance, game: GAME, stake: STAKE, players: 2 } as const;
  const terms = { moveSeconds: 7_200, lifeSeconds: 720_000, setup: new Uint8Array() };
  const join = { kind: "SessionJoin", session: SESSION, balance: BOB.balance } as const;
  const { key: alice } = player(ALICE.number);
  const { key: bob } = player(BOB.number);
  const session = bodyOf(layer2, 0, [alice, { ...open, ...terms }, 0n], [bob, join, 0n]);
  await layer2.post(await layer2.draft([session], { answer: answerOf }));
  return { fixture, entries: layer2.entries, batches: layer2.batches };
}

/** The scene, with a layer 2 of its own for each test. */
export async function openScene(): Promise<Scene> {
  const { fixture, entries, batches } = await loadFixture(postScene);
  const layer2 = new Layer2(fixture);
  layer2.entries.push(...entries.slice(0, 3));
  for (const batch of batches.slice(0, 2)) {
    const { segments, time, queueTime } = batch;
    await layer2.draft(
      segments.map(({ body }) => body),
      { answer: answerOf, time, queueTime },
    );
    layer2.batches.push(batch);
  }
  return {
    fixture,
    layer2,
    draft: (bodies) => layer2.draft(bodies, { answer: answerOf }),
    body: (...transactions) =>
      bodyOf(layer2, 0, ...transactions.map(([who, what, nonce]) => [player(who).key, what, nonce] as const)),
  };
}

/** Changes a leaf of this kind. */
export function change<Kind extends LeafKind>(
  ledger: Ledger,
  index: number,
  kind: Kind,
  how: (leaf: Extract<Leaf, { readonly kind: Kind }>) => Leaf | undefined,
): void {
  const leaf = ledger.leaf(index);
  if (leaf?.kind !== kind) throw new Error(`leaf ${index} is no ${kind}`);
  ledger.put(index, how(leaf as Extract<Leaf, { readonly kind: Kind }>));
}

/** The draft of `bodies`, behind the last of which the sequencer changes leaves as it likes, and of `rest` built on that. */
export async function tampered(
  { layer2, draft }: Scene,
  bodies: readonly Uint8Array[],
  how: (ledger: Ledger) => void,
  rest: readonly Uint8Array[] = [],
): Promise<Draft> {
  const honest = await draft(bodies);
  how(layer2.ledger);
  layer2.ledger.commit(layer2.ledger.queue);
  const after = layer2.ledger.state();
  const segments = [...honest.segments.slice(0, -1), { ...honest.segments.at(-1)!, after, claimed: after.hash }];
  if (rest.length === 0) return { ...honest, segments, state: after };
  const more = await layer2.draft(rest, { answer: answerOf, time: honest.time, queueTime: honest.queueTime });
  return { ...more, segments: [...segments, ...more.segments] };
}

/** Runs a challenger until the batch is gone, and asserts what that did to whom. */
export async function expectCaught(
  { fixture, layer2 }: Pick<Scene, "fixture" | "layer2">,
  posted: PostedBatch,
  segment: number,
  poster = fixture.sequencer,
): Promise<ChallengerRig> {
  const { rollup, prover, beginning } = fixture;
  const rig = await ChallengerRig.start(fixture);
  const [paidBefore, burnedBefore] = await Promise.all(
    [PAYOUT, BURNED].map((each) => ethers.provider.getBalance(each)),
  );
  const parent = layer2.batches[Number(posted.batch.number) - 2]?.batch ?? beginning;
  await rig.settle();

  const half = PARAMS.bond / 2n;
  const [log] = await rollup.queryFilter(rollup.filters.FraudProven(posted.batch.number, posted.hash));
  expect(log?.args.slice(2)).to.deep.equal([await poster.getAddress(), await prover.getAddress(), half]);
  expect(rig.ofKind("batch_false").map(({ proof }) => [proof.batch.hash, proof.segment])).to.deep.equal([
    [posted.hash, segment],
  ]);
  expect(await rollup.isProvenFalse(posted.hash)).to.equal(true);
  const { number, queue } = await rollup.head();
  expect([number, queue]).to.deep.equal([parent.number, parent.state.queue]);
  expect(await rollup.batchHashOf(parent.number)).to.equal(hashOf(parent));
  expect((await rollup.posterOf(poster)).bond).to.equal(0n);
  expect((await ethers.provider.getBalance(PAYOUT)) - (paidBefore ?? 0n)).to.equal(half);
  expect((await ethers.provider.getBalance(BURNED)) - (burnedBefore ?? 0n)).to.equal(half);
  expect(rig.node.replica.at.hash).to.equal(hashOf(parent));
  return rig;
}
