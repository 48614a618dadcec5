import { keccak256 } from "ethers";
import { RelayerError, type RelayerErrorCode } from "../errors";
import {
  QUORUM_SLOT,
  epochSlot,
  laneSlots,
  readCurrentEpoch,
  readEpoch,
  readLaneState,
  readSignerSet,
  type LaneState,
} from "../../protocol/laneStorage";
import type {
  BlobReader,
  BlockBody,
  BodyReader,
  ChainLog,
  ChainReader,
  EpochReader,
  ProvenEpoch,
  StateReader,
  VerifiedBlock,
} from "../ports";
import { linkAbort } from "./abort";
import { blobsOf } from "./blobs";
import { parseBody } from "./blockBody";
import type { VerifiedHeader } from "./blockHeader";
import { endpointHeader } from "./endpointHeader";
import { EndpointPool, describeError, type Endpoint, type EndpointPoolOptions, type Statement } from "./endpointPool";
import { LogReader, type LogQuery } from "./logReader";
import { LruCache } from "./lruCache";
import { bytes, quantity, toQuantity } from "./quantity";
import { RpcError } from "./rpc";
import { verifyCodeHash, verifyStorageProof } from "./storageProof";

/** What counts as final: a tag of the node, or a depth below its head where the chain has no finality. */
export type Finality = "finalized" | "safe" | "latest" | { readonly confirmations: number };

export interface EndpointQuorumOptions extends EndpointPoolOptions {
  /** Endpoints that must agree on a block. */
  readonly quorum: number;
  /** Default `finalized`. */
  readonly finality?: Finality;
  /** Blocks per `eth_getLogs` at most. Default 5,000. */
  readonly logRange?: number;
  /** Verified blocks that are kept. Default 1,024. */
  readonly cachedBlocks?: number;
}

interface Head {
  readonly number: bigint;
  /** Where the finality is a tag, its block came along. */
  readonly header: VerifiedHeader | undefined;
}

/** Reads a chain through N endpoints, none of which is trusted alone. */
export class EndpointQuorum implements ChainReader, EpochReader, StateReader, BodyReader, BlobReader {
  readonly chainId: bigint;
  private readonly pool: EndpointPool;
  private readonly quorum: number;
  private readonly finality: Finality;
  private readonly logReader: LogReader;
  private readonly blocks: LruCache<bigint, VerifiedHeader>;
  private readonly heads = new Map<Endpoint, Head>();
  private readonly asked = new Map<Endpoint, Promise<Head>>();
  private last: VerifiedHeader | undefined;

  constructor(options: EndpointQuorumOptions) {
    const { quorum, endpoints } = options;
    if (!Number.isInteger(quorum) || quorum < 1 || quorum > endpoints.length) {
      throw new RelayerError("CONFIG_INVALID", `a quorum of ${quorum} of ${endpoints.length} endpoints`);
    }
    this.chainId = options.chainId;
    this.pool = new EndpointPool(options);
    this.quorum = quorum;
    this.finality = options.finality ?? "finalized";
    this.logReader = new LogReader(this.pool, options.logRange ?? 5_000);
    this.blocks = new LruCache(options.cachedBlocks ?? 1_024);
  }

  async finalized(signal: AbortSignal): Promise<VerifiedBlock> {
    const answered = new Set<Endpoint>();
    await this.collect(
      "finalized block",
      async (endpoint, abort) => {
        abort.throwIfAborted();
        const { number } = await this.head(endpoint);
        answered.add(endpoint);
        return `block ${number}`;
      },
      () => (answered.size >= this.quorum ? true : undefined),
      signal,
    );

    // An answer that came too late for an earlier call counts in this one: a slow endpoint delays nothing for long.
    const reached = [...this.heads.values()].map((head) => head.number).sort((a, b) => (a > b ? -1 : 1));
    const number = reached[this.quorum - 1] as bigint;
    const last = this.last;
    if (last !== undefined && number < last.number) return last;

    const header = this.agreedHead(number) ?? (await this.agree(number, signal));
    if (last !== undefined) await this.refuseRewrite(last, header, signal);
    // Another call may have gone further meanwhile.
    if (this.last === undefined || header.number > this.last.number) this.last = header;
    this.blocks.set(header.number, header);
    return this.last;
  }

