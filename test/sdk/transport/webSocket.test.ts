import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { expect } from "chai";
import { WebSocket } from "ws";
import { connectPeer, servePeers, type PeerServer } from "../../../sdk/transport/webSocketServer";
import { WebSocketTransport, keepConnected, type SocketLike } from "../../../sdk/transport/webSocketTransport";
import type { Transport } from "../../../sdk/transport/transport";

/** More than a frame may have, whatever is in it. */
const OVERSIZED = "x".repeat(100_000);
const TEXTS = Array.from({ length: 50 }, (_, index) => `text ${index}`);
/** What a connection closes with: it ended without a word, or a frame was too long. */
const CLOSE = { abnormal: 1006, tooBig: 1009 } as const;

/** What one end hears, to wait for. */
class Ear {
  readonly texts: string[] = [];
  opened = 0;
  private changed = (): void => undefined;

  constructor(transport: Transport) {
    transport.onText((text) => {
      this.texts.push(text);
      this.changed();
    });
    transport.onOpen(() => {
      this.opened += 1;
      this.changed();
    });
  }

  async until(isMet: (ear: this) => boolean): Promise<void> {
    while (!isMet(this)) await new Promise<void>((resolve) => (this.changed = resolve));
  }
}

/** A socket to which happens what a test says. */
class FakeSocket implements SocketLike {
  readonly readyState = 0;
  private readonly listeners: { readonly type: string; readonly listener: (event: { data: unknown }) => void }[] = [];

  send(): void {}

  close(): void {}

  addEventListener(type: string, listener: (event: { readonly data: unknown }) => void): void {
    this.listeners.push({ type, listener });
  }

  fire(type: string): void {
    for (const each of this.listeners) if (each.type === type) each.listener({ data: "text" });
  }
}

