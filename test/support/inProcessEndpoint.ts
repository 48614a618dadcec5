import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { network } from "hardhat";

interface Asked {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

type Change = (method: string, result: unknown) => unknown;

/** An endpoint over HTTP of Hardhat's chain in this process. */
export interface InProcessEndpoint {
  readonly url: string;
  stop(): Promise<void>;
}

/** @param change What it answers instead of what the chain says. */
export async function startInProcessEndpoint(change: Change = (_, result) => result): Promise<InProcessEndpoint> {
  const server = createServer((request, response) => void answer(request, response, change));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, change: Change): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
  const outcome = await network.provider.send(method, [...params]).then(
    (result: unknown) => ({ result: change(method, result) }),
    (error: { readonly code?: number; readonly message: string; readonly data?: unknown }) => ({
      error: { code: error.code ?? -32_000, message: error.message, data: error.data },
    }),
  );
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ jsonrpc: "2.0", id, ...outcome }));
}
