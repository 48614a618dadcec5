import { concat, getBytes, keccak256 } from "ethers";
import { encodeTransaction, TRANSACTIONS, type Transaction } from "../../protocol/ledger/transactions";
import { floorAmount } from "../../protocol/ledger/wire";
import { pause } from "../chain/pause";
import { SdkError } from "../errors";
import type { SequencerApi, Receipt, ReceiptStatus, LedgerLeaf, LeafNamed } from "./sequencerApi";
import type { Speaker } from "./speaker";

/** What a session is opened with. */
export interface LedgerSessionTerms {
  /** Leaf of the game, which fixes its asset. */
  readonly game: number;
  /** Of each player, in the asset's units; at most 35 bits of digits (`payable`). */
  readonly stake: bigint;
  readonly players: number;
  readonly moveSeconds: number;
  readonly lifeSeconds: number;
  /** The game's own options. */
  readonly setup: Uint8Array;
}

/** A session key's rights: `SCOPE` bits of `protocol/ledger/transactions`. */
export interface KeyGrant {
  readonly key: string;
  /** Unix seconds on the clock of layer 2: the first in which it is void. */
  readonly expiry: bigint;
  readonly scope: number;
  /** Leaf of the only game that it may play; 0: any. */
  readonly game: number;
}

const ORDER: readonly ReceiptStatus[] = ["pending", "included", "posted", "certified", "final"];

/** The greatest amount not above `amount` that a transfer or a stake can carry. */
export function payable(amount: bigint): bigint {
  return floorAmount(amount);
}

/** One account of layer 2, spoken for by its owner or a session key. What is done one after another is signed in that order. */
export class LedgerAccount {
  private readonly queue = new Turns();

  /** @param index Leaf of the account. */
  constructor(
    private readonly sequencer: SequencerApi,
    readonly index: number,
    private readonly speaker: Speaker,
  ) {}

  /** The accounts that `speaker` owns or has a key of. Empty: nothing was deposited to it yet. */
  static async of(sequencer: SequencerApi, speaker: Speaker): Promise<readonly LedgerAccount[]> {
    const [owned, keyed] = await Promise.all([
      sequencer.leavesOf(speaker.address.toLowerCase()),
      sequencer.accountsOfKey(speaker.address.toLowerCase()),
    ]);
    const accounts = [...owned, ...keyed].filter(({ kind }) => kind === "Account").map(({ index }) => index);
    return [...new Set(accounts)].map((index) => new LedgerAccount(sequencer, index, speaker));
  }

  /** All that the account holds. */
  async leaves(): Promise<readonly LedgerLeaf[]> {
    const account = await this.sequencer.leaf(this.index);
    if (account?.kind !== "Account") throw new SdkError("UNKNOWN_LEDGER_ACCOUNT", { context: { account: this.index } });
    const leaves = await this.sequencer.leavesOf(account.owner);
    return leaves.filter((leaf) => "account" in leaf && leaf.account === this.index);
  }

  /** The account's balance in an asset; undefined where it has none. */
  async balance(asset: number): Promise<LeafNamed<"Balance"> | undefined> {
    const leaves = await this.leaves();
    return leaves.find((leaf): leaf is LeafNamed<"Balance"> => leaf.kind === "Balance" && leaf.asset === asset);
  }

  /** Opens a balance in an asset; the receipt's leaf is its index. */
  openBalance(asset: number): Promise<Receipt> {
    return this.send({ kind: "OpenBalance", account: this.index, asset });
  }

  /** @param from Leaf of a balance of this account. @param to Leaf of a balance in the same asset. */
  async transfer(from: number, to: number, amount: bigint): Promise<Receipt> {
    return this.send({ kind: "Transfer", from, to, amount: exact(amount) });
  }

  /** To an address that has no account: it gets one; the receipt's leaves are its account and balance. */
  async transferToNew(from: number, to: string, amount: bigint): Promise<Receipt> {
    return this.send({ kind: "TransferToNew", from, to: getBytes(to), amount: exact(amount) });
  }

  /** Owner only. The receipt's leaf is the exit, paid on layer 1 once its batch is final (`RollupClient.claimExit`). */
  withdraw(from: number, amount: bigint): Promise<Receipt> {
    return this.send({ kind: "Withdraw", from, amount });
  }

  /** Mints items from an allowance to an account. */
  mintItem(allowance: number, to: number, amount: bigint): Promise<Receipt> {
    return this.send({ kind: "ItemMint", allowance, to, amount });
  }

  /** @param into Leaf of the same item of that account to add to; 0: a new one. */
  transferItem(item: number, to: number, amount: bigint, into = 0): Promise<Receipt> {
    return this.send({ kind: "ItemTransfer", item, to, into, amount });
  }

