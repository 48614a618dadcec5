import { SdkError, type SdkErrorCode } from "../errors";
import type { Held } from "./held";
import type { Post } from "./post";
import { FIRST, type Side, type Verdict } from "./side";
import type { Signing } from "./signing";
import { isSameTerms, type RoundTerms, type Step } from "./step";
import type { MessageOf } from "./wire";

/** Terms of a round: invited to and accepted by messages that are no states, and only then signed. */
export class Invitations {
  /** First participant: who has accepted which terms. */
  private readonly acceptances = new Map<number, MessageOf<"accept">>();

  constructor(
    private readonly side: Side,
    private readonly post: Post,
    private readonly held: Held,
    private readonly signing: Signing,
  ) {}

  /** Invites all; returns the version that the round follows. */
  async invite(step: Extract<Step, { kind: "begin" }>): Promise<bigint> {
    this.side.requireSigning();
    const { stake, setup } = step;
    // What cannot begin is not proposed; what is running goes on.
    const next = await this.signing.advance(step);
    if (!next.ok) throw new SdkError(next.code);
    const { version } = this.side.state;
    const { accepted } = this.side.record;
    // An acceptance binds: the round may be begun with it already.
    if (accepted !== null && !isSameTerms(accepted, step)) throw new SdkError("SUPERSEDED", { context: { accepted } });
    this.side.refusals.delete(`invite ${version}`);
    await this.side.update({ accepted: { stake, setup } });
    await this.post.authorAll({ type: "invite", version, stake, setup });
    if (this.side.me === FIRST) await this.beginIfAccepted();
    else await this.post.author(FIRST, { type: "accept", version, stake, setup });
    return version;
  }

  async onInvite(peer: number, invitation: MessageOf<"invite">): Promise<Verdict> {
    const { version, stake, setup } = invitation;
    const { endingVerdict, me, record, state } = this.side;
    if (version > state.version) return this.held.hold(peer, invitation);
    if (version < state.version) return "OLD_VERSION";
    if (endingVerdict !== undefined) return endingVerdict;
    const { accepted } = record;
    const terms = { stake, setup };
    if (accepted !== null && !isSameTerms(accepted, terms)) return "SUPERSEDED";
    const next = await this.signing.advance({ kind: "begin", ...terms });
    if (!next.ok) return next.code;
    // The inviter accepts its own terms.
    if (me === FIRST) this.acceptances.set(peer, { ...invitation, type: "accept" });
    if (accepted !== null) {
      await this.accept(version, terms);
      return undefined;
    }
    this.side.emit({ kind: "invited", by: peer, terms });
    // Not within the queue: a person may think about it for long, and messages go on.
    void this.consider(peer, terms)
      .then((isAccepted) =>
        this.side.enqueue(() => (isAccepted ? this.accept(version, terms) : this.decline(version, terms))),
      )
      .catch(() => undefined);
    return undefined;
  }

  async onAccept(peer: number, acceptance: MessageOf<"accept">): Promise<Verdict> {
    if (acceptance.version > this.side.state.version) return this.held.hold(peer, acceptance);
    this.acceptances.set(peer, acceptance);
    return this.beginIfAccepted();
  }

  async onDecline(peer: number, declined: MessageOf<"decline">): Promise<void> {
    if (declined.version !== this.side.state.version) return;
    const { stake, setup } = declined;
    this.side.emit({ kind: "declined", by: peer, terms: { stake, setup } });
    await this.drop(declined.version, { stake, setup }, "TERMS_DECLINED");
  }

  /** An invitation was refused at this version. */
  async onRefusal(version: bigint, code: SdkErrorCode): Promise<void> {
    const { accepted } = this.side.record;
    if (version === this.side.state.version && accepted !== null) await this.drop(version, accepted, code);
  }

  /** First participant: begins the round that every other has accepted, where it has itself. */
  async beginIfAccepted(): Promise<Verdict> {
    const { isEnding, isReady, me, options, record } = this.side;
    const { accepted, pending, agreed } = record;
    if (me !== FIRST || accepted === null || pending !== null || isEnding || !isReady) return undefined;
    for (const peer of options.peers.keys()) {
      const theirs = this.acceptances.get(peer);
      if (theirs?.version !== agreed.state.version || !isSameTerms(theirs, accepted)) return undefined;
    }
    return this.signing.propose({ kind: "begin", ...accepted });
  }

  private async consider(peer: number, terms: RoundTerms): Promise<boolean> {
    try {
      return (await this.side.options.acceptTerms?.(terms, peer)) ?? false;
    } catch {
      return false;
    }
  }

  private async accept(version: bigint, terms: RoundTerms): Promise<void> {
    const { isEnding, me, record, state } = this.side;
    const { accepted, pending } = record;
    if (version !== state.version || isEnding || pending !== null) return;
    if (accepted !== null && !isSameTerms(accepted, terms)) return this.decline(version, terms);
    await this.side.update({ accepted: terms });
    if (me === FIRST) await this.beginIfAccepted();
    else await this.post.author(FIRST, { type: "accept", version, ...terms });
  }

  private async decline(version: bigint, terms: RoundTerms): Promise<void> {
    await this.post.authorAll({ type: "decline", version, ...terms });
  }

  /** Forgets accepted terms that another participant does not accept: the round cannot begin with them. */
  private async drop(version: bigint, terms: RoundTerms, code: SdkErrorCode): Promise<void> {
    const { accepted, pending } = this.side.record;
    if (accepted === null || !isSameTerms(accepted, terms) || pending !== null) return;
    this.acceptances.clear();
    this.side.refusals.set(`invite ${version}`, code);
    await this.side.update({ accepted: null });
  }
}
