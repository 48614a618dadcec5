import { channelId, type ChannelState, type SignedState } from "../../protocol/channel";
import { SdkError } from "../errors";
import type { ChannelOptions } from "./channelOptions";
import { Closings, type SignedClose } from "./closings";
import { Held } from "./held";
import { Inbox } from "./inbox";
import { Invitations } from "./invitations";
import { Meeting } from "./meeting";
import { OwnSteps } from "./ownSteps";
import { Post } from "./post";
import { Proposals } from "./proposals";
import { decodeRecord, firstRecord, type ChannelRecord } from "./record";
import { Requests } from "./requests";
import { Side } from "./side";
import { Signing } from "./signing";
import type { RoundTerms } from "./step";

/**
 * One participant's side of a channel. Works through commands and messages one after the other; what it signs it stores
 * first, and it never signs two states of one version. Invariants and decisions are in the README.
 */
export class ChannelClient {
  private readonly side: Side;
  private readonly held: Held;
  private readonly requests: Requests;
  private readonly invitations: Invitations;
  private readonly closings: Closings;
  private readonly meeting: Meeting;
  private readonly steps: OwnSteps;
  private readonly inbox: Inbox;
  private readonly leave: (() => void)[] = [];

  private constructor(options: ChannelOptions, record: ChannelRecord) {
    const side = new Side(options, record);
    const post = new Post(side);
    const held = new Held((peer, message) => this.inbox.readAgain(peer, message));
    const goOn = (): Promise<void> => this.goOn();
    const signing = new Signing(side, post, goOn);
    const proposals = new Proposals(side, post, held, signing);
    this.side = side;
    this.held = held;
    this.requests = new Requests(side, post, held, signing);
    this.invitations = new Invitations(side, post, held, signing);
    this.closings = new Closings(side, post, held);
    this.meeting = new Meeting(side, post, signing, proposals, this.closings, goOn);
    this.steps = new OwnSteps(side, signing, this.requests);
    const { meeting, requests, invitations, closings } = this;
    this.inbox = new Inbox(side, post, { meeting, proposals, requests, invitations, closings });
  }

  /** Goes on with the stored record, or begins with the deposits. Throws NOT_A_PARTICIPANT or STORE_CORRUPT. */
  static async open(options: ChannelOptions): Promise<ChannelClient> {
    const { channel, venue, store, key, peers } = options;
    const stored = await store.load(channelId(channel, venue));
    const record = stored === undefined ? firstRecord(channel, venue) : decodeRecord(stored);
    const client = new ChannelClient(options, record);
    if (client.me < 0) throw new SdkError("NOT_A_PARTICIPANT", { context: { key: key.address } });
    for (const [peer, link] of peers) {
      const end = {
        receive: (body: unknown) => client.inbox.receive(peer, body),
        opened: () => client.meeting.greet(peer),
      };
      client.leave.push(link.join(client.id, end));
    }
    return client;
  }

  get id(): string {
    return this.side.checks.id;
  }

  /** The own participant number. */
  get me(): number {
    return this.side.me;
  }

  /** The newest state that all have signed. */
  get agreed(): SignedState {
    return this.side.record.agreed;
  }

  get state(): ChannelState {
    return this.side.state;
  }

  /** Whether a signature to close was given, or the channel is in dispute: no state is signed any more. */
  get isEnding(): boolean {
    return this.side.isEnding;
  }

  /** What all have signed to close with; undefined while a signature is missing. */
  get signedClose(): SignedClose | undefined {
    return this.closings.signed;
  }

  /** Resolves once every peer has said what it has. Before that nothing is signed: an old backup is so found out. */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.side.changed.until(() => this.side.isReady, signal);
  }

  /** Plays a move; resolves when all have signed the state after it. */
  async play(move: string, signal?: AbortSignal): Promise<void> {
    await this.ready(signal);
    await this.steps.take({ kind: "move", player: this.me, move: move.toLowerCase() }, signal);
  }

  /** Invites all to a round; resolves when it has begun. Rejects with TERMS_DECLINED where one does not want it. */
  async begin(terms: RoundTerms, signal?: AbortSignal): Promise<void> {
    await this.ready(signal);
    const { stake, setup } = terms;
    const version = await this.side.enqueue(() =>
      this.invitations.invite({ kind: "begin", stake, setup: setup.toLowerCase() }),
    );
    const isSigned = (): boolean => this.state.version > version;
    await this.steps.settled({ isSigned, refusal: () => this.side.refusals.get(`invite ${version}`) }, signal);
  }

  /** Has a round that is over paid out; resolves when all have signed the balances after it. */
  async settle(signal?: AbortSignal): Promise<void> {
    await this.ready(signal);
    await this.steps.take({ kind: "settle" }, signal);
  }

  /** Signs to close with the agreed balances, and nothing ever after; resolves when all have. Only between rounds. */
  async close(signal?: AbortSignal): Promise<SignedClose> {
    await this.ready(signal);
    await this.side.enqueue(() => this.closings.sign());
    await this.side.changed.until(() => this.signedClose !== undefined, signal);
    return this.signedClose as SignedClose;
  }

  /** In dispute on chain: no more states are signed, only a closing. For good. */
  async stop(): Promise<void> {
    await this.side.enqueue(() => this.side.update({ stopped: true }));
  }

  /** Asks every peer what it has, as when a connection opens. */
  sync(): void {
    for (const peer of this.side.options.peers.keys()) this.meeting.greet(peer);
  }

  /** Takes no more messages; resolves when what was begun is stored. */
  async leaveChannel(): Promise<void> {
    for (const leave of this.leave) leave();
    await this.side.drain();
  }

  /** What waits for a state that all have signed, or for everyone to have said what it has. */
  private async goOn(): Promise<void> {
    this.held.release();
    await this.invitations.beginIfAccepted();
    await this.requests.proposeWaiting();
  }
}
