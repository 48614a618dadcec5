import type { SdkErrorCode } from "../errors";
import type { Held } from "./held";
import type { Post } from "./post";
import { FIRST, type Side, type Verdict } from "./side";
import type { Signing } from "./signing";
import type { Step } from "./step";
import type { MessageOf } from "./wire";

/** Steps of those who may not propose them: the first participant is asked to, and so sets their order. */
export class Requests {
  /** First participant: what others ask it to propose, one step per peer. */
  private readonly waiting = new Map<number, MessageOf<"request">>();
  /** First participant: the version of each peer's last request that was proposed, so that none is proposed twice. */
  private readonly proposed = new Map<number, bigint>();

  constructor(
    private readonly side: Side,
    private readonly post: Post,
    private readonly held: Held,
    private readonly signing: Signing,
  ) {}

  /** Asks the first participant. Returns under what its refusal will be found. */
  async ask(step: Step): Promise<string> {
    const { version } = this.side.state;
    const refusal = `request ${version}`;
    this.side.refusals.delete(refusal);
    await this.side.update({ request: { version, step } });
    await this.post.author(FIRST, { type: "request", version, step });
    return refusal;
  }

  async onRequest(peer: number, request: MessageOf<"request">): Promise<Verdict> {
    if (this.side.me !== FIRST) return "NOT_THE_PROPOSER";
    if (request.step.kind === "begin") return "NOT_ACCEPTED";
    if (request.step.kind === "move" && request.step.player !== peer) return "NOT_MY_MOVE";
    if (request.version > this.side.state.version) return this.held.hold(peer, request);
    if (request.version <= (this.proposed.get(peer) ?? -1n)) return undefined;
    this.waiting.set(peer, request);
    await this.proposeWaiting();
    return undefined;
  }

  /** The first participant does not propose what it was asked for at this version. */
  async onRefusal(peer: number, version: bigint, code: SdkErrorCode): Promise<void> {
    if (peer !== FIRST || this.side.record.request === null) return;
    this.side.refusals.set(`request ${version}`, code);
    await this.side.update({ request: null });
  }

  /** First participant: proposes what others asked for, one after the other. */
  async proposeWaiting(): Promise<void> {
    for (const [peer, request] of this.waiting) {
      if (this.side.record.pending !== null || this.side.isEnding || !this.side.isReady) return;
      this.waiting.delete(peer);
      const verdict = await this.signing.propose(request.step);
      if (verdict === undefined) this.proposed.set(peer, request.version);
      else await this.post.refuse(peer, "request", request.version, verdict);
    }
  }
}
