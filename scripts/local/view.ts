import { relative } from "node:path";
import type { LocalChain, LocalNetwork } from "./network";
import { summarize, type ObservedDelivery } from "./observer";
import type { Exchange } from "./traffic";

const RECENT = 12;
const MARKS: Readonly<Record<Exchange["status"], string>> = {
  sent: "…",
  executed: "→",
  acknowledged: "✓",
  failed: "✗",
  reclaimed: "↩",
};

/** Clears the terminal and fits each line to its width: a line that wraps would push the first ones out of sight. */
export function onScreen(view: string, columns: number): string {
  const lines = view.split("\n").map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
  return `\x1b[2J\x1b[H${lines.join("\n")}\n`;
}

/** The live view as lines of text: chains, lanes, what the relayers did, the last exchanges. */
export async function renderView(
  network: LocalNetwork,
  exchanges: readonly Exchange[],
  deliveries: readonly ObservedDelivery[],
  supplies: readonly string[],
  layer2: readonly string[],
): Promise<string> {
  const { home, away, relayers, sequencer, environment } = network;
  const lines = ["COS GameNet · two local chains, four relayers with a quorum of two thirds, layer 2", ""];
  for (const [chain, other] of [
    [home, away],
    [away, home],
  ] as const) {
    lines.push(await renderChain(chain, other));
  }
  const urls = { home: home.node.url, away: away.node.url, ...(sequencer && { sequencer: sequencer.url }) };
  const endpoints = Object.entries(urls).map(([name, url]) => `${name} ${url.replace("http://", "")}`);
  const summary = summarize(exchanges, deliveries);
  lines.push(
    "",
    `endpoints  ${endpoints.join("  ")}`,
    `relayers   ${relayers.map(({ url }) => url.replace("http://", "")).join("  ")}  (/metrics /ready /health)`,
    ...renderDeliveries(deliveries.length, summary),
    `exchanges  ${summary.sent} sent, ${summary.executed} executed, ${summary.failed} failed, ${summary.reclaimed} reclaimed`,
    ...supplies.map((supply, index) => `${(index === 0 ? "supply" : "").padEnd(11)}${supply}`),
    ...layer2.map((line, index) => `${(index === 0 ? "layer 2" : "").padEnd(11)}${line}`),
    "",
    ...exchanges.slice(-RECENT).map(renderExchange),
    "",
    `In another terminal, from this folder:  . ${relative(process.cwd(), environment)}`,
    "and the l2:* and rollup:* tasks of the README find this network with --network localhost",
    "",
    "… sent  → executed  ✓ acknowledged  ✗ failed on the target  ↩ reclaimed on the source      Ctrl-C stops",
  );
  return lines.join("\n");
}

function renderDeliveries(count: number, summary: ReturnType<typeof summarize>): readonly string[] {
  if (count === 0) return ["deliveries none yet"];
  const { quorum, gasPerMessage, latencyMs } = summary;
  return [
    `deliveries ${count}, each with ${quorum} signatures or more, ${gasPerMessage} gas a message`,
    `latency    p50 ${latencyMs.p50} ms, p95 ${latencyMs.p95} ms from inclusion to delivery`,
  ];
}

async function renderChain(chain: LocalChain, other: LocalChain): Promise<string> {
  const [latest, finalized, lane] = await Promise.all([
    chain.provider.getBlockNumber(),
    chain.provider.getBlock("finalized"),
    chain.deployment.gateway.laneState(other.node.chainId),
  ]);
  const name = `${chain.name.padEnd(5)}${`${chain.program}, chain ${chain.node.chainId}`.padEnd(27)}`;
  const blocks = `block ${latest}, final ${finalized?.number ?? 0}`.padEnd(24);
  return `${name}${blocks}outbox ${lane.outSeq}  acknowledged ${lane.ackSeq}  inbox ${lane.inSeq}`;
}

function renderExchange(exchange: Exchange): string {
  const route = `${exchange.from.name} → ${exchange.to.name}`;
  const latency = exchange.latencyMs === undefined ? "" : `${exchange.latencyMs} ms`;
  return `${MARKS[exchange.status]} #${`${exchange.seq}`.padEnd(5)}${route.padEnd(14)}1 ${exchange.symbol.padEnd(8)}${latency}`;
}