  burnItem(item: number, amount: bigint): Promise<Receipt> {
    return this.send({ kind: "ItemBurn", item, amount });
  }

  /** Owner only; as `withdraw`. */
  withdrawItem(item: number, amount: bigint): Promise<Receipt> {
    return this.send({ kind: "ItemWithdraw", item, amount });
  }

  /** Owner only. One key at a time: it replaces the one before. */
  grantKey({ key, expiry, scope, game }: KeyGrant): Promise<Receipt> {
    return this.send({ kind: "GrantKey", account: this.index, key: getBytes(key), expiry, scope, game });
  }

  /** The owner, or the key itself. */
  revokeKey(): Promise<Receipt> {
    return this.send({ kind: "RevokeKey", account: this.index });
  }

  /** Opens a session and takes its first seat; the receipt's leaf is the session. */
  async openSession(balance: number, { stake, ...terms }: LedgerSessionTerms): Promise<Receipt> {
    return this.send({ kind: "SessionOpen", balance, stake: exact(stake), ...terms });
  }

  /** Takes a seat at the stake that the player saw: throws OTHER_TERMS where the session has another one. */
  async joinSession(session: number, balance: number, stake: bigint): Promise<Receipt> {
    const open = await this.sequencer.session(session);
    if (open === undefined || open.stake !== stake) {
      throw new SdkError("OTHER_TERMS", { context: { session, stake, found: open?.stake } });
    }
    return this.send({ kind: "SessionJoin", session, balance });
  }

  /** Gives the seat back while the session waits for players. */
  leaveSession(session: number, player: number): Promise<Receipt> {
    return this.send({ kind: "SessionLeave", session, player });
  }

  /** Makes a move. It costs nothing, and is refused by the sequencer where the rules refuse it. */
  play(session: number, player: number, move: Uint8Array): Promise<Receipt> {
    return this.send({ kind: "SessionMove", session, player, move });
  }

  /** Has the rules decide about a move that was not made in time. */
  timeOut(session: number): Promise<Receipt> {
    return this.send({ kind: "SessionTimeout", session });
  }

  /** Pays out a session that is over. */
  settle(session: number): Promise<Receipt> {
    return this.send({ kind: "SessionSettle", session });
  }

  /** Waits until a transaction has come so far. Throws TRANSACTION_LOST where its batch was rolled back without it. */
  async reached(hash: string, status: ReceiptStatus, everyMs: number, signal: AbortSignal): Promise<Receipt> {
    for (;;) {
      const receipt = await this.sequencer.receipt(hash);
      if (receipt?.status === "rolledBack") throw new SdkError("TRANSACTION_LOST", { context: { ...receipt } });
      if (receipt !== undefined && ORDER.indexOf(receipt.status) >= ORDER.indexOf(status)) return receipt;
      signal.throwIfAborted();
      await pause(everyMs, signal);
    }
  }

  /**
   * Signs with the account's next nonce and hands over. Throws LEDGER_REFUSED with the sequencer's code and remedy;
   * SEQUENCER_SILENT with the transaction's `hash`: ask for its receipt before sending the same again.
   */
  send(transaction: Transaction): Promise<Receipt> {
    return this.queue.next(async () => {
      const { signatures } = TRANSACTIONS[transaction.kind];
      if (signatures > 1) throw new SdkError("TWO_SIGNATURES", { context: { kind: transaction.kind } });
      const body = encodeTransaction(transaction);
      const signature =
        signatures === 0
          ? new Uint8Array()
          : await this.speaker.sign(transaction, await this.sequencer.nonce(this.index));
      const signed = getBytes(concat([body, signature]));
      const [result] = await this.sequencer.submit([signed]).catch((cause: unknown) => {
        // It may have been taken: whoever signs it again with the next nonce would pay twice.
        const hash = keccak256(signed);
        if (cause instanceof SdkError) throw new SdkError(cause.code, { context: { ...cause.context, hash }, cause });
        throw cause;
      });
      if (result === undefined || !("status" in result)) {
        throw new SdkError("LEDGER_REFUSED", { context: { kind: transaction.kind, ...result } });
      }
      return result;
    });
  }
}

/** Throws AMOUNT_NOT_PAYABLE for an amount with more digits than a transfer carries. */
function exact(amount: bigint): bigint {
  const nearest = payable(amount);
  if (nearest !== amount) throw new SdkError("AMOUNT_NOT_PAYABLE", { context: { amount, nearest } });
  return amount;
}

/** One thing after another, whether the one before succeeded or not. */
class Turns {
  private last: Promise<unknown> = Promise.resolve();

  next<Result>(action: () => Promise<Result>): Promise<Result> {
    const run = this.last.then(action, action);
    this.last = run.catch(() => undefined);
    return run;
  }
}
