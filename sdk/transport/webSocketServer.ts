import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { MAX_MESSAGE_CHARACTERS } from "../channel/wire";
import { WebSocketTransport, keepConnected, type SocketLike } from "./webSocketTransport";

/** Of a frame, in bytes: what is longer ends the connection before it is held in memory. */
const MAX_FRAME_BYTES = 2 * MAX_MESSAGE_CHARACTERS;
const UNKNOWN_PATH = 404;

/** A listening server: peers are told apart by the path that they connect to. */
export interface PeerServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Node: takes connections of the peers whose paths it knows, such as `/channel-1/bob-s3cret`; a second connection of a
 * peer replaces its first. Behind a proxy with TLS where it leaves the machine.
 */
export async function servePeers(
  peers: ReadonlyMap<string, WebSocketTransport>,
  options: { readonly host?: string; readonly port?: number } = {},
): Promise<PeerServer> {
  const { host = "127.0.0.1", port = 0 } = options;
  const server = new WebSocketServer({
    host,
    port,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    verifyClient: ({ req }, answer) => answer(peers.has(req.url ?? ""), UNKNOWN_PATH),
  });
  server.on("connection", (socket, request) => {
    socket.on("error", () => undefined);
    peers.get(request.url ?? "")?.attach(socketLike(socket));
  });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on no port");
  return {
    port: address.port,
    async close() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Node: connects to a peer's server, and again when the connection ends. */
export function connectPeer(url: string, signal: AbortSignal): WebSocketTransport {
  const options = { perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES };
  return keepConnected(() => socketLike(new WebSocket(url, options)), signal);
}

/** `ws` has the browser's interface, but for the types of its events. */
function socketLike(socket: WebSocket): SocketLike {
  return socket as unknown as SocketLike;
}
