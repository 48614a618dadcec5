import { readSigned } from "../../../protocol/ledger/transactions";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import type { TransactionDigests } from "../../../protocol/ledger/transactions";
import { WireReader } from "../../../protocol/ledger/wire";
import type { KnownSigners } from "../knownSigners";
import type { SignatureItem } from "../signatureBatch";
import type { Prepared } from "./assembler";
import { authorsOf, gameOf, type Author, type Leaves } from "./authors";
import { diagnoseSignature, isAdmitted, signedNonce, speaksFor } from "./diagnosis";
import type { SignatureRecovery, StakeSource } from "./ports";
import type { Mempool, Waiting } from "./mempool";
import { addressKey } from "./ownerIndex";
import type { Quotas } from "./quotas";
import { hashKey, type Receipt } from "./receipts";
import { refused, type RefusedTransaction } from "./refusals";
import { unitsOf } from "./units";

/** No signed transaction is longer: a swap has two signatures, a session's setup or a move 255 bytes. */
export const MAX_TRANSACTION_BYTES = 400;
/** Transactions whose signatures are looked at, of all sources together. */
const MAX_VERIFYING = 16_384;

export type Result = { readonly hash: Uint8Array | undefined } & (
  { readonly receipt: Receipt } | { readonly refused: RefusedTransaction }
);

/** A transaction that waits for its execution, and who waits for it. */
export interface Candidate extends Prepared, Waiting {
  /** It is in the pending state, or never will be: its accounts' next nonces count it no more. */
  readonly executed: () => void;
  readonly settle: (result: Result) => void;
}

export interface DoorDeps {
  readonly digests: TransactionDigests;
  readonly crypto: LedgerCrypto;
  readonly signers: KnownSigners;
  readonly recovery: SignatureRecovery;
  readonly stakes: StakeSource;
  readonly quotas: Quotas;
  readonly mempool: Mempool<Candidate>;
  /** The pending state, and the clock that the next transaction is executed with; undefined while there is none. */
  readonly pending: () => (Leaves & { readonly clock: bigint }) | undefined;
  readonly receiptOf: (hash: Uint8Array) => Receipt | undefined;
  /** Why nothing is taken now. */
  readonly closed: () => boolean;
  readonly onWaiting: () => void;
}

interface Checked extends Prepared {
  readonly source: string;
  /** The account and nonce that each signature was recovered for. */
  readonly guesses: readonly {
    readonly account: number;
    readonly nonce: bigint;
    readonly address: Uint8Array | undefined;
  }[];
}

/**
 * Where transactions come in: everything that can be known before the execution is checked here, in the order of its cost. A
 * transaction counts against its owner's quota only once its signature is known to be good: nobody uses up another's.
 */
export class Door {
  private readonly waiting = new Map<number, bigint>();
  private readonly verifying = new Map<string, bigint>();
  private readonly underway = new Map<string, Promise<Result>>();
  private readonly lines = new Map<string, Promise<unknown>>();
  private checking = 0;

  constructor(private readonly deps: DoorDeps) {}

  /** The nonce that an account signs next, what waits counted. */
  nextNonce(account: number, current: bigint): bigint {
    return current + (this.waiting.get(account) ?? 0n);
  }

  /** Resolves for each in order, once it is durable or refused. */
  async submit(source: string, transactions: readonly Uint8Array[]): Promise<readonly Result[]> {
    return Promise.all(await this.enter(source, transactions));
  }

  /** The results to come, in order. Submissions of one source are taken one after the other. */
  private async enter(source: string, transactions: readonly Uint8Array[]): Promise<readonly Promise<Result>[]> {
    const { pending, closed } = this.deps;
    const state = pending();
    const read = transactions.map((bytes) => this.read(bytes));
    if (state === undefined || closed() || this.checking + transactions.length > MAX_VERIFYING) {
      return read.map(async (each) =>
        each instanceof Uint8Array ? malformed(each) : { hash: each.hash, refused: refused("BUSY") },
      );
    }
    this.checking += transactions.length;
    const guesses = read.map((each) => (each instanceof Uint8Array ? [] : this.guess(source, each, state)));
    const counted = guesses.flat();
    const owners = counted.map(({ owner }) => owner);
    const items = counted.map(({ item }) => item);
    const before = this.lines.get(source) ?? Promise.resolve();
    const working = Promise.all([
      this.deps.recovery.recover(items),
      Promise.all(distinct(owners).map((owner) => this.deps.stakes.stakeOf(owner).catch(() => 0n))),
      before.catch(() => undefined),
    ]);
    this.lines.set(source, working);
    try {
      const [addresses, stakes] = await working;
      const stakeOf = new Map(distinct(owners).map((owner, i) => [addressKey(owner), stakes[i] as bigint]));
      let used = 0;
      return read.map((each, i) => {
        const own = (guesses[i] as readonly Guess[]).map(({ account, nonce }) => ({
          account,
          nonce,
          address: addresses[used++],
        }));
        if (each instanceof Uint8Array) return Promise.resolve(malformed(each));
        return this.admit({ ...each, source, guesses: own }, stakeOf);
      });
    } finally {
      if (this.lines.get(source) === working) this.lines.delete(source);
      this.checking -= transactions.length;
      for (const { key } of counted) decrease(this.verifying, key);
    }
  }

  /** Bytes that are no transaction are handed back. */
  private read(bytes: Uint8Array): Prepared | Uint8Array {
    const reader = new WireReader(bytes);
    const signed = bytes.length > MAX_TRANSACTION_BYTES ? undefined : readSigned(reader);
    if (signed === undefined || reader.left !== 0) return bytes;
    return { signed, bytes, hash: this.deps.crypto.keccak256(bytes) };
  }

