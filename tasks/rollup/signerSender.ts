import { setTimeout as delay } from "node:timers/promises";
import { formatEther, hexlify } from "ethers";
import type { RollupContracts } from "../../deploy/deployment";
import type { TransactionOutcome, TransactionSender } from "../../relayer/ports";
import { ROLLUP } from "../../relayer/rollup/rollupInterface";
import type { Store } from "../../relayer/store/store";
import { Refusal } from "../refusal";
import type { Session } from "../session";
import { submit } from "../submit";

/** As long as a block takes on any chain that makes them by itself. */
const BLOCK_MS = 1_000;
const COMMIT = ROLLUP.getFunction("commitProof")?.selector ?? "";

/** Sends what a challenger wants sent, with the task's account: in words, asked about and rehearsed like every task's. */
export class SignerSender implements TransactionSender {
  private earned = 0n;

  constructor(
    readonly address: string,
    private readonly session: Session,
    private readonly contracts: Pick<RollupContracts, "rollup">,
    private readonly store: Pick<Store, "transactions">,
  ) {}

  /** Wei that proofs of this run have earned. */
  get reward(): bigint {
    return this.earned;
  }

  /** What an earlier run began counts as never sent: whether it is still needed is estimated again. */
  async recover(): Promise<void> {
    const { chainId } = this.session;
    const left = await this.store.transactions.open({ chainId, sender: this.address });
    for (const row of left) await this.store.transactions.settleAbandoned(row);
  }

  async submit({ key, to, data, gasLimit }: Parameters<TransactionSender["submit"]>[0]): Promise<TransactionOutcome> {
    const { session, store } = this;
    const signer = await session.signer();
    const id = { chainId: session.chainId, sender: this.address, key };
    const nonce = BigInt(await signer.getNonce());
    const kept = await store.transactions.reserve({ ...id, to, data, gasLimit, createdAt: Date.now() }, nonce);
    if (kept.outcome !== undefined) return kept.outcome;
    if (kept.status === "abandoned") await store.transactions.reassign(id, kept.nonce, nonce);
    const receipt = await submit(session, wordsOf(data), { to, data, gasLimit });
    const { hash, blockNumber, gasUsed } = receipt;
    const outcome = { hash, succeeded: true, blockNumber: BigInt(blockNumber), gasUsed };
    await store.transactions.settleMined(id, outcome);
    for (const log of receipt.logs) this.tell(log);
    if (!session.live && data.startsWith(COMMIT)) await this.age(blockNumber);
    return outcome;
  }

  private tell(log: { readonly topics: readonly string[]; readonly data: string }): void {
    const { say } = this.session;
    const parsed = this.contracts.rollup.interface.parseLog({ topics: [...log.topics], data: log.data });
    if (parsed?.name === "ProofCommitted") say("  it can be proven two blocks later");
    if (parsed?.name === "RewardWithdrawn") say(`  paid ${formatEther(parsed.args.amount)} BNB to ${parsed.args.to}`);
    if (parsed?.name !== "FraudProven") return;
    const { number, poster, prover, reward } = parsed.args;
    this.earned += reward as bigint;
    say(`  batch ${number} is gone, with all on top of it: layer 2 goes on from batch ${number - 1n}`);
    say(`  ${poster} has lost its bond: ${formatEther(reward)} BNB are owed to ${prover}, the rest is burned`);
    if (reward > 0n) say("  what is owed is withdrawn next; where that fails, running this again withdraws it");
  }

  /** A local node without traffic makes no block by itself, and a commitment ages in blocks. */
  private async age(last: number): Promise<void> {
    const { provider, hre } = this.session;
    await delay(BLOCK_MS);
    if ((await provider.getBlockNumber()) > last) return;
    await hre.network.provider.send("evm_mine");
    await hre.network.provider.send("evm_mine");
  }
}

function wordsOf(data: string): string {
  const call = ROLLUP.parseTransaction({ data });
  switch (call?.name) {
    case "commitProof":
      return "Commit to the proof, so that nobody who sees it can take it over";
    case "proveFraud": {
      const { batch, segment } = call.args[0] as { batch: { number: bigint }; segment: bigint };
      return `Prove segment ${segment} of batch ${batch.number} false`;
    }
    case "withdrawReward":
      return `Withdraw the reward to ${call.args[0]}`;
    default:
      throw new Refusal(`a challenger does not call ${call?.name ?? hexlify(data).slice(0, 10)}`);
  }
}
