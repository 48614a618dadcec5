import {
  channelId,
  type Channel,
  type ChannelState,
  type ChannelVenue,
  type SignedState,
} from "../../protocol/channel";
import { hexToBytes } from "../../protocol/hex";
import { SdkError, type SdkErrorCode } from "../errors";
import type { ChannelKey, Signatures } from "../keys/channelKey";
import { ANYONE, type Rules } from "../rules/rules";
import type { StateStore } from "../store/stateStore";
import type { PeerLink } from "../transport/peerLink";
import { advance, type Advance } from "./advance";
import { ChannelChecks } from "./channelChecks";
import type { ChannelEvent } from "./channelEvent";
import { Condition } from "./condition";
import { decodeRecord, encodeRecord, firstRecord, type ChannelRecord, type Closing } from "./record";
import { isSameStep, isSameTerms, type Proposal, type RoundTerms, type Step } from "./step";
import { parseMessage, type Authored, type Message, type MessageOf, type MessageType, type Unsigned } from "./wire";

/** The participant that proposes where no single player is to: it sets the order, and cannot do more than that. */
const FIRST = 0;
const NO_ROUND = "0x";
/** Messages of one peer that wait to be read. More is not a game. */
const MAX_WAITING = 256;
const MAX_HELD = 8;

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

/** The balances that all signed to close with, as the contract takes them. */
export interface SignedClose {
  readonly balances: readonly bigint[];
  readonly signatures: readonly string[];
}

type Verdict = SdkErrorCode | undefined;

/** A step on its way: the version at which all have signed it, where it is known, and what the others refuse it with. */
interface Begun {
  readonly version: bigint | undefined;
  readonly refusal: () => Verdict;
}

/**
 * One participant's side of a channel. Works through commands and messages one after the other; what it signs it stores
 * first, and it never signs two states of one version. Invariants and decisions are in the README.
 */
export class ChannelClient {
  readonly id: string;
  /** The own participant number. */
  readonly me: number;
  private readonly checks: ChannelChecks;
  private readonly count: number;
  private readonly leave: (() => void)[] = [];
  private readonly heard = new Set<number>();
  private readonly waiting = new Map<number, number>();
  /** Messages about what is not there yet: with several peers they overtake each other. */
  private readonly held = new Map<number, Message[]>();
  /** First participant: moves that others ask it to propose, one per peer. */
  private readonly requests = new Map<number, MessageOf<"request">>();
  /** First participant: the version of each peer's last request that was proposed, so that none is proposed twice. */
  private readonly proposed = new Map<number, bigint>();
  /** First participant: who has accepted which terms. */
  private readonly acceptances = new Map<number, MessageOf<"accept">>();
  private readonly refusals = new Map<string, SdkErrorCode>();
  private readonly changed = new Condition();
  private last: { readonly from: ChannelState; readonly step: Step; readonly to: Advance } | undefined;
  private tail: Promise<unknown> = Promise.resolve();
  private failure: unknown;

  private constructor(
    private readonly options: ChannelOptions,
    private record: ChannelRecord,
  ) {
    const { channel, venue, key, signatures } = options;
    this.checks = new ChannelChecks(channel, venue, signatures);
    this.id = this.checks.id;
    this.count = channel.participants.length;
    this.me = channel.participants.findIndex(({ signer }) => BigInt(signer) === BigInt(key.address));
  }

  /** Goes on with the stored record, or begins with the deposits. Throws NOT_A_PARTICIPANT or STORE_CORRUPT. */
  static async open(options: ChannelOptions): Promise<ChannelClient> {
    const { channel, venue, store } = options;
    const stored = await store.load(channelId(channel, venue));
    const record = stored === undefined ? firstRecord(channel, venue) : decodeRecord(stored);
    const client = new ChannelClient(options, record);
    if (client.me < 0) throw new SdkError("NOT_A_PARTICIPANT", { context: { key: options.key.address } });
    for (const [peer, link] of options.peers) {
      const end = { receive: (body: unknown) => client.receive(peer, body), opened: () => client.greet(peer) };
      client.leave.push(link.join(client.id, end));
    }
    return client;
  }

