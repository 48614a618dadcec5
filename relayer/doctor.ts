import { constants } from "node:fs";
import { access as folderAccess, mkdir } from "node:fs/promises";
import { TypedDataEncoder, computeAddress, formatEther, formatUnits, getAddress, hexlify } from "ethers";
import { rollupDomain } from "../protocol/certificate";
import { laneSlots } from "../protocol/laneStorage";
import type { LaneEnds } from "../protocol/hashChain";
import { batchHash } from "../protocol/ledger/batch";
import { ChainAccess } from "./chainAccess";
import { parseBody } from "./chain/blockBody";
import { RpcClient } from "./chain/rpc";
import { isLocalChain, type ChainConfig, type KeySource, type RelayerConfig } from "./config";
import { keystoreAddress, loadPrivateKey, type KeyOptions } from "./keystore";
import { withoutCredentials } from "./log";
import { createLedgerCrypto } from "./rollup/ledgerCrypto";
import { ROLLUP, firstBatch, type RollupHead } from "./rollup/rollupInterface";
import { Store } from "./store/store";

/** What was looked at and what was found; `remedy` is there where it failed. */
export interface Finding {
  readonly subject: string;
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy?: string;
}

/** What a check found to be fine, or an error that says what is not. */
type Look = () => Promise<string>;

/** Largest difference between this clock and a block's timestamp, seconds. */
const SKEW_SECONDS = 120;
/** A set that ends so soon should have been renewed long before. */
const RENEWED_BEFORE_SECONDS = 86_400;
/** Gas that a sender should be able to pay for at the highest configured price. */
const RESERVE_GAS = 5_000_000n;

async function find(subject: string, check: string, remedy: string, look: Look): Promise<Finding> {
  try {
    return { subject, check, ok: true, detail: await look() };
  } catch (error) {
    const detail = withoutCredentials(error instanceof Error ? error.message : String(error));
    return { subject, check, ok: false, detail, remedy };
  }
}

const fail = (message: string): never => {
  throw new Error(message);
};

interface BlockView {
  readonly number: string;
  readonly timestamp: string;
}

async function blockAt(rpc: RpcClient, tag: string, signal: AbortSignal): Promise<BlockView> {
  const block = (await rpc.request("eth_getBlockByNumber", [tag, false], signal)) as BlockView | null;
  return block ?? fail(`the endpoint has no ${tag} block`);
}

