import { hexToBytes } from "../../protocol/hex";
import { SdkError } from "../errors";
import { ANYONE } from "../rules/rules";
import type { Requests } from "./requests";
import { FIRST, NO_ROUND, type Side, type Verdict } from "./side";
import type { Signing } from "./signing";
import type { Step } from "./step";

/** A step on its way: when all have signed it, and what the others refuse it with. */
export interface Begun {
  readonly isSigned: () => boolean;
  readonly refusal: () => Verdict;
}

/** Steps of this participant: proposed or asked for, and waited for. */
export class OwnSteps {
  constructor(
    private readonly side: Side,
    private readonly signing: Signing,
    private readonly requests: Requests,
  ) {}

  /** Resolves when all have signed the step. */
  async take(step: Step, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      await this.side.changed.until(() => this.isIdle, signal);
      const begun = await this.side.enqueue(() => this.begin(step));
      if (begun !== undefined) return this.settled(begun, signal);
    }
  }

  /** Waits until all have signed a step; throws what the others refuse it with. */
  async settled({ isSigned, refusal }: Begun, signal: AbortSignal | undefined): Promise<void> {
    let isDone = false;
    let code: Verdict;
    const isDecided = (): boolean => {
      isDone ||= isSigned();
      code ??= refusal();
      return isDone || code !== undefined || this.side.isEnding;
    };
    await this.side.changed.until(isDecided, signal);
    if (code !== undefined) throw new SdkError(code, { context: { version: this.side.state.version } });
    if (!isDone) this.side.requireSigning();
  }

  private get isIdle(): boolean {
    return this.side.record.pending === null && this.side.record.request === null;
  }

  /** Proposes a step or has it proposed; undefined where another one came in between. */
  private async begin(step: Step): Promise<Begun | undefined> {
    if (!this.isIdle) return undefined;
    this.side.requireSigning();
    const { version, gameState } = this.side.state;
    if (gameState === NO_ROUND) throw new SdkError("NO_ROUND");
    if (await this.isMine(step, gameState)) {
      const verdict = await this.signing.propose(step);
      if (verdict !== undefined) throw new SdkError(verdict);
      return {
        isSigned: () => this.side.state.version > version,
        refusal: () => this.side.refusals.get(`propose ${version + 1n}`),
      };
    }
    const refusal = await this.requests.ask(step);
    // The first participant may have others' moves come first: what counts is that this one is in.
    return { isSigned: () => this.side.record.request === null, refusal: () => this.side.refusals.get(refusal) };
  }

  /** Whether this participant proposes the step itself. */
  private async isMine(step: Step, gameState: string): Promise<boolean> {
    const { me, options } = this.side;
    if (me === FIRST) return true;
    if (step.kind !== "move") return false;
    const turn = await options.rules.turn(hexToBytes(gameState));
    if (turn === BigInt(me)) return true;
    if (turn === ANYONE) return false;
    throw new SdkError("NOT_YOUR_TURN", { context: { turn, me } });
  }
}