  async block(number: bigint, signal: AbortSignal): Promise<VerifiedBlock> {
    return this.header(number, signal);
  }

  async laneState(
    gateway: string,
    remoteChainId: bigint,
    block: VerifiedBlock,
    signal: AbortSignal,
  ): Promise<LaneState> {
    const slots = laneSlots(remoteChainId);
    return readLaneState(
      await this.proven(
        gateway,
        slots,
        block,
        (answer) => verifyStorageProof(block.stateRoot, gateway, slots, answer),
        signal,
      ),
    );
  }

  async currentEpoch(gateway: string, block: VerifiedBlock, signal: AbortSignal): Promise<ProvenEpoch> {
    const word = async (slot: string): Promise<bigint> => {
      const verified = (answer: unknown): readonly bigint[] =>
        verifyStorageProof(block.stateRoot, gateway, [slot], answer);
      return (await this.proven(gateway, [slot], block, verified, signal))[0] as bigint;
    };
    const epoch = readCurrentEpoch(await word(QUORUM_SLOT));
    if (epoch === 0n) return { epoch, validUntil: 0n, signers: [] };
    const { set, validUntil } = readEpoch(await word(epochSlot(epoch)));
    const codeHash = await this.proven(
      set,
      [],
      block,
      (answer) => verifyCodeHash(block.stateRoot, set, answer),
      signal,
    );
    return { epoch, validUntil, signers: readSignerSet(await this.codeOf(set, codeHash, signal)) };
  }

  /** Code with a proven hash: it may come from anywhere, and an account's code never changes. */
  private async codeOf(account: string, codeHash: string | undefined, signal: AbortSignal): Promise<string> {
    try {
      return await this.pool.first(async (endpoint, abort) => {
        const found = bytes(await endpoint.ask("eth_getCode", [account, "latest"], abort), "eth_getCode");
        if (keccak256(found) === codeHash) return found;
        throw new RelayerError("PROOF_INVALID", `the code of ${account} is not the proven one`, { retriable: true });
      }, signal);
    } catch (error) {
      throw this.failure(error, "PROOF_UNAVAILABLE", `no code of ${account}`, ["PROOF_INVALID"]);
    }
  }

  /** What `verify` takes out of the first `eth_getProof` answer that fits the block's state root. */
  private async proven<Value>(
    account: string,
    slots: readonly string[],
    block: VerifiedBlock,
    verified: (answer: unknown) => Value,
    signal: AbortSignal,
  ): Promise<Value> {
    const prove = async (endpoint: Endpoint, at: string, abort: AbortSignal): Promise<Value> =>
      verified(await endpoint.ask("eth_getProof", [account, slots, at], abort));
    try {
      return await this.pool.first(async (endpoint, abort) => {
        try {
          return await prove(endpoint, toQuantity(block.number), abort);
        } catch (error) {
          if (error instanceof RelayerError && error.code === "PROOF_INVALID") endpoint.failed(error.message);
          if (!(error instanceof RpcError) || typeof this.finality !== "string") throw error;
          // Full nodes may prove their newest states only, by tag. The proof fits only if that is the same state.
          return prove(endpoint, this.finality, abort).catch((later: unknown) => {
            throw later instanceof RelayerError && later.code === "PROOF_INVALID" ? error : later;
          });
        }
      }, signal);
    } catch (error) {
      throw this.failure(error, "PROOF_UNAVAILABLE", `no proof of ${account} at block ${block.number}`, [
        "PROOF_INVALID",
      ]);
    }
  }

  async logs(query: LogQuery, signal: AbortSignal): Promise<readonly ChainLog[]> {
    if (query.to < query.from) return [];
    if (this.last === undefined || this.last.number < query.to) await this.finalized(signal);
    if (this.last === undefined || this.last.number < query.to) throw this.notFinal(query.to);
    try {
      if (query.attempt === 0) return await this.logReader.byRange(query, signal);
      return await this.logReader.byBlock(query, await this.header(query.to, signal), signal);
    } catch (error) {
      throw this.failure(error, "LOGS_INCOMPLETE", `no logs of blocks ${query.from} to ${query.to}`);
    }
  }

