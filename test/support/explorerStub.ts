import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** One call that the explorer received: of its query and its form, the form first. */
export type ExplorerCall = Readonly<Record<string, string>>;

export interface ExplorerStub {
  readonly url: string;
  readonly calls: readonly ExplorerCall[];
  /** What was handed in, by address. */
  readonly sources: ReadonlyMap<string, ExplorerCall>;
  stop(): Promise<void>;
}

export interface ExplorerBehaviour {
  readonly apiKey: string;
  readonly chainId: string;
  /** An answer of one's own; undefined leaves it to the stub. `count`: how often this action was called for this subject. */
  readonly answer?: (call: ExplorerCall, count: number) => unknown;
}

export const answerOf = (result: unknown, status = "1"): unknown => ({
  status,
  message: status === "1" ? "OK" : "NOTOK",
  result,
});

/** Speaks what Etherscan's API, version 2, speaks of sources; refuses another key or chain; verifies in the second round. */
export async function startExplorerStub({ apiKey, chainId, answer }: ExplorerBehaviour): Promise<ExplorerStub> {
  const calls: ExplorerCall[] = [];
  const sources = new Map<string, ExplorerCall>();
  const asked = new Map<string, number>();

  const respond = (call: ExplorerCall): unknown => {
    const subject = `${call.action} ${call.address ?? call.contractaddress ?? call.guid}`;
    const count = (asked.get(subject) ?? 0) + 1;
    asked.set(subject, count);
    if (call.apikey !== apiKey) return answerOf("Invalid API Key (#err2)|REDACTED", "0");
    if (call.chainid !== chainId) return answerOf("Missing or unsupported chainid parameter", "0");
    const own = answer?.(call, count);
    if (own !== undefined) return own;
    switch (call.action) {
      case "getsourcecode":
        return answerOf([{ SourceCode: sources.get(call.address ?? "")?.sourceCode ?? "" }]);
      case "verifysourcecode":
        sources.set(call.contractaddress ?? "", call);
        return answerOf(`receipt-${call.contractaddress}`);
      case "checkverifystatus":
        return count === 1 ? answerOf("Pending in queue", "0") : answerOf("Pass - Verified");
      default:
        return answerOf("Error! Missing Or invalid Action name", "0");
    }
  };

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { searchParams } = new URL(request.url ?? "", "http://127.0.0.1");
      const call = { ...Object.fromEntries(searchParams), ...Object.fromEntries(new URLSearchParams(body)) };
      calls.push(call);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(respond(call)));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/api`,
    calls,
    sources,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
