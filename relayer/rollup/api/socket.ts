import type { Server } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import { hexlify } from "ethers";
import { Refusal } from "../../api/refusal";
import type { Sequencer, SequencerNews } from "../sequencer/sequencer";
import type { JsonValue } from "./leafJson";
import type { SubmissionRate } from "./routes";
import { ownersOf, receiptJson, resultJson, sessionJson } from "./view";
import { MAX_BODY_BYTES, clientMessage, type Topics } from "./wire";

export const SOCKET_PATH = "/rollup/ws";
/** Connections at a time, and of one network address. */
const MAX_CONNECTIONS = 2_000;
const MAX_OF_ADDRESS = 64;
/** Topics of one connection. */
const MAX_TOPICS = 4_000;
/** A client that reads too slowly is cut off: it subscribes again and asks for what it missed. */
const MAX_BUFFERED = 4 * 1_048_576;
const PING_MS = 30_000;
const TOO_MANY = 1_013;

interface Client {
  readonly socket: WebSocket;
  readonly source: string;
  readonly transactions: Set<string>;
  readonly sessions: Set<number>;
  readonly owners: Set<string>;
  batches: boolean;
  alive: boolean;
}

type SocketDeps = {
  readonly sequencer: Pick<Sequencer, "door" | "state" | "progress" | "onNews">;
  readonly rate: SubmissionRate;
};

const topicsOf = ({ transactions, sessions, owners }: Client): number =>
  transactions.size + sessions.size + owners.size;

/** Layer 2 over WebSocket: submissions as over HTTP, and news by subscription. Returns how to end it. */
export function serveSocket(server: Server, { sequencer, rate }: SocketDeps): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 2 * MAX_BODY_BYTES + 4_096 });
  const clients = new Set<Client>();
  const statusOf = sequencer.progress.statusOf.bind(sequencer.progress);
  let shown = { ...sequencer.progress };

  const send = ({ socket }: Client, message: JsonValue): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED) return socket.terminate();
    socket.send(JSON.stringify(message));
  };

  const change = (client: Client, topics: Topics, way: "add" | "delete"): void => {
    for (const hash of topics.transactions) client.transactions[way](hexlify(hash));
    for (const session of topics.sessions) client.sessions[way](session);
    for (const owner of topics.owners) client.owners[way](hexlify(owner));
    if (topics.batches) client.batches = way === "add";
  };

  const answer = async (client: Client, text: string): Promise<void> => {
    let id: string | number | null = null;
    try {
      const given = JSON.parse(text) as { readonly id?: unknown };
      if (typeof given?.id === "string" || typeof given?.id === "number") id = given.id;
      const message = clientMessage.parse(given);
      if ("submit" in message) {
        rate.require(client.source, message.submit.length);
        const results = await sequencer.door.submit(client.source, message.submit);
        return send(client, { id, results: results.map((result) => resultJson(result, statusOf)) });
      }
      if ("unsubscribe" in message) change(client, message.unsubscribe, "delete");
      else {
        change(client, message.subscribe, "add");
        if (topicsOf(client) > MAX_TOPICS) {
          change(client, message.subscribe, "delete");
          throw new Refusal(429, "TOO_MANY_TOPICS", `at most ${MAX_TOPICS} topics: these are not subscribed`);
        }
      }
      return send(client, { id, subscribed: topicsOf(client) });
    } catch (error) {
      if (error instanceof Refusal) return send(client, { id, error: error.code, message: error.message });
      send(client, { id, error: "BAD_REQUEST", message: "give one JSON text as the README of relayer/rollup has it" });
    }
  };

  const tell = ({ receipts, changes }: SequencerNews): void => {
    const state = sequencer.state;
    const owners = state === undefined ? new Map<string, Set<number>>() : ownersOf(state, changes);
    const sessions = new Set(
      changes.flatMap(({ index, before, after }) =>
        before?.kind === "Session" || after?.kind === "Session" ? [index] : [],
      ),
    );
    const batches = news(shown, sequencer.progress);
    shown = { ...sequencer.progress };
    for (const client of clients) {
      for (const receipt of receipts) {
        if (!client.transactions.has(hexlify(receipt.hash))) continue;
        send(client, { event: "receipt", receipt: receiptJson(receipt, statusOf) });
      }
      for (const index of sessions) {
        if (!client.sessions.has(index) || state === undefined) continue;
        send(client, { event: "session", index, session: sessionJson(state, index) ?? null });
      }
      for (const [owner, leaves] of owners) {
        if (client.owners.has(owner))
          send(client, { event: "owner", owner, leaves: [...leaves].sort((a, b) => a - b) });
      }
      if (client.batches) for (const batch of batches) send(client, batch);
    }
  };
  const stop = sequencer.onNews(tell);

  const pulse = setInterval(() => {
    for (const client of clients) {
      if (!client.alive) client.socket.terminate();
      client.alive = false;
      client.socket.ping();
    }
  }, PING_MS);
  pulse.unref();

  server.on("upgrade", (request, socket, head) => {
    // Not as a URL: what is none would throw here, where nobody catches.
    const [path] = (request.url ?? "/").split("?", 1);
    if (path !== SOCKET_PATH) return socket.destroy();
    const source = request.socket.remoteAddress ?? "unknown";
    const ofAddress = [...clients].filter((client) => client.source === source).length;
    sockets.handleUpgrade(request, socket, head, (opened) => {
      if (clients.size >= MAX_CONNECTIONS || ofAddress >= MAX_OF_ADDRESS) return opened.close(TOO_MANY, "too many");
      const client: Client = {
        socket: opened,
        source,
        transactions: new Set(),
        sessions: new Set(),
        owners: new Set(),
        batches: false,
        alive: true,
      };
      clients.add(client);
      opened.on("pong", () => (client.alive = true));
      opened.on("close", () => clients.delete(client));
      opened.on("error", () => opened.terminate());
      opened.on("message", (data, isBinary) => {
        if (isBinary) return opened.close(1_003, "texts only");
        void answer(client, String(data));
      });
    });
  });

  return () => {
    stop();
    clearInterval(pulse);
    for (const { socket } of clients) socket.terminate();
    sockets.close();
  };
}

const STATUSES = [
  ["sealed", "included"],
  ["posted", "posted"],
  ["certified", "certified"],
  ["final", "final"],
] as const;

type Numbers = { readonly [Name in (typeof STATUSES)[number][0]]: bigint };

/** Batches that have come further, or have gone back. */
function news(before: Numbers, after: Numbers): readonly JsonValue[] {
  const found: JsonValue[] = [];
  for (const [name, status] of STATUSES) {
    for (let number = before[name] + 1n; number <= after[name]; number++) {
      found.push({ event: "batch", number: number.toString(), status });
    }
  }
  for (let number = after.posted + 1n; number <= before.posted; number++) {
    found.push({ event: "batch", number: number.toString(), status: "rolledBack" });
  }
  return found;
}
