import { RelayerError } from "../errors";
import type { ChainLog } from "../ports";
import { bytes, fields, list, quantity } from "./quantity";
import { RpcError } from "./rpc";

/** What logs are asked for. */
export interface LogFilter {
  readonly address: string;
  readonly topics: readonly (string | null)[];
}

/** Parses an answer to `eth_getLogs`; throws LOGS_INCOMPLETE on a log that nobody asked for. */
export function parseLogs(answer: unknown, filter: LogFilter, from: bigint, to: bigint): readonly ChainLog[] {
  const logs: ChainLog[] = [];
  for (const raw of list(answer, "logs")) {
    const entry = fields(raw, "log");
    if (entry.removed === true) continue;
    const log = {
      address: bytes(entry.address, "log address", 20),
      topics: list(entry.topics, "log topics").map((topic) => bytes(topic, "topic", 32)),
      data: bytes(entry.data, "log data"),
      blockNumber: quantity(entry.blockNumber, "log block"),
      blockHash: bytes(entry.blockHash, "log block hash", 32),
      transactionHash: bytes(entry.transactionHash, "log transaction", 32),
      logIndex: Number(quantity(entry.logIndex, "log index")),
    };
    if (!matches(log, filter) || log.blockNumber < from || log.blockNumber > to) {
      throw new RelayerError("LOGS_INCOMPLETE", "an answer holds a log that was not asked for", {
        retriable: true,
        alert: true,
        context: { address: log.address, blockNumber: log.blockNumber, logIndex: log.logIndex },
      });
    }
    logs.push(log);
  }
  return logs;
}

function matches(log: ChainLog, { address, topics }: LogFilter): boolean {
  return (
    log.address === address.toLowerCase() &&
    topics.every((topic, index) => topic === null || log.topics[index] === topic.toLowerCase())
  );
}

/** By block and position, each once. */
export function sortLogs(logs: readonly ChainLog[]): readonly ChainLog[] {
  const unique = new Map(logs.map((log) => [`${log.blockHash}:${log.logIndex}`, log]));
  return [...unique.values()].sort((a, b) =>
    a.blockNumber === b.blockNumber ? a.logIndex - b.logIndex : a.blockNumber < b.blockNumber ? -1 : 1,
  );
}

/** Whether an endpoint refuses a range for its size: no two programs say it in the same words. */
export function refusesRange(error: unknown): boolean {
  return (
    error instanceof RpcError &&
    (error.code === -32005 ||
      /range|limit|exceed|too (many|large|wide|big)|more than|response size/i.test(error.message))
  );
}
