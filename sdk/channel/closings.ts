import { SdkError } from "../errors";
import type { Held } from "./held";
import type { Post } from "./post";
import type { Closing } from "./record";
import { NO_ROUND, type Side, type Verdict } from "./side";
import type { MessageOf } from "./wire";

/** The balances that all signed to close with, as the contract takes them. */
export interface SignedClose {
  readonly balances: readonly bigint[];
  readonly signatures: readonly string[];
}

/** A channel's end by agreement: who signs it signs no state ever after. */
export class Closings {
  constructor(
    private readonly side: Side,
    private readonly post: Post,
    private readonly held: Held,
  ) {}

  /** What all have signed to close with; undefined while a signature is missing. */
  get signed(): SignedClose | undefined {
    const { closing } = this.side.record;
    const signatures = closing?.signatures.filter((each) => each !== null) ?? [];
    return closing !== null && signatures.length === this.side.count
      ? { balances: closing.balances, signatures }
      : undefined;
  }

  async sign(): Promise<void> {
    const { agreed, closing, pending } = this.side.record;
    if (closing !== null) return this.say(closing);
    if (agreed.state.gameState !== NO_ROUND) throw new SdkError("NOT_CLOSABLE");
    if (pending !== null && pending.step.kind !== "begin") throw new SdkError("NOT_CLOSABLE");
    await this.keep({ balances: agreed.state.balances, signatures: this.side.noSignatures() });
  }

  async onClose(peer: number, close: MessageOf<"close">): Promise<Verdict> {
    const { checks, count, record } = this.side;
    const { agreed, pending } = record;
    let { closing } = record;
    if (closing === null) {
      if (!this.side.isReady) return this.held.hold(peer, close);
      // The last signature of the settlement may be on its way.
      if (pending !== null && pending.step.kind !== "begin") return this.held.hold(peer, close);
      if (agreed.state.gameState !== NO_ROUND) return "NOT_CLOSABLE";
      closing = { balances: agreed.state.balances, signatures: this.side.noSignatures() };
    }
    const isSame = closing.balances.every((balance, index) => balance === close.balances[index]);
    if (!isSame || close.balances.length !== count) return "WRONG_BALANCES";
    if (!checks.isCloseSignature(peer, close.balances, close.signature)) return "BAD_SIGNATURE";
    if (closing.signatures[peer] !== null && closing === record.closing) return undefined;
    const signatures = [...closing.signatures];
    signatures[peer] = close.signature;
    await this.keep({ balances: closing.balances, signatures });
    return undefined;
  }

  /** What a peer has of a closing, as it says after a connection was lost. */
  async onClosing(peer: number, { balances, signatures }: Closing): Promise<Verdict> {
    const { checks, me, record } = this.side;
    if (record.closing === null && checks.isCloseSignature(me, balances, signatures[me])) {
      // Given before this record was restored from an older one.
      await this.keep({ balances, signatures });
    }
    const signature = signatures[peer];
    return typeof signature === "string" ? this.onClose(peer, { type: "close", balances, signature }) : undefined;
  }

  private async keep(closing: Closing): Promise<void> {
    const { checks, me, options, record } = this.side;
    const { balances } = closing;
    const signatures = [...closing.signatures];
    signatures[me] ??= await options.key.sign(checks.closeDigest(balances));
    await this.side.update({ closing: { balances, signatures } });
    if (record.closing === null) this.say({ balances, signatures });
    if (this.signed !== undefined) this.side.emit({ kind: "closable", balances });
  }

  private say({ balances, signatures }: Closing): void {
    this.post.sendAll({ type: "close", balances, signature: signatures[this.side.me] as string });
  }
}