  async call(to: string, data: string, signal: AbortSignal): Promise<string> {
    try {
      return await this.pool.first(
        async (endpoint, abort) => bytes(await endpoint.ask("eth_call", [{ to, data }, "latest"], abort), "eth_call"),
        signal,
      );
    } catch (error) {
      throw this.failure(error, "ENDPOINT_UNAVAILABLE", `no answer to a call of ${to}`);
    }
  }

  async callAt(to: string, data: string, block: VerifiedBlock, signal: AbortSignal): Promise<string> {
    return this.agreedAt("eth_call", [{ to, data }], `a call of ${to}`, block, signal);
  }

  async codeAt(account: string, block: VerifiedBlock, signal: AbortSignal): Promise<string> {
    return this.agreedAt("eth_getCode", [account], `the code of ${account}`, block, signal);
  }

  async fromBody<Value>(
    number: bigint,
    accept: (body: BlockBody) => Value | undefined,
    signal: AbortSignal,
  ): Promise<Value> {
    try {
      return await this.pool.first(async (endpoint, abort) => {
        const body = parseBody(await endpoint.ask("eth_getBlockByNumber", [toQuantity(number), true], abort));
        const found = body.number === number ? accept(body) : undefined;
        if (found !== undefined) return found;
        throw new RelayerError("DATA_UNAVAILABLE", `block ${number} does not hold what it should`, {
          retriable: true,
          context: { number },
        });
      }, signal);
    } catch (error) {
      throw this.failure(error, "ENDPOINT_UNAVAILABLE", `no body of block ${number}`, ["DATA_UNAVAILABLE"]);
    }
  }

  async fromBlobs<Value>(
    transaction: string,
    accept: (blobs: readonly Uint8Array[]) => Promise<Value | undefined>,
    signal: AbortSignal,
  ): Promise<Value> {
    try {
      return await this.pool.first(
        async (endpoint, abort) => {
          const found = await accept(await blobsOf(endpoint, transaction, abort));
          if (found !== undefined) return found;
          throw new RelayerError("DATA_UNAVAILABLE", `the blobs of ${transaction} are others`, { retriable: true });
        },
        signal,
        0,
        true,
      );
    } catch (error) {
      throw this.failure(error, "DATA_UNAVAILABLE", `no blobs of ${transaction}`);
    }
  }

  /** The answer that a quorum of endpoints gives about the state at the end of `block`. */
  private async agreedAt(
    method: "eth_call" | "eth_getCode",
    params: readonly unknown[],
    subject: string,
    block: VerifiedBlock,
    signal: AbortSignal,
  ): Promise<string> {
    const byAnswer = new Map<string, number>();
    const at = async (endpoint: Endpoint, abort: AbortSignal): Promise<string> => {
      const ask = async (tag: string): Promise<string> =>
        bytes(await endpoint.ask(method, [...params, tag], abort), method);
      try {
        return await ask(toQuantity(block.number));
      } catch (error) {
        // A node that has forgotten that state already: its latest final one is what everybody asks for next.
        if (!(error instanceof RpcError) || typeof this.finality !== "string") throw error;
        return ask(this.finality);
      }
    };
    return this.collect(
      `${subject} at block ${block.number}`,
      async (endpoint, abort) => {
        const answer = await at(endpoint, abort);
        byAnswer.set(answer, (byAnswer.get(answer) ?? 0) + 1);
        return answer.length > 80 ? `${answer.slice(0, 80)}…` : answer;
      },
      () => [...byAnswer].find(([, count]) => count >= this.quorum)?.[0],
      signal,
      () => byAnswer.size > 1,
    );
  }

