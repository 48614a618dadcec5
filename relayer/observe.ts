import type { CassiniEvent, Emit } from "./cassini/events";
import { RelayerError } from "./errors";
import type { Log } from "./log";
import { laneLabel, type Metrics } from "./metrics";
import type { Clock } from "./ports";
import type { Readiness } from "./readiness";
import { unreachable } from "./unreachable";

/** Metric label of any failure. */
export const failureCode = (error: unknown): string => (error instanceof RelayerError ? error.code : "UNEXPECTED");

/** Turns what happens on the lanes into logs, metrics and readiness. */
export function observer(deps: {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly readiness: Pick<Readiness, "failed">;
  readonly clock: Pick<Clock, "now">;
}): Emit {
  const { log, metrics, readiness, clock } = deps;

  const progress = (part: string, scope: string): void =>
    metrics.lastProgress.set({ part, scope }, Math.floor(clock.now() / 1000));

  return (event: CassiniEvent): void => {
    switch (event.kind) {
      case "watched":
        progress("watcher", laneLabel(event.lane));
        log.debug(event, "watched");
        return;
      case "logs_refused":
        metrics.refusals.inc({ part: "watcher", code: "LOGS_INCOMPLETE" });
        log.warn(event, "logs do not add up to the proven state");
        return;
      case "recovering":
        log.info(event, "asking peers for own earlier signatures");
        return;
      case "recovered":
        log.info(event, "own earlier signatures are known");
        return;
      case "signed":
        metrics.headersSigned.inc({ lane: laneLabel(event.lane) });
        progress("attestor", laneLabel(event.lane));
        log.info(event, "signed a header");
        return;
      case "signing_refused":
        metrics.refusals.inc({ part: "attestor", code: failureCode(event.error) });
        log.error(event, "refused to sign a header");
        return;
      case "collected":
        metrics.attestationsCollected.inc(
          { lane: laneLabel(event.lane), peer: new URL(event.peer).host },
          event.signatures,
        );
        progress("collector", laneLabel(event.lane));
        log.debug(event, "collected signatures");
        return;
      case "peer_misbehaved":
        metrics.refusals.inc({ part: "collector", code: event.reason.toUpperCase() });
        log.warn(event, "a peer answered with what cannot be used");
        return;
      case "equivocation":
        metrics.equivocations.inc({ lane: laneLabel(event.lane) });
        log.error(event, "a signer stands for two contents");
        return;
      case "delivering":
        log.debug(event, "delivering");
        return;
      case "delivered":
        metrics.deliveries.inc({ lane: laneLabel(event.lane), outcome: "delivered" });
        metrics.deliveryGas.inc({ lane: laneLabel(event.lane) }, Number(event.gasUsed));
        if (event.last >= event.first) {
          metrics.messagesDelivered.inc({ lane: laneLabel(event.lane) }, Number(event.last - event.first + 1n));
        }
        progress("deliverer", laneLabel(event.lane));
        log.info(event, "delivered");
        return;
      case "overtaken":
        metrics.deliveries.inc({ lane: laneLabel(event.lane), outcome: "overtaken" });
        progress("deliverer", laneLabel(event.lane));
        log.debug(event, "another operator was faster");
        return;
      case "delivery_failed":
        metrics.deliveries.inc({ lane: laneLabel(event.lane), outcome: "failed" });
        log.warn(event, "a delivery failed");
        return;
      case "epoch_published":
        metrics.epochsPublished.inc({ chain: event.target.chainId.toString() });
        progress("epoch publisher", event.target.chainId.toString());
        log.info(event, "published an epoch");
        return;
      case "publication_refused":
        metrics.refusals.inc({ part: "epoch publisher", code: event.reason });
        log.error(event, "the next epoch cannot be published");
        return;
      case "seat_taken":
        metrics.seatsTaken.inc({ chain: event.target.chainId.toString() });
        log.info(event, "gave a standby operator its seat");
        return;
      case "liveness_called":
        metrics.livenessCalls.inc({ chain: event.target.chainId.toString(), call: event.call });
        progress("liveness", event.target.chainId.toString());
        log.info(event, "showed who attends");
        return;
      case "liveness_refused":
        metrics.refusals.inc({ part: "liveness", code: event.reason });
        log.error(event, "who attends cannot be shown");
        return;
      case "rotation_stuck":
        metrics.refusals.inc({ part: "rotation deliverer", code: event.reason });
        log.error(event, "a gateway cannot be brought to the next epoch");
        return;
      case "rotation_signed":
        metrics.rotationsSigned.inc({ chain: event.target.chainId.toString() });
        progress("rotation attestor", event.target.chainId.toString());
        log.info(event, "signed a rotation");
        return;
      case "rotation_delivered":
        metrics.rotationsDelivered.inc({ chain: event.target.chainId.toString() });
        progress("rotation deliverer", event.target.chainId.toString());
        log.info(event, "delivered a rotation");
        return;
      case "failed": {
        const code = failureCode(event.error);
        metrics.refusals.inc({ part: event.part, code });
        if (event.lane !== undefined) readiness.failed(`${event.part} ${laneLabel(event.lane)}`, code);
        const alert = event.error instanceof RelayerError && event.error.alert;
        log[alert ? "error" : "warn"](event, "a part failed and is tried again");
        return;
      }
      default:
        return unreachable(event);
    }
  };
}
