import type { Log } from "../log";
import type { Metrics } from "../metrics";
import { failureCode } from "../observe";
import type { Clock } from "../ports";
import { RelayerError } from "../errors";
import { unreachable } from "../unreachable";
import type { EmitWatchtower, WatchtowerEvent } from "./events";

const PART = "watchtower";

/** Turns what happens around watched channels into logs and metrics. */
export function watchtowerObserver(deps: {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Pick<Clock, "now">;
}): EmitWatchtower {
  const { log, metrics, clock } = deps;
  return (event: WatchtowerEvent): void => {
    switch (event.kind) {
      case "state_kept":
        metrics.statesKept.inc({ chain: `${event.chainId}` });
        log.info(event, "kept a channel's state");
        return;
      case "state_refused":
        metrics.refusals.inc({ part: PART, code: event.code });
        log.debug(event, "refused a channel's state");
        return;
      case "stale_challenge":
        metrics.staleChallenges.inc({ chain: `${event.chainId}` });
        log.warn(event, "a channel is challenged with an old state");
        return;
      case "answered":
        metrics.challengesAnswered.inc({ chain: `${event.chainId}` });
        log.info(event, "answered a challenge");
        return;
      case "answer_refused":
        metrics.refusals.inc({ part: PART, code: event.reason });
        log.error(event, "an answer to a challenge is refused");
        return;
      case "answer_missed":
        metrics.challengesMissed.inc({ chain: `${event.chainId}` });
        log.error(event, "the time to answer a challenge has passed");
        return;
      case "forgotten":
        log.info(event, "forgot a channel that is over");
        return;
      case "looked":
        metrics.channelsWatched.set({ chain: `${event.chainId}` }, event.watched);
        metrics.lastProgress.set({ part: PART, scope: `${event.chainId}` }, Math.floor(clock.now() / 1_000));
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