  async estimateGas(
    transaction: { readonly from: string; readonly to: string; readonly data: string },
    signal: AbortSignal,
  ): Promise<bigint> {
    const { from, to, data } = transaction;
    try {
      return await this.pool.first(
        async (endpoint, abort) => quantity(await endpoint.ask("eth_estimateGas", [{ from, to, data }], abort), "gas"),
        signal,
      );
    } catch (error) {
      throw this.failure(error, "ENDPOINT_UNAVAILABLE", `no gas estimate of a call of ${to}`);
    }
  }

  /**
   * What an endpoint calls final. One question at a time, which outlives the call that asked it: its answer counts
   * whenever it comes.
   */
  private head(endpoint: Endpoint): Promise<Head> {
    const asked = this.asked.get(endpoint);
    if (asked !== undefined) return asked;
    const asking = this.askHead(endpoint)
      .then((head) => {
        this.heads.set(endpoint, head);
        return head;
      })
      .finally(() => this.asked.delete(endpoint));
    this.asked.set(endpoint, asking);
    return asking;
  }

  private async askHead(endpoint: Endpoint): Promise<Head> {
    const { signal } = new AbortController();
    if (typeof this.finality === "string") {
      const header = endpointHeader(
        endpoint,
        await endpoint.ask("eth_getBlockByNumber", [this.finality, false], signal),
      );
      return { number: header.number, header };
    }
    const number = quantity(await endpoint.ask("eth_blockNumber", [], signal), "block number");
    const final = number - BigInt(this.finality.confirmations);
    return { number: final > 0n ? final : 0n, header: undefined };
  }

  /** The header of this number that a quorum sent along with its heads. */
  private agreedHead(number: bigint): VerifiedHeader | undefined {
    const headers = [...this.heads.values()].flatMap(({ header }) => (header?.number === number ? [header] : []));
    return headers.find(({ hash }) => headers.filter((other) => other.hash === hash).length >= this.quorum);
  }

  /** A final block that changes afterwards ends all certainty: nothing goes on before an operator has looked. */
  private async refuseRewrite(last: VerifiedHeader, next: VerifiedHeader, signal: AbortSignal): Promise<void> {
    if (next.hash === last.hash || (next.number === last.number + 1n && next.parentHash === last.hash)) return;
    const now = next.number === last.number ? next : await this.agree(last.number, signal);
    if (now.hash === last.hash) return;
    throw new RelayerError(
      "ENDPOINT_DISAGREEMENT",
      `final block ${last.number} changed from ${last.hash} to ${now.hash}`,
      {
        retriable: true,
        alert: true,
        context: { number: last.number, before: last.hash, after: now.hash },
      },
    );
  }

  private async header(number: bigint, signal: AbortSignal): Promise<VerifiedHeader> {
    const cached = this.blocks.get(number);
    if (cached !== undefined) return cached;
    if (this.last === undefined || this.last.number < number) await this.finalized(signal);
    if (this.last === undefined || this.last.number < number) throw this.notFinal(number);
    const header = this.last.number === number ? this.last : await this.agree(number, signal);
    this.blocks.set(number, header);
    return header;
  }

  /** The header of this number that a quorum of endpoints has. */
  private async agree(number: bigint, signal: AbortSignal): Promise<VerifiedHeader> {
    const byHash = new Map<string, { readonly header: VerifiedHeader; readonly endpoints: Endpoint[] }>();
    const agreed = await this.collect(
      `block ${number}`,
      async (endpoint, abort) => {
        const header = endpointHeader(
          endpoint,
          await endpoint.ask("eth_getBlockByNumber", [toQuantity(number), false], abort),
        );
        if (header.number !== number) throw new Error(`answered with block ${header.number}`);
        const same = byHash.get(header.hash);
        if (same === undefined) byHash.set(header.hash, { header, endpoints: [endpoint] });
        else same.endpoints.push(endpoint);
        return header.hash;
      },
      () => [...byHash.values()].find(({ endpoints }) => endpoints.length >= this.quorum)?.header,
      signal,
      () => byHash.size > 1,
    );
    for (const { header, endpoints } of byHash.values()) {
      if (header.hash === agreed.hash) continue;
      for (const endpoint of endpoints) {
        const event = { endpoint: endpoint.name, said: header.hash, agreed: agreed.hash };
        this.pool.observe({ kind: "endpointDisagreed", ...event });
      }
    }
    return agreed;
  }

