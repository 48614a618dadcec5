import type { Channel, ChannelVenue } from "../../protocol/channel";
import type { ChannelKey, Signatures } from "../keys/channelKey";
import type { Rules } from "../rules/rules";
import type { StateStore } from "../store/stateStore";
import type { PeerLink } from "../transport/peerLink";
import type { ChannelEvent } from "./channelEvent";
import type { RoundTerms } from "./step";

/** What a participant takes part in a channel with. */
export interface ChannelOptions {
  readonly channel: Channel;
  readonly venue: ChannelVenue;
  readonly key: ChannelKey;
  readonly signatures: Signatures;
  readonly rules: Rules;
  readonly store: StateStore;
  /** A link to each of the others, by participant number. */
  readonly peers: ReadonlyMap<number, PeerLink>;
  /** Whether to play a round on these terms. Nothing is accepted without it. */
  readonly acceptTerms?: ((terms: RoundTerms, by: number) => boolean | Promise<boolean>) | undefined;
  readonly onEvent?: (event: ChannelEvent) => void;
}
