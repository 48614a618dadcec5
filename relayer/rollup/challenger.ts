import { hexlify, randomBytes } from "ethers";
import type { RollupTarget } from "../../protocol/certificate";
import type { Kzg } from "../../protocol/ledger/blobs";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import type { ChainReader, TransactionSender } from "../ports";
import type { Store } from "../store/store";
import type { EmitRollup } from "./events";
import { commitmentOf, fraudProofCall } from "./fraudProof";
import type { RollupNode } from "./node";
import type { FalseSegment } from "./replica";
import { ROLLUP, abiBatch, firstBatch } from "./rollupInterface";
import type { RollupAt, RollupConstants, RollupView } from "./rollupView";
import { sendOnce, type Sent } from "./sendOnce";

/** Reverts of a proof that say that it is not needed any more. */
const OVERTAKEN: ReadonlySet<string> = new Set(["NotCanonical", "RollupIsFrozen"]);
/** Reverts of a proof that come to an end by themselves. */
const TOO_EARLY: ReadonlySet<string> = new Set(["CommitmentTooYoung", "NoCommitment"]);

/** Proves false batches false, for the reward, and ends a rollup that nobody serves any more. */
export class Challenger {
  private rewardSeenAt: string | undefined;
  private lastRefusal: string | undefined;
  private made: { readonly commitment: string; readonly call: string } | undefined;

  constructor(
    private readonly rollup: RollupTarget,
    private readonly deps: {
      readonly node: Pick<RollupNode, "fraud" | "at" | "isCurrent" | "replica">;
      readonly reader: Pick<ChainReader, "estimateGas">;
      readonly view: Pick<RollupView, "reward" | "entry">;
      readonly sender: TransactionSender;
      readonly store: Pick<Store, "rollup" | "transactions">;
      readonly crypto: LedgerCrypto;
      readonly kzg: () => Kzg;
      readonly constants: Pick<RollupConstants, "challengeSeconds" | "openSeconds">;
      /** Where rewards go. */
      readonly payout: string;
      /** Whether to freeze a rollup that is overdue. */
      readonly freezes: boolean;
      readonly emit: EmitRollup;
    },
  ) {}

  /** One look; idempotent, whatever an earlier one or another process has done. */
  async step(signal: AbortSignal): Promise<void> {
    const { node, freezes } = this.deps;
    if (node.fraud !== undefined) {
      // Its proof brings the head back to one at which the reward was asked for before.
      this.rewardSeenAt = undefined;
      await this.prove(node.fraud, signal);
    } else if (freezes && node.at !== undefined && node.isCurrent) await this.freeze(node.at, signal);
    if (node.at !== undefined) await this.withdraw(node.at, signal);
  }

  private async prove(found: FalseSegment, signal: AbortSignal): Promise<void> {
    const { store, sender, emit } = this.deps;
    const { batch, hash } = found.batch;
    const { number } = batch;
    const { segment } = found;
    // Kept before anybody sees the commitment: without its salt it would be worth nothing.
    const claim = await store.rollup.claimProof(this.rollup, {
      batchHash: hash,
      prover: sender.address,
      segment,
      salt: hexlify(randomBytes(32)),
    });
    const commitment = commitmentOf(hash, segment, claim);
    const commit = ROLLUP.encodeFunctionData("commitProof", [commitment]);
    const committed = await this.send(`rollup:commit:${commitment}`, commit, signal);
    if (typeof committed === "string") return this.refused(found, committed);
    if (!committed.known) {
      emit({ kind: "proof_committed", number, segment, transactionHash: committed.outcome.hash });
    }

    // It takes long where the batch is in blobs.
    if (this.made?.commitment !== commitment) {
      this.made = { commitment, call: fraudProofCall(this.deps, found, claim) };
    }
    const proof = this.made.call;
    const proven = await this.send(`rollup:prove:${commitment}`, proof, signal);
    if (typeof proven === "string") {
      // The next look comes with the next block.
      if (!TOO_EARLY.has(proven)) this.refused(found, proven);
      return;
    }
    if (proven.outcome.succeeded && !proven.known) {
      emit({ kind: "fraud_proven", number, segment, transactionHash: proven.outcome.hash });
    }
  }

  private refused({ batch, segment }: FalseSegment, reason: string): void {
    const refusal = `${batch.hash}:${reason}`;
    if (OVERTAKEN.has(reason) || this.lastRefusal === refusal) return;
    this.lastRefusal = refusal;
    this.deps.emit({ kind: "proof_refused", number: batch.batch.number, segment, reason });
  }

  /** Where for a whole window everyone could have posted and nobody did, or the queue was not served. */
  private async freeze({ block, head }: RollupAt, signal: AbortSignal): Promise<void> {
    const { node, view, constants, emit } = this.deps;
    if (head.frozen) return;
    const patience = constants.openSeconds + constants.challengeSeconds;
    let since = head.postedAt;
    if (head.queue < head.queueLength) {
      const { queuedAt } = await view.entry(head.queue, block, signal);
      if (queuedAt < since) since = queuedAt;
    }
    if (block.timestamp < since + patience) return;
    const [last, next] = node.replica.batches;
    if (last === undefined) return;
    const ignored = firstBatch({ number: 0n, timestamp: 0n });
    const data = ROLLUP.encodeFunctionData("freeze", [abiBatch(last.batch), abiBatch(next?.batch ?? ignored)]);
    const sent = await this.send(`rollup:freeze:${last.hash}:${head.number}`, data, signal);
    if (typeof sent === "string" || sent.known || !sent.outcome.succeeded) return;
    emit({ kind: "freeze_sent", number: last.batch.number, transactionHash: sent.outcome.hash });
  }

  /** Asked once at each head: rewards come by proofs, which move it. */
  private async withdraw({ block, headHash }: RollupAt, signal: AbortSignal): Promise<void> {
    const { view, sender, payout, emit } = this.deps;
    if (this.rewardSeenAt === headHash) return;
    const amount = await view.reward(sender.address, block, signal);
    if (amount > 0n) {
      const data = ROLLUP.encodeFunctionData("withdrawReward", [payout]);
      const sent = await this.send(`rollup:reward:${block.number}`, data, signal);
      if (typeof sent === "string") return;
      if (sent.outcome.succeeded && !sent.known) {
        emit({ kind: "reward_withdrawn", amount, transactionHash: sent.outcome.hash });
      }
    }
    this.rewardSeenAt = headHash;
  }

  private send(key: string, data: string, signal: AbortSignal): Promise<Sent> {
    const { reader, sender, store } = this.deps;
    return sendOnce({ reader, sender, store, rollup: this.rollup }, key, data, signal);
  }
}