  /**
   * Asks all candidates at once and resolves as soon as `done` has a result. Refuses, naming what each one said, once
   * nobody is left to ask.
   */
  private async collect<Result>(
    subject: string,
    ask: (endpoint: Endpoint, signal: AbortSignal) => Promise<string>,
    done: () => Result | undefined,
    signal: AbortSignal,
    disagree: () => boolean = () => false,
  ): Promise<Result> {
    signal.throwIfAborted();
    const statements = new Map<Endpoint, Statement>();
    const errors: unknown[] = [];
    const { controller: rest, unlink } = linkAbort(signal);
    const round = async (endpoints: readonly Endpoint[]): Promise<Result | undefined> =>
      new Promise((resolve, reject) => {
        rest.signal.addEventListener("abort", () => reject(rest.signal.reason), { once: true });
        let outstanding = endpoints.length;
        const settle = (endpoint: Endpoint, said: string): void => {
          statements.set(endpoint, { endpoint: endpoint.name, said });
          outstanding -= 1;
          const result = done();
          if (result !== undefined || outstanding === 0) resolve(result);
        };
        for (const endpoint of endpoints) {
          ask(endpoint, rest.signal).then(
            (said) => settle(endpoint, said),
            (error: unknown) => {
              errors.push(error);
              settle(endpoint, describeError(error));
            },
          );
        }
        if (outstanding === 0) resolve(undefined);
      });
    try {
      const first = this.pool.candidates(this.quorum);
      let result = await round(first);
      if (result === undefined)
        result = await round(this.pool.endpoints.filter((endpoint) => !first.includes(endpoint)));
      if (result !== undefined) return result;
    } finally {
      unlink();
      rest.abort(new Error("the others agreed"));
    }
    const code = disagree()
      ? "ENDPOINT_DISAGREEMENT"
      : (codeAmong(errors, ["HEADER_HASH_MISMATCH", "CHAIN_ID_MISMATCH"]) ?? "ENDPOINT_UNAVAILABLE");
    const said = [...statements.values()];
    throw new RelayerError(
      code,
      `fewer than ${this.quorum} of ${this.pool.endpoints.length} endpoints agree on ${subject}: ` +
        said.map((statement) => `${statement.endpoint} said ${statement.said}`).join("; "),
      { retriable: true, alert: code !== "ENDPOINT_UNAVAILABLE", context: { chainId: this.chainId, statements: said } },
    );
  }

  private notFinal(number: bigint): RelayerError {
    return new RelayerError("ENDPOINT_UNAVAILABLE", `block ${number} is not final yet`, {
      retriable: true,
      context: { number, final: this.last?.number },
    });
  }

  /** One error for what all endpoints threw. */
  private failure(
    error: unknown,
    code: RelayerErrorCode,
    subject: string,
    worse: readonly RelayerErrorCode[] = [],
  ): unknown {
    if (!(error instanceof AggregateError)) return error;
    const causes = (error.errors as readonly Error[]).map(({ cause }) => cause);
    const silent = causes.every((cause) => cause instanceof RelayerError && cause.code === "ENDPOINT_UNAVAILABLE");
    const chosen =
      codeAmong(causes, [...worse, "CHAIN_ID_MISMATCH"]) ??
      (silent && code === "LOGS_INCOMPLETE" ? "ENDPOINT_UNAVAILABLE" : code);
    const said = (error.errors as readonly Error[]).map(({ message }) => message);
    return new RelayerError(chosen, `${subject}: ${said.join("; ")}`, {
      retriable: true,
      alert: chosen !== "ENDPOINT_UNAVAILABLE",
      context: { chainId: this.chainId, said },
      cause: error,
    });
  }
}

function codeAmong(errors: readonly unknown[], codes: readonly RelayerErrorCode[]): RelayerErrorCode | undefined {
  return codes.find((code) => errors.some((error) => error instanceof RelayerError && error.code === code));
}
