import type {
  MinedOutcome,
  TransactionAccount,
  TransactionAttempt,
  TransactionId,
  TransactionRequest,
  TransactionRow,
  TransactionStore,
} from "../../relayer/chain/transactionStore";
import type { SidecarBlob } from "../../relayer/ports";

const isOpen = ({ status }: TransactionRow): boolean => status === "reserved" || status === "pending";

/** A {@link TransactionStore} for unit tests: as atomic as one thread is. */
export class MemoryTransactionStore implements TransactionStore {
  readonly rows = new Map<string, TransactionRow>();

  async reserve(request: TransactionRequest, floor: bigint): Promise<TransactionRow> {
    return this.rows.get(this.idOf(request)) ?? this.insert(request, this.nextNonce(request, floor));
  }

  async reserveAt(request: TransactionRequest, nonce: bigint): Promise<TransactionRow | undefined> {
    const known = this.rows.get(this.idOf(request));
    if (known !== undefined) return known;
    return this.holder(request, nonce) === undefined ? this.insert(request, nonce) : undefined;
  }

  async reassign(id: TransactionId, nonce: bigint, floor: bigint): Promise<TransactionRow> {
    const row = this.row(id);
    if (row.nonce !== nonce) return row;
    return this.put({ ...row, nonce: this.nextNonce(id, floor), status: "reserved", outcome: undefined });
  }

  async addAttempt(id: TransactionId, attempt: TransactionAttempt): Promise<boolean> {
    const row = this.row(id);
    if (!isOpen(row) || row.nonce !== attempt.nonce) return false;
    this.put({ ...row, status: "pending", attempts: [...row.attempts, attempt] });
    return true;
  }

  async keepBlobs(id: TransactionId, blobs: readonly SidecarBlob[]): Promise<TransactionRow> {
    return this.put({ ...this.row(id), blobs });
  }

  async settleMined(id: TransactionId, outcome: MinedOutcome): Promise<void> {
    const { blobs: _, ...row } = this.row(id);
    if (isOpen(row) || row.status === "mined") this.put({ ...row, status: "mined", outcome });
  }

  async settleAbandoned(id: TransactionId): Promise<void> {
    const { blobs: _, ...row } = this.row(id);
    if (isOpen(row)) this.put({ ...row, status: "abandoned" });
  }

  async reopen(id: TransactionId): Promise<TransactionRow> {
    const row = this.row(id);
    if (row.status !== "mined" || this.holder(id, row.nonce) !== undefined) return row;
    return this.put({ ...row, status: "pending", outcome: undefined });
  }

  async find(id: TransactionId): Promise<TransactionRow | undefined> {
    return this.rows.get(this.idOf(id));
  }

  async findByNonce(account: TransactionAccount, nonce: bigint): Promise<readonly TransactionRow[]> {
    return this.of(account).filter((row) => row.nonce === nonce || row.attempts.some((made) => made.nonce === nonce));
  }

  async open(account: TransactionAccount): Promise<readonly TransactionRow[]> {
    return this.of(account)
      .filter(isOpen)
      .sort((a, b) => (a.nonce < b.nonce ? -1 : 1));
  }

  private idOf({ chainId, sender, key }: TransactionId): string {
    return `${chainId}:${sender}:${key}`;
  }

  private of({ chainId, sender }: TransactionAccount): TransactionRow[] {
    return [...this.rows.values()].filter((row) => row.chainId === chainId && row.sender === sender);
  }

  private row(id: TransactionId): TransactionRow {
    const row = this.rows.get(this.idOf(id));
    if (row === undefined) throw new Error(`no row ${id.key}`);
    return row;
  }

  private holder(account: TransactionAccount, nonce: bigint): TransactionRow | undefined {
    return this.of(account).find((row) => isOpen(row) && row.nonce === nonce);
  }

  private nextNonce(account: TransactionAccount, floor: bigint): bigint {
    const used = this.of(account).flatMap((row) => [row.nonce, ...row.attempts.map(({ nonce }) => nonce)]);
    return used.reduce((next, nonce) => (nonce >= next ? nonce + 1n : next), floor);
  }

  private insert(request: TransactionRequest, nonce: bigint): TransactionRow {
    return this.put({ ...request, nonce, status: "reserved", attempts: [], outcome: undefined });
  }

  private put(row: TransactionRow): TransactionRow {
    this.rows.set(this.idOf(row), row);
    return row;
  }
}
