import { Counter, Gauge, Registry } from "prom-client";
import type { LaneEnds } from "../protocol/hashChain";

/** Label of a lane's direction. */
export const laneLabel = (lane: LaneEnds): string => `${lane.sourceChainId}>${lane.targetChainId}`;

/** What `/metrics` tells; one object, one registry. */
export class Metrics {
  readonly registry = new Registry();

  readonly headersSigned = this.counter("headers_signed_total", "Headers signed by this operator", ["lane"]);
  readonly rotationsSigned = this.counter("rotations_signed_total", "Rotations signed by this operator", ["chain"]);
  readonly rotationsDelivered = this.counter("rotations_delivered_total", "Own rotations of a gateway", ["chain"]);
  readonly epochsPublished = this.counter("epochs_published_total", "Epochs published by this operator", ["chain"]);
  readonly seatsTaken = this.counter("seats_taken_total", "Seats that this operator gave to standby operators", [
    "chain",
  ]);
  readonly livenessCalls = this.counter("liveness_calls_total", "Own samples, additions and closings", [
    "chain",
    "call",
  ]);
  readonly statesKept = this.counter("channel_states_kept_total", "States of channels taken into keeping", ["chain"]);
  readonly staleChallenges = this.counter(
    "stale_challenges_total",
    "Challenges with an older state than the kept one",
    ["chain"],
  );
  readonly challengesAnswered = this.counter("challenges_answered_total", "Own answers to challenges", ["chain"]);
  readonly challengesMissed = this.counter("challenges_missed_total", "Old states that stand for want of an answer", [
    "chain",
  ]);
  readonly channelsWatched = this.gauge("channels_watched", "Channels of which a state is kept", ["chain"]);
  readonly batchesApplied = this.counter("rollup_batches_total", "Batches re-executed and found true", ["chain"]);
  readonly falseBatches = this.counter("rollup_false_batches_total", "Batches found false", ["chain"]);
  readonly falseFinal = this.counter("rollup_false_final_total", "False batches that became final", ["chain"]);
  readonly fraudsProven = this.counter("rollup_frauds_proven_total", "Own proofs of fraud", ["chain"]);
  readonly rollbacks = this.counter("rollup_rollbacks_total", "Times that layer 1 went back", ["chain"]);
  readonly certificatesSigned = this.counter("rollup_certificates_signed_total", "Own certificates", ["chain"]);
  readonly certificatesSent = this.counter("rollup_certificates_sent_total", "Quorums brought to the contract", [
    "chain",
  ]);
  readonly rollupBatch = this.gauge("rollup_batch", "Batch at which the ledger stands", ["chain", "state"]);
  readonly rollupQueue = this.gauge("rollup_queue_length", "Entries queued so far", ["chain"]);
  readonly l2Transactions = this.counter("l2_transactions_total", "Transactions of layer 2 that were acknowledged", []);
  readonly l2Refusals = this.counter("l2_refusals_total", "Transactions of layer 2 that were refused", ["code"]);
  readonly l2Waiting = this.gauge("l2_waiting", "Transactions of layer 2 that wait for their execution", []);
  readonly l2Batch = this.gauge("l2_batch", "Latest own batch by how far it has come", ["stage"]);
  readonly l2PostingGas = this.counter("l2_posting_gas_total", "Gas of own batches", []);
  readonly l2PostingBlobs = this.counter("l2_posting_blobs_total", "Blobs of own batches", []);
  readonly l2BlobProving = this.gauge("l2_blob_proving_seconds", "How long the latest blobs took to be proven", []);
  readonly l2Rebases = this.counter("l2_rebases_total", "Times that batches were executed anew", []);
  readonly epoch = this.gauge("epoch", "Current epoch of a gateway", ["chain"]);
  readonly epochEnd = this.gauge("epoch_valid_until_timestamp_seconds", "When that epoch ends, Unix seconds", [
    "chain",
  ]);
  readonly refusals = this.counter("refusals_total", "Failures and refusals by error code", ["part", "code"]);
  readonly attestationsCollected = this.counter(
    "attestations_collected_total",
    "Signatures of other operators that were verified and kept",
    ["lane", "peer"],
  );
  readonly equivocations = this.counter("equivocations_total", "Signers seen to stand for two contents", ["lane"]);
  readonly deliveries = this.counter("deliveries_total", "Deliveries by outcome", ["lane", "outcome"]);
  readonly messagesDelivered = this.counter("messages_delivered_total", "Messages in own deliveries", ["lane"]);
  readonly deliveryGas = this.counter("delivery_gas_total", "Gas of own deliveries", ["lane"]);
  readonly endpointErrors = this.counter("endpoint_errors_total", "Failures of RPC endpoints", ["chain", "code"]);
  readonly feeBumps = this.counter("fee_bumps_total", "Transactions sent again at a higher price", ["chain"]);
  readonly backlog = this.gauge("lane_backlog", "Messages of a lane that the target has not executed", ["lane"]);
  readonly finalizedHeight = this.gauge("finalized_height", "Latest finalized block", ["chain"]);
  readonly balance = this.gauge("sender_balance_wei", "Balance of the sender", ["chain", "account"]);
  readonly lastProgress = this.gauge(
    "last_progress_timestamp_seconds",
    "When a part last did what it is for, Unix seconds",
    ["part", "scope"],
  );

  private counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name: `relayer_${name}`, help, labelNames, registers: [this.registry] });
  }

  private gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name: `relayer_${name}`, help, labelNames, registers: [this.registry] });
  }
}
