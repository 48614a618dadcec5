import { expect } from "chai";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { randomBytes, toBeHex } from "ethers";
import { WebSocket } from "ws";
import { SubmissionRate } from "../../../relayer/rollup/api/routes";
import { SOCKET_PATH, serveSocket } from "../../../relayer/rollup/api/socket";
import { Progress } from "../../../relayer/rollup/sequencer/receipts";
import { systemClock } from "../../../relayer/systemClock";

type Served = Parameters<typeof serveSocket>[1]["sequencer"];

/** Takes nothing, and has nothing to tell. */
const sequencer: Served = {
  door: { submit: async () => [] } as unknown as Served["door"],
  state: undefined,
  progress: new Progress(),
  onNews: () => () => undefined,
};

describe("socket of layer 2", () => {
  let server: Server;
  let stop: () => void;
  let port: number;

  beforeEach(async () => {
    server = createServer();
    stop = serveSocket(server, { sequencer, rate: new SubmissionRate(10, 10, systemClock) });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });

  afterEach(async () => {
    stop();
    server.close();
    await once(server, "close");
  });

  /** Asks to upgrade at `target`, whatever that is; resolves when the connection is closed. */
  async function upgradeAt(target: string): Promise<void> {
    const socket = connect(port, "127.0.0.1");
    socket.resume();
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    await once(socket, "close");
  }

  async function open(target: string): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${target}`);
    await once(socket, "open");
    return socket;
  }

  async function ask(socket: WebSocket, message: unknown): Promise<unknown> {
    socket.send(JSON.stringify(message));
    const [answer] = (await once(socket, "message")) as [Buffer];
    return JSON.parse(String(answer));
  }

  it("closes a connection to another path, and to what is none, and goes on", async () => {
    for (const target of ["//", "//[", "/rollup", "*"]) await upgradeAt(target);
    const socket = await open(`${SOCKET_PATH}?a=b`);
    expect(await ask(socket, { id: 1, subscribe: { batches: true } })).to.deep.equal({ id: 1, subscribed: 0 });
    socket.terminate();
  });

  it("keeps no topic of a subscription that is one too many", async () => {
    const socket = await open(SOCKET_PATH);
    const owners = (from: number, count: number): readonly string[] =>
      Array.from({ length: count }, (_, i) => toBeHex(from + i, 20));
    for (let i = 0; i < 4; i++) {
      const answer = await ask(socket, { id: i, subscribe: { owners: owners(1 + 1_000 * i, 1_000) } });
      expect(answer).to.deep.equal({ id: i, subscribed: 1_000 * (i + 1) });
    }
    const refused = (await ask(socket, { id: 5, subscribe: { owners: owners(5_000, 1_000) } })) as { error: string };
    expect(refused.error).to.equal("TOO_MANY_TOPICS");
    const unknown = [`0x${Buffer.from(randomBytes(32)).toString("hex")}`];
    expect(await ask(socket, { id: 6, unsubscribe: { transactions: unknown } })).to.deep.equal({
      id: 6,
      subscribed: 4_000,
    });
    socket.terminate();
  });
});
