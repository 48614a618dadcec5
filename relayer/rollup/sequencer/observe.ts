import type { Log } from "../../log";
import type { Metrics } from "../../metrics";
import { failureCode } from "../../observe";
import { RelayerError } from "../../errors";
import type { Clock } from "../../ports";
import { unreachable } from "../../unreachable";
import type { EmitSequencer, SequencerEvent } from "./events";

const PART = "sequencer";

/** Turns what happens in a sequencer into logs and metrics. */
export function sequencerObserver(deps: {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Pick<Clock, "now">;
}): EmitSequencer {
  const { log, metrics, clock } = deps;
  const progress = (scope: string): void =>
    metrics.lastProgress.set({ part: PART, scope }, Math.floor(clock.now() / 1_000));
  return (event: SequencerEvent): void => {
    switch (event.kind) {
      case "recovered":
        log.info(event, "the log of layer 2 was executed again");
        return progress("recovery");
      case "rebased":
        metrics.l2Rebases.inc();
        log.warn(event, "transactions of layer 2 were executed anew on another parent");
        return;
      case "accepted":
        metrics.l2Transactions.inc(event.count);
        metrics.l2Waiting.set(event.waiting);
        return progress("transactions");
      case "transaction_refused":
        metrics.l2Refusals.inc({ code: event.code });
        return;
      case "sealed":
        metrics.l2Batch.set({ stage: "sealed" }, Number(event.batch));
        log.debug(event, "sealed a batch");
        return;
      case "posted":
        metrics.l2Batch.set({ stage: "posted" }, Number(event.batch));
        metrics.l2PostingGas.inc(Number(event.gasUsed));
        metrics.l2PostingBlobs.inc(event.blobs);
        log.info(event, "posted a batch");
        return progress("posting");
      case "blobs_proven":
        metrics.l2BlobProving.set(event.milliseconds / 1_000);
        log.debug(event, "proved the blobs of a batch");
        return;
      case "posting_refused":
        metrics.refusals.inc({ part: PART, code: event.error });
        log.warn(event, "layer 1 refused a batch");
        return;
      case "rolled_back":
        metrics.l2Batch.set({ stage: "posted" }, Number(event.to));
        log.warn(event, "layer 1 went back");
        return;
      case "checkpointed":
        log.info(event, "wrote a checkpoint");
        return;
      case "failed": {
        metrics.refusals.inc({ part: PART, code: failureCode(event.error) });
        const alert = event.error instanceof RelayerError && event.error.alert;
        log[alert ? "error" : "warn"](event, "a part failed and is tried again");
        return;
      }
      default:
        return unreachable(event);
    }
  };
}