  private guess(source: string, { signed, hash }: Prepared, state: Leaves): readonly Guess[] {
    if (signed.signatures.length > 0 && (this.deps.receiptOf(hash) !== undefined || this.underway.has(hashKey(hash))))
      return [];
    const authors = authorsOf(state, signed.transaction) ?? [];
    return authors.map(({ index, account }, i) => {
      const key = `${source}|${index}`;
      const nonce = this.nextNonce(index, account.nonce) + (this.verifying.get(key) ?? 0n);
      this.verifying.set(key, (this.verifying.get(key) ?? 0n) + 1n);
      const digest = this.deps.digests.digest(signed.transaction, nonce);
      return {
        key,
        account: index,
        owner: account.owner,
        nonce,
        item: { digest, signature: signed.signatures[i] as Uint8Array },
      };
    });
  }

  private admit(checked: Checked, stakeOf: ReadonlyMap<string, bigint>): Promise<Result> {
    const { hash, signed, bytes } = checked;
    const { pending, receiptOf, mempool, quotas } = this.deps;
    const refuse = (why: RefusedTransaction): Promise<Result> => Promise.resolve({ hash, refused: why });
    const key = hashKey(hash);
    if (signed.signatures.length > 0) {
      // Asked again, for the answer may have been lost: one transaction has one receipt.
      const receipt = receiptOf(hash);
      if (receipt !== undefined && receipt.dropped === undefined) return Promise.resolve({ hash, receipt });
      const underway = this.underway.get(key);
      if (underway !== undefined) return underway;
    }
    const state = pending();
    if (state === undefined) return refuse(refused("BUSY"));
    const { transaction, signatures } = signed;
    const authors = authorsOf(state, transaction);
    if (authors === undefined) return refuse(refused("UNKNOWN_LEAF"));
    for (const [i, author] of authors.entries()) {
      const why = this.refuseSignature(author, checked, i, signatures[i] as Uint8Array, state.clock);
      if (why !== undefined) return refuse(why);
    }

    const gameLeaf = gameOf(state, transaction);
    const game = gameLeaf === undefined ? undefined : state.leaf(gameLeaf);
    const gameId = game?.kind === "Game" ? game.gameId : undefined;
    const first = authors[0]?.account.owner;
    const owner = first === undefined ? `source ${checked.source}` : addressKey(first);
    const stake = stakeOf.get(owner) ?? 0n;
    const units = unitsOf(transaction.kind);
    const paid = quotas.take(owner, stake, gameId, units);
    if (paid === undefined) return refuse(refused("RATE_LIMITED"));

    const indices = authors.map(({ index }) => index);
    let resolve: (result: Result) => void = () => undefined;
    const result = new Promise<Result>((onResult) => (resolve = onResult));
    const favoured = paid === "sponsor" || stake > 0n;
    const candidate: Candidate = {
      ...{ signed, bytes, hash, owner, favoured, units, bytesHeld: bytes.length },
      executed: () => {
        for (const index of indices) decrease(this.waiting, index);
      },
      settle: (outcome) => {
        this.underway.delete(key);
        resolve(outcome);
      },
    };
    for (const index of indices) this.waiting.set(index, (this.waiting.get(index) ?? 0n) + 1n);
    if (signatures.length > 0) this.underway.set(key, result);
    for (const dropped of mempool.add(candidate)) {
      dropped.executed();
      dropped.settle({ hash: dropped.hash, refused: refused("BUSY") });
    }
    this.deps.onWaiting();
    return result;
  }

  /** What is wrong with a signature, for the nonce that comes next; what is right is remembered for the execution. */
  private refuseSignature(
    author: Author,
    { signed, guesses }: Checked,
    i: number,
    signature: Uint8Array,
    clock: bigint,
  ): RefusedTransaction | undefined {
    const { digests, signers } = this.deps;
    const nonce = this.nextNonce(author.index, author.account.nonce);
    const guess = guesses[i];
    const isGuessed = guess?.account === author.index && guess.nonce === nonce;
    let address = isGuessed ? guess.address : undefined;
    if (address === undefined || !speaksFor(author, address)) {
      const found = signedNonce(author, signed.transaction, signature, nonce, this.deps);
      if (found?.nonce !== nonce)
        return diagnoseSignature(author, signed.transaction, signature, nonce, clock, this.deps);
      address = found.address;
    }
    if (!isAdmitted(author, address, clock)) {
      return diagnoseSignature(author, signed.transaction, signature, nonce, clock, this.deps);
    }
    signers.learn([{ digest: digests.digest(signed.transaction, nonce), signature }], [address]);
    return undefined;
  }
}

interface Guess {
  readonly key: string;
  readonly account: number;
  readonly owner: Uint8Array;
  readonly nonce: bigint;
  readonly item: SignatureItem;
}

function malformed(bytes: Uint8Array): Result {
  return { hash: undefined, refused: refused(bytes.length > MAX_TRANSACTION_BYTES ? "OVERSIZED" : "MALFORMED") };
}

function distinct(addresses: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(addresses.map((address) => [addressKey(address), address])).values()];
}

function decrease<Key>(counts: Map<Key, bigint>, key: Key): void {
  const left = (counts.get(key) ?? 0n) - 1n;
  if (left > 0n) counts.set(key, left);
  else counts.delete(key);
}
