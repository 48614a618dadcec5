import { setTimeout as delay } from "node:timers/promises";
import { decodeDelivery } from "../../protocol/delivery";
import type { LocalChain, LocalNetwork } from "./network";
import type { Exchange } from "./traffic";

/** `IOutbox.statusOf`, by its number. */
const SUCCEEDED = 2n;
const FAILED_FINAL = 4n;

/** One delivery as it stands on the target chain. */
export interface ObservedDelivery {
  readonly target: LocalChain;
  readonly sourceChainId: bigint;
  readonly first: bigint;
  readonly last: bigint;
  readonly failures: bigint;
  readonly gasUsed: bigint;
  /** Signatures that it carried, and members of the epoch's set. */
  readonly signatures: number;
  readonly members: number;
}

/** Follows both gateways: everything that it reports was read from a chain. */
export class Observer {
  readonly deliveries: ObservedDelivery[] = [];
  private readonly nextBlock = new Map<LocalChain, number>();

  constructor(
    private readonly network: LocalNetwork,
    private readonly exchanges: readonly Exchange[],
  ) {}

  /** Reads what is new on both chains and updates the exchanges. */
  async look(): Promise<void> {
    await Promise.all([this.network.home, this.network.away].map((chain) => this.readDeliveries(chain)));
    await Promise.all(
      this.exchanges
        .filter(({ status }) => status === "sent" || status === "executed")
        .map(async (exchange) => {
          const status = await exchange.from.deployment.gateway.statusOf(exchange.sendId);
          if (status === SUCCEEDED) exchange.status = "acknowledged";
          if (status === FAILED_FINAL) exchange.status = "failed";
        }),
    );
  }

  /** Looks again and again until `done` says so; throws after `timeoutMs`. */
  async until(done: () => boolean, what: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      await this.look();
      if (done()) return;
      if (Date.now() > deadline) throw new Error(`not seen within ${timeoutMs / 1000} s: ${what}`);
      await delay(100, undefined, { signal });
    }
  }

  private async readDeliveries(chain: LocalChain): Promise<void> {
    const { gateway, record } = chain.deployment;
    const from = this.nextBlock.get(chain) ?? record.contracts.Gateway?.block ?? 0;
    const to = await chain.provider.getBlockNumber();
    if (to < from) return;
    const logs = await gateway.queryFilter(gateway.filters.BatchDelivered(), from, to);
    this.nextBlock.set(chain, to + 1);
    for (const { args, transactionHash } of logs) {
      const [transaction, receipt] = await Promise.all([
        chain.provider.getTransaction(transactionHash),
        chain.provider.getTransactionReceipt(transactionHash),
      ]);
      if (transaction === null || receipt === null) throw new Error(`${transactionHash} is gone`);
      const [packed] = gateway.interface.decodeFunctionData("deliver", transaction.data) as unknown as [string];
      const { header, signatures } = decodeDelivery(packed);
      this.deliveries.push({
        target: chain,
        sourceChainId: args.sourceChainId,
        first: args.first,
        last: args.last,
        failures: args.failures,
        gasUsed: receipt.gasUsed,
        signatures: (signatures.length - 2) / 128,
        members: (await gateway.signersOf(header.epoch)).length,
      });
      this.mark(chain, args);
    }
  }

  private mark(
    target: LocalChain,
    batch: { readonly sourceChainId: bigint; readonly first: bigint; readonly last: bigint; readonly failures: bigint },
  ): void {
    for (const exchange of this.exchanges) {
      if (exchange.to !== target || exchange.seq < batch.first || exchange.seq > batch.last) continue;
      exchange.latencyMs = Date.now() - exchange.sentAt;
      const failed = (batch.failures >> (exchange.seq - batch.first)) & 1n;
      if (exchange.status === "sent" && failed === 0n) exchange.status = "executed";
    }
  }
}

/** What `npm start -- --once` prints last. */
export interface Summary {
  readonly sent: number;
  readonly executed: number;
  readonly failed: number;
  readonly reclaimed: number;
  readonly quorum: string;
  readonly latencyMs: { readonly p50: number; readonly p95: number };
  readonly gasPerMessage: number;
}

/** The n-th percentile of what was measured, by the nearest rank. */
export function percentile(values: readonly number[], n: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((n / 100) * sorted.length) - 1)] ?? 0;
}

export function summarize(exchanges: readonly Exchange[], deliveries: readonly ObservedDelivery[]): Summary {
  const messages = deliveries.reduce((sum, { first, last }) => sum + Number(last - first + 1n), 0);
  const gas = deliveries.reduce((sum, { gasUsed }) => sum + Number(gasUsed), 0);
  const latencies = exchanges.flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]));
  const smallest = deliveries.reduce<ObservedDelivery | undefined>(
    (least, one) => (least === undefined || one.signatures < least.signatures ? one : least),
    undefined,
  );
  const count = (...states: readonly Exchange["status"][]): number =>
    exchanges.filter(({ status }) => states.includes(status)).length;
  return {
    sent: exchanges.length,
    executed: count("executed", "acknowledged"),
    failed: count("failed", "reclaimed"),
    reclaimed: count("reclaimed"),
    quorum: `${smallest?.signatures ?? 0}/${smallest?.members ?? 0}`,
    latencyMs: { p50: percentile(latencies, 50), p95: percentile(latencies, 95) },
    gasPerMessage: messages === 0 ? 0 : Math.round(gas / messages),
  };
}
