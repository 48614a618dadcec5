import { repeat } from "../cassini/loop";
import type { ChainReader, Clock, TransactionSender } from "../ports";
import type { Store } from "../store/store";
import type { EmitWatchtower } from "./events";
import { ChannelGuard } from "./guard";
import type { WatchedChain } from "./submissions";

/** Longest wait after a failure. */
const MAX_BACKOFF_MS = 5_000;

/** One chain whose channels are watched. */
export interface GuardedChain extends WatchedChain {
  readonly reader: ChainReader;
  readonly sender: TransactionSender;
  /** Between two looks at the chain. */
  readonly pollMs: number;
}

/** Watches the channels of all chains until `signal` aborts, then drains. */
export async function runWatchtower(
  deps: {
    readonly chains: readonly GuardedChain[];
    readonly store: Store;
    readonly clock: Clock;
    readonly emit: EmitWatchtower;
  },
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, emit } = deps;
  const watch = async (chain: GuardedChain): Promise<void> => {
    const { chainId, sender, pollMs } = chain;
    const guard = new ChannelGuard(chain, { sender, store, clock, emit });
    let recovered = false;
    const step = async (until: AbortSignal): Promise<void> => {
      if (!recovered) await sender.recover(until);
      recovered = true;
      await guard.step(until);
      await clock.sleep(pollMs, until);
    };
    const onError = (error: unknown, retryInMs: number): void => emit({ kind: "failed", chainId, error, retryInMs });
    await repeat(step, { clock, maxBackoffMs: MAX_BACKOFF_MS, onError }, signal);
    await guard.settled();
  };
  await Promise.all(deps.chains.map(watch));
}