  /** The newest state that all have signed. */
  get agreed(): SignedState {
    return this.record.agreed;
  }

  get state(): ChannelState {
    return this.record.agreed.state;
  }

  /** Whether a signature to close was given, or the channel is in dispute: no state is signed any more. */
  get isEnding(): boolean {
    return this.record.stopped || this.record.closing !== null;
  }

  /** What all have signed to close with; undefined while a signature is missing. */
  get signedClose(): SignedClose | undefined {
    const { closing } = this.record;
    const signatures = closing?.signatures.filter((each) => each !== null) ?? [];
    return closing !== null && signatures.length === this.count
      ? { balances: closing.balances, signatures }
      : undefined;
  }

  /** Resolves once every peer has said what it has. Before that nothing is signed: an old backup is so found out. */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.changed.until(() => this.isReady, signal);
  }

  /** Whether every peer has said what it has. */
  private get isReady(): boolean {
    return this.heard.size === this.options.peers.size;
  }

  /** Plays a move; resolves when all have signed the state after it. */
  async play(move: string, signal?: AbortSignal): Promise<void> {
    await this.take({ kind: "move", player: this.me, move: move.toLowerCase() }, signal);
  }

  /** Invites all to a round; resolves when it has begun. Rejects with TERMS_DECLINED where one does not want it. */
  async begin(terms: RoundTerms, signal?: AbortSignal): Promise<void> {
    await this.ready(signal);
    const step: Step = { kind: "begin", stake: terms.stake, setup: terms.setup.toLowerCase() };
    const version = await this.enqueue(() => this.invite(step));
    await this.settled({ version: version + 1n, refusal: () => this.refusals.get(`invite ${version}`) }, signal);
  }

  /** Has a round that is over paid out; resolves when all have signed the balances after it. */
  async settle(signal?: AbortSignal): Promise<void> {
    await this.take({ kind: "settle" }, signal);
  }

  /** Signs to close with the agreed balances, and nothing ever after; resolves when all have. Only between rounds. */
  async close(signal?: AbortSignal): Promise<SignedClose> {
    await this.ready(signal);
    await this.enqueue(() => this.signClose());
    await this.changed.until(() => this.signedClose !== undefined, signal);
    return this.signedClose as SignedClose;
  }

  /** In dispute on chain: no more states are signed, only a closing. For good. */
  async stop(): Promise<void> {
    await this.enqueue(() => this.update({ stopped: true }));
  }

  /** Asks every peer what it has, as when a connection opens. */
  sync(): void {
    for (const peer of this.options.peers.keys()) this.greet(peer);
  }

  /** Takes no more messages; resolves when what was begun is stored. */
  async leaveChannel(): Promise<void> {
    for (const leave of this.leave) leave();
    await this.tail.catch(() => undefined);
  }

  // Commands

  private async take(step: Step, signal: AbortSignal | undefined): Promise<void> {
    await this.ready(signal);
    for (;;) {
      await this.changed.until(() => this.record.pending === null && this.record.request === null, signal);
      const begun = await this.enqueue(() => this.begun(step));
      if (begun !== undefined) return this.settled(begun, signal);
    }
  }

  /** Proposes a step or has it proposed; undefined where another one came in between. */
  private async begun(step: Step): Promise<Begun | undefined> {
    const { agreed, pending, request } = this.record;
    if (pending !== null || request !== null) return undefined;
    this.requireSigning();
    const { version, gameState } = agreed.state;
    if (gameState === NO_ROUND) throw new SdkError("NO_ROUND");
    if (await this.isMine(step, gameState)) {
      const verdict = await this.propose(step);
      if (verdict !== undefined) throw new SdkError(verdict);
      return { version: version + 1n, refusal: () => this.refusals.get(`propose ${version + 1n}`) };
    }
    const refusal = `request ${version}`;
    this.refusals.delete(refusal);
    await this.update({ request: { version, step } });
    await this.author(FIRST, { type: "request", version, step });
    // The first participant may have others' moves come first: what counts is that this one is in.
    return { version: undefined, refusal: () => this.refusals.get(refusal) };
  }

  /** Whether this participant proposes the step itself. */
  private async isMine(step: Step, gameState: string): Promise<boolean> {
    if (this.me === FIRST) return true;
    if (step.kind !== "move") return false;
    const turn = await this.options.rules.turn(hexToBytes(gameState));
    if (turn === BigInt(this.me)) return true;
    if (turn === ANYONE) return false;
    throw new SdkError("NOT_YOUR_TURN", { context: { turn, me: this.me } });
  }

  /** Waits until all have signed a step; throws what the others refuse it with. */
  private async settled({ version, refusal }: Begun, signal: AbortSignal | undefined): Promise<void> {
    let isDone = false;
    let code: Verdict;
    const isDecided = (): boolean => {
      isDone ||= version === undefined ? this.record.request === null : this.state.version >= version;
      code ??= refusal();
      return isDone || code !== undefined || this.isEnding;
    };
    await this.changed.until(isDecided, signal);
    if (code !== undefined) throw new SdkError(code, { context: { version: this.state.version } });
    if (!isDone) this.requireSigning();
  }

  private async invite(step: Extract<Step, { kind: "begin" }>): Promise<bigint> {
    this.requireSigning();
    const { state } = this.record.agreed;
    const { stake, setup } = step;
    // What cannot begin is not proposed; what is running goes on.
    const next = await this.advance(step);
    if (!next.ok) throw new SdkError(next.code);
    const { version } = state;
    const { accepted } = this.record;
    // An acceptance binds: the round may be begun with it already.
    if (accepted !== null && !isSameTerms(accepted, step)) throw new SdkError("SUPERSEDED", { context: { accepted } });
    this.refusals.delete(`invite ${version}`);
    await this.update({ accepted: { stake, setup } });
    for (const peer of this.options.peers.keys()) await this.author(peer, { type: "invite", version, stake, setup });
    if (this.me === FIRST) await this.beginIfAccepted();
    else await this.author(FIRST, { type: "accept", version, stake, setup });
    return version;
  }

  private async signClose(): Promise<void> {
    const { agreed, closing, pending } = this.record;
    if (closing !== null) return this.sayClose(closing);
    if (agreed.state.gameState !== NO_ROUND) throw new SdkError("NOT_CLOSABLE");
    if (pending !== null && pending.step.kind !== "begin") throw new SdkError("NOT_CLOSABLE");
    await this.keepClosing({ balances: agreed.state.balances, signatures: new Array<null>(this.count).fill(null) });
  }

  private requireSigning(): void {
    if (this.record.stopped) throw new SdkError("STOPPED");
    if (this.record.closing !== null) throw new SdkError("CLOSING");
  }

  // Messages

  private receive(peer: number, body: unknown): void {
    const waiting = this.waiting.get(peer) ?? 0;
    if (waiting >= MAX_WAITING) return;
    this.waiting.set(peer, waiting + 1);
    const read = this.enqueue(() => this.read(peer, body));
    read.catch(() => undefined).finally(() => this.waiting.set(peer, (this.waiting.get(peer) as number) - 1));
  }

  private async read(peer: number, body: unknown): Promise<void> {
    const message = parseMessage(body);
    if (message === undefined) return this.refuse(peer, "", 0n, "GARBAGE");
    await this.answer(peer, message);
  }

  private async answer(peer: number, message: Message): Promise<void> {
    const code = await this.handle(peer, message);
    if (code !== undefined) await this.refuse(peer, message.type, this.versionOf(message), code);
    this.changed.notify();
  }

  private versionOf(message: Message): bigint {
    if (message.type === "propose") return message.state.version;
    return "version" in message ? message.version : this.state.version;
  }

  private hold(peer: number, message: Message): undefined {
    const held = this.held.get(peer) ?? [];
    if (held.length < MAX_HELD) this.held.set(peer, [...held, message]);
    return undefined;
  }

  /** Reads again what was held, now that something has changed. */
  private release(): void {
    const held = [...this.held];
    this.held.clear();
    for (const [peer, messages] of held) {
      for (const message of messages) void this.enqueue(() => this.answer(peer, message)).catch(() => undefined);
    }
  }

  private async handle(peer: number, message: Message): Promise<Verdict> {
    switch (message.type) {
      case "hello":
        return this.onHello(peer, message);
      case "propose":
        return this.onPropose(peer, message);
      case "signed":
        return this.onSigned(peer, message);
      case "close":
        return this.onClose(peer, message);
      case "refuse":
        return this.onRefuse(peer, message);
      default:
        if (!this.checks.isAuthor(peer, message)) return "BAD_SIGNATURE";
        return this.onAuthored(peer, message);
    }
  }

  private async onAuthored(peer: number, message: Exclude<Authored, { type: "refuse" }>): Promise<Verdict> {
    switch (message.type) {
      case "request":
        return this.onRequest(peer, message);
      case "invite":
        return this.onInvite(peer, message);
      case "accept":
        return this.onAccept(peer, message);
      case "decline":
        return this.onDecline(peer, message);
    }
  }

  /** Says again what carries no state: the connection may have broken before it arrived. */
  private async repeat(peer: number): Promise<void> {
    const { request, accepted, pending } = this.record;
    if (pending !== null || this.isEnding) return;
    if (request !== null && peer === FIRST) await this.author(FIRST, { type: "request", ...request });
    // An invitation says that the sender accepts, and asks for the other's acceptance.
    if (accepted !== null) await this.author(peer, { type: "invite", version: this.state.version, ...accepted });
  }

  /** Everyone has said what it has: what was asked for before that is signed now, unless something newer was learnt. */
  private async catchUp(): Promise<void> {
    this.release();
    await this.beginIfAccepted();
    if (this.record.pending === null) await this.proposeRequested();
  }

  /** The others' knowledge, adopted where it is newer: every state in it carries all signatures, this one's included. */
  private async onHello(peer: number, hello: MessageOf<"hello">): Promise<Verdict> {
    const verdict = await this.learn(peer, hello);
    const wasReady = this.isReady;
    this.heard.add(peer);
    if (hello.reply) this.hello(peer, false);
    await this.repeat(peer);
    if (!wasReady && this.isReady) await this.catchUp();
    return verdict;
  }

  private async learn(peer: number, hello: MessageOf<"hello">): Promise<Verdict> {
    const newest = this.state.version;
    if (hello.agreed.state.version > newest) {
      if (!this.checks.isSignedByAll(hello.agreed)) return "BAD_SIGNATURE";
      await this.agree(hello.agreed, undefined);
    }
    if (hello.closing !== null) {
      const given = hello.closing.signatures[peer];
      const own = hello.closing.signatures[this.me];
      if (this.record.closing === null && this.checks.isCloseSignature(this.me, hello.closing.balances, own)) {
        // Given before this record was restored from an older one.
        await this.keepClosing(hello.closing);
      }
      if (typeof given === "string") {
        const verdict = await this.onClose(peer, { type: "close", balances: hello.closing.balances, signature: given });
        if (verdict !== undefined) return verdict;
      }
    }
    const { pending } = hello;
    if (pending === null || pending.state.version !== this.state.version + 1n) return undefined;
    return this.learnPending(peer, pending);
  }

  private async learnPending(peer: number, theirs: Proposal): Promise<Verdict> {
    if (theirs.signatures.length !== this.count) return "GARBAGE";
    const digest = this.checks.stateDigest(theirs.state);
    const valid = theirs.signatures.map((each, index) => (this.checks.isSignature(index, digest, each) ? each : null));
    const { pending } = this.record;
    if (pending !== null) {
      if (this.checks.stateDigest(pending.state) !== digest) return "CONFLICT";
      const signatures = pending.signatures.map((each, index) => each ?? valid[index] ?? null);
      return this.complete({ ...pending, signatures });
    }
    if (valid[this.me] !== null) {
      // Signed before this record was restored from an older one: that signature stands.
      if (!this.checks.isState(theirs.state)) return "GARBAGE";
      return this.complete({ ...theirs, signatures: valid });
    }
    const signature = valid[theirs.proposer];
    if (typeof signature !== "string") return "BAD_SIGNATURE";
    const { proposer, step, state } = theirs;
    return this.onPropose(peer, { type: "propose", proposer, step, state, signature });
  }

  private async onPropose(peer: number, proposed: MessageOf<"propose">): Promise<Verdict> {
    const { agreed, pending } = this.record;
    const { proposer, step, state, signature } = proposed;
    const digest = this.checks.stateDigest(state);
    if (state.version <= agreed.state.version) {
      const own = agreed.signatures[this.me];
      const isAgreed = digest === this.checks.stateDigest(agreed.state);
      if (!isAgreed || own === undefined) {
        this.hello(peer, false);
        return "OLD_VERSION";
      }
      this.send(peer, { type: "signed", version: state.version, signature: own });
      return undefined;
    }
    if (state.version > agreed.state.version + 1n) {
      this.hello(peer, true);
      return this.hold(peer, proposed);
    }
    if (pending !== null) {
      if (digest !== this.checks.stateDigest(pending.state)) return "CONFLICT";
      this.send(peer, { type: "signed", version: state.version, signature: pending.signatures[this.me] as string });
      return this.onSigned(proposer, { type: "signed", version: state.version, signature });
    }
    if (!this.isReady) return this.hold(peer, proposed);
    const verdict = this.mayPropose(proposer, step) ?? (await this.check(step, state));
    if (verdict !== undefined) return verdict;
    if (!this.checks.isSignature(proposer, digest, signature)) return "BAD_SIGNATURE";
    const signatures: (string | null)[] = new Array<null>(this.count).fill(null);
    signatures[proposer] = signature;
    return this.sign({ proposer, step, state, signatures }, digest);
  }

  /** Whether this step may come from this participant, and has what it needs of this one. */
  private mayPropose(proposer: number, step: Step): Verdict {
    const { stopped, closing, request, accepted } = this.record;
    if (stopped) return "STOPPED";
    if (closing !== null) return "CLOSING";
    if (proposer === this.me || proposer >= this.count) return "NOT_THE_PROPOSER";
    if (step.kind === "move") {
      if (proposer !== step.player && proposer !== FIRST) return "NOT_THE_PROPOSER";
      if (step.player === this.me && (request === null || !isSameStep(request.step, step))) return "NOT_MY_MOVE";
      return undefined;
    }
    if (proposer !== FIRST) return "NOT_THE_PROPOSER";
    if (step.kind === "begin" && (accepted === null || !isSameTerms(accepted, step))) return "NOT_ACCEPTED";
    return undefined;
  }

  /** Whether a proposed state is the one that the step leads to. */
  private async check(step: Step, proposed: ChannelState): Promise<Verdict> {
    const next = await this.advance(step);
    if (!next.ok) return next.code;
    const { state } = next;
    if (proposed.channelId !== state.channelId) return "UNKNOWN_CHANNEL";
    if (proposed.stake !== state.stake) return "WRONG_STAKE";
    const isSameBalance = (balance: bigint, index: number): boolean => balance === proposed.balances[index];
    if (proposed.balances.length !== this.count || !state.balances.every(isSameBalance)) return "WRONG_BALANCES";
    return proposed.gameState === state.gameState ? undefined : "WRONG_GAME_STATE";
  }

  private async onSigned(peer: number, signed: MessageOf<"signed">): Promise<Verdict> {
    const { agreed, pending } = this.record;
    if (signed.version <= agreed.state.version) return undefined;
    if (pending === null || signed.version !== pending.state.version) {
      // With several peers a signature may come before the proposal that it is for.
      return this.hold(peer, signed);
    }
    if (pending.signatures[peer] !== null) return undefined;
    const digest = this.checks.stateDigest(pending.state);
    if (!this.checks.isSignature(peer, digest, signed.signature)) return "BAD_SIGNATURE";
    const signatures = [...pending.signatures];
    signatures[peer] = signed.signature;
    return this.complete({ ...pending, signatures });
  }

  private async onRequest(peer: number, request: MessageOf<"request">): Promise<Verdict> {
    if (this.me !== FIRST) return "NOT_THE_PROPOSER";
    if (request.step.kind === "begin") return "NOT_ACCEPTED";
    if (request.step.kind === "move" && request.step.player !== peer) return "NOT_MY_MOVE";
    if (request.version > this.state.version) return this.hold(peer, request);
    if (request.version <= (this.proposed.get(peer) ?? -1n)) return undefined;
    this.requests.set(peer, request);
    return this.proposeRequested();
  }

  private async onInvite(peer: number, invitation: MessageOf<"invite">): Promise<Verdict> {
    const { version, stake, setup } = invitation;
    if (version > this.state.version) return this.hold(peer, invitation);
    if (version < this.state.version) return "OLD_VERSION";
    const { stopped, closing, accepted } = this.record;
    if (stopped) return "STOPPED";
    if (closing !== null) return "CLOSING";
    const terms = { stake, setup };
    if (accepted !== null && !isSameTerms(accepted, terms)) return "SUPERSEDED";
    const next = await this.advance({ kind: "begin", ...terms });
    if (!next.ok) return next.code;
    // The inviter accepts its own terms.
    if (this.me === FIRST) this.acceptances.set(peer, { ...invitation, type: "accept" });
    if (accepted !== null) return this.accept(version, terms);
    this.emit({ kind: "invited", by: peer, terms });
    // Not within the queue: a person may think about it for long, and messages go on.
    void this.consider(peer, terms)
      .then((isAccepted) =>
        this.enqueue(() => (isAccepted ? this.accept(version, terms) : this.decline(version, terms))),
      )
      .catch(() => undefined);
    return undefined;
  }

  private async onAccept(peer: number, acceptance: MessageOf<"accept">): Promise<Verdict> {
    if (acceptance.version > this.state.version) return this.hold(peer, acceptance);
    this.acceptances.set(peer, acceptance);
    return this.beginIfAccepted();
  }

  private async consider(peer: number, terms: RoundTerms): Promise<boolean> {
    try {
      return (await this.options.acceptTerms?.(terms, peer)) ?? false;
    } catch {
      return false;
    }
  }

  private async accept(version: bigint, terms: RoundTerms): Promise<undefined> {
    const { accepted, pending } = this.record;
    if (version !== this.state.version || this.isEnding || pending !== null) return;
    if (accepted !== null && !isSameTerms(accepted, terms)) return this.decline(version, terms);
    await this.update({ accepted: terms });
    if (this.me === FIRST) await this.beginIfAccepted();
    else await this.author(FIRST, { type: "accept", version, ...terms });
  }

  private async decline(version: bigint, terms: RoundTerms): Promise<undefined> {
    for (const peer of this.options.peers.keys()) await this.author(peer, { type: "decline", version, ...terms });
  }

  private async onDecline(peer: number, declined: MessageOf<"decline">): Promise<Verdict> {
    if (declined.version !== this.state.version) return undefined;
    const { stake, setup } = declined;
    this.emit({ kind: "declined", by: peer, terms: { stake, setup } });
    return this.drop(declined.version, { stake, setup }, "TERMS_DECLINED");
  }

  /** Forgets accepted terms that another participant does not accept: the round cannot begin with them. */
  private async drop(version: bigint, terms: RoundTerms, code: SdkErrorCode): Promise<undefined> {
    const { accepted, pending } = this.record;
    if (accepted === null || !isSameTerms(accepted, terms) || pending !== null) return;
    this.acceptances.clear();
    this.refusals.set(`invite ${version}`, code);
    await this.update({ accepted: null });
  }

  private async onClose(peer: number, close: MessageOf<"close">): Promise<Verdict> {
    const { agreed, pending } = this.record;
    let { closing } = this.record;
    if (closing === null) {
      if (!this.isReady) return this.hold(peer, close);
      // The last signature of the settlement may be on its way.
      if (pending !== null && pending.step.kind !== "begin") return this.hold(peer, close);
      if (agreed.state.gameState !== NO_ROUND) return "NOT_CLOSABLE";
      closing = { balances: agreed.state.balances, signatures: new Array<null>(this.count).fill(null) };
    }
    const isSame = closing.balances.every((balance, index) => balance === close.balances[index]);
    if (!isSame || close.balances.length !== this.count) return "WRONG_BALANCES";
    if (!this.checks.isCloseSignature(peer, close.balances, close.signature)) return "BAD_SIGNATURE";
    if (closing.signatures[peer] !== null && closing === this.record.closing) return undefined;
    const signatures = [...closing.signatures];
    signatures[peer] = close.signature;
    await this.keepClosing({ balances: closing.balances, signatures });
    return undefined;
  }

  private async onRefuse(peer: number, refused: MessageOf<"refuse">): Promise<Verdict> {
    const { of, version, code } = refused;
    this.emit({ kind: "refused", by: peer, code, of });
    // Only what the peer itself says has a consequence.
    if (refused.signature === null || !this.checks.isAuthor(peer, refused)) return undefined;
    if (of === "propose" && version === this.record.pending?.state.version)
      this.refusals.set(`propose ${version}`, code);
    const { accepted } = this.record;
    if (of === "invite" && version === this.state.version && accepted !== null)
      await this.drop(version, accepted, code);
    if (of === "request" && peer === FIRST && this.record.request !== null) {
      this.refusals.set(`request ${version}`, code);
      await this.update({ request: null });
    }
    return undefined;
  }

  // Signing: stored first, then sent

  private async propose(step: Step): Promise<Verdict> {
    const next = await this.advance(step);
    if (!next.ok) return next.code;
    const signatures = new Array<null>(this.count).fill(null);
    const digest = this.checks.stateDigest(next.state);
    return this.sign({ proposer: this.me, step, state: next.state, signatures }, digest);
  }

  /** First participant: proposes what others asked for, one after the other. */
  private async proposeRequested(): Promise<Verdict> {
    for (const [peer, request] of this.requests) {
      if (this.record.pending !== null || this.isEnding || !this.isReady) return undefined;
      this.requests.delete(peer);
      const verdict = await this.propose(request.step);
      if (verdict === undefined) this.proposed.set(peer, request.version);
      else await this.refuse(peer, "request", request.version, verdict);
    }
    return undefined;
  }

  /** First participant: begins the round that every other has accepted, where it has itself. */
  private async beginIfAccepted(): Promise<Verdict> {
    const { accepted, pending, agreed } = this.record;
    if (this.me !== FIRST || accepted === null || pending !== null || this.isEnding || !this.isReady) return undefined;
    const { version } = agreed.state;
    for (const peer of this.options.peers.keys()) {
      const theirs = this.acceptances.get(peer);
      if (theirs?.version !== version || theirs.stake !== accepted.stake || theirs.setup !== accepted.setup) {
        return undefined;
      }
    }
    return this.propose({ kind: "begin", ...accepted });
  }

  /** The state that a step leads to from the agreed one; the rules are not asked twice in a row for the same. */
  private async advance(step: Step): Promise<Advance> {
    const { state } = this.record.agreed;
    const { last } = this;
    if (last !== undefined && last.from === state && isSameStep(last.step, step)) return last.to;
    const to = await advance(this.options.rules, state, step);
    this.last = { from: state, step, to };
    return to;
  }

  private async sign(proposal: Proposal, digest: string): Promise<Verdict> {
    const signatures = [...proposal.signatures];
    signatures[this.me] = await this.options.key.sign(digest);
    return this.complete({ ...proposal, signatures });
  }

  /** Keeps a proposal that this participant has signed; it is agreed on when nobody's signature is missing. */
  private async complete(proposal: Proposal): Promise<Verdict> {
    const { proposer, step, state } = proposal;
    const isNew = this.record.pending === null;
    const signatures = proposal.signatures.filter((each) => each !== null);
    if (signatures.length === this.count) await this.agree({ state, signatures }, step, isNew);
    else await this.update({ pending: proposal });
    if (isNew) {
      const signature = proposal.signatures[this.me] as string;
      const said: Message =
        proposer === this.me
          ? { type: "propose", proposer, step, state, signature }
          : { type: "signed", version: state.version, signature };
      for (const peer of this.options.peers.keys()) this.send(peer, said);
    }
    this.release();
    return this.record.pending === null ? this.proposeRequested() : undefined;
  }

  private async agree(agreed: SignedState, step: Step | undefined, mustBeKept = true): Promise<void> {
    const { request, accepted } = this.record;
    const isRequested = step === undefined || (request !== null && isSameStep(request.step, step));
    const changes = {
      agreed,
      pending: null,
      request: isRequested ? null : request,
      accepted: step?.kind === "begin" || step === undefined ? null : accepted,
    };
    this.refusals.clear();
    if (step?.kind === "begin") this.acceptances.clear();
    // The own signature is stored already, and with the state before it the same move can be played again: the others'
    // signatures are stored before anything else is signed, and need not be waited for.
    const saved = this.update(changes);
    if (mustBeKept) await saved;
    else saved.catch(() => undefined);
    this.emit({ kind: "agreed", state: agreed.state, step });
  }

  private async keepClosing(closing: Closing): Promise<void> {
    const signatures = [...closing.signatures];
    const isNew = this.record.closing === null;
    signatures[this.me] ??= await this.options.key.sign(this.checks.closeDigest(closing.balances));
    await this.update({ closing: { balances: closing.balances, signatures } });
    if (isNew) this.sayClose({ balances: closing.balances, signatures });
    const { signedClose } = this;
    if (signedClose !== undefined) this.emit({ kind: "closable", balances: signedClose.balances });
  }

  private sayClose({ balances, signatures }: Closing): void {
    const close: Message = { type: "close", balances, signature: signatures[this.me] as string };
    for (const peer of this.options.peers.keys()) this.send(peer, close);
  }

  // Sending

  private send(peer: number, message: Message): void {
    this.options.peers.get(peer)?.send(this.id, message);
  }

  private async author(peer: number, unsigned: Unsigned): Promise<void> {
    const signature = await this.options.key.sign(this.checks.authorDigest(unsigned));
    this.send(peer, { ...unsigned, signature });
  }

  private async refuse(peer: number, of: MessageType | "", version: bigint, code: SdkErrorCode): Promise<void> {
    this.emit({ kind: "fault", by: peer, code, of });
    await this.author(peer, { type: "refuse", of, version, code });
  }

  /** Within the queue, so that nothing is told that is not stored. */
  private greet(peer: number): void {
    void this.enqueue(async () => this.hello(peer, true)).catch(() => undefined);
  }

  private hello(peer: number, reply: boolean): void {
    const { agreed, pending, closing } = this.record;
    this.send(peer, { type: "hello", agreed, pending, closing, reply });
  }

  // Keeping

  private async update(changes: Partial<ChannelRecord>): Promise<void> {
    this.record = { ...this.record, ...changes };
    this.changed.notify();
    try {
      await this.options.store.save(this.id, encodeRecord(this.record));
    } catch (error) {
      // What was not stored must not be signed again: this client is over.
      this.failure = error;
      throw error;
    }
  }

  private enqueue<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.tail.then(() => {
      if (this.failure !== undefined) throw this.failure;
      return work();
    });
    this.tail = done.catch(() => undefined);
    return done;
  }

  private emit(event: ChannelEvent): void {
    this.changed.notify();
    this.options.onEvent?.(event);
  }
}
