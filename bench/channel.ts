import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ZeroAddress, getBytes, id, toBeHex } from "ethers";
import type { Channel } from "../protocol/channel";
import { useFastKeccak } from "../relayer/fastKeccak";
import { ChannelClient } from "../sdk/channel/channelClient";
import { nodeSignatures } from "../sdk/keys/nativeSignatures";
import { EvmRules, createRulesEvm } from "../sdk/rules/evmRules";
import type { Rules } from "../sdk/rules/rules";
import { FileStore, type Durability } from "../sdk/store/fileStore";
import { PeerLink } from "../sdk/transport/peerLink";
import { connectPeer, servePeers } from "../sdk/transport/webSocketServer";
import { WebSocketTransport } from "../sdk/transport/webSocketTransport";

/**
 * Signed moves a second between two processes over a WebSocket: each checked by the rules' bytecode, signed by its mover,
 * countersigned by the peer, and stored by both before anything about it is sent. Whole games of nine moves one after the
 * other; a round's begin and end are not counted as moves, but their time is.
 */
const GAMES_ONE = 300;
const MANY_CHANNELS = 16;
const GAMES_MANY = 25;
/** Games before the clock starts: both processes compile what they run often. */
const WARM_UP_MOVES = 540;
/** A full board, a draw. */
const CELLS = [0, 1, 2, 4, 3, 5, 7, 6, 8];
const SECRETS = [id("first"), id("second")];

interface Load {
  readonly channels: number;
  readonly games: number;
  readonly durability: Durability;
}

function channelOf(nonce: bigint): Channel {
  const signatures = nodeSignatures();
  return {
    gameId: 1n,
    rules: toBeHex(1, 20),
    token: ZeroAddress,
    participants: SECRETS.map((secret, index) => ({
      account: toBeHex(index + 1, 20),
      signer: signatures.keyOf(secret).address,
      deposit: 10n ** 18n,
    })),
    challengeSeconds: 3_600n,
    lifeSeconds: 360_000n,
    nonce,
  };
}

async function ticTacToe(): Promise<Rules> {
  const path = resolve(__dirname, "../artifacts/contracts/game/samples/TicTacToe.sol/TicTacToe.json");
  const { deployedBytecode } = JSON.parse(readFileSync(path, "utf8")) as { deployedBytecode: string };
  return new EvmRules(await createRulesEvm(), getBytes(deployedBytecode));
}

/** One participant of every channel, until all games are over; returns moves a second after the warm-up. */
async function run(me: number, link: PeerLink, folder: string, load: Load): Promise<number> {
  const store = await FileStore.open(folder, { durability: load.durability });
  const rules = await ticTacToe();
  const signatures = nodeSignatures();
  const key = signatures.keyOf(SECRETS[me] as string);
  const venue = { chainId: 31_337n, channels: toBeHex(2, 20) };
  let moves = 0;
  let began = 0;
  const players = Array.from({ length: load.channels }, async (_, index) => {
    const channel = channelOf(BigInt(index) + 1n);
    let wake = (): void => undefined;
    const client: ChannelClient = await ChannelClient.open({
      channel,
      venue,
      key,
      signatures,
      rules,
      store,
      peers: new Map([[1 - me, link]]),
      acceptTerms: () => true,
      onEvent: () => wake(),
    });
    const reached = async (version: bigint): Promise<void> => {
      while (client.state.version < version) await new Promise<void>((resolve) => (wake = resolve));
    };
    let version = 0n;
    for (let game = 0; game < load.games; game++) {
      if (me === 0) await client.begin({ stake: 10n ** 15n, setup: "0x" });
      version += 1n;
      for (const [turn, cell] of CELLS.entries()) {
        await reached(version);
        if (turn % 2 === me) await client.play(toBeHex(cell, 1));
        version += 1n;
        moves += 1;
        if (moves === WARM_UP_MOVES) began = performance.now();
      }
      await reached(version);
      if (me === 0) await client.settle();
      version += 1n;
      await reached(version);
    }
    await client.leaveChannel();
  });
  await Promise.all(players);
  const seconds = (performance.now() - began) / 1000;
  await store.close();
  return Math.round((moves - WARM_UP_MOVES) / seconds);
}

async function measure(load: Load): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "bench-channel-"));
  const transport = new WebSocketTransport();
  const server = await servePeers(new Map([["/peer", transport]]));
  const env = {
    ...process.env,
    BENCH_PEER: JSON.stringify({ ...load, port: server.port, folder: join(folder, "two") }),
  };
  const child: ChildProcess = fork(__filename, { env, execArgv: ["--require", "tsx/cjs"] });
  const exited = once(child, "exit");
  // The other process is up, so that its start is not measured.
  await new Promise<void>((resolve) => transport.onOpen(resolve));
  const rate = await run(0, new PeerLink(transport), join(folder, "one"), load);
  const [code] = (await exited) as [number | null];
  await server.close();
  rmSync(folder, { recursive: true });
  if (code !== 0) throw new Error(`the other process ended with ${code}`);
  return rate;
}

async function measureCalls(): Promise<number> {
  const rules = await ticTacToe();
  const state = (await rules.start(new Uint8Array(), 2n)) as Uint8Array;
  const calls = 2_000;
  const began = performance.now();
  for (let call = 0; call < calls; call++) await rules.play(state, 0n, Uint8Array.of(4));
  return Math.round(calls / ((performance.now() - began) / 1000));
}

async function main(): Promise<void> {
  await useFastKeccak();
  const peer = process.env.BENCH_PEER;
  if (peer !== undefined) {
    const { port, folder, ...load } = JSON.parse(peer) as Load & { port: number; folder: string };
    const stopped = new AbortController();
    await run(1, new PeerLink(connectPeer(`ws://127.0.0.1:${port}/peer`, stopped.signal)), folder, load);
    stopped.abort();
    return;
  }
  const result = {
    rulesCallsPerSecond: await measureCalls(),
    movesPerSecondOne: await measure({ channels: 1, games: GAMES_ONE, durability: "process" }),
    movesPerSecondMany: await measure({ channels: MANY_CHANNELS, games: GAMES_MANY, durability: "process" }),
    movesPerSecondOnePower: await measure({ channels: 1, games: 100, durability: "power" }),
    movesPerSecondManyPower: await measure({ channels: MANY_CHANNELS, games: GAMES_MANY, durability: "power" }),
    channels: MANY_CHANNELS,
  };
  const folder = resolve(__dirname, "results");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "channel.json"), `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(JSON.stringify(result, undefined, 2));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
