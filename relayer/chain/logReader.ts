import { RelayerError } from "../errors";
import type { ChainLog } from "../ports";
import type { VerifiedHeader } from "./blockHeader";
import { endpointHeader } from "./endpointHeader";
import { describeError, type Endpoint, type EndpointPool } from "./endpointPool";
import { parseLogs, refusesRange, sortLogs, type LogFilter } from "./logQuery";
import { bloomAdmits } from "./logsBloom";
import { toQuantity } from "./quantity";

export type LogQuery = LogFilter & { readonly from: bigint; readonly to: bigint; readonly attempt: number };

/** Blocks that are looked through at once where logs are asked for block by block. */
const CONCURRENCY = 8;

/** Logs of final blocks from endpoints that each have limits of their own, and may leave some out. */
export class LogReader {
  /** Ranges that an endpoint was found to accept, where smaller than the configured one. */
  private readonly ranges = new Map<Endpoint, bigint>();

  constructor(
    private readonly pool: EndpointPool,
    /** Blocks per `eth_getLogs` at most. */
    private readonly range: number,
  ) {}

  /** As few questions as the endpoints' limits allow. */
  async byRange(query: LogQuery, signal: AbortSignal): Promise<readonly ChainLog[]> {
    const logs: ChainLog[] = [];
    for (let from = query.from; from <= query.to;) {
      const { to, found } = await this.pool.first(
        (endpoint, abort) => this.logsFrom(endpoint, query, from, abort),
        signal,
      );
      logs.push(...found);
      from = to + 1n;
    }
    return sortLogs(logs);
  }

  /** The logs of as many blocks as the endpoint answers for at once, beginning with `from`. */
  private async logsFrom(
    endpoint: Endpoint,
    query: LogQuery,
    from: bigint,
    signal: AbortSignal,
  ): Promise<{ readonly to: bigint; readonly found: readonly ChainLog[] }> {
    const { address, topics } = query;
    let range = this.ranges.get(endpoint) ?? BigInt(this.range);
    for (;;) {
      const end = from + range - 1n;
      const to = end < query.to ? end : query.to;
      try {
        const filter = { address, topics, fromBlock: toQuantity(from), toBlock: toQuantity(to) };
        const answer = await endpoint.ask("eth_getLogs", [filter], signal);
        return { to, found: checkedLogs(endpoint, answer, query, from, to) };
      } catch (error) {
        if (range === 1n || !refusesRange(error)) throw error;
        const asked = to - from + 1n;
        range = asked > 1n ? asked / 2n : 1n;
        this.ranges.set(endpoint, range);
      }
    }
  }

  /**
   * Logs by block hash, of the blocks whose bloom filter admits one. The hashes are those of the chain that leads to
   * `last`, which a quorum agreed on, so that one endpoint's word suffices for the headers between.
   */
  async byBlock(query: LogQuery, last: VerifiedHeader, signal: AbortSignal): Promise<readonly ChainLog[]> {
    const { address, topics, from, attempt } = query;
    const values = [address, ...topics.filter((topic) => topic !== null)];
    const logs: ChainLog[] = [];
    let tip = last;
    for (;;) {
      const low = tip.number - BigInt(CONCURRENCY) + 1n > from ? tip.number - BigInt(CONCURRENCY) + 1n : from;
      const high = tip;
      const headers = await this.pool.first(
        (endpoint, abort) => chainBelow(endpoint, high, low, abort),
        signal,
        attempt,
      );
      const relevant = headers.filter(({ logsBloom }) => values.every((value) => bloomAdmits(logsBloom, value)));
      const found = await Promise.all(
        relevant.map(({ hash, number }) =>
          this.pool.first(
            async (endpoint, abort) => {
              const answer = await endpoint.ask("eth_getLogs", [{ address, topics, blockHash: hash }], abort);
              return checkedLogs(endpoint, answer, query, number, number, hash);
            },
            signal,
            attempt,
            true,
          ),
        ),
      );
      logs.push(...found.flat());
      const lowest = headers[headers.length - 1] as VerifiedHeader;
      if (lowest.number <= from) return sortLogs(logs);
      tip = await this.pool.first((endpoint, abort) => parentOf(endpoint, lowest, abort), signal, attempt);
    }
  }
}

async function parentOf(endpoint: Endpoint, child: VerifiedHeader, signal: AbortSignal): Promise<VerifiedHeader> {
  const header = endpointHeader(endpoint, await endpoint.ask("eth_getBlockByHash", [child.parentHash, false], signal));
  if (header.hash !== child.parentHash) throw new Error(`answered with block ${header.hash}`);
  return header;
}

/** The headers from `tip` down to number `low`, each the parent of the one before it. */
async function chainBelow(
  endpoint: Endpoint,
  tip: VerifiedHeader,
  low: bigint,
  signal: AbortSignal,
): Promise<readonly VerifiedHeader[]> {
  const numbers = Array.from({ length: Number(tip.number - low) }, (_, index) => tip.number - 1n - BigInt(index));
  const answers = await Promise.all(
    numbers.map((number) => endpoint.ask("eth_getBlockByNumber", [toQuantity(number), false], signal)),
  );
  const headers = [tip];
  for (const [index, answer] of answers.entries()) {
    const header = endpointHeader(endpoint, answer);
    const child = headers[index] as VerifiedHeader;
    if (header.hash !== child.parentHash) {
      throw new RelayerError("HEADER_HASH_MISMATCH", `block ${header.number} is not the parent of the next`, {
        retriable: true,
        context: { number: header.number, hash: header.hash, expected: child.parentHash },
      });
    }
    headers.push(header);
  }
  return headers;
}

function checkedLogs(
  endpoint: Endpoint,
  answer: unknown,
  filter: LogFilter,
  from: bigint,
  to: bigint,
  blockHash?: string,
): readonly ChainLog[] {
  try {
    const logs = parseLogs(answer, filter, from, to);
    const stray = logs.find((log) => blockHash !== undefined && log.blockHash !== blockHash);
    if (stray === undefined) return logs;
    throw new RelayerError("LOGS_INCOMPLETE", `a log of block ${stray.blockHash} in an answer for ${blockHash}`, {
      retriable: true,
      alert: true,
    });
  } catch (error) {
    endpoint.failed(describeError(error));
    throw error;
  }
}