describe("WebSocketTransport", () => {
  let server: PeerServer;
  let stopped: AbortController;
  let alice: WebSocketTransport;
  let bob: WebSocketTransport;

  beforeEach(async () => {
    stopped = new AbortController();
    [alice, bob] = [new WebSocketTransport(), new WebSocketTransport()];
    server = await servePeers(peers());
  });

  afterEach(async () => {
    stopped.abort();
    await server.close();
  });

  const peers = (): ReadonlyMap<string, WebSocketTransport> =>
    new Map([
      ["/alice", alice],
      ["/bob", bob],
    ]);
  const url = (path: string): string => `ws://127.0.0.1:${server.port}${path}`;
  const connect = (path: string): WebSocketTransport => connectPeer(url(path), stopped.signal);
  /** A socket without any of the SDK's care. */
  const raw = async (path: string): Promise<WebSocket> => {
    const socket = new WebSocket(url(path));
    socket.on("error", () => undefined);
    await once(socket, "open");
    return socket;
  };
  const closeCode = async (socket: WebSocket): Promise<number> => ((await once(socket, "close")) as [number])[0];

  it("carries texts both ways, whole and in order", async () => {
    const client = connect("/alice");
    const [here, there] = [new Ear(client), new Ear(alice)];
    await Promise.all([here.until(({ opened }) => opened === 1), there.until(({ opened }) => opened === 1)]);
    for (const text of TEXTS) {
      client.send(text);
      alice.send(`${text} back`);
    }
    await Promise.all([here, there].map((ear) => ear.until(({ texts }) => texts.length === TEXTS.length)));
    expect(there.texts).to.deep.equal(TEXTS);
    expect(here.texts).to.deep.equal(TEXTS.map((text) => `${text} back`));
  });

  it("keeps peers apart by their paths", async () => {
    const [one, two] = [new Ear(connect("/alice")), new Ear(connect("/bob"))];
    await Promise.all([one, two].map((ear) => ear.until(({ opened }) => opened === 1)));
    alice.send("for alice");
    bob.send("for bob");
    await Promise.all([one, two].map((ear) => ear.until(({ texts }) => texts.length === 1)));
    expect([one.texts, two.texts]).to.deep.equal([["for alice"], ["for bob"]]);
  });

  it("keeps what comes before there is a listener, and no more of it than 64 texts", async () => {
    const client = new Ear(connect("/alice"));
    await client.until(({ opened }) => opened === 1);
    const socket = await raw("/bob");
    for (let sent = 0; sent < 100; sent++) socket.send(`${sent}`);
    socket.close();
    await once(socket, "close");
    const heard = new Ear(bob);
    expect(heard.texts).to.deep.equal(Array.from({ length: 64 }, (_, index) => `${index}`));
  });

  it("drops what is sent while there is no connection", async () => {
    alice.send("into the void");
    const ear = new Ear(connect("/alice"));
    await ear.until(({ opened }) => opened === 1);
    alice.send("heard");
    await ear.until(({ texts }) => texts.length > 0);
    expect(ear.texts).to.deep.equal(["heard"]);
  });

  it("tries until there is a server, and again when the connection ends", async () => {
    const { port } = server;
    await server.close();
    const client = connectPeer(`ws://127.0.0.1:${port}/alice`, stopped.signal);
    const [here, there] = [new Ear(client), new Ear(alice)];
    for (const opened of [1, 2]) {
      server = await servePeers(peers(), { port });
      await Promise.all([here, there].map((ear) => ear.until((each) => each.opened === opened)));
      client.send(`connection ${opened}`);
      await there.until(({ texts }) => texts.length === opened);
      await server.close();
    }
    expect(there.texts).to.deep.equal(["connection 1", "connection 2"]);
  });

  it("asks a peer that ends every connection ever more seldom, until it says something", () => {
    const sockets: FakeSocket[] = [];
    const waits: number[] = [];
    let next = (): void => undefined;
    const connect = (): SocketLike => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    };
    keepConnected(connect, stopped.signal, (work, milliseconds) => {
      waits.push(milliseconds);
      next = work;
      return () => undefined;
    });
    for (let attempt = 0; attempt < 9; attempt++) {
      sockets.at(-1)?.fire("open");
      sockets.at(-1)?.fire("close");
      next();
    }
    sockets.at(-1)?.fire("message");
    sockets.at(-1)?.fire("close");
    expect(waits).to.deep.equal([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 100]);
  });

  it("lets a peer's newer connection take the place of its older", async () => {
    const first = await raw("/alice");
    const ear = new Ear(alice);
    await ear.until(({ opened }) => opened === 1);
    const second = await raw("/alice");
    await closeCode(first);
    second.send("from the newer");
    await ear.until(({ texts }) => texts.length === 1);
    alice.send("to the newer");
    const [data] = (await once(second, "message")) as [Buffer];
    expect(data.toString()).to.equal("to the newer");
    expect(ear.texts).to.deep.equal(["from the newer"]);
  });

  it("lets nobody in whose path it does not know", async () => {
    for (const path of ["/", "/alice/", "/carol", "/alice?x"]) {
      const socket = new WebSocket(url(path));
      const [, { statusCode }] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
      expect(statusCode, path).to.equal(404);
    }
    expect(new Ear(alice).opened).to.equal(0);
  });

  it("ends a connection with a frame that is too long, and takes the peer's next one", async () => {
    const ear = new Ear(alice);
    const socket = await raw("/alice");
    socket.send(OVERSIZED);
    expect(await closeCode(socket)).to.equal(CLOSE.tooBig);
    (await raw("/alice")).send("short");
    await ear.until(({ texts }) => texts.length > 0);
    expect(ear.texts).to.deep.equal(["short"]);
  });

  it("takes no frame that is too long from a server either, and connects again", async () => {
    const ear = new Ear(connect("/alice"));
    await ear.until(({ opened }) => opened === 1);
    alice.send(OVERSIZED);
    await ear.until(({ opened }) => opened === 2);
    alice.send("short");
    await ear.until(({ texts }) => texts.length > 0);
    expect(ear.texts).to.deep.equal(["short"]);
  });

  it("leaves out what is no text", async () => {
    const ear = new Ear(alice);
    const socket = await raw("/alice");
    socket.send(Buffer.from("bytes"));
    socket.send("text");
    await ear.until(({ texts }) => texts.length > 0);
    expect(ear.texts).to.deep.equal(["text"]);
  });

  for (const [title, bytes] of [
    ["a reserved bit", [0xf1, 0x80, 0, 0, 0, 0]],
    ["an opcode that is none", [0x83, 0x80, 0, 0, 0, 0]],
    ["no mask", [0x81, 0x01, 0x61]],
    ["text that is not UTF-8", [0x81, 0x81, 0, 0, 0, 0, 0xff]],
  ] as const) {
    it(`ends a connection with a frame that has ${title}, and nobody else's`, async () => {
      const here = new Ear(connect("/bob"));
      await here.until(({ opened }) => opened === 1);
      const ear = new Ear(alice);
      const socket = connectTcp(server.port, "127.0.0.1");
      const lines = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
      const key = Buffer.alloc(16).toString("base64");
      socket.write(["GET /alice HTTP/1.1", "Host: x", ...lines, `Sec-WebSocket-Key: ${key}`, "", ""].join("\r\n"));
      await ear.until(({ opened }) => opened === 1);
      socket.on("error", () => undefined);
      socket.resume();
      socket.write(Buffer.from(bytes));
      await once(socket, "close");
      bob.send("still there");
      await here.until(({ texts }) => texts.length === 1);
      expect(ear.texts).to.deep.equal([]);
      expect(here.opened).to.equal(1);
    });
  }

  it("ends with its signal, and does not connect again", async () => {
    const ear = new Ear(connect("/alice"));
    const there = new Ear(alice);
    await Promise.all([ear, there].map((each) => each.until(({ opened }) => opened === 1)));
    stopped.abort();
    const socket = await raw("/alice");
    socket.send("after");
    await there.until(({ texts }) => texts.length === 1);
    expect([ear.opened, there.opened]).to.deep.equal([1, 2]);
  });

  it("makes no connection where its signal is aborted already", () => {
    let made = 0;
    stopped.abort();
    keepConnected(() => {
      made += 1;
      throw new Error("nobody asked for it");
    }, stopped.signal);
    expect(made).to.equal(0);
  });

  it("ends for good when it is closed: neither end opens it again", async () => {
    let made = 0;
    const client = keepConnected(() => {
      made += 1;
      return new WebSocket(url("/alice")) as unknown as SocketLike;
    }, stopped.signal);
    const [here, there] = [new Ear(client), new Ear(alice)];
    await Promise.all([here, there].map((each) => each.until(({ opened }) => opened === 1)));
    client.close();
    alice.close();
    const socket = new WebSocket(url("/alice"));
    await closeCode(socket);
    expect([made, here.opened, there.opened]).to.deep.equal([1, 1, 1]);
  });

  it("ends every connection when its server is closed, and frees the port", async () => {
    const sockets = await Promise.all([raw("/alice"), raw("/bob")]);
    const codes = Promise.all(sockets.map(closeCode));
    const { port } = server;
    await server.close();
    expect(await codes).to.deep.equal([CLOSE.abnormal, CLOSE.abnormal]);
    server = await servePeers(peers(), { port });
    expect(server.port).to.equal(port);
  });
});
