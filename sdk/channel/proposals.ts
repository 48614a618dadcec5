import type { ChannelState } from "../../protocol/channel";
import type { SdkErrorCode } from "../errors";
import type { Held } from "./held";
import type { Post } from "./post";
import { FIRST, type Side, type Verdict } from "./side";
import type { Signing } from "./signing";
import { isSameStep, isSameTerms, type Proposal, type Step } from "./step";
import type { MessageOf } from "./wire";

/** States that peers propose or have signed: which of them this participant signs too. */
export class Proposals {
  constructor(
    private readonly side: Side,
    private readonly post: Post,
    private readonly held: Held,
    private readonly signing: Signing,
  ) {}

  async onPropose(peer: number, proposed: MessageOf<"propose">): Promise<Verdict> {
    const { checks, me, record } = this.side;
    const { agreed, pending } = record;
    const { proposer, step, state, signature } = proposed;
    const digest = checks.stateDigest(state);
    if (state.version <= agreed.state.version) {
      const own = agreed.signatures[me];
      if (own === undefined || digest !== checks.stateDigest(agreed.state)) {
        this.post.hello(peer, false);
        return "OLD_VERSION";
      }
      this.post.send(peer, { type: "signed", version: state.version, signature: own });
      return undefined;
    }
    if (state.version > agreed.state.version + 1n) {
      this.post.hello(peer, true);
      return this.held.hold(peer, proposed);
    }
    if (pending !== null) {
      if (digest !== checks.stateDigest(pending.state)) return "CONFLICT";
      this.post.send(peer, { type: "signed", version: state.version, signature: pending.signatures[me] as string });
      return this.onSigned(proposer, { type: "signed", version: state.version, signature });
    }
    if (!this.side.isReady) return this.held.hold(peer, proposed);
    const verdict = this.mayPropose(proposer, step) ?? (await this.check(step, state));
    if (verdict !== undefined) return verdict;
    if (!checks.isSignature(proposer, digest, signature)) return "BAD_SIGNATURE";
    const signatures: (string | null)[] = this.side.noSignatures();
    signatures[proposer] = signature;
    return this.signing.sign({ proposer, step, state, signatures });
  }

  async onSigned(peer: number, signed: MessageOf<"signed">): Promise<Verdict> {
    const { checks, record } = this.side;
    const { agreed, pending } = record;
    if (signed.version <= agreed.state.version) return undefined;
    if (pending === null || signed.version !== pending.state.version) {
      // With several peers a signature may come before the proposal that it is for.
      return this.held.hold(peer, signed);
    }
    if (pending.signatures[peer] !== null) return undefined;
    const digest = checks.stateDigest(pending.state);
    if (!checks.isSignature(peer, digest, signed.signature)) return "BAD_SIGNATURE";
    const signatures = [...pending.signatures];
    signatures[peer] = signed.signature;
    return this.signing.complete({ ...pending, signatures });
  }

  /** A peer's one state that not all have signed, as it says after a connection was lost. */
  async onPending(peer: number, theirs: Proposal): Promise<Verdict> {
    const { checks, count, me, record } = this.side;
    if (theirs.signatures.length !== count) return "GARBAGE";
    const digest = checks.stateDigest(theirs.state);
    const valid = theirs.signatures.map((each, index) => (checks.isSignature(index, digest, each) ? each : null));
    const { pending } = record;
    if (pending !== null) {
      if (checks.stateDigest(pending.state) !== digest) return "CONFLICT";
      const signatures = pending.signatures.map((each, index) => each ?? valid[index] ?? null);
      return this.signing.complete({ ...pending, signatures });
    }
    if (valid[me] !== null) {
      // Signed before this record was restored from an older one: that signature stands.
      if (!checks.isState(theirs.state)) return "GARBAGE";
      return this.signing.complete({ ...theirs, signatures: valid });
    }
    const signature = valid[theirs.proposer];
    if (typeof signature !== "string") return "BAD_SIGNATURE";
    const { proposer, step, state } = theirs;
    return this.onPropose(peer, { type: "propose", proposer, step, state, signature });
  }

  /** A peer does not sign what was proposed at this version. */
  onRefusal(version: bigint, code: SdkErrorCode): void {
    if (version === this.side.record.pending?.state.version) this.side.refusals.set(`propose ${version}`, code);
  }

  /** Whether this step may come from this participant, and has what it needs of this one. */
  private mayPropose(proposer: number, step: Step): Verdict {
    const { count, endingVerdict, me, record } = this.side;
    const { request, accepted } = record;
    if (endingVerdict !== undefined) return endingVerdict;
    if (proposer === me || proposer >= count) return "NOT_THE_PROPOSER";
    if (step.kind === "move") {
      if (proposer !== step.player && proposer !== FIRST) return "NOT_THE_PROPOSER";
      if (step.player === me && (request === null || !isSameStep(request.step, step))) return "NOT_MY_MOVE";
      return undefined;
    }
    if (proposer !== FIRST) return "NOT_THE_PROPOSER";
    if (step.kind === "begin" && (accepted === null || !isSameTerms(accepted, step))) return "NOT_ACCEPTED";
    return undefined;
  }

  /** Whether a proposed state is the one that the step leads to. */
  private async check(step: Step, proposed: ChannelState): Promise<Verdict> {
    const next = await this.signing.advance(step);
    if (!next.ok) return next.code;
    const { state } = next;
    if (proposed.channelId !== state.channelId) return "UNKNOWN_CHANNEL";
    if (proposed.stake !== state.stake) return "WRONG_STAKE";
    const isSameBalance = (balance: bigint, index: number): boolean => balance === proposed.balances[index];
    if (proposed.balances.length !== this.side.count || !state.balances.every(isSameBalance)) return "WRONG_BALANCES";
    return proposed.gameState === state.gameState ? undefined : "WRONG_GAME_STATE";
  }
}