function endpointFindings(chain: ChainConfig, url: string, remote: bigint, signal: AbortSignal): Promise<Finding>[] {
  const rpc = new RpcClient(url, chain.requestTimeoutMs);
  const subject = `${chain.name} ${rpc.name}`;
  const key = `chains[${chain.name}].endpoints`;
  return [
    find(subject, "answers with the right chain id", `correct ${key} or its chainId`, async () => {
      const chainId = BigInt((await rpc.request("eth_chainId", [], signal)) as string);
      return chainId === chain.chainId ? `chain ${chainId}` : fail(`chain ${chainId}, configured is ${chain.chainId}`);
    }),
    find(subject, `knows the ${chain.finality} block`, `use another endpoint, or another finality tag`, async () => {
      const { number } = await blockAt(rpc, chain.finality, signal);
      return `block ${BigInt(number)}`;
    }),
    find(subject, "proves storage", `use an endpoint that serves eth_getProof for ${chain.finality}`, async () => {
      const slots = laneSlots(remote).slice(0, 1);
      const proof = (await rpc.request("eth_getProof", [chain.gateway, slots, chain.finality], signal)) as {
        readonly storageProof?: readonly unknown[];
      } | null;
      return proof?.storageProof?.length === 1 ? "eth_getProof answers" : fail("eth_getProof has no storage proof");
    }),
    find(subject, `serves logs of ${chain.logRange} blocks`, `lower logRange or use another endpoint`, async () => {
      const to = BigInt((await blockAt(rpc, chain.finality, signal)).number);
      const from = to >= BigInt(chain.logRange) ? to - BigInt(chain.logRange) + 1n : 0n;
      const range = { address: chain.gateway, fromBlock: hex(from), toBlock: hex(to) };
      const logs = await rpc.request("eth_getLogs", [range], signal);
      return Array.isArray(logs) ? `${logs.length} logs` : fail("eth_getLogs did not answer with a list");
    }),
    find(subject, "agrees with this clock", "synchronize this machine's clock (NTP), or the node", async () => {
      const { timestamp } = await blockAt(rpc, "latest", signal);
      const ahead = Number(BigInt(timestamp)) - Math.floor(Date.now() / 1000);
      // A local chain makes blocks when it is used.
      if (ahead > SKEW_SECONDS || (ahead < -SKEW_SECONDS && !isLocalChain(chain.chainId))) {
        fail(`the latest block is ${Math.abs(ahead)} s ${ahead > 0 ? "ahead of" : "behind"} this clock`);
      }
      return `latest block ${Math.abs(ahead)} s ${ahead > 0 ? "ahead" : "ago"}`;
    }),
  ];
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

function codeFinding(
  chain: ChainConfig,
  key: "gateway" | "registry" | "liveness" | "stateChannels",
  signal: AbortSignal,
): Promise<Finding> {
  const account = chain[key] as string;
  return find(chain.name, `has a ${key}`, `correct chains[${chain.name}].${key}`, async () => {
    const code = (await new ChainAccess(chain).request("eth_getCode", [account, "latest"], signal)) as string;
    return code.length > 2 ? `${getAddress(account)}` : fail(`there is no code at ${getAddress(account)}`);
  });
}

function epochFinding(chain: ChainConfig, signal: AbortSignal): Promise<Finding> {
  const remedy =
    "let relayers with send: true run, which renew it; one that has ended is restored by the timelock (restoreEpoch)";
  return find(chain.name, "has a signer set that holds on", remedy, async () => {
    const access = new ChainAccess(chain);
    const { epoch, validUntil } = await access.currentEpoch(signal);
    const block = (await access.request("eth_getBlockByNumber", ["latest", false], signal)) as BlockView;
    const seconds = Number(validUntil - BigInt(block.timestamp));
    const end = `epoch ${epoch} ${seconds > 0 ? "ends" : "ended"} at ${isoTime(validUntil)}`;
    return seconds > (isLocalChain(chain.chainId) ? 0 : RENEWED_BEFORE_SECONDS) ? end : fail(end);
  });
}

function laneFinding(lane: LaneEnds, config: RelayerConfig, signal: AbortSignal): Promise<Finding> {
  const source = chainOf(config, lane.sourceChainId);
  const target = chainOf(config, lane.targetChainId);
  const remedy = `correct the gateways, or open the lane on ${source.name} (addLane) to ${getAddress(target.gateway)}`;
  return find(`${source.name} → ${target.name}`, "has a lane to the right gateway", remedy, async () => {
    const view = await new ChainAccess(source).lane(target.chainId, signal);
    if (view.remoteGateway.toLowerCase() !== target.gateway) {
      fail(`it leads to ${view.remoteGateway}, configured is ${getAddress(target.gateway)}`);
    }
    return `outSeq ${view.outSeq}, inSeq ${view.inSeq}${view.paused ? ", paused" : ""}`;
  });
}

/** Unix seconds as a date, to the second. */
export const isoTime = (seconds: bigint): string => `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}Z`;

const chainOf = (config: RelayerConfig, chainId: bigint): ChainConfig =>
  config.chains.find((chain) => chain.chainId === chainId) as ChainConfig;

/** Address of a key, without its password. */
export async function addressOf(source: KeySource): Promise<string> {
  return "privateKey" in source ? computeAddress(source.privateKey) : keystoreAddress(source.keystore);
}

async function keyFindings(config: RelayerConfig, keys: KeyOptions, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { signer, sender } = config;
  const { attestor, certifier, deliverer, watchtower, challenger, sequencer } = config.roles;
  if (signer !== undefined && (attestor || certifier)) {
    findings.push(await openFinding("signer", signer, keys));
    for (const chain of config.chains) {
      const remedy = "register this key as your signer in the validator registry, and wait for the next epoch";
      findings.push(
        await find(chain.name, "has the signer in its current epoch", remedy, async () => {
          const address = await addressOf(signer);
          const { epoch, signers } = await new ChainAccess(chain).currentEpoch(signal);
          return signers.includes(address)
            ? `${address} is one of ${signers.length} in epoch ${epoch}`
            : fail(`${address} is not in epoch ${epoch}`);
        }),
      );
    }
  }
  const sends = deliverer || watchtower || challenger || sequencer || (certifier && config.send);
  if (sender !== undefined && sends) {
    findings.push(await openFinding("sender", sender, keys));
    for (const chain of config.chains) {
      findings.push(
        await find(chain.name, "has funds of the sender", "send it some of the native coin", async () => {
          const address = await addressOf(sender);
          const balance = await new ChainAccess(chain).balance(address, signal);
          const least = chain.maxGasPrice * RESERVE_GAS;
          return balance >= least
            ? `${address} has ${formatEther(balance)}`
            : fail(
                `${address} has ${formatEther(balance)}, less than ${formatEther(least)}: 5 M gas at ${formatUnits(chain.maxGasPrice, "gwei")} gwei`,
              );
        }),
      );
    }
  }
  return findings;
}

function openFinding(name: "signer" | "sender", source: KeySource, keys: KeyOptions): Promise<Finding> {
  return find(name, "can be opened", `correct ${name}.keystore and ${name}.passwordFile`, async () => {
    const address = computeAddress(await loadPrivateKey(source, keys));
    return address === (await addressOf(source)) ? address : fail("the keystore names another address than its key's");
  });
}

/** Whether the sender may post, and where it logs. */
function sequencerFindings(
  subject: string,
  sender: KeySource,
  directory: string,
  view: (name: string, args?: readonly unknown[]) => Promise<unknown>,
): Promise<Finding>[] {
  const poster = async (): Promise<PosterView & { readonly address: string }> => {
    const address = await addressOf(sender);
    const { bond, leavingAt, sequencer } = (await view("posterOf", [address])) as PosterView;
    return { address, bond, leavingAt, sequencer };
  };
  return [
    find(subject, "admits the sender", "let ROLLUP_ADMIN admit it (setSequencer)", async () => {
      const { address, sequencer } = await poster();
      return sequencer ? address : fail(`${address} is no sequencer: it posts only where posting is open to all`);
    }),
    find(subject, "has the sender's bond", "pay it from the sender's account (payBond)", async () => {
      const { address, bond, leavingAt } = await poster();
      const required = (await view("BOND")) as bigint;
      if (leavingAt !== 0n) fail(`${address} has announced to leave: it posts no more`);
      return bond >= required
        ? `${formatEther(bond)} BNB`
        : fail(`${formatEther(bond)} of ${formatEther(required)} BNB`);
    }),
    find("sequencer", "can write its log", "correct rollup.sequencer.directory, or its folder's owner", async () => {
      await mkdir(directory, { recursive: true });
      await folderAccess(directory, constants.W_OK);
      return directory;
    }),
  ];
}

interface PosterView {
  readonly bond: bigint;
  readonly leavingAt: bigint;
  readonly sequencer: boolean;
}

/** A rollup, what is signed for it, and whether its latest batch can be read out of a block. */
function rollupFindings(config: RelayerConfig, signal: AbortSignal): Promise<Finding>[] {
  const { rollup } = config;
  if (rollup === undefined) return [];
  const chain = chainOf(config, rollup.chainId);
  const subject = `${chain.name} rollup`;
  const access = new ChainAccess(chain);
  const view = (name: string, args: readonly unknown[] = []): Promise<unknown> =>
    access.view(ROLLUP, rollup.address, name, args, signal);
  return [
    find(subject, "is a rollup of this chain", "correct rollup.address", async () => {
      const expected = TypedDataEncoder.hashDomain(rollupDomain({ chainId: rollup.chainId, rollup: rollup.address }));
      const separator = (await view("domainSeparator")) as string;
      return separator === expected ? getAddress(rollup.address) : fail("its signatures are for another domain");
    }),
    find(subject, "began in its start block", "correct rollup.startBlock", async () => {
      const number = hex(rollup.startBlock);
      const block = parseBody(await access.request("eth_getBlockByNumber", [number, true], signal));
      const { keccak256 } = await createLedgerCrypto();
      const hash = hexlify(batchHash({ keccak256, recover: () => undefined }, firstBatch(block)));
      return hash === (await view("batchHashOf", [0]))
        ? `block ${rollup.startBlock}`
        : fail("it began in another block");
    }),
    find(subject, "has its latest batch in a block", "use an endpoint that serves bodies of blocks", async () => {
      const { number, blockNumber, frozen } = (await view("head")) as RollupHead;
      const body = parseBody(await access.request("eth_getBlockByNumber", [hex(blockNumber), true], signal));
      const isThere = number === 0n || body.calls.some(({ to }) => to === rollup.address);
      if (!isThere) fail(`block ${blockNumber} of the endpoint does not hold batch ${number}`);
      return `batch ${number} in block ${blockNumber}${frozen ? ", frozen" : ""}`;
    }),
    ...(rollup.sequencer?.mode !== "blobs"
      ? []
      : [
          find(
            subject,
            "is on a chain that takes blobs",
            "set rollup.sequencer.mode to calldata, or cheapest",
            async () => {
              const block = (await access.request("eth_getBlockByNumber", ["latest", false], signal)) as {
                readonly excessBlobGas?: string | null;
              };
              return (block.excessBlobGas ?? null) === null ? fail("its blocks have none (EIP-4844)") : "type 3";
            },
          ),
        ]),
    ...(rollup.sequencer === undefined || config.sender === undefined
      ? []
      : sequencerFindings(subject, config.sender, rollup.sequencer.directory, view)),
    ...(rollup.snapshots === undefined
      ? []
      : [
          find("snapshots", "can be written", "correct rollup.snapshots, or its folder's owner", async () => {
            const folder = rollup.snapshots as string;
            await mkdir(folder, { recursive: true });
            await folderAccess(folder, constants.W_OK);
            return folder;
          }),
        ]),
  ];
}

async function storeFinding(config: RelayerConfig): Promise<Finding> {
  const where = "sqlite" in config.store ? config.store.sqlite : "PostgreSQL";
  return find("store", "is writable and migrated", "correct store, or use the newer program", async () => {
    const store = await Store.open(config.store);
    try {
      await store.check();
    } finally {
      await store.close();
    }
    return where;
  });
}

function publicEndpointFinding(endpoint: string, signal: AbortSignal): Promise<Finding> {
  const remedy = "start the relayer, and let api.publicEndpoint lead to it from outside";
  return find("api", "is reachable at its public endpoint", remedy, async () => {
    const response = await fetch(new URL("/health", endpoint), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]),
    }).catch((error: unknown) => fail(`no answer: ${String((error as Error).cause ?? error)}`));
    return response.ok ? endpoint : fail(`HTTP status ${response.status}`);
  });
}

