import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { keccak256, toUtf8Bytes } from "ethers";
import { linkAbort } from "../../relayer/chain/abort";
import { headerHash } from "../../relayer/chain/blockHeader";

/** What an endpoint does wrong. Several at once work together where they touch different calls. */
export type Fault =
  /** Headers carry another hash. */
  | { readonly kind: "wrongBlockHash" }
  /** Headers of a chain from before EIP-4844. */
  | { readonly kind: "noBlobs" }
  /** Headers carry another state root under the true hash. */
  | { readonly kind: "wrongStateRoot" }
  /** Headers of a different chain of blocks, consistent in themselves. */
  | { readonly kind: "forgedHeader" }
  /** No logs at all. */
  | { readonly kind: "omitLogs" }
  /** Every second log is missing. */
  | { readonly kind: "partialLogs" }
  /** One log more than there is, of the address that was asked for. */
  | { readonly kind: "addLog" }
  /** Logs of an address that was not asked for. */
  | { readonly kind: "foreignLog" }
  /** Logs are gone: an error. */
  | { readonly kind: "prunedLogs" }
  | { readonly kind: "logRangeLimit"; readonly blocks: number }
  /** Behind by so many blocks. */
  | { readonly kind: "lag"; readonly blocks: number }
  /** Accepts the request, never answers. */
  | { readonly kind: "hang" }
  | { readonly kind: "slow"; readonly milliseconds: number }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "garbage" }
  | { readonly kind: "wrongChainId"; readonly chainId: number }
  /** Proofs with one bit flipped. */
  | { readonly kind: "wrongProof" }
  /** Proofs for tags only, as full nodes of BSC. */
  | { readonly kind: "proofsByTagOnly" }
  | { readonly kind: "noProofs" }
  | { readonly kind: "error"; readonly method: string; readonly code: number; readonly message: string }
  /** Answers with the hash of a transaction and forgets it. */
  | { readonly kind: "swallowTransactions" }
  /** Passes transactions on, then breaks the connection. */
  | { readonly kind: "dropAfterBroadcast" };

class JsonRpcFailure extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

class BrokenConnection extends Error {}

type Json = Record<string, unknown>;
type Params = readonly unknown[];

const TAGS = new Set(["latest", "finalized", "safe", "pending"]);
const FOREIGN = "0x00000000000000000000000000000000f0e16e01";
const FAKE_HASH = keccak256(toUtf8Bytes("a lie"));

/** A JSON-RPC proxy before a real node, whose behaviour a test switches. */
export class FaultyEndpoint {
  /** Calls by method since the start. */
  readonly calls = new Map<string, number>();
  private faults: readonly Fault[] = [];
  private readonly stopped = new AbortController();

  private constructor(
    private readonly target: string,
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(target: string): Promise<FaultyEndpoint> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const endpoint = new FaultyEndpoint(target, server, `http://127.0.0.1:${port}`);
    server.on("request", (request, response) => void endpoint.handle(request, response));
    return endpoint;
  }

  /** Misbehaves like this from now on; without arguments, behaves. */
  set(...faults: readonly Fault[]): void {
    this.faults = faults;
  }

