import { setTimeout as delay } from "node:timers/promises";
import { DeploymentError } from "./deploymentError";
import type { StandardInput } from "./compilation";

/** Etherscan's API for all chains, with one key. */
export const ETHERSCAN_URL = "https://api.etherscan.io/v2/api";

export interface ExplorerOptions {
  readonly chainId: bigint;
  readonly apiKey: string;
  readonly url?: string;
  /** Milliseconds before a call, and before it is made again where the explorer asked for fewer. */
  readonly pauseMs?: number;
  /** How often a call is made that is refused for being one too many, or too early for the explorer's index. */
  readonly attempts?: number;
}

export interface Submission {
  readonly address: string;
  /** `path:Name`. */
  readonly qualifiedName: string;
  /** `0.8.30+commit.73712a01`. */
  readonly compiler: string;
  readonly input: StandardInput;
  /** Encoded constructor arguments, 0x-prefixed. */
  readonly constructorArgs: string;
}

/** What the explorer says of a submission. */
export type Verdict =
  | "pending"
  | { readonly outcome: "verified" | "already verified" }
  | { readonly outcome: "failed"; readonly reason: string };

interface Answer {
  readonly status: string;
  readonly message: string;
  readonly result: unknown;
}

/** Free keys allow three calls a second. */
const PAUSE_MS = 400;
const ATTEMPTS = 10;
const RETRIABLE = /rate limit|unable to locate contractcode|please try again|temporarily unavailable|timeout/i;
const ALREADY = /already verified/i;
const PENDING = /pending|in progress/i;

/** A block explorer that speaks Etherscan's API, version 2. */
export class Explorer {
  private readonly url: string;
  private readonly pauseMs: number;
  private readonly attempts: number;

  constructor(private readonly options: ExplorerOptions) {
    this.url = options.url ?? ETHERSCAN_URL;
    this.pauseMs = options.pauseMs ?? PAUSE_MS;
    this.attempts = options.attempts ?? ATTEMPTS;
  }

  async isVerified(address: string): Promise<boolean> {
    const { status, result } = await this.call("getsourcecode", { address });
    if (status !== "1" || !Array.isArray(result)) throw refused(result);
    const [first] = result as readonly { readonly SourceCode?: string }[];
    return (first?.SourceCode ?? "") !== "";
  }

  /** The receipt to ask the verdict by; none where the source is known already. */
  async submit(submission: Submission): Promise<{ readonly receipt: string } | undefined> {
    const { address, qualifiedName, compiler, input, constructorArgs } = submission;
    const args = constructorArgs.slice(2);
    const { status, result } = await this.call(
      "verifysourcecode",
      {},
      {
        contractaddress: address,
        codeformat: "solidity-standard-json-input",
        sourceCode: JSON.stringify(input),
        contractname: qualifiedName,
        compilerversion: `v${compiler}`,
        // The name that the API has always had, and the one that its documentation has now.
        constructorArguements: args,
        constructorArguments: args,
      },
    );
    if (status === "1") return { receipt: String(result) };
    if (ALREADY.test(String(result))) return undefined;
    throw refused(result);
  }

  async verdict(receipt: string): Promise<Verdict> {
    const { status, result } = await this.call("checkverifystatus", { guid: receipt });
    const text = String(result);
    if (PENDING.test(text)) return "pending";
    if (ALREADY.test(text)) return { outcome: "already verified" };
    return status === "1" ? { outcome: "verified" } : { outcome: "failed", reason: text };
  }

  private async call(
    action: string,
    query: Readonly<Record<string, string>>,
    form?: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const { chainId, apiKey } = this.options;
    const common = { module: "contract", action, apikey: apiKey };
    const url = new URL(this.url);
    url.searchParams.set("chainid", chainId.toString());
    // The key of a long request travels in its body.
    const shown = form === undefined ? { ...common, ...query } : { module: common.module, action };
    for (const [key, value] of Object.entries(shown)) url.searchParams.set(key, value);
    const request = form === undefined ? {} : { method: "POST", body: new URLSearchParams({ ...common, ...form }) };
    for (let attempt = 1; ; attempt++) {
      await delay(this.pauseMs);
      const answer = await this.ask(url, request);
      if (attempt === this.attempts || !RETRIABLE.test(String(answer.result))) return answer;
      await delay(this.pauseMs * attempt);
    }
  }

  /** An answer that is none, such as a gateway's page, counts as a temporary failure. */
  private async ask(url: URL, request: RequestInit): Promise<Answer> {
    try {
      const response = await fetch(url, { ...request, signal: AbortSignal.timeout(60_000) });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as Answer;
      return unavailable(`HTTP ${response.status}`);
    } catch (error) {
      return unavailable((error as Error).message);
    }
  }
}

function unavailable(reason: string): Answer {
  return { status: "0", message: "NOTOK", result: `temporarily unavailable: ${reason}` };
}

function refused(result: unknown): DeploymentError {
  const reason = String(result);
  return /api key/i.test(reason)
    ? new DeploymentError(`is refused by the explorer: ${reason}`, { key: "ETHERSCAN_API_KEY" })
    : new DeploymentError(`the explorer refuses: ${reason}`);
}
