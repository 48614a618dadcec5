import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A node process that the caller started and stops. Its accounts are those of the usual test mnemonic. */
export interface LocalNode {
  readonly url: string;
  readonly port: number;
  readonly chainId: number;
  readonly pid: number;
  /** Ends the process and waits until it is gone. */
  stop(): Promise<void>;
  /** One JSON-RPC call; throws on an error answer. */
  rpc<Result = unknown>(method: string, params?: readonly unknown[]): Promise<Result>;
}

export interface NodeOptions {
  readonly chainId: number;
  /** A free one where absent. */
  readonly port?: number;
  /** Seconds between blocks, fractions too; a block per transaction where absent. */
  readonly blockTime?: number;
  readonly hardfork?: string;
}

export interface AnvilOptions extends NodeOptions {
  /** `finalized` trails `latest` by two epochs. */
  readonly slotsInAnEpoch?: number;
  readonly args?: readonly string[];
}

const START_TIMEOUT_MS = 120_000;
const REPOSITORY = resolve(__dirname, "../..");

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The packaged anvil, else one on the PATH. */
export function anvilPath(): string {
  const packaged = join(REPOSITORY, "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
  return existsSync(packaged) ? packaged : "anvil";
}

export function anvilInstalled(): boolean {
  return spawnSync(anvilPath(), ["--version"]).status === 0;
}

export async function nodeRpc<Result = unknown>(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<Result> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const answer = (await response.json()) as { result?: Result; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result as Result;
}

async function untilReady(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the node ended: ${output()}`);
    try {
      await nodeRpc(url, "eth_chainId");
      return;
    } catch {
      await delay(20);
    }
  }
  child.kill("SIGKILL");
  throw new Error(`the node did not answer within ${START_TIMEOUT_MS} ms: ${output()}`);
}

async function start(
  command: string,
  args: readonly string[],
  port: number,
  chainId: number,
  environment: Readonly<Record<string, string>>,
): Promise<LocalNode> {
  const child = spawn(command, args, {
    cwd: REPOSITORY,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr?.on("data", (data: Buffer) => (errors = (errors + data.toString()).slice(-4_000)));
  child.on("error", (error) => (errors += error.message));
  const killWithParent = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithParent);

  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child, () => errors);
  return {
    url,
    port,
    chainId,
    pid: child.pid as number,
    rpc: (method, params) => nodeRpc(url, method, params),
    async stop() {
      process.removeListener("exit", killWithParent);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export async function startAnvil(options: AnvilOptions): Promise<LocalNode> {
  const port = options.port ?? (await freePort());
  const args = ["--silent", "--port", `${port}`, "--chain-id", `${options.chainId}`];
  args.push("--hardfork", options.hardfork ?? "prague");
  if (options.blockTime !== undefined) args.push("--block-time", `${options.blockTime}`);
  if (options.slotsInAnEpoch !== undefined) args.push("--slots-in-an-epoch", `${options.slotsInAnEpoch}`);
  return start(anvilPath(), [...args, ...(options.args ?? [])], port, options.chainId, {});
}

/** `hardhat node`: its `finalized` is its `latest`. Starts in about two seconds. */
export async function startHardhatNode(options: NodeOptions): Promise<LocalNode> {
  const port = options.port ?? (await freePort());
  const cli = join(dirname(require.resolve("hardhat/package.json")), "internal/cli/cli.js");
  const config = join(REPOSITORY, "scripts/local/hardhatNode.config.cjs");
  const node = await start(
    process.execPath,
    [cli, "--config", config, "node", "--hostname", "127.0.0.1", "--port", `${port}`],
    port,
    options.chainId,
    {
      NODE_CHAIN_ID: `${options.chainId}`,
      NODE_HARDFORK: options.hardfork ?? "prague",
      NODE_BLOCK_MS: options.blockTime === undefined ? "" : `${Math.round(options.blockTime * 1000)}`,
      HARDHAT_DISABLE_TELEMETRY_PROMPT: "true",
      // Not the network that the parent runs in.
      HARDHAT_NETWORK: "hardhat",
      HARDHAT_CONFIG: config,
    },
  );
  await node.rpc("hardhat_setLoggingEnabled", [false]);
  return node;
}
