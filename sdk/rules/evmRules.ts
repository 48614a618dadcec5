import { Common, Hardfork, Mainnet } from "@ethereumjs/common";
import { createEVM } from "@ethereumjs/evm";
import {
  GAME_CALL_GAS,
  isInput,
  isPlayerCount,
  isState,
  readOutcome,
  readState,
  readTurn,
  type Outcome,
} from "../../protocol/gameAnswer";
import { playInput, startInput, stateInput } from "./gameInput";
import { Interpreter } from "./interpreter";
import type { Rules } from "./rules";

const MAX_WORD = (1n << 256n) - 1n;

/** The interpreter asks several times per instruction which EIPs are active, and the library searches a list each time. */
class RememberingCommon extends Common {
  private readonly known = new Map<number, boolean>();

  override isActivatedEIP(eip: number): boolean {
    // The constructor of the library asks before there is a map.
    const known = this.known?.get(eip);
    if (known !== undefined) return known;
    const isActivated = super.isActivatedEIP(eip);
    this.known?.set(eip, isActivated);
    return isActivated;
  }
}

/** An EVM for rules. One serves any number of games and calls: what rules may contain leaves no trace in it. */
export class RulesEvm {
  private tail: Promise<unknown> = Promise.resolve();

  constructor(private readonly interpreter: Interpreter) {}

  /** What a call returns; nothing, which no function of rules may answer, where it fails. */
  answer(code: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
    // One after the other: calls that run together would all end at the end, and no answer would leave the process before
    // the last one is found.
    const answered = this.tail.then(() => this.interpreter.run(code, data, GAME_CALL_GAS));
    this.tail = answered.catch(() => undefined);
    return answered;
  }
}

export async function createRulesEvm(): Promise<RulesEvm> {
  // Gas of what rules may contain is the same on BSC and on mainnet, and has not changed since Cancun brought MCOPY.
  const common = new RememberingCommon({ chain: Mainnet, hardfork: Hardfork.Cancun });
  return new RulesEvm(await Interpreter.create(await createEVM({ common })));
}

/** Rules by their deployed bytecode, which has to be pure: whoever makes them has checked that. */
export class EvmRules implements Rules {
  constructor(
    private readonly evm: RulesEvm,
    private readonly code: Uint8Array,
  ) {}

  async start(setup: Uint8Array, players: bigint): Promise<Uint8Array | undefined> {
    if (!isInput(setup) || !isPlayerCount(players)) return undefined;
    return readState(await this.answer(startInput(setup, players)));
  }

  async play(state: Uint8Array, player: bigint, move: Uint8Array): Promise<Uint8Array | undefined> {
    if (!isState(state) || !isInput(move) || player < 0n || player > MAX_WORD) return undefined;
    return readState(await this.answer(playInput(state, player, move)));
  }

  async turn(state: Uint8Array): Promise<bigint | undefined> {
    return isState(state) ? readTurn(await this.answer(stateInput("turn", state))) : undefined;
  }

  async expire(state: Uint8Array): Promise<Uint8Array | undefined> {
    return isState(state) ? readState(await this.answer(stateInput("expire", state))) : undefined;
  }

  async outcome(state: Uint8Array, players: bigint): Promise<Outcome | undefined> {
    if (!isState(state) || !isPlayerCount(players)) return undefined;
    return readOutcome(await this.answer(stateInput("outcome", state)), players);
  }

  private answer(data: Uint8Array): Promise<Uint8Array> {
    return this.evm.answer(this.code, data);
  }
}
