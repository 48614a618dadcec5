import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { playOnLayer2, standOf } from "./layer2";
import { startLocalNetwork, type LocalNetwork } from "./network";
import { Observer, summarize } from "./observer";
import { SupplyObserver } from "./supply";
import { createLinkedToken, type LinkedToken } from "./tokens";
import { exchange, reclaim, type Exchange } from "./traffic";
import { onScreen, renderView } from "./view";

/**
 * `npm start`: two chains, everything deployed, four relayers, traffic both ways. With `--once` one round, a JSON summary
 * as the last line, and exit code 0 only if all of it was seen on the chains.
 */
const OPERATORS = 4;
/** BSC's. */
const BLOCK_TIME_SECONDS = 0.45;
const ROUND = { fromHome: 6, fromAway: 4 } as const;
const TIMEOUT_MS = 90_000;
const VIEW_MS = 500;
/** Exit code of what Ctrl-C ended before it was done. */
const INTERRUPTED = 130;

interface Tokens {
  /** Travels. */
  readonly gold: LinkedToken;
  /** Its counterpart is paused: what arrives there fails and is reclaimed. */
  readonly frost: LinkedToken;
}

async function main(): Promise<void> {
  const once = process.argv.includes("--once");
  const unknown = process.argv.slice(2).filter((argument) => argument !== "--once");
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(" ")}: --once is the only one`);
  const stopped = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopped.abort());

  try {
    await run(once, stopped.signal);
  } catch (error) {
    // Ctrl-C reaches the chains and the relayers too: whatever was being done with them then fails.
    if (!stopped.signal.aborted) throw error;
  }
  if (!stopped.signal.aborted) return;
  say("stopped");
  if (once) process.exitCode = INTERRUPTED;
}

async function run(once: boolean, signal: AbortSignal): Promise<void> {
  // Before anything runs there is nothing to drain, and no chain left to wait for: the exit ends all processes.
  const quit = (): never => process.exit(INTERRUPTED);
  signal.addEventListener("abort", quit);
  const network = await startLocalNetwork({
    directory: resolve(__dirname, "../../.data/local"),
    operators: OPERATORS,
    blockTime: BLOCK_TIME_SECONDS,
    layer2: true,
    onProgress: say,
  });
  try {
    const tokens = await createTokens(network);
    signal.removeEventListener("abort", quit);
    if (once) await runOnce(network, tokens, signal);
    else await runLive(network, tokens, signal);
  } finally {
    await network.stop();
  }
}

async function createTokens(network: LocalNetwork): Promise<Tokens> {
  const gold = await createLinkedToken(network, "GOLD", "Game Gold");
  const frost = await createLinkedToken(network, "FROST", "Frozen Gold");
  await (await frost.away.pause()).wait();
  say("tokens: GOLD on both chains; FROST, whose counterpart away is paused, so that an exchange fails there");
  return { gold, frost };
}

/** One round: out, failing, back; then every claim of the summary is checked. */
async function runOnce(network: LocalNetwork, tokens: Tokens, signal: AbortSignal): Promise<void> {
  const { home, away } = network;
  const exchanges: Exchange[] = [];
  const observer = new Observer(network, exchanges);
  const supplies = await SupplyObserver.start(network, [tokens.gold, tokens.frost]);
  // Its window is the longest wait of all: it goes on beside the messages.
  const layer2 = playOnLayer2(network, say, signal);
  layer2.catch(() => undefined);
  const settled = (): boolean => exchanges.every(({ status }) => status === "acknowledged" || status === "failed");

  for (let count = 0; count < ROUND.fromHome; count++) {
    exchanges.push(await exchange(tokens.gold, home, away, network));
  }
  exchanges.push(await exchange(tokens.frost, home, away, network));
  say(`sent: ${exchanges.length} exchanges from home, the last one to a paused counterpart`);
  await observer.until(settled, "every exchange from home acknowledged", TIMEOUT_MS, signal);

  for (let count = 0; count < ROUND.fromAway; count++) {
    exchanges.push(await exchange(tokens.gold, away, home, network));
  }
  say(`sent: ${ROUND.fromAway} exchanges back from away`);
  await observer.until(settled, "every exchange from away acknowledged", TIMEOUT_MS, signal);

  for (const failed of exchanges.filter(({ status }) => status === "failed")) {
    await reclaim(tokens.frost, failed, network);
    say(`reclaimed: ${failed.symbol} of message ${failed.seq}`);
  }

  const supply = await supplies.look();
  const l2 = await layer2;
  const summary = { ...summarize(exchanges, observer.deliveries), l2 };
  const problems = [
    ...(l2.exits === 1 ? [] : ["the winner of layer 2 was not paid what left it"]),
    ...(l2.certified > 0 ? [] : ["no batch of layer 2 was certified"]),
    ...(summary.executed === ROUND.fromHome + ROUND.fromAway ? [] : ["not every exchange executed"]),
    ...(summary.failed === 1 && summary.reclaimed === 1 ? [] : ["the failing exchange was not reclaimed once"]),
    ...(supply.unchanged ? [] : [`the supply changed: ${supply.lines.join("; ")}`]),
    ...(observer.deliveries.every(({ signatures, members }) => 3 * signatures >= 2 * members)
      ? []
      : ["a delivery had fewer signatures than two thirds"]),
  ];
  for (const problem of problems) say(`problem: ${problem}`);
  for (const line of supply.lines) say(`supply: ${line}`);
  process.stdout.write(`${JSON.stringify(summary)}\n`);
  if (problems.length > 0) process.exitCode = 1;
}

/** Traffic and a live view until Ctrl-C. */
async function runLive(network: LocalNetwork, tokens: Tokens, signal: AbortSignal): Promise<void> {
  const { home, away } = network;
  const exchanges: Exchange[] = [];
  const observer = new Observer(network, exchanges);
  const supplies = await SupplyObserver.start(network, [tokens.gold, tokens.frost]);
  const traffic = async (): Promise<void> => {
    for (let count = 1; !signal.aborted; count++) {
      exchanges.push(await exchange(count % 10 === 0 ? tokens.frost : tokens.gold, home, away, network));
      const arrived = exchanges.some(({ from, status }) => from === home && status === "acknowledged");
      if (arrived && count % 2 === 0) exchanges.push(await exchange(tokens.gold, away, home, network));
      for (const failed of exchanges.filter(({ status }) => status === "failed")) {
        await reclaim(tokens.frost, failed, network);
      }
    }
  };
  let news = "a game begins";
  const games = async (): Promise<void> => {
    while (!signal.aborted) await playOnLayer2(network, (line) => (news = line.replace("layer 2: ", "")), signal);
  };
  const show = async (): Promise<void> => {
    while (!signal.aborted) {
      await observer.look();
      const { lines } = await supplies.look();
      const view = await renderView(network, exchanges, observer.deliveries, lines, [await standOf(network), news]);
      process.stdout.write(process.stdout.isTTY ? onScreen(view, process.stdout.columns) : `${view}\n\n`);
      await delay(process.stdout.isTTY ? VIEW_MS : VIEW_MS * 10, undefined, { signal });
    }
  };
  try {
    await Promise.all([traffic(), games(), show()]);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  say("stopping the relayers and the chains");
}

const began = Date.now();

function say(line: string): void {
  process.stdout.write(`[${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s] ${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
