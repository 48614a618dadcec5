import { ContractRevert, RelayerError } from "../errors";
import { linkAbort } from "./abort";
import { fields } from "./quantity";

/** An endpoint's own JSON-RPC error. */
export class RpcError extends Error {
  constructor(
    readonly endpoint: string,
    readonly method: string,
    readonly code: number,
    message: string,
    readonly data: unknown,
  ) {
    super(message);
    this.name = "RpcError";
  }
}

/** Scheme, host and port: user, password, path and query may carry a key. */
export function redactUrl(url: string): string {
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname.length > 1 || search.length > 0 ? "/…" : ""}`;
}

const REVERT_CODE = 3;

/** Revert data of an error answer; nodes nest it differently. Undefined where it is not a revert. */
function revertData(error: RpcError): string | undefined {
  if (error.method !== "eth_call" && error.method !== "eth_estimateGas") return undefined;
  let data: unknown = error.data;
  if (typeof data === "object" && data !== null && "data" in data) data = data.data;
  const hex = typeof data === "string" && /^0x([0-9a-f]{2})*$/i.test(data) ? data : undefined;
  if (error.code === REVERT_CODE || /revert/i.test(error.message)) return hex ?? "0x";
  return undefined;
}

/** JSON-RPC over HTTP to one endpoint. Every error that it throws names the endpoint without its credentials. */
export class RpcClient {
  readonly name: string;
  private readonly url: string;
  private readonly headers: Readonly<Record<string, string>>;
  private nextId = 1;

  constructor(
    url: string,
    private readonly timeoutMs: number,
  ) {
    if (!URL.canParse(url) || !/^https?:/i.test(url)) {
      throw new RelayerError("CONFIG_INVALID", "an endpoint is not an HTTP URL");
    }
    this.name = redactUrl(url);
    // fetch refuses URLs with credentials: they become a header.
    const bare = new URL(url);
    const { username, password } = bare;
    bare.username = "";
    bare.password = "";
    this.url = bare.href;
    const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
    this.headers = {
      "content-type": "application/json",
      ...(username || password ? { authorization: `Basic ${basic}` } : {}),
    };
  }

  /**
   * The result of one call. Throws an {@link RpcError} where the endpoint answered with an error, a ContractRevert where
   * that is a revert, ENDPOINT_UNAVAILABLE where it did not answer, and the signal's reason once that is aborted.
   */
  async request(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const { controller, unlink } = linkAbort(signal);
    const timeout = setTimeout(() => controller.abort(new Error(`no answer in ${this.timeoutMs} ms`)), this.timeoutMs);
    try {
      const response = await fetch(this.url, {
        method: "POST",
        headers: this.headers,
        body: JSON.stringify({ jsonrpc: "2.0", id: this.nextId++, method, params }),
        signal: controller.signal,
        redirect: "error",
      });
      const text = await response.text();
      return this.result(method, response.status, text);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof RpcError || error instanceof RelayerError || error instanceof ContractRevert) throw error;
      const reason = controller.signal.aborted ? controller.signal.reason : error;
      throw this.unavailable(method, this.explain(reason));
    } finally {
      clearTimeout(timeout);
      unlink();
    }
  }

  private result(method: string, status: number, text: string): unknown {
    let answer: Readonly<Record<string, unknown>>;
    try {
      answer = fields(JSON.parse(text), "JSON-RPC answer");
    } catch {
      throw this.unavailable(method, status === 200 ? "the answer is not JSON-RPC" : `HTTP status ${status}`);
    }
    if (answer.error !== undefined && answer.error !== null) {
      const { code, message, data } = fields(answer.error, "JSON-RPC error");
      const error = new RpcError(this.name, method, Number(code ?? 0), this.redact(String(message ?? "")), data);
      const revert = revertData(error);
      if (revert !== undefined) throw new ContractRevert(revert, error.message);
      throw error;
    }
    if (status !== 200) throw this.unavailable(method, `HTTP status ${status}`);
    if (!("result" in answer)) throw this.unavailable(method, "the answer has no result");
    return answer.result;
  }

  private unavailable(method: string, reason: string): RelayerError {
    return new RelayerError("ENDPOINT_UNAVAILABLE", `${this.name}: ${reason}`, {
      retriable: true,
      context: { endpoint: this.name, method },
    });
  }

  private explain(error: unknown): string {
    if (!(error instanceof Error)) return "unknown failure";
    const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
    return this.redact(`${error.message}${cause}`);
  }

  private redact(text: string): string {
    const { pathname, search } = new URL(this.url);
    const secrets = [this.url, pathname + search, pathname, search.slice(1)].filter((part) => part.length > 4);
    return secrets.reduce((redacted, secret) => redacted.replaceAll(secret, "…"), text).slice(0, 500);
  }
}
