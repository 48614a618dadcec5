import { ContractRevert, RelayerError } from "../errors";
import { linkAbort } from "./abort";
import { RpcClient } from "./rpc";
import { quantity } from "./quantity";

/** What an operator may want to know about one endpoint; the reader goes on without it. */
export type EndpointEvent =
  | { readonly kind: "endpointFailed"; readonly endpoint: string; readonly reason: string }
  | { readonly kind: "endpointPaused"; readonly endpoint: string; readonly milliseconds: number }
  | { readonly kind: "endpointRecovered"; readonly endpoint: string }
  | { readonly kind: "endpointDisagreed"; readonly endpoint: string; readonly said: string; readonly agreed: string };

export interface EndpointPoolOptions {
  readonly chainId: bigint;
  /** HTTP URLs of the operator's own choice. */
  readonly endpoints: readonly string[];
  /** One call's limit. Default 5,000. */
  readonly timeoutMs?: number;
  /** How long the first endpoint may take before the next one is asked too. Default 500. */
  readonly hedgeMs?: number;
  /** First pause of an endpoint that failed twice in a row; doubles up to 16 times that. Default 1,000. */
  readonly penaltyMs?: number;
  readonly observe?: (event: EndpointEvent) => void;
}

const FAILURES_BEFORE_PAUSE = 2;
const LONGEST_PAUSE = 16;

/** One endpoint with its record. */
export class Endpoint {
  private failures = 0;
  private pausedUntil = 0;
  private slowUntil = 0;
  private chainChecked = false;

  constructor(
    readonly name: string,
    private readonly client: RpcClient,
    private readonly chainId: bigint,
    private readonly penaltyMs: number,
    private readonly observe: (event: EndpointEvent) => void,
  ) {}

  get paused(): boolean {
    return Date.now() < this.pausedUntil;
  }

  get slow(): boolean {
    return Date.now() < this.slowUntil;
  }

  /** Asks, after checking once (and again after each failure) that the endpoint serves the chain that it should. */
  async ask(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    try {
      if (!this.chainChecked) await this.checkChain(signal);
      const result = await this.client.request(method, params, signal);
      this.succeeded();
      return result;
    } catch (error) {
      if (error instanceof ContractRevert) this.succeeded();
      else if (error instanceof RelayerError) this.failed(error.message);
      throw error;
    }
  }

  /** Its answer was wrong, or it did not answer. */
  failed(reason: string): void {
    this.chainChecked = false;
    this.failures += 1;
    this.observe({ kind: "endpointFailed", endpoint: this.name, reason });
    if (this.failures < FAILURES_BEFORE_PAUSE) return;
    const milliseconds = this.penaltyMs * Math.min(2 ** (this.failures - FAILURES_BEFORE_PAUSE), LONGEST_PAUSE);
    this.pausedUntil = Date.now() + milliseconds;
    this.observe({ kind: "endpointPaused", endpoint: this.name, milliseconds });
  }

  /** Slower than the next one: asked last for a while, which is no failure. */
  demote(): void {
    this.slowUntil = Date.now() + this.penaltyMs;
  }

  private succeeded(): void {
    if (this.failures === 0) return;
    this.failures = 0;
    this.pausedUntil = 0;
    this.observe({ kind: "endpointRecovered", endpoint: this.name });
  }

  private async checkChain(signal: AbortSignal): Promise<void> {
    const actual = quantity(await this.client.request("eth_chainId", [], signal), "chain id");
    if (actual !== this.chainId) {
      throw new RelayerError("CHAIN_ID_MISMATCH", `${this.name} serves chain ${actual}, not ${this.chainId}`, {
        retriable: true,
        alert: true,
        context: { endpoint: this.name, actual, expected: this.chainId },
      });
    }
    this.chainChecked = true;
  }
}

/** What became of a question to several endpoints. */
export interface Statement {
  readonly endpoint: string;
  readonly said: string;
}

export const describeError = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Endpoints of one chain. */
export class EndpointPool {
  readonly endpoints: readonly Endpoint[];
  readonly observe: (event: EndpointEvent) => void;
  private readonly hedgeMs: number;

  constructor(options: EndpointPoolOptions) {
    if (options.endpoints.length === 0) throw new RelayerError("CONFIG_INVALID", "a chain needs an endpoint");
    this.hedgeMs = options.hedgeMs ?? 500;
    this.observe = options.observe ?? (() => undefined);
    this.endpoints = options.endpoints.map((url, index) => {
      const client = new RpcClient(url, options.timeoutMs ?? 5_000);
      const name = `${client.name}#${index + 1}`;
      return new Endpoint(name, client, options.chainId, options.penaltyMs ?? 1_000, this.observe);
    });
  }

  /** Those worth asking: the ones that are not paused, or all where these are fewer than needed. */
  candidates(needed: number): readonly Endpoint[] {
    const healthy = this.endpoints.filter((endpoint) => !endpoint.paused);
    return healthy.length >= needed ? healthy : this.endpoints;
  }

  /**
   * The first answer of any endpoint, asked one after another from the `rotation`-th on: the next one when one fails or
   * takes too long. `strict` keeps the order, and asks the next one only where one fails: for whoever wants a certain
   * endpoint's word. A revert is an answer. Throws the aborted signal's reason, else an AggregateError of what each threw.
   */
  async first<Result>(
    operation: (endpoint: Endpoint, signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
    rotation = 0,
    strict = false,
  ): Promise<Result> {
    signal.throwIfAborted();
    const turn = rotation % this.endpoints.length;
    const rotated = [...this.endpoints.slice(turn), ...this.endpoints.slice(0, turn)];
    const rank = (endpoint: Endpoint): number => (endpoint.paused ? 2 : endpoint.slow && !strict ? 1 : 0);
    const queue = rotated.sort((a, b) => rank(a) - rank(b));
    const { controller: losers, unlink } = linkAbort(signal);
    let hedge: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Result>((resolve, reject) => {
        const errors: Error[] = [];
        let asked = 0;
        const askNext = (): void => {
          clearTimeout(hedge);
          const endpoint = queue[asked];
          if (endpoint === undefined) return;
          asked += 1;
          if (asked < queue.length && !strict) {
            hedge = setTimeout(() => {
              endpoint.demote();
              askNext();
            }, this.hedgeMs);
          }
          operation(endpoint, losers.signal).then(resolve, (error: unknown) => {
            if (signal.aborted) return reject(signal.reason);
            if (error instanceof ContractRevert) return reject(error);
            errors.push(named(endpoint, error));
            if (errors.length === queue.length) reject(new AggregateError(errors, "no endpoint answered"));
            else askNext();
          });
        };
        askNext();
      });
    } finally {
      clearTimeout(hedge);
      unlink();
      losers.abort(new Error("another endpoint answered"));
    }
  }
}

/** The error as `cause`, with the endpoint in its message. */
function named(endpoint: Endpoint, cause: unknown): Error {
  return new Error(`${endpoint.name}: ${describeError(cause)}`, { cause });
}
