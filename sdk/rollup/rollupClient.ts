import { ZeroAddress, type Provider, type Signer, type TransactionReceipt } from "ethers";
import { encodeTransaction, type Transaction } from "../../protocol/ledger/transactions";
import { ContractClient } from "../chain/contractClient";
import { ROLLUP, VAULT } from "../chain/rollupInterface";
import { SdkError } from "../errors";
import type { LeafEvidence } from "./sequencerApi";

/** The number of a token on layer 2. */
export const ASSET = { BNB: 0, COS: 1 } as const;

/** Layer 2 as layer 1 has it: the way in, and the ways out. Everything that is sent is paid for by the given signer. */
export class RollupClient {
  private readonly vault: ContractClient;
  private readonly rollup: ContractClient;

  constructor(venue: { readonly rollup: string; readonly vault: string }, provider: Provider) {
    this.vault = new ContractClient(venue.vault, VAULT, provider);
    this.rollup = new ContractClient(venue.rollup, ROLLUP, provider);
  }

  /**
   * Sends an amount to layer 2; a token has to be approved to the vault before. It arrives with the batch that consumes the
   * queue's entry, whose number is returned.
   * @param balance Leaf of the receiver's balance in that asset; 0: it gets an account.
   */
  async deposit(sender: Signer, asset: number, amount: bigint, to: string, balance = 0): Promise<bigint> {
    const [token] = await this.vault.read("tokenOf", [asset]);
    const price = await this.price("depositPrice", []);
    const value = price + (token === ZeroAddress ? amount : 0n);
    const receipt = await this.vault.write(sender, "deposit", [asset, amount, to, balance], value);
    return entryOf(receipt, "Deposited");
  }

  /** Sends items, approved to the vault before. @param account Leaf of the receiver's account; 0: it gets one. */
  async depositItems(sender: Signer, id: bigint, amount: bigint, to: string, account = 0): Promise<bigint> {
    const price = await this.price("depositPrice", []);
    const receipt = await this.vault.write(sender, "depositItems", [id, amount, to, account], price);
    return entryOf(receipt, "ItemDeposited");
  }

  /** Sends items as the right of `to` to mint as many on layer 2: a game's stock. */
  async depositAllowance(sender: Signer, id: bigint, amount: bigint, to: string, account = 0): Promise<bigint> {
    const price = await this.price("depositPrice", []);
    const receipt = await this.vault.write(sender, "depositAllowance", [id, amount, to, account], price);
    return entryOf(receipt, "AllowanceDeposited");
  }

  /** Brings a registered game to layer 2, played in one asset. */
  async listGame(sender: Signer, gameId: bigint, asset: number): Promise<bigint> {
    const receipt = await this.vault.write(sender, "listGame", [gameId, asset], await this.price("depositPrice", []));
    return entryOf(receipt, "GameListed");
  }

  /** Has a transaction executed without the sequencer: its author is `owner`, whose signature layer 1 stands for. */
  async force(owner: Signer, transaction: Transaction): Promise<TransactionReceipt> {
    const bytes = encodeTransaction(transaction);
    return this.rollup.write(owner, "force", [bytes], await this.price("forcePrice", [bytes]));
  }

  /** Pays an exit of a final batch to its owner. From anyone. */
  claimExit(sender: Signer, exit: LeafEvidence): Promise<TransactionReceipt> {
    return this.vault.write(sender, "claimExit", [exit.batch, proofOf(exit)]);
  }

  /** Passes a game's fees on to those who share its revenue. From anyone. */
  claimFees(sender: Signer, exit: LeafEvidence): Promise<TransactionReceipt> {
    return this.vault.write(sender, "claimFees", [exit.batch, proofOf(exit)]);
  }

  /** After a freeze: pays a balance, an item or an allowance to the owner of its account. From anyone. */
  escape(sender: Signer, leaf: LeafEvidence, account: LeafEvidence): Promise<TransactionReceipt> {
    return this.vault.write(sender, "escape", [leaf.batch, proofOf(leaf), proofOf(account)]);
  }

  /** After a freeze: pays a session to those who sit in it, as its rules say. From anyone. */
  escapeSession(
    sender: Signer,
    session: LeafEvidence,
    game: LeafEvidence,
    players: readonly { readonly balance: LeafEvidence; readonly account: LeafEvidence }[],
  ): Promise<TransactionReceipt> {
    const balances = players.map(({ balance }) => proofOf(balance));
    const accounts = players.map(({ account }) => proofOf(account));
    return this.vault.write(sender, "escapeSession", [
      session.batch,
      proofOf(session),
      proofOf(game),
      balances,
      accounts,
    ]);
  }

  /** After a freeze: gives back what a deposit brought that layer 2 never took. From anyone. */
  refund(sender: Signer, entry: bigint, bytes: string): Promise<TransactionReceipt> {
    return this.vault.write(sender, "refund", [entry, bytes]);
  }

  async isClaimed(leaf: number): Promise<boolean> {
    return (await this.vault.read("isClaimed", [leaf]))[0] as boolean;
  }

  /** What a payment that was refused left to `owner`. */
  async owed(owner: string, asset: number): Promise<bigint> {
    return (await this.vault.read("owed", [owner, asset]))[0] as bigint;
  }

  async withdrawOwed(owner: Signer, asset: number, to: string): Promise<void> {
    await this.vault.write(owner, "withdrawOwed", [asset, to]);
  }

  private async price(method: "depositPrice" | "forcePrice", args: readonly unknown[]): Promise<bigint> {
    return (await this.rollup.read(method, args))[0] as bigint;
  }
}

function proofOf({ index, leaf, siblings }: LeafEvidence): object {
  return { index, leaf, siblings };
}

function entryOf(receipt: TransactionReceipt, event: string): bigint {
  for (const log of receipt.logs) {
    const parsed = VAULT.parseLog(log);
    if (parsed?.name === event) return parsed.args.entry as bigint;
  }
  throw new SdkError("CHAIN_FAILED", { context: { event, transaction: receipt.hash } });
}
