import type { RelayerConfig } from "./config";
import type { ChainAccess } from "./chainAccess";
import { laneLabel, type Metrics } from "./metrics";
import { failureCode } from "./observe";
import type { ChainReader, Clock } from "./ports";
import type { Readiness, ReadinessCheck } from "./readiness";

/** Between two looks at heights and lanes. */
const LOOK_MS = 2_000;
/** Looks per look at balances, epochs and announced peers. */
const SLOW_LOOKS = 15;
/** Longest time without a finalized block before a process is not ready. */
const TOLERANCE_MS = 30_000;

export const chainCheck = (chainId: bigint): string => `chain ${chainId}`;

/** What must have succeeded lately for the process to be ready. */
export function readinessChecks(config: RelayerConfig): readonly ReadinessCheck[] {
  return config.chains.map(({ chainId }) => ({ name: chainCheck(chainId), toleranceMs: TOLERANCE_MS }));
}

export interface MonitorDeps {
  readonly config: RelayerConfig;
  readonly readers: ReadonlyMap<bigint, ChainReader>;
  readonly access: ReadonlyMap<bigint, ChainAccess>;
  readonly sender: string | undefined;
  readonly metrics: Metrics;
  readonly readiness: Pick<Readiness, "succeeded" | "failed">;
  readonly clock: Clock;
  readonly onPeers: (endpoints: readonly string[]) => void;
}

/** Looks at chains, lanes, balances and announced peers until `signal` aborts; what fails is shown, never fatal. */
export async function monitor(deps: MonitorDeps, signal: AbortSignal): Promise<void> {
  const { config, readers, access, metrics, readiness, clock, sender } = deps;

  const heights = config.chains.map((chain) => async () => {
    const name = chainCheck(chain.chainId);
    try {
      const { number } = await (readers.get(chain.chainId) as ChainReader).finalized(signal);
      metrics.finalizedHeight.set({ chain: `${chain.chainId}` }, Number(number));
      readiness.succeeded(name);
    } catch (error) {
      readiness.failed(name, failureCode(error));
    }
  });
  const backlogs = config.lanes.map((lane) => async () => {
    const source = await access.get(lane.sourceChainId)?.lane(lane.targetChainId, signal);
    const target = await access.get(lane.targetChainId)?.lane(lane.sourceChainId, signal);
    if (source === undefined || target === undefined) return;
    metrics.backlog.set({ lane: laneLabel(lane) }, Math.max(0, Number(source.outSeq - target.inSeq)));
  });
  const balances = config.chains.map((chain) => async () => {
    if (sender === undefined) return;
    const balance = await (access.get(chain.chainId) as ChainAccess).balance(sender, signal);
    metrics.balance.set({ chain: `${chain.chainId}`, account: sender }, Number(balance));
  });
  const epochs = config.chains.map((chain) => async () => {
    const { epoch, validUntil } = await (access.get(chain.chainId) as ChainAccess).currentEpoch(signal);
    metrics.epoch.set({ chain: `${chain.chainId}` }, Number(epoch));
    metrics.epochEnd.set({ chain: `${chain.chainId}` }, Number(validUntil));
  });
  const announced = async (): Promise<void> => {
    if (!config.peers.fromRegistry) return;
    const found = await Promise.all([...access.values()].map((chain) => chain.announcedEndpoints(signal)));
    deps.onPeers(found.flat());
  };

  for (let look = 0; !signal.aborted; look++) {
    const slow = look % SLOW_LOOKS === 0;
    await Promise.allSettled(
      [...heights, ...backlogs, ...(slow ? [...balances, ...epochs, announced] : [])].map((each) => each()),
    );
    await clock.sleep(LOOK_MS, signal).catch(() => undefined);
  }
}
