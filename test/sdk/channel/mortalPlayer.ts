import { getBytes } from "ethers";
import { ChannelClient } from "../../../sdk/channel/channelClient";
import { FileStore } from "../../../sdk/store/fileStore";
import type { StateStore } from "../../../sdk/store/stateStore";
import { PeerLink } from "../../../sdk/transport/peerLink";
import { ProcessTransport } from "../../../sdk/transport/processTransport";
import type { Transport } from "../../../sdk/transport/transport";
import { CountdownRules, take } from "./countdown";
import { channelOf, keyOf, signatures, VENUE } from "./support";

/**
 * Participant 1 in a process of its own. Kills itself without warning at the point `CRASH_AT`: before, during and after each record
 * that it stores, and each message that it sends.
 */
const ME = 1;
const crashAt = Number(process.env.CRASH_AT);
let points = 0;

function point(): void {
  points += 1;
  if (points === crashAt) process.kill(process.pid, "SIGKILL");
}

class MortalStore implements StateStore {
  constructor(private readonly store: StateStore) {}

  load(channelId: string): Promise<string | undefined> {
    return this.store.load(channelId);
  }

  async save(channelId: string, record: string): Promise<void> {
    point();
    // A store takes its time: what does not wait for it is sent before.
    await new Promise((resolve) => setImmediate(resolve));
    point();
    await this.store.save(channelId, record);
    point();
  }

  channels(): Promise<readonly string[]> {
    return this.store.channels();
  }
}

class MortalTransport extends ProcessTransport implements Transport {
  override send(text: string): void {
    point();
    super.send(text);
    point();
  }
}

async function main(): Promise<void> {
  const store = new MortalStore(await FileStore.open(process.env.FOLDER as string, { durability: "process" }));
  const peers = new Map([[0, new PeerLink(new MortalTransport(process))]]);
  const rules = new CountdownRules();
  let changed = (): void => undefined;
  const client = await ChannelClient.open({
    channel: channelOf(2),
    venue: VENUE,
    key: keyOf(ME),
    signatures,
    rules,
    store,
    peers,
    acceptTerms: () => true,
    onEvent: () => changed(),
  });
  await client.ready();
  for (;;) {
    const { gameState } = client.state;
    const next = new Promise<void>((resolve) => (changed = resolve));
    const turn = gameState === "0x" ? undefined : await rules.turn(getBytes(gameState));
    const isOver = gameState !== "0x" && (await rules.outcome(getBytes(gameState), 2n))?.over === true;
    if (turn !== undefined && turn !== 0n && !isOver) await client.play(take(1)).catch(() => undefined);
    else await next;
  }
}

void main();
