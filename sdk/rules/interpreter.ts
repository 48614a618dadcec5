import { EVMError, type EVM } from "@ethereumjs/evm";

const NOTHING = new Uint8Array(0);
const STOP = Uint8Array.of(0);

/** One instruction of a code, as the library has it. */
interface Instruction {
  readonly opcodeInfo: {
    readonly code: number;
    readonly feeBigInt: bigint;
    readonly isInvalid: boolean;
    readonly isAsync: boolean;
  };
  opHandler(state: RunState, common: unknown): unknown;
  /** Of those that cost more the more memory they use. */
  readonly gasHandler?: (state: RunState, fee: bigint, common: unknown) => Promise<bigint>;
}

/** What the library finds out about a code: a pure function of its bytes. */
interface Analysis {
  readonly jumps: Uint8Array;
  readonly pushes: Readonly<Record<number, bigint>>;
  /** By offset. */
  readonly opcodesCached: readonly Instruction[];
}

/** What is used of the library's state of a call; its instructions use more. */
interface RunState {
  code: Uint8Array;
  programCounter: number;
  opCode: number;
  validJumps: Uint8Array;
  cachedPushes: Readonly<Record<number, bigint>>;
  shouldDoJumpAnalysis: boolean;
}

/** What is used of the library's interpreter, which makes a new one for each call. */
interface Call {
  readonly common: unknown;
  readonly _env: object;
  readonly _runState: RunState;
  readonly _result: { readonly returnValue: Uint8Array | undefined };
  useGas(amount: bigint): void;
  _getValidJumpDestinations(code: Uint8Array): Analysis;
}

type CallClass = new (
  evm: EVM,
  stateManager: unknown,
  blockchain: unknown,
  env: object,
  gasLeft: bigint,
  journal: unknown,
) => Call;

/**
 * Runs code by the library's instructions with the library's prices: all but the loop around them is its own. The library's
 * loop waits twice for every instruction, whether or not there is something to wait for, and analyses the code anew in each
 * call; both together take as long as the instructions.
 */
export class Interpreter {
  /** Analyses of the codes that are still in use. */
  private readonly analyses = new WeakMap<Uint8Array, Analysis>();

  private constructor(
    private readonly evm: EVM,
    private readonly CallClass: CallClass,
    private readonly env: object,
  ) {}

  static async create(evm: EVM): Promise<Interpreter> {
    // The library does not export its interpreter, but shows the one of a call that was made.
    const { runState } = await evm.runCode({ code: STOP, isStatic: true });
    const call = runState?.interpreter as unknown as Call;
    return new Interpreter(evm, call.constructor as CallClass, call._env);
  }

  /** What the call returns; nothing where it fails. */
  async run(code: Uint8Array, data: Uint8Array, gas: bigint): Promise<Uint8Array> {
    const { stateManager, blockchain, journal } = this.evm;
    const env = { ...this.env, code, callData: data };
    const call = new this.CallClass(this.evm, stateManager, blockchain, env, gas, journal);
    try {
      await this.execute(call, code);
    } catch (error) {
      if (!(error instanceof EVMError)) throw error;
      // The instructions end a call by throwing, whether it succeeds or not.
      if (error.error === EVMError.errorMessages.STOP) return call._result.returnValue ?? NOTHING;
    }
    return NOTHING;
  }

  private async execute(call: Call, code: Uint8Array): Promise<void> {
    const { common, _runState: state } = call;
    const { jumps, pushes, opcodesCached: instructions } = this.analysis(call, code);
    Object.assign(state, { code, validJumps: jumps, cachedPushes: pushes, shouldDoJumpAnalysis: false });
    while (state.programCounter < code.length) {
      const { opcodeInfo, opHandler, gasHandler } = instructions[state.programCounter] as Instruction;
      if (opcodeInfo.isInvalid) return;
      const fee = opcodeInfo.feeBigInt;
      state.opCode = opcodeInfo.code;
      call.useGas(gasHandler === undefined ? fee : await gasHandler(state, fee, common));
      state.programCounter += 1;
      const done = opHandler(state, common);
      if (opcodeInfo.isAsync) await done;
    }
  }

  private analysis(call: Call, code: Uint8Array): Analysis {
    const found = this.analyses.get(code) ?? call._getValidJumpDestinations(code);
    this.analyses.set(code, found);
    return found;
  }
}
