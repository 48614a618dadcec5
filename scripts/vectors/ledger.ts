import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { getBytes, hexlify } from "ethers";
import { decodeEntry } from "../../protocol/ledger/entries";
import { encodeLeaf, type Leaf } from "../../protocol/ledger/leaves";
import { Ledger } from "../../protocol/ledger/ledger";
import type { RulesAnswer, RulesCall } from "../../protocol/ledger/rulesCall";
import {
  TRANSACTIONS,
  encodeTransaction,
  type Transaction,
  type TransactionKind,
} from "../../protocol/ledger/transactions";
import { LedgerTree } from "../../protocol/ledger/tree";
import { BookAnswers } from "../../relayer/rollup/rulesAnswers";
import { runSegment } from "../../relayer/rollup/segmentRun";
import { SdkError } from "../../sdk/errors";
import { EvmRules, createRulesEvm } from "../../sdk/rules/evmRules";
import { DOMAIN, crypto, digests, player, sign } from "../../test/protocol/ledger/support";
import { PLAYERS, SegmentGenerator, scriptedGame } from "../../test/rollup/segmentGenerator";
import { bodyOf } from "../../test/rollup/segmentBody";
import { Random } from "../../test/support/random";

/**
 * Writes `test/vectors/ledger`: transactions, leaves, trees, entries and segments of the ledger, by what TypeScript makes of
 * them; tests in both languages read them. `npm run vectors:ledger` after a change of a format, and look at the difference.
 */
const FOLDER = resolve(__dirname, "../../test/vectors/ledger");
const RULES = getBytes("0x00000000000000000000000000000000000a11ce");
const SEGMENTS = 12;

