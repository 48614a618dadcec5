import { RelayerError } from "../errors";
import type { Log } from "../log";
import type { Metrics } from "../metrics";
import { failureCode } from "../observe";
import type { Clock } from "../ports";
import { unreachable } from "../unreachable";
import type { EmitRollup, RollupEvent } from "./events";

/** Turns what happens around a rollup into logs and metrics. */
export function rollupObserver(deps: {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Pick<Clock, "now">;
  readonly chainId: bigint;
}): EmitRollup {
  const { log, metrics, clock } = deps;
  const chain = `${deps.chainId}`;
  return (event: RollupEvent): void => {
    switch (event.kind) {
      case "batch_applied":
        metrics.batchesApplied.inc({ chain });
        log.debug(event, "re-executed a batch");
        return;
      case "batch_false": {
        const { batch, segment } = event.proof;
        metrics.falseBatches.inc({ chain });
        log.error({ kind: event.kind, number: batch.batch.number, batchHash: batch.hash, segment }, "a batch is false");
        return;
      }
      case "false_batch_final":
        metrics.falseFinal.inc({ chain });
        log.error(event, "a false batch is final");
        return;
      case "rolled_back":
        metrics.rollbacks.inc({ chain });
        log.warn({ kind: event.kind, to: event.to.batch.number, from: event.from }, "layer 1 took back batches");
        return;
      case "followed":
        metrics.rollupBatch.set({ chain, state: "applied" }, Number(event.number));
        metrics.rollupBatch.set({ chain, state: "final" }, Number(event.final));
        metrics.rollupQueue.set({ chain }, Number(event.queueLength));
        metrics.lastProgress.set({ part: "rollup", scope: chain }, Math.floor(clock.now() / 1_000));
        return;
      case "frozen":
        log.error(event, "the rollup is frozen");
        return;
      case "proof_committed":
        log.warn(event, "committed to a proof of fraud");
        return;
      case "fraud_proven":
        metrics.fraudsProven.inc({ chain });
        log.warn(event, "proved fraud");
        return;
      case "proof_refused":
        metrics.refusals.inc({ part: "challenger", code: event.reason });
        log.error(event, "a proof of fraud is refused");
        return;
      case "reward_withdrawn":
        log.info(event, "withdrew the reward");
        return;
      case "freeze_sent":
        log.warn(event, "froze the rollup that nobody serves");
        return;
      case "certificate_signed":
        metrics.certificatesSigned.inc({ chain });
        log.info(event, "certified a batch");
        return;
      case "certifying_refused":
        metrics.refusals.inc({ part: "certifier", code: failureCode(event.error) });
        log.error(event, "refused to certify a batch");
        return;
      case "certificates_collected":
        log.debug(event, "collected certificates");
        return;
      case "peer_misbehaved":
        metrics.refusals.inc({ part: "certificate collector", code: event.reason.toUpperCase().replaceAll(" ", "_") });
        log.warn(event, "a peer answered with what cannot be used");
        return;
      case "certified":
        metrics.certificatesSent.inc({ chain });
        log.info(event, "brought a quorum's certificate to the contract");
        return;
      case "snapshot_written":
        log.info(event, "wrote a snapshot");
        return;
      case "snapshot_refused":
        log.warn(event, "refused a snapshot");
        return;
      case "failed": {
        metrics.refusals.inc({ part: event.part, code: failureCode(event.error) });
        const alert = event.error instanceof RelayerError && event.error.alert;
        log[alert ? "error" : "warn"](event, "a part failed and is tried again");
        return;
      }
      default:
        return unreachable(event);
    }
  };
}
