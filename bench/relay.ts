import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AbiCoder, Contract, ContractFactory, concat, hexlify, id, type InterfaceAbi } from "ethers";
import { interoperableAddress } from "../protocol/message";
import { ACCOUNTS, startLocalNetwork, type LocalChain, type LocalNetwork } from "../scripts/local/network";
import { percentile } from "../scripts/local/observer";

/**
 * Messages a second and latency, end to end: two node processes, four relayer processes, their databases, 450 ms blocks.
 * Throughput counts from the first send to the moment when the last message is acknowledged on its source.
 */
const MESSAGES = 2_000;
const PER_TRANSACTION = 50;
const LOW_LOAD_MESSAGES = 30;
const BLOCK_SECONDS = 0.45;
const GAS_LIMIT = 30_000n;
const TIMEOUT_MS = 120_000;
const LOOK_MS = 20;

const payload = hexlify(Uint8Array.from({ length: 32 }, (_, index) => index + 1));
const attributes = [
  concat([id("gasLimit(uint256)").slice(0, 10), AbiCoder.defaultAbiCoder().encode(["uint256"], [GAS_LIMIT])]),
];

function artifact(name: string): { readonly abi: InterfaceAbi; readonly bytecode: string } {
  const path = resolve(__dirname, `../artifacts/contracts/mocks/${name}.sol/${name}.json`);
  return JSON.parse(readFileSync(path, "utf8")) as { abi: InterfaceAbi; bytecode: string };
}

async function deployMock(chain: LocalChain, name: string, args: readonly unknown[] = []): Promise<Contract> {
  const { abi, bytecode } = artifact(name);
  const contract = await new ContractFactory(abi, bytecode, chain.account(ACCOUNTS.alice)).deploy(...args);
  await contract.waitForDeployment();
  return contract as Contract;
}

interface Load {
  readonly sent: number;
  readonly executed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly messagesPerSecond: number;
  readonly sendSeconds: number;
  readonly deliveries: number;
}

/** All messages as fast as the source chain takes them; then audits the target: each once, in order, none failed. */
async function measureLoad(network: LocalNetwork, recipient: string): Promise<Load> {
  const { home, away } = network;
  const burst = await deployMock(home, "BurstSenderMock");
  const gateway = home.deployment.gateway;
  const target = away.deployment.gateway;
  const before = (await gateway.laneState(away.node.chainId)).outSeq;
  const fromBlock = (await away.provider.getBlockNumber()) + 1;

  const began = Date.now();
  const transactions = [];
  for (let sent = 0; sent < MESSAGES; sent += PER_TRANSACTION) {
    const call = burst.getFunction("send");
    transactions.push(
      await call(await gateway.getAddress(), recipient, payload, attributes, PER_TRANSACTION, { gasLimit: 5_000_000n }),
    );
  }
  await Promise.all(transactions.map((transaction) => transaction.wait()));
  const sendSeconds = (Date.now() - began) / 1000;
  await until(async () => (await gateway.laneState(away.node.chainId)).ackSeq >= before + BigInt(MESSAGES));
  const seconds = (Date.now() - began) / 1000;

  const batches = await target.queryFilter(target.filters.BatchDelivered(), fromBlock);
  let next = before + 1n;
  let failed = 0;
  for (const { args } of batches) {
    if (args.first !== next) throw new Error(`message ${next} was expected, a batch starts at ${args.first}`);
    next = args.last + 1n;
    failed += [...args.failures.toString(2)].filter((bit) => bit === "1").length;
  }
  const executed = Number(next - 1n - before) - failed;
  const rate = Math.round(MESSAGES / seconds);
  return {
    sent: MESSAGES,
    executed,
    failed,
    seconds,
    messagesPerSecond: rate,
    sendSeconds,
    deliveries: batches.length,
  };
}

interface Latency {
  readonly samples: number;
  /** Milliseconds from finality on the source to the sight of the delivery on the target. */
  readonly beyondFinalityMs: { readonly p50: number; readonly p95: number };
  /** The same less one block interval of the target. */
  readonly beyondFinalityAndInclusionMs: { readonly p50: number; readonly p95: number };
}

/** One message at a time. */
async function measureLatency(network: LocalNetwork, recipient: string): Promise<Latency> {
  const { home, away } = network;
  const gateway = home.deployment.gateway;
  const inclusionMs = BLOCK_SECONDS * 1000;
  const samples: number[] = [];
  for (let count = 0; count < LOW_LOAD_MESSAGES; count++) {
    const sent = await gateway.connect(home.account(ACCOUNTS.bob)).sendMessage(recipient, payload, attributes, {
      gasLimit: 300_000n,
    });
    const receipt = await sent.wait();
    if (receipt === null) throw new Error("the message was not sent");
    const { outSeq } = await gateway.laneState(away.node.chainId);
    await until(async () => ((await home.provider.getBlock("finalized"))?.number ?? 0) >= receipt.blockNumber);
    const finalizedAt = Date.now();
    await until(async () => (await away.deployment.gateway.laneState(home.node.chainId)).inSeq >= outSeq);
    samples.push(Date.now() - finalizedAt);
  }
  const summary = (values: readonly number[]): { p50: number; p95: number } => ({
    p50: Math.round(percentile(values, 50)),
    p95: Math.round(percentile(values, 95)),
  });
  return {
    samples: samples.length,
    beyondFinalityMs: summary(samples),
    beyondFinalityAndInclusionMs: summary(samples.map((value) => Math.max(0, value - inclusionMs))),
  };
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not done within ${TIMEOUT_MS / 1000} s`);
    await delay(LOOK_MS);
  }
}

async function main(): Promise<void> {
  const network = await startLocalNetwork({
    directory: resolve(__dirname, "../.data/bench"),
    operators: 4,
    blockTime: BLOCK_SECONDS,
    onProgress: (line) => console.log(line),
  });
  try {
    const target = await deployMock(network.away, "RecipientMock");
    const recipient = interoperableAddress(BigInt(network.away.node.chainId), await target.getAddress());
    const latency = await measureLatency(network, recipient);
    console.log(`latency at low load: ${JSON.stringify(latency)}`);
    const load = await measureLoad(network, recipient);
    console.log(`load: ${JSON.stringify(load)}`);
    if (load.executed !== MESSAGES) throw new Error(`${load.executed} of ${MESSAGES} messages executed`);
    const folder = join(__dirname, "results");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "crosschain-relay.json"), `${JSON.stringify({ latency, load }, null, 2)}\n`);
  } finally {
    await network.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