/** Byte strings as 0x hex, large numbers as decimal strings. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return hexlify(value);
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, readable(part)]));
}

function write(name: string, content: unknown): void {
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(readable(content), null, 2)}\n`);
}

function transactions(): readonly unknown[] {
  const [key, to] = [player(3).address, player(4).address];
  const all: { readonly [Kind in TransactionKind]: Omit<Extract<Transaction, { kind: Kind }>, "kind"> } = {
    Transfer: { from: 2, to: 4_294_967_295, amount: 1_230_000_000_000_000_000n },
    TransferToNew: { from: 7, to, amount: 34_359_738_367n * 10n ** 27n },
    OpenBalance: { account: 1, asset: 65_536 },
    Withdraw: { from: 2, amount: (1n << 128n) - 1n },
    ItemMint: { allowance: 9, to: 1, amount: (1n << 64n) - 1n },
    ItemTransfer: { item: 10, to: 3, into: 0, amount: 1n },
    ItemBurn: { item: 10, amount: 12_345_678_901n },
    ItemSwap: { item: 10, into: 11, amount: 2n, pay: 4, receive: 2, price: 5n },
    ItemWithdraw: { item: 10, amount: 3n },
    GrantKey: { account: 1, key, expiry: 1_800_000_000n, scope: 7, game: 5 },
    RevokeKey: { account: 1 },
    SessionOpen: {
      balance: 2,
      game: 5,
      stake: 100n,
      players: 8,
      moveSeconds: 7_200,
      lifeSeconds: 7_776_000,
      setup: Uint8Array.from({ length: 255 }, (_, i) => i),
    },
    SessionJoin: { session: 6, balance: 4 },
    SessionLeave: { session: 6, player: 1 },
    SessionMove: { session: 6, player: 0, move: new Uint8Array() },
    SessionTimeout: { session: 6 },
    SessionSettle: { session: 4_294_967_295 },
    CollectFees: { game: 5 },
  };
  return Object.entries(all).map(([kind, fields], number) => {
    const transaction = { kind, ...fields } as Transaction;
    const nonce = number === 0 ? (1n << 64n) - 1n : BigInt(number);
    const bytes = encodeTransaction(transaction);
    // What nobody signs has no digest.
    const signed = TRANSACTIONS[transaction.kind].signatures > 0;
    return { transaction, nonce, bytes, ...(signed && { digest: digests.digest(transaction, nonce) }) };
  });
}

function leaves(): readonly unknown[] {
  const owner = player(0).address;
  const all: readonly Leaf[] = [
    { kind: "Account", owner, nonce: 5n, key: player(1).address, keyExpiry: 1_900_000_000n, keyScope: 5, keyGame: 9 },
    { kind: "Balance", account: 1, asset: 70_000, amount: (1n << 128n) - 1n },
    { kind: "Item", account: 1, id: (1n << 256n) - 2n, amount: 1n },
    { kind: "Allowance", account: 4_000_000_000, id: 3n, amount: (1n << 64n) - 1n },
    { kind: "Game", gameId: 12n, rules: RULES, asset: 1, rakeBps: 1_000, fees: 77n },
    {
      kind: "Session",
      game: 5,
      stake: 10n ** 18n,
      players: 3,
      joined: 2,
      phase: 0,
      moveSeconds: 7_200,
      lifeSeconds: 720_000,
      deadline: 0n,
      endsBy: 0n,
      balances: [2, 4, 0],
      state: Uint8Array.of(1, 2, 3),
    },
    { kind: "Exit", owner, asset: 0, amount: 10n ** 20n },
    { kind: "ItemExit", owner, id: 1n << 200n, amount: 9n },
    { kind: "FeeExit", gameId: 12n, asset: 1, amount: 10n },
  ];
  return all.map((leaf) => ({ leaf, bytes: encodeLeaf(leaf), hash: crypto.keccak256(encodeLeaf(leaf)) }));
}

function trees(): readonly unknown[] {
  return [1, 2, 3].map((seed) => {
    const random = new Random(seed);
    const tree = new LedgerTree(crypto.keccak256);
    const set = Array.from({ length: 5 + 20 * seed }, (_, i) => ({ index: i + 1, hash: random.bytes(32) }));
    for (const { index, hash } of set) tree.set(index, hash);
    const root = tree.root();
    const proofs = [[1], [1, 2, 3], [4, 9, set.length, set.length + 1], [7, 4_294_967_294]].map((indices) => {
      const older = indices.map((index) => set[index - 1]?.hash ?? new Uint8Array(32));
      return { indices, leaves: older, siblings: tree.prove(indices) };
    });
    return { leaves: set, root, proofs };
  });
}

/** Segments of one ledger one after the other, with what rules answered. */
async function segments(): Promise<unknown> {
  const path = resolve(__dirname, "../../artifacts/contracts/mocks/ScriptedGameMock.sol/ScriptedGameMock.json");
  const { deployedBytecode } = JSON.parse(readFileSync(path, "utf8")) as { deployedBytecode: string };
  const rules = new EvmRules(await createRulesEvm(), getBytes(deployedBytecode));
  const book = new BookAnswers({
    rulesAt: async (address) => {
      if (address !== hexlify(RULES)) throw new SdkError("RULES_MISSING", { context: { address } });
      return rules;
    },
  });
  const ledger = new Ledger(crypto);
  const generator = new SegmentGenerator(new Random(11), ledger, [scriptedGame(RULES)], (number, transaction, nonce) =>
    sign(PLAYERS[number]!.key, transaction, nonce),
  );
  const vectors: unknown[] = [];
  for (let number = 0; number < SEGMENTS; number++) {
    const segment = generator.next();
    ledger.discard();
    const answers: unknown[] = [];
    const asked = {
      answer: async (call: RulesCall): Promise<RulesAnswer> => {
        const answer = await book.answer(call);
        answers.push(answer ?? null);
        return answer;
      },
    };
    const { root, nextLeaf, queue } = ledger.state();
    const { entries, time, queueTime, movesHalt } = segment;
    const context = { time, queueTime, queueTo: queue + BigInt(entries.length - segment.leftBehind), movesHalt };
    const body = bodyOf(segment);
    const entryAt = (at: bigint): Uint8Array => entries[Number(at - queue)] as Uint8Array;
    const run = await runSegment(ledger, body, entryAt, { ...context, digests, crypto }, asked);
    const witness = ledger.witness();
    ledger.commit(run.queue);
    const after = ledger.state();
    vectors.push({
      before: { root, nextLeaf, queue },
      context,
      body,
      witness: {
        indices: witness.leaves.map(({ index }) => index),
        leaves: witness.leaves.map(({ bytes }) => bytes),
        siblings: witness.siblings,
        entries: run.read,
      },
      answers,
      results: [...run.entries, ...run.transactions],
      after: { root: after.root, nextLeaf: after.nextLeaf, queue: after.queue, hash: after.hash },
    });
  }
  return { rules: { address: RULES, code: deployedBytecode }, segments: vectors };
}

/** Those that the segments consume: all kinds, malformed ones too. */
function entries(made: readonly Uint8Array[]): readonly unknown[] {
  return made.map((bytes) => ({ bytes, entry: decodeEntry(bytes), entryHash: crypto.keccak256(bytes) }));
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  write("transactions", { domain: DOMAIN, transactions: transactions() });
  write("leaves", leaves());
  write("trees", trees());
  const made = (await segments()) as { readonly segments: readonly { witness: { entries: readonly Uint8Array[] } }[] };
  write("segments", made);
  write("entries", entries(made.segments.flatMap(({ witness }) => witness.entries).slice(0, 24)));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
