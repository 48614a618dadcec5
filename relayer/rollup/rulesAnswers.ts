import { hexlify } from "ethers";
import type { RulesAnswer, RulesCall } from "../../protocol/ledger/rulesCall";
import { SdkError } from "../../sdk/errors";
import type { Rules } from "../../sdk/rules/rules";

/** Answers the ledger's calls of rules as layer 1 would. */
export interface RulesAnswers {
  answer(call: RulesCall): Promise<RulesAnswer>;
}

/** Rules by their address; throws where their code cannot be had, or may not be run. */
export interface RulesSource {
  rulesAt(address: string): Promise<Rules>;
}

/**
 * Answers by the bytecode of layer 1, run here. Where there is no code a call answers nothing, there as here. Code that
 * is not pure has no answer that everybody would find: then there is none, and who asks stops.
 */
export class BookAnswers implements RulesAnswers {
  constructor(private readonly source: RulesSource) {}

  async answer(call: RulesCall): Promise<RulesAnswer> {
    const rules = await this.rules(hexlify(call.rules));
    if (rules === undefined) return undefined;
    switch (call.call) {
      case "start":
        return asState(await rules.start(call.setup, BigInt(call.players)));
      case "play":
        return asState(await rules.play(call.state, BigInt(call.player), call.move));
      case "expire":
        return asState(await rules.expire(call.state));
      case "outcome":
        return rules.outcome(call.state, BigInt(call.players));
    }
  }

  private async rules(address: string): Promise<Rules | undefined> {
    try {
      return await this.source.rulesAt(address);
    } catch (error) {
      if (error instanceof SdkError && error.code === "RULES_MISSING") return undefined;
      throw error;
    }
  }
}

function asState(state: Uint8Array | undefined): RulesAnswer {
  return state === undefined ? undefined : { state };
}
