import { getBytes, hexlify } from "ethers";
import { ethers, network } from "hardhat";
import type { BatchContext } from "../../protocol/ledger/authority";
import type { Ledger, Undo } from "../../protocol/ledger/ledger";
import type { Refusal } from "../../protocol/ledger/refusal";
import { runSegment } from "../../relayer/rollup/segmentRun";
import { BookAnswers } from "../../relayer/rollup/rulesAnswers";
import { SdkError } from "../../sdk/errors";
import { EvmRules, createRulesEvm } from "../../sdk/rules/evmRules";
import type { RollupVerifier } from "../../typechain-types";
import { bodyOf } from "./segmentBody";
import { sampleGame, scriptedGame, type GeneratedGame, type GeneratedSegment } from "./segmentGenerator";
import { verifierCall } from "./verifierCall";

/** What both made of a segment. */
export interface Comparison {
  /** What became of each entry and transaction, says TypeScript. */
  readonly results: readonly Refusal[];
  /** Where they disagree, in words. */
  readonly difference: string | undefined;
  /** Takes the segment back. */
  readonly undo: Undo;
}

/**
 * The transition in TypeScript, with rules run in this process as a node runs them, beside the one in Solidity, with rules
 * called on chain.
 */
export class Twins {
  private constructor(
    private readonly verifier: RollupVerifier,
    private readonly address: string,
    private readonly answers: BookAnswers,
    readonly games: readonly GeneratedGame[],
  ) {}

  static async deploy(): Promise<Twins> {
    const verifier = await ethers.deployContract("RollupVerifier");
    const evm = await createRulesEvm();
    const codes = new Map<string, Uint8Array>();
    const deployed = async (name: string): Promise<Uint8Array> => {
      const address = (await (await ethers.deployContract(name)).getAddress()).toLowerCase();
      codes.set(address, getBytes(await ethers.provider.getCode(address)));
      return getBytes(address);
    };
    const games = [scriptedGame(await deployed("ScriptedGameMock"))];
    for (const name of ["TicTacToe", "RockPaperScissors", "LiarsDice"]) {
      games.push(sampleGame(name, await deployed(name)));
    }
    const answers = new BookAnswers({
      rulesAt: async (address) => {
        const code = codes.get(address);
        if (code === undefined) throw new SdkError("RULES_MISSING", { context: { address } });
        return new EvmRules(evm, code);
      },
    });
    return new Twins(verifier, await verifier.getAddress(), answers, games);
  }

  /** Executes a segment by both, and commits what TypeScript made of it. */
  async execute(
    ledger: Ledger,
    segment: GeneratedSegment,
    common: Pick<BatchContext, "digests" | "crypto">,
  ): Promise<Comparison> {
    ledger.discard();
    const { entries, leftBehind, time, queueTime, movesHalt } = segment;
    const before = ledger.state();
    const from = ledger.queue;
    const queueTo = from + BigInt(entries.length - leftBehind);
    const context: BatchContext = { time, queueTime, queueTo, movesHalt, ...common };
    const body = bodyOf(segment);
    const entryAt = (number: bigint): Uint8Array => entries[Number(number - from)] as Uint8Array;
    const run = await runSegment(ledger, body, entryAt, context, this.answers);
    const { leaves, siblings } = ledger.witness();
    const undo = ledger.commit(run.queue);
    const after = ledger.state();
    const results = [...run.entries, ...run.transactions];

    const call = verifierCall(before, context, body, {
      indices: leaves.map(({ index }) => index),
      leaves: leaves.map(({ bytes }) => bytes),
      siblings,
      entries: run.read,
    });
    const expected = describe(hexlify(after.root), after.nextLeaf, after.queue, results);
    const found = await this.verify(call);
    return { results, undo, difference: found === expected ? undefined : `TypeScript ${expected}; Solidity ${found}` };
  }

  private async verify(call: ReturnType<typeof verifierCall>): Promise<string> {
    const { interface: abi } = this.verifier;
    const data = abi.encodeFunctionData("execute", call);
    try {
      const answer = (await network.provider.send("eth_call", [{ to: this.address, data }, "latest"])) as string;
      const [state, results] = abi.decodeFunctionResult("execute", answer);
      return describe(state.root, Number(state.nextLeaf), state.queue, (results as bigint[]).map(Number));
    } catch (error) {
      return `failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

function describe(root: string, nextLeaf: number, queue: bigint, results: readonly number[]): string {
  return `root ${root}, next leaf ${nextLeaf}, queue ${queue}, results [${results.join()}]`;
}
