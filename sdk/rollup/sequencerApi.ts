import { hexlify } from "ethers";
import { z } from "zod";
import { SdkError } from "../errors";
import type { Fetch } from "../transport/fetch";

const TIMEOUT_MS = 10_000;

const whole = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt);
const hex = z.string().regex(/^0x([0-9a-f]{2})*$/);
const index = z.number().int().nonnegative();

const LEAF = z.discriminatedUnion("kind", [
  z.object({
    index,
    kind: z.literal("Account"),
    owner: hex,
    nonce: whole,
    key: hex,
    keyExpiry: whole,
    keyScope: index,
    keyGame: index,
  }),
  z.object({ index, kind: z.literal("Balance"), account: index, asset: index, amount: whole }),
  z.object({ index, kind: z.literal("Item"), account: index, id: whole, amount: whole }),
  z.object({ index, kind: z.literal("Allowance"), account: index, id: whole, amount: whole }),
  z.object({
    index,
    kind: z.literal("Game"),
    gameId: whole,
    rules: hex,
    asset: index,
    rakeBps: index,
    fees: whole,
  }),
  z.object({ index, kind: z.literal("Session") }),
  z.object({ index, kind: z.literal("Exit"), owner: hex, asset: index, amount: whole }),
  z.object({ index, kind: z.literal("ItemExit"), owner: hex, id: whole, amount: whole }),
  z.object({ index, kind: z.literal("FeeExit"), gameId: whole, asset: index, amount: whole }),
]);

/** A leaf as the sequencer has it, in its newest state. */
export type LedgerLeaf = z.infer<typeof LEAF>;
export type LeafNamed<Kind extends LedgerLeaf["kind"]> = Extract<LedgerLeaf, { kind: Kind }>;

const STATUS = z.enum(["pending", "included", "posted", "certified", "final", "rolledBack"]);
/** How sure a transaction is: kept by the sequencer, closed into a batch, on layer 1, confirmed by validators, for good. */
export type ReceiptStatus = z.infer<typeof STATUS>;

const RECEIPT = z.object({
  hash: hex,
  status: STATUS,
  batch: whole,
  segment: index,
  position: index,
  nonce: whole.optional(),
  leaves: z.array(index),
  error: z.string().optional(),
  message: z.string().optional(),
});
/** @property leaves Indices of the leaves that it made, such as a session's. */
export type Receipt = z.infer<typeof RECEIPT>;

const REFUSED = z.object({ hash: hex, error: z.string(), message: z.string(), nonce: whole.optional() });
const RESULTS = z.object({ results: z.array(z.union([REFUSED, RECEIPT])) });
export type Submitted = z.infer<typeof REFUSED> | Receipt;

const SESSION = z.object({
  index,
  phase: z.enum(["waiting", "running"]),
  game: LEAF,
  stake: whole,
  seats: index,
  moveSeconds: index,
  lifeSeconds: index,
  deadline: whole,
  endsBy: whole,
  state: hex,
  players: z.array(z.object({ player: index, balance: index, account: index, owner: hex, key: hex })),
});
/** A session on layer 2: its seats that are taken, and the game's state. One that is over is gone. */
export type LedgerSession = z.infer<typeof SESSION>;

const BATCH = z.object({
  number: whole,
  parent: hex,
  state: z.object({ root: hex, nextLeaf: index, queue: whole }),
  time: whole,
  queueTime: whole,
  postedAt: whole,
  blockNumber: whole,
  poster: hex,
  mode: index,
  segments: index,
  data: hex,
});
/** A batch as `Rollup` takes it. */
export type PostedBatch = z.infer<typeof BATCH>;

const PROOF = z.object({ batch: BATCH, hash: hex, index, leaf: hex, siblings: z.array(hex).length(32) });
/** That a leaf is in the state of a batch: what `RollupVault` pays out against. */
export type LeafEvidence = z.infer<typeof PROOF>;

const INFO = z.object({
  chainId: whole,
  rollup: hex,
  mode: z.enum(["calldata", "blobs", "cheapest"]),
  pending: z.object({ batch: whole, time: whole.optional(), nextLeaf: index, queue: whole, transactions: index }),
  sealed: whole,
  posted: whole,
  certified: whole,
  final: whole,
});
/** Where layer 2 stands: its newest batch in each status. */
export type LedgerInfo = z.infer<typeof INFO>;

const FAILURE = z.object({ error: z.string(), message: z.string() });