  count(method: string): number {
    return this.calls.get(method) ?? 0;
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  private fault<Kind extends Fault["kind"]>(kind: Kind): Extract<Fault, { kind: Kind }> | undefined {
    return this.faults.find((fault): fault is Extract<Fault, { kind: Kind }> => fault.kind === kind);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const call = JSON.parse(Buffer.concat(chunks).toString()) as { id: unknown; method: string; params?: Params };
      this.calls.set(call.method, this.count(call.method) + 1);

      if (this.fault("hang")) return;
      const status = this.fault("status");
      if (status) return void response.writeHead(status.status).end("no");
      if (this.fault("garbage")) return void response.writeHead(200).end("<html>");
      const slow = this.fault("slow");
      if (slow) await delay(slow.milliseconds, undefined, { signal: this.stopped.signal });

      let body: Json;
      try {
        body = { result: await this.answer(call.method, call.params ?? []) };
      } catch (error) {
        if (!(error instanceof JsonRpcFailure)) throw error;
        body = { error: { code: error.code, message: error.message, data: error.data } };
      }
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: call.id, ...body }));
    } catch {
      response.destroy();
    }
  }

  private async forward(method: string, params: Params): Promise<unknown> {
    // A signal of its own: fetch leaves a listener on the one that it gets until that is collected.
    const { controller, unlink } = linkAbort(this.stopped.signal);
    try {
      const response = await fetch(this.target, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
        signal: controller.signal,
      });
      const answer = (await response.json()) as {
        result?: unknown;
        error?: { code: number; message: string; data?: unknown };
      };
      if (answer.error) throw new JsonRpcFailure(answer.error.code, answer.error.message, answer.error.data);
      return answer.result;
    } finally {
      unlink();
    }
  }

  private async answer(method: string, params: Params): Promise<unknown> {
    const error = this.faults.find((fault) => fault.kind === "error" && fault.method === method);
    if (error?.kind === "error") throw new JsonRpcFailure(error.code, error.message);
    switch (method) {
      case "eth_chainId": {
        const wrong = this.fault("wrongChainId");
        return wrong ? `0x${wrong.chainId.toString(16)}` : this.forward(method, params);
      }
      case "eth_blockNumber":
        return `0x${(await this.height("latest")).toString(16)}`;
      case "eth_getBlockByNumber":
      case "eth_getBlockByHash":
        return this.block(method, params);
      case "eth_getLogs":
        return this.logs(params);
      case "eth_getProof":
        return this.proof(params);
      case "eth_sendRawTransaction":
        if (this.fault("swallowTransactions")) return keccak256(params[0] as string);
        if (this.fault("dropAfterBroadcast")) {
          await this.forward(method, params);
          throw new BrokenConnection();
        }
        return this.forward(method, params);
      default:
        return this.forward(method, params);
    }
  }

  /** The number that a tag stands for, as this endpoint sees it. */
  private async height(tag: string): Promise<bigint> {
    const block = (await this.forward("eth_getBlockByNumber", [tag, false])) as Json;
    const number = BigInt(block.number as string) - BigInt(this.fault("lag")?.blocks ?? 0);
    return number > 0n ? number : 0n;
  }

  private async block(method: string, [at, full]: Params): Promise<unknown> {
    let params: Params = [at, full];
    if (method === "eth_getBlockByNumber" && this.fault("lag")) {
      const head = await this.height(TAGS.has(at as string) ? (at as string) : "latest");
      if (TAGS.has(at as string)) params = [`0x${head.toString(16)}`, full];
      else if (BigInt(at as string) > head) return null;
    }
    const block = (await this.forward(method, params)) as Json | null;
    if (block === null) return null;
    if (this.fault("noBlobs")) {
      const { excessBlobGas: _, blobGasUsed: __, ...older } = block;
      return older;
    }
    if (this.fault("wrongBlockHash")) return { ...block, hash: FAKE_HASH };
    if (this.fault("wrongStateRoot")) return { ...block, stateRoot: FAKE_HASH };
    if (this.fault("forgedHeader")) {
      const forged = { ...block, stateRoot: FAKE_HASH };
      return { ...forged, hash: headerHash(forged) };
    }
    return block;
  }

  private async logs([filter]: Params): Promise<unknown> {
    const { fromBlock, toBlock } = filter as Json;
    if (this.fault("prunedLogs")) throw new JsonRpcFailure(-32000, "history has been pruned for this block");
    const limit = this.fault("logRangeLimit");
    if (limit && fromBlock !== undefined && Number(toBlock) - Number(fromBlock) >= limit.blocks) {
      throw new JsonRpcFailure(-32005, `query exceeds the range limit of ${limit.blocks} blocks`);
    }
    if (this.fault("omitLogs")) return [];
    const logs = (await this.forward("eth_getLogs", [filter])) as Json[];
    if (this.fault("partialLogs")) return logs.filter((_, index) => index % 2 === 0);
    const [first] = logs;
    if (first && this.fault("addLog")) return [...logs, { ...first, logIndex: "0xffff", data: FAKE_HASH }];
    if (first && this.fault("foreignLog")) return [...logs, { ...first, logIndex: "0xffff", address: FOREIGN }];
    return logs;
  }

  private async proof([account, slots, at]: Params): Promise<unknown> {
    if (this.fault("noProofs")) throw new JsonRpcFailure(-32601, "the method eth_getProof does not exist");
    if (this.fault("proofsByTagOnly") && !TAGS.has(at as string)) {
      throw new JsonRpcFailure(-32000, "distance to target block exceeds maximum proof window");
    }
    const proof = (await this.forward("eth_getProof", [account, slots, at])) as Json;
    if (!this.fault("wrongProof")) return proof;
    return { ...proof, accountProof: (proof.accountProof as string[]).map(flipLastBit) };
  }
}

function flipLastBit(hex: string): string {
  return hex.slice(0, -1) + (Number.parseInt(hex.slice(-1), 16) ^ 1).toString(16);
}
