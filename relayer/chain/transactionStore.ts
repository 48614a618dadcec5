import type { SidecarBlob } from "../ports";

/**
 * What a sender must not forget. A row is one key's transaction: it holds one nonce at a time and every version of it
 * that was ever signed. Each method is one atomic step, durable when its promise resolves.
 */

/**
 * `reserved`: a nonce, nothing signed for it. `pending`: signed, perhaps broadcast, not seen mined. `mined`: one of the
 * attempts is on chain. `abandoned`: a no-op took the nonce instead. The first two are called open.
 */
export type TransactionStatus = "reserved" | "pending" | "mined" | "abandoned";

/** One account on one chain. `sender` is a checksummed address. */
export interface TransactionAccount {
  readonly chainId: bigint;
  readonly sender: string;
}

/** Identifies a row. `key` is chosen by whoever submits, unique per account. */
export interface TransactionId extends TransactionAccount {
  readonly key: string;
}

export interface TransactionRequest extends TransactionId {
  readonly to: string;
  readonly data: string;
  readonly gasLimit: bigint;
  /** What it carries beside itself. */
  readonly blobs?: readonly SidecarBlob[];
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** A signed transaction. Its hash is unique. */
export interface TransactionAttempt {
  readonly hash: string;
  /** The bytes to broadcast, 0x-prefixed; without the blobs that they name. */
  readonly raw: string;
  /** The nonce it was signed with: the row's at that time. */
  readonly nonce: bigint;
  /** `call` does what the row asks for; `noop` only uses the nonce up. */
  readonly kind: "call" | "noop";
  /** Price per gas at most, in wei (up to 256 bits); the gas price where the transaction is a legacy one. */
  readonly maxFeePerGas: bigint;
  /** In wei; equals `maxFeePerGas` where the transaction is a legacy one. */
  readonly maxPriorityFeePerGas: bigint;
  /** Price per blob gas at most, in wei; present exactly where the transaction is of type 3. */
  readonly maxFeePerBlobGas?: bigint;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** Where and how an attempt was mined. */
export interface MinedOutcome {
  readonly hash: string;
  readonly succeeded: boolean;
  readonly blockNumber: bigint;
  readonly gasUsed: bigint;
}

/** Its `blobs` are there while it is open; a settled row has forgotten them. */
export interface TransactionRow extends TransactionRequest {
  readonly nonce: bigint;
  readonly status: TransactionStatus;
  /** Oldest first; those of earlier nonces stay. */
  readonly attempts: readonly TransactionAttempt[];
  /** Present exactly where the status is `mined`. */
  readonly outcome: MinedOutcome | undefined;
}

/** At most one open row holds a nonce of an account, whatever processes share the store. */
export interface TransactionStore {
  /**
   * Creates a `reserved` row with the nonce `max(floor, 1 + highest nonce of any row or attempt of this account)`.
   * Where the key has a row already, returns that one unchanged, whatever the rest of the request says.
   */
  reserve(request: TransactionRequest, floor: bigint): Promise<TransactionRow>;
  /**
   * Like {@link reserve}, but with exactly this nonce; undefined, and nothing changed, where another open row of the
   * account holds it.
   */
  reserveAt(request: TransactionRequest, nonce: bigint): Promise<TransactionRow | undefined>;
  /**
   * Gives a row that holds `nonce` a new one as {@link reserve} would, and makes it `reserved` whatever its status was;
   * its attempts stay. Where the row no longer holds `nonce`, changes nothing. Returns the row as it is afterwards.
   */
  reassign(id: TransactionId, nonce: bigint, floor: bigint): Promise<TransactionRow>;
  /**
   * Appends an attempt and makes the row `pending` if it is open. Returns false, and changes nothing, where the row is
   * not open or holds another nonce than the attempt's: then the attempt must not be broadcast.
   */
  addAttempt(id: TransactionId, attempt: TransactionAttempt): Promise<boolean>;
  /** Gives a settled row back what it has forgotten, before it is opened again. Returns the row as it is afterwards. */
  keepBlobs(id: TransactionId, blobs: readonly SidecarBlob[]): Promise<TransactionRow>;
  /** Makes an open row `mined`, or an already mined one mined elsewhere; its blobs are forgotten. */
  settleMined(id: TransactionId, outcome: MinedOutcome): Promise<void>;
  /** Makes an open row `abandoned` and forgets its blobs; another one stays as it is. */
  settleAbandoned(id: TransactionId): Promise<void>;
  /**
   * Makes a `mined` row `pending` again and forgets its outcome: its block was reorganized away. Another row stays as
   * it is; so does one whose nonce another open row holds now. Returns the row as it is afterwards.
   */
  reopen(id: TransactionId): Promise<TransactionRow>;
  find(id: TransactionId): Promise<TransactionRow | undefined>;
  /** Every row with this nonce, or with an attempt of this nonce. */
  findByNonce(account: TransactionAccount, nonce: bigint): Promise<readonly TransactionRow[]>;
  /** Open rows, by ascending nonce. */
  open(account: TransactionAccount): Promise<readonly TransactionRow[]>;
}