/** Looks at everything that a relayer of this configuration depends on. */
export async function diagnose(
  config: RelayerConfig,
  keys: KeyOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const endpoints = config.chains.flatMap((chain) => {
    const remote = config.lanes.find(({ sourceChainId }) => sourceChainId === chain.chainId)?.targetChainId ?? 0n;
    return chain.endpoints.flatMap((url) => endpointFindings(chain, url, remote, signal));
  });
  const contracts = config.chains.flatMap((chain) => [
    codeFinding(chain, "gateway", signal),
    ...(chain.registry === undefined ? [] : [codeFinding(chain, "registry", signal)]),
    ...(chain.liveness === undefined ? [] : [codeFinding(chain, "liveness", signal)]),
    ...(chain.stateChannels === undefined ? [] : [codeFinding(chain, "stateChannels", signal)]),
    epochFinding(chain, signal),
  ]);
  const lanes = config.lanes.map((lane) => laneFinding(lane, config, signal));
  const remote = await Promise.all([...endpoints, ...contracts, ...lanes, ...rollupFindings(config, signal)]);
  const { publicEndpoint } = config.api;
  return [
    ...remote,
    ...(await keyFindings(config, keys, signal)),
    await storeFinding(config),
    ...(publicEndpoint === undefined ? [] : [await publicEndpointFinding(publicEndpoint, signal)]),
  ];
}

/** The findings as a table for the terminal. */
export function renderFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  return findings
    .map(({ ok, subject, check, detail, remedy }) => {
      const line = `${ok ? "✓" : "✗"} ${subject.padEnd(width)}  ${check}: ${detail}`;
      return remedy === undefined ? line : `${line}\n  ${" ".repeat(width)}  → ${remedy}`;
    })
    .join("\n");
}
