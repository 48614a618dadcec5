import { channelId, type Channel, type ChannelVenue, type SignedState } from "../../protocol/channel";
import { SdkError } from "../errors";
import type { Fetch } from "../transport/fetch";
import type { ChannelClient } from "./channelClient";
import { toWire } from "./wire";

const TIMEOUT_MS = 10_000;
const NOT_KEPT = "NOT_KEPT";

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly text: string;
}

/** A relayer with the role `watchtower`: answers a stale challenge with the newest state that it was given. */
export class Watchtower {
  /** @param endpoint Such as `https://tower.example`. */
  constructor(
    private readonly endpoint: string,
    private readonly fetcher: Fetch,
  ) {}

  /** Hands over a state that all have signed. Throws WATCHTOWER_REFUSED or WATCHTOWER_SILENT. */
  async keep(channel: Channel, venue: ChannelVenue, { state, signatures }: SignedState): Promise<void> {
    const { version, stake, balances, gameState } = state;
    const submission = { chainId: venue.chainId, channel, state: { version, stake, balances, gameState }, signatures };
    const answer = await this.ask("POST", "/channels", JSON.stringify(toWire(submission)));
    if (!answer.ok) throw refused(answer);
  }

  /**
   * The newest version that it keeps, by whomever it was handed over; undefined: none. A record that is older was restored
   * from a backup. Throws WATCHTOWER_REFUSED or WATCHTOWER_SILENT.
   */
  async newest(channel: Channel, venue: ChannelVenue): Promise<bigint | undefined> {
    const answer = await this.ask("GET", `/channels/${venue.chainId}/${channelId(channel, venue)}`);
    const { version } = fieldsOf(answer);
    if (answer.ok && typeof version === "string" && /^[0-9]{1,20}$/.test(version)) return BigInt(version);
    if (fieldsOf(answer).error === NOT_KEPT) return undefined;
    throw refused(answer);
  }

  private async ask(method: "GET" | "POST", path: string, body?: string): Promise<Answer> {
    try {
      const headers: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const init = { method, headers, signal, ...(body === undefined ? {} : { body }) };
      const response = await this.fetcher(`${this.endpoint}${path}`, init);
      return { ok: response.ok, status: response.status, text: await response.text() };
    } catch (cause) {
      throw new SdkError("WATCHTOWER_SILENT", { context: { endpoint: this.endpoint }, cause });
    }
  }
}

/** `code` and `message` are the watchtower's, where it is one that answers. */
function refused(answer: Answer): SdkError {
  const { error: code, message } = fieldsOf(answer);
  return new SdkError("WATCHTOWER_REFUSED", { context: { status: answer.status, code, message } });
}

function fieldsOf({ text }: Answer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Hands over the newest state whenever it is called, one at a time; what is overtaken meanwhile is left out. */
export class WatchtowerFeed {
  private sending: Promise<void> | undefined;
  private sent = 0n;

  constructor(
    private readonly client: ChannelClient,
    private readonly channel: Channel,
    private readonly venue: ChannelVenue,
    private readonly tower: Watchtower,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** After each `agreed`. What fails is told, and tried again with the next state. */
  push(): void {
    this.sending ??= this.send().finally(() => (this.sending = undefined));
  }

  /** Resolves when the newest state was handed over, or has failed to be. */
  async flush(): Promise<void> {
    this.push();
    await this.sending;
  }

  private async send(): Promise<void> {
    while (this.client.state.version > this.sent) {
      const { agreed } = this.client;
      try {
        await this.tower.keep(this.channel, this.venue, agreed);
        this.sent = agreed.state.version;
      } catch (error) {
        this.onError(error);
        return;
      }
    }
  }
}
