import {
  channelDomain,
  channelId,
  closeDigest,
  stateDigest,
  type Channel,
  type ChannelState,
  type ChannelVenue,
  type SignedState,
} from "../../protocol/channel";
import { balancesFault, stateFault } from "../../protocol/channelFault";
import type { Signatures } from "../keys/channelKey";
import { authorDigest, type Authored, type Unsigned } from "./wire";

/** What a participant signs in one channel, and whether others have: exactly what the contract takes. */
export class ChannelChecks {
  readonly id: string;
  private readonly domain: string;
  /** By participant, in lower case. */
  private readonly signers: readonly string[];
  /** A state's digest is asked for when it is signed and again with each signature that comes. */
  private readonly digests = new WeakMap<ChannelState, string>();

  constructor(
    private readonly channel: Channel,
    private readonly venue: ChannelVenue,
    private readonly signatures: Signatures,
  ) {
    this.id = channelId(channel, venue);
    this.domain = channelDomain(venue);
    this.signers = channel.participants.map(({ signer }) => signer.toLowerCase());
  }

  stateDigest(state: ChannelState): string {
    const known = this.digests.get(state);
    if (known !== undefined) return known;
    const digest = stateDigest(state, this.domain);
    this.digests.set(state, digest);
    return digest;
  }

  closeDigest(balances: readonly bigint[]): string {
    return closeDigest(this.id, balances, this.domain);
  }

  authorDigest(authored: Unsigned): string {
    return authorDigest(this.id, authored);
  }

  isSignature(participant: number, digest: string, signature: string | null | undefined): boolean {
    const signer = this.signers[participant];
    if (signer === undefined || typeof signature !== "string") return false;
    return this.signatures.recover(digest, signature)?.toLowerCase() === signer;
  }

  isCloseSignature(participant: number, balances: readonly bigint[], given: string | null | undefined): boolean {
    if (balancesFault(this.channel, balances, 0n) !== undefined) return false;
    return this.isSignature(participant, this.closeDigest(balances), given);
  }

  /** Whether the contract would take this state, were it signed. */
  isState(state: ChannelState): boolean {
    return stateFault(this.channel, this.venue, state) === undefined;
  }

  isSignedByAll({ state, signatures }: SignedState): boolean {
    if (signatures.length !== this.channel.participants.length || !this.isState(state)) return false;
    const digest = this.stateDigest(state);
    return signatures.every((signature, index) => this.isSignature(index, digest, signature));
  }

  isAuthor(peer: number, message: Authored): boolean {
    return this.isSignature(peer, this.authorDigest(message), message.signature);
  }
}