/** A sequencer's HTTP interface. What it answers is a convenience: what counts is signed by players and proven on layer 1. */
export class SequencerApi {
  /** @param endpoint Such as `https://layer2.example`. */
  constructor(
    private readonly endpoint: string,
    private readonly fetcher: Fetch,
  ) {}

  info(): Promise<LedgerInfo> {
    return this.get("/rollup", INFO);
  }

  /** Hands over signed transactions, executed in this order; each is either kept for good or refused with a code. */
  async submit(transactions: readonly Uint8Array[]): Promise<readonly Submitted[]> {
    const body = JSON.stringify({ transactions: transactions.map((bytes) => hexlify(bytes)) });
    const { results } = await this.ask("POST", "/rollup/transactions", RESULTS, body);
    if (results.length !== transactions.length) throw new SdkError("SEQUENCER_FAILED", { context: { results } });
    return results;
  }

  /** Undefined for a transaction that it does not know. */
  receipt(hash: string): Promise<Receipt | undefined> {
    return this.find(`/rollup/transactions/${hash}`, RECEIPT);
  }

  /** Undefined for an empty leaf. */
  leaf(leaf: number): Promise<LedgerLeaf | undefined> {
    return this.find(`/rollup/leaves/${leaf}`, LEAF);
  }

  /** The nonce that the account signs with next. */
  async nonce(account: number): Promise<bigint> {
    const { nonce } = await this.get(`/rollup/accounts/${account}/nonce`, z.object({ nonce: whole }));
    return nonce;
  }

  /** All leaves of an owner: accounts, balances, items, allowances and exits. */
  leavesOf(owner: string): Promise<readonly LedgerLeaf[]> {
    return this.all(`/rollup/owners/${owner}`);
  }

  /** The accounts that have admitted a session key. */
  accountsOfKey(key: string): Promise<readonly LedgerLeaf[]> {
    return this.all(`/rollup/keys/${key}`);
  }

  /** Undefined where it is over, or never was. */
  session(session: number): Promise<LedgerSession | undefined> {
    return this.find(`/rollup/sessions/${session}`, SESSION);
  }

  async games(): Promise<readonly LeafNamed<"Game">[]> {
    const { games } = await this.get("/rollup/games", z.object({ games: z.array(LEAF) }));
    return games.filter((leaf) => leaf.kind === "Game");
  }

  /** The proof of a leaf against the newest posted or the newest final batch; undefined where it is not in that. */
  proof(leaf: number, at: "posted" | "final"): Promise<LeafEvidence | undefined> {
    return this.find(`/rollup/proofs/${leaf}?at=${at}`, PROOF);
  }

  private async all(path: string): Promise<readonly LedgerLeaf[]> {
    const found: LedgerLeaf[] = [];
    const page = z.object({ leaves: z.array(LEAF), next: index.optional() });
    for (let after = 0; ;) {
      const { leaves, next } = await this.get(`${path}?after=${after}`, page);
      found.push(...leaves);
      if (next === undefined || next <= after) return found;
      after = next;
    }
  }

  private async get<Answer>(path: string, form: z.ZodType<Answer>): Promise<Answer> {
    return this.ask("GET", path, form);
  }

  private async find<Answer>(path: string, form: z.ZodType<Answer>): Promise<Answer | undefined> {
    const { status, text } = await this.send("GET", path);
    return status === 404 ? undefined : read(path, status, text, form);
  }

  private async ask<Answer>(
    method: "GET" | "POST",
    path: string,
    form: z.ZodType<Answer>,
    body?: string,
  ): Promise<Answer> {
    const { status, text } = await this.send(method, path, body);
    return read(path, status, text, form);
  }

  private async send(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
    const headers: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const init = { method, headers, signal, ...(body === undefined ? {} : { body }) };
      const response = await this.fetcher(`${this.endpoint}${path}`, init);
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      throw new SdkError("SEQUENCER_SILENT", { context: { endpoint: this.endpoint, path }, cause });
    }
  }
}

function read<Answer>(path: string, status: number, text: string, form: z.ZodType<Answer>): Answer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SdkError("SEQUENCER_FAILED", { context: { path, status }, cause });
  }
  if (status !== 200) {
    const failure = FAILURE.safeParse(value);
    throw new SdkError("SEQUENCER_REFUSED", { context: { path, status, ...(failure.data ?? {}) } });
  }
  const parsed = form.safeParse(value);
  if (!parsed.success) throw new SdkError("SEQUENCER_FAILED", { context: { path }, cause: parsed.error });
  return parsed.data;
}
