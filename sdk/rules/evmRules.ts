import { Common, Hardfork, Mainnet } from "@ethereumjs/common";
import { createEVM, type EVM } from "@ethereumjs/evm";
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
import type { Rules } from "./rules";

const NOTHING = new Uint8Array(0);
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

/** A part of the library's interpreter that it does not export: the analysis of a code, a pure function of its bytes. */
interface Analyst {
  _getValidJumpDestinations(code: Uint8Array): unknown;
}

const analysts = new WeakSet<Analyst>();

/**
 * The library analyses a code anew in every call, which takes longer than most moves: its interpreters remember the analyses
 * of codes that are still in use. A build of the library without this method works as it is, only slower.
 */
function rememberAnalyses(interpreter: object): void {
  const analyst = Object.getPrototypeOf(interpreter) as Analyst;
  const { _getValidJumpDestinations: analyse } = analyst;
  if (analysts.has(analyst) || typeof analyse !== "function") return;
  analysts.add(analyst);
  const known = new WeakMap<Uint8Array, unknown>();
  analyst._getValidJumpDestinations = function (this: Analyst, code: Uint8Array): unknown {
    const found = known.get(code) ?? analyse.call(this, code);
    known.set(code, found);
    return found;
  };
}

/** An EVM for rules. One serves any number of games and calls: what rules may contain leaves no trace in it. */
export class RulesEvm {
  private tail: Promise<unknown> = Promise.resolve();

  constructor(private readonly evm: EVM) {}

  /** What a call returns; nothing, which no function of rules may answer, where it fails. */
  answer(code: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
    // One after the other. The library awaits after every instruction: calls that run together would all end at the end,
    // and no answer would leave the process before the last one is found.
    const answered = this.tail.then(() => this.run(code, data));
    this.tail = answered.catch(() => undefined);
    return answered;
  }

  private async run(code: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
    // `runCode`, not `runCall`: no account, no checkpoint, no journal, and so twice as fast.
    const result = await this.evm.runCode({ code, data, gasLimit: GAME_CALL_GAS, isStatic: true });
    if (result.runState !== undefined) rememberAnalyses(result.runState.interpreter);
    return result.exceptionError === undefined ? result.returnValue : NOTHING;
  }
}

export async function createRulesEvm(): Promise<RulesEvm> {
  // Gas of what rules may contain is the same on BSC and on mainnet, and has not changed since Cancun brought MCOPY.
  return new RulesEvm(
    await createEVM({ common: new RememberingCommon({ chain: Mainnet, hardfork: Hardfork.Cancun }) }),
  );
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
