import { parseEther } from "ethers";
import { DeploymentError } from "../deploymentError";
import type { EnvironmentReader } from "../environment";
import { readAccount, type AccountRules } from "./accounts";
import { DAY, MINUTE } from "./time";

/** Layer 2, on the home chain, where what it holds comes from. */
export interface RollupParameters {
  /** Wei of BNB behind whoever posts batches. */
  readonly bond: bigint;
  /** Seconds after which a batch that nobody proved false is final. */
  readonly challengeSeconds: bigint;
  /** Seconds without a batch, or with an entry that waits, after which every bonded account may post. */
  readonly openSeconds: bigint;
  /** Wei that an entry of the queue pays for each unit of gas that its proof may cost. */
  readonly entryPrice: bigint;
  /** May post at any time, once it has paid its bond. */
  readonly sequencer: string | undefined;
  /** Receives what posting has cost, of the games' fees in BNB. */
  readonly repaid: string;
  /** That cost of a batch, in wei. */
  readonly weiPerBatch: bigint;
}

type Values = Omit<RollupParameters, "sequencer" | "repaid">;

const LIVE_ROLLUP: Values = {
  // As much as stands behind a core node.
  bond: parseEther("100"),
  // Long enough that nobody can be kept from proving by being kept out of blocks.
  challengeSeconds: 7n * DAY,
  openSeconds: DAY,
  // Twice BSC's least gas price: whoever fills the queue pays for what it makes others do.
  entryPrice: 100_000_000n,
  // A batch of 1,024 transactions in calldata takes about 3,300,000 gas, at that price.
  weiPerBatch: 330_000_000_000_000n,
};

/** As on a live network, but for a window that one can wait for. */
const LOCAL_ROLLUP: Values = { ...LIVE_ROLLUP, challengeSeconds: MINUTE };

/** `RollupVault.MAX_WEI_PER_BATCH` and `EntryQueue.MAX_ENTRY_PRICE`. */
const [MAX_WEI_PER_BATCH, MAX_ENTRY_PRICE] = [parseEther("0.1"), 1_000_000_000n];

export function localRollup(multisig: string, sequencer: string | undefined): RollupParameters {
  return { ...LOCAL_ROLLUP, sequencer, repaid: sequencer ?? multisig };
}

export function readRollup(read: EnvironmentReader, multisig: string): RollupParameters {
  const sequencer = read.optional("SEQUENCER") === undefined ? undefined : read.address("SEQUENCER", "an account");
  return {
    bond: read.integer("SEQUENCER_BOND", LIVE_ROLLUP.bond / parseEther("1")) * parseEther("1"),
    challengeSeconds: read.integer("CHALLENGE_DAYS", LIVE_ROLLUP.challengeSeconds / DAY) * DAY,
    openSeconds: LIVE_ROLLUP.openSeconds,
    entryPrice: read.integer("ENTRY_PRICE", LIVE_ROLLUP.entryPrice),
    sequencer,
    repaid: readAccount(read, "POSTING_RECEIVER", sequencer ?? multisig),
    weiPerBatch: read.integer("POSTING_REPAYMENT", LIVE_ROLLUP.weiPerBatch),
  };
}

/** Refuses a rollup behind which nothing stands, or that the contracts would refuse. */
export function validateRollup(rollup: RollupParameters, accounts: AccountRules): void {
  const refuse = (key: string, message: string): never => {
    throw new DeploymentError(message, { key });
  };
  const { bond, challengeSeconds, entryPrice, sequencer, repaid, weiPerBatch } = rollup;
  if (bond === 0n) refuse("SEQUENCER_BOND", "is 0: a false batch would cost nothing");
  if (challengeSeconds === 0n) refuse("CHALLENGE_DAYS", "is 0: nobody could prove a batch false");
  if (entryPrice > MAX_ENTRY_PRICE) refuse("ENTRY_PRICE", `is ${entryPrice} wei: at most ${MAX_ENTRY_PRICE}`);
  if (weiPerBatch > MAX_WEI_PER_BATCH) {
    refuse("POSTING_REPAYMENT", `is ${weiPerBatch} wei: at most ${MAX_WEI_PER_BATCH}`);
  }
  if (sequencer !== undefined) accounts.require("SEQUENCER", sequencer);
  accounts.require("POSTING_RECEIVER", repaid);
}
