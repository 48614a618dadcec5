import type { Ledger } from "../../protocol/ledger/ledger";
import { readSigned, type Transaction, type TransactionDigests } from "../../protocol/ledger/transactions";
import { WireReader } from "../../protocol/ledger/wire";
import type { KnownSigners } from "./knownSigners";
import type { SignatureItem } from "./signatureBatch";
import type { SignatureWorkers } from "./signatureWorkers";

/**
 * Finds out whose the signatures of segments are before the segments are executed, in threads. Nonces are in no data: they
 * are foretold, as if every transaction were valid. Where one is not, the execution recovers what comes after it itself.
 */
export class SignersAhead {
  /** Nonces of accounts after all that was asked for; from the ledger where nothing was. */
  private readonly nonces = new Map<number, bigint>();

  constructor(
    private readonly ledger: Ledger,
    private readonly digests: TransactionDigests,
    private readonly workers: SignatureWorkers,
    private readonly signers: KnownSigners,
  ) {}

  /** Segments in the order of their execution. Resolves once their signers are known. */
  async ask(bodies: readonly Uint8Array[]): Promise<void> {
    const items = bodies.flatMap((body) => this.itemsOf(body));
    this.signers.learn(items, await this.workers.recover(items));
  }

  private itemsOf(body: Uint8Array): SignatureItem[] {
    // Behind the number of entries.
    const reader = new WireReader(body, 1);
    const items: SignatureItem[] = [];
    for (let signed = readSigned(reader); signed !== undefined; signed = readSigned(reader)) {
      const { transaction, signatures } = signed;
      for (const [index, signature] of signatures.entries()) {
        const account = this.signingAccount(transaction, index);
        const nonce = account === undefined ? undefined : this.nextNonce(account);
        if (nonce !== undefined) items.push({ digest: this.digests.digest(transaction, nonce), signature });
      }
    }
    return items;
  }

  private nextNonce(account: number): bigint | undefined {
    const leaf = this.ledger.committedLeaf(account);
    if (leaf?.kind !== "Account") return undefined;
    const foretold = this.nonces.get(account) ?? 0n;
    const nonce = foretold > leaf.nonce ? foretold : leaf.nonce;
    this.nonces.set(account, nonce + 1n);
    return nonce;
  }

  private signingAccount(transaction: Transaction, index: number): number | undefined {
    switch (transaction.kind) {
      case "OpenBalance":
      case "GrantKey":
      case "RevokeKey":
        return transaction.account;
      case "Transfer":
      case "TransferToNew":
      case "Withdraw":
        return this.holder(transaction.from);
      case "SessionOpen":
      case "SessionJoin":
        return this.holder(transaction.balance);
      case "ItemMint":
        return this.holder(transaction.allowance);
      case "ItemTransfer":
      case "ItemBurn":
      case "ItemWithdraw":
        return this.holder(transaction.item);
      case "ItemSwap":
        return this.holder(index === 0 ? transaction.item : transaction.pay);
      case "SessionLeave":
      case "SessionMove": {
        const session = this.ledger.committedLeaf(transaction.session);
        return session?.kind === "Session" ? this.holder(session.balances[transaction.player] ?? 0) : undefined;
      }
      case "SessionTimeout":
      case "SessionSettle":
      case "CollectFees":
        return undefined;
    }
  }

  private holder(index: number): number | undefined {
    const leaf = this.ledger.committedLeaf(index);
    return leaf !== undefined && "account" in leaf ? leaf.account : undefined;
  }
}
