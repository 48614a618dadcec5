import type { ChannelState, SignedState } from "../../protocol/channel";
import { advance, type Advance } from "./advance";
import type { Post } from "./post";
import type { Side, Verdict } from "./side";
import { isSameStep, type Proposal, type Step } from "./step";
import type { Message } from "./wire";

/** How a state comes to be signed by all: what this participant signs it stores first, and then sends. */
export class Signing {
  private last: { readonly from: ChannelState; readonly step: Step; readonly to: Advance } | undefined;

  constructor(
    private readonly side: Side,
    private readonly post: Post,
    /** Goes on with what waits for a signed state. */
    private readonly goOn: () => Promise<void>,
  ) {}

  /** The state that a step leads to from the agreed one; the rules are not asked twice in a row for the same. */
  async advance(step: Step): Promise<Advance> {
    const { state } = this.side;
    const { last } = this;
    if (last !== undefined && last.from === state && isSameStep(last.step, step)) return last.to;
    const to = await advance(this.side.options.rules, state, step);
    this.last = { from: state, step, to };
    return to;
  }

  /** Signs the state that a step leads to, as the first to do so. */
  async propose(step: Step): Promise<Verdict> {
    const next = await this.advance(step);
    if (!next.ok) return next.code;
    const { me } = this.side;
    return this.sign({ proposer: me, step, state: next.state, signatures: this.side.noSignatures() });
  }

  async sign(proposal: Proposal): Promise<Verdict> {
    const { checks, me, options } = this.side;
    const signatures = [...proposal.signatures];
    signatures[me] = await options.key.sign(checks.stateDigest(proposal.state));
    return this.complete({ ...proposal, signatures });
  }

  /** Keeps a proposal that this participant has signed; it is agreed on when nobody's signature is missing. */
  async complete(proposal: Proposal): Promise<Verdict> {
    const { proposer, step, state } = proposal;
    const { count, me, record } = this.side;
    const isNew = record.pending === null;
    const signatures = proposal.signatures.filter((each) => each !== null);
    if (signatures.length === count) await this.agree({ state, signatures }, step, isNew);
    else await this.side.update({ pending: proposal });
    if (isNew) {
      const signature = proposal.signatures[me] as string;
      const said: Message =
        proposer === me
          ? { type: "propose", proposer, step, state, signature }
          : { type: "signed", version: state.version, signature };
      this.post.sendAll(said);
    }
    await this.goOn();
    return undefined;
  }

  async agree(agreed: SignedState, step: Step | undefined, mustBeKept = true): Promise<void> {
    const { request, accepted } = this.side.record;
    const isRequested = step === undefined || (request !== null && isSameStep(request.step, step));
    const changes = {
      agreed,
      pending: null,
      request: isRequested ? null : request,
      accepted: step?.kind === "begin" || step === undefined ? null : accepted,
    };
    this.side.refusals.clear();
    // The own signature is stored already, and with the state before it the same move can be played again: the others'
    // signatures are stored before anything else is signed, and need not be waited for.
    const saved = this.side.update(changes);
    if (mustBeKept) await saved;
    else saved.catch(() => undefined);
    this.side.emit({ kind: "agreed", state: agreed.state, step });
  }
}
