import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { buildSync } from "esbuild";
import { channelId } from "../../../protocol/channel";
import { ChannelClient } from "../../../sdk/channel/channelClient";
import { decodeRecord } from "../../../sdk/channel/record";
import { FileStore } from "../../../sdk/store/fileStore";
import { PeerLink } from "../../../sdk/transport/peerLink";
import { ProcessTransport } from "../../../sdk/transport/processTransport";
import type { Transport } from "../../../sdk/transport/transport";
import { heapOf, take } from "./countdown";
import { VENUE, channelOf, optionsOf } from "./support";

const CHILD = join(__dirname, "mortalPlayer.ts");
const channel = channelOf(2);
const ID = channelId(channel, VENUE);
/** Each life of the child ends at a later point, until it survives all points of two rounds. */
const LIVES = 28;
const SETUPS = ["0x03", "0x0301"] as const;

/** The connection of the moment, and every signature of the child's that came over it, by version. */
class Witness implements Transport {
  private current: ProcessTransport | undefined;
  private textListener: (text: string) => void = () => undefined;
  private openListener: () => void = () => undefined;

  constructor(readonly seen: Map<string, Set<string>>) {}

  connect(child: ChildProcess): void {
    const transport = new ProcessTransport(child);
    this.current = transport;
    transport.onText((text) => {
      this.note((JSON.parse(text) as { body: Said }).body);
      this.textListener(text);
    });
    transport.onOpen(() => this.openListener());
  }

  send(text: string): void {
    this.current?.send(text);
  }

  onText(listener: (text: string) => void): void {
    this.textListener = listener;
  }

  onOpen(listener: () => void): void {
    this.openListener = listener;
  }

  close(): void {
    this.current?.close();
  }

  private note(body: Said): void {
    const states = [
      body.type === "signed" ? [body.version, body.signature] : [],
      body.type === "propose" ? [body.state?.version, body.signature] : [],
      [body.agreed?.state.version, body.agreed?.signatures[1]],
      [body.pending?.state.version, body.pending?.signatures[1]],
    ];
    for (const [version, signature] of states) {
      if (typeof version !== "string" || typeof signature !== "string") continue;
      this.seen.set(version, (this.seen.get(version) ?? new Set()).add(signature));
    }
  }
}

interface Said {
  readonly type: string;
  readonly version?: string;
  readonly signature?: string;
  readonly state?: { readonly version: string };
  readonly agreed?: { readonly state: { readonly version: string }; readonly signatures: readonly string[] };
  readonly pending?: {
    readonly state: { readonly version: string };
    readonly signatures: readonly (string | null)[];
  } | null;
}

describe("a participant that is killed at every point of storing and sending", () => {
  let folder: string;
  let bundle: string;
  let child: ChildProcess | undefined;

  before(() => {
    folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "channel-crash-"));
    bundle = join(folder, "child.cjs");
    const external = ["secp256k1", "secp256k1/bindings.js"];
    buildSync({ entryPoints: [CHILD], outfile: bundle, bundle: true, platform: "node", external });
  });

  after(() => {
    child?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("never signs two states of one version, has stored all that anyone saw, and plays on", async () => {
    const seen = new Map<string, Set<string>>();
    const witness = new Witness(seen);
    const { options } = optionsOf(channel, 0, new Map([[1, new PeerLink(witness)]]));
    const client = await ChannelClient.open(options);
    const stopped = new AbortController();
    const played = playOn(client, stopped.signal);
    let survived = 0;
    for (let life = 1; life <= LIVES; life++) {
      const before = client.state.version;
      child = fork(bundle, { env: { ...process.env, NODE_OPTIONS: "", FOLDER: folder, CRASH_AT: `${life}` } });
      const exited = once(child, "exit");
      witness.connect(child);
      await exited;
      if (client.state.version > before) survived += 1;

      const store = await FileStore.open(folder);
      const text = await store.load(ID);
      await store.close();
      const record = text === undefined ? undefined : decodeRecord(text);
      const stored = [record?.agreed, record?.pending].map((each) => [each?.state.version, each?.signatures[1]]);
      const newest = [...seen.keys()].map(BigInt).sort((a, b) => (a < b ? 1 : -1))[0];
      for (const [version, signed] of seen) expect(signed.size, `signatures of version ${version}`).to.equal(1);
      if (newest !== undefined) {
        const [signature] = [...(seen.get(`${newest}`) as Set<string>)];
        const known = stored.some(([version, own]) => version !== undefined && version === newest && own === signature);
        const isPast = record !== undefined && record.agreed.state.version > newest;
        expect(known || isPast, `version ${newest} is stored`).to.equal(true);
      }
    }
    stopped.abort();
    await played;
    expect(survived).to.be.greaterThan(LIVES / 3);
    expect(Number(client.state.version)).to.be.greaterThan(LIVES / 2);
  });
});

/** Participant 0: begins rounds one after the other, moves, and has what is over paid out. */
async function playOn(client: ChannelClient, signal: AbortSignal): Promise<void> {
  for (let round = 0; !signal.aborted;) {
    const { gameState } = client.state;
    try {
      if (gameState === "0x") await client.begin({ stake: 1n, setup: SETUPS[round++ % 2] as string }, signal);
      else if (heapOf(gameState) === 0) await client.settle(signal);
      else await client.play(take(1), signal);
    } catch {
      // Not its turn, or the other is dead at the moment.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
