import { setTimeout as delay } from "node:timers/promises";
import { Interface, type Provider } from "ethers";
import { isCodeOf, type Compilation, type CompilationSource } from "./compilation";
import type { ArtifactSource, ContractName } from "./contracts";
import { DeploymentError } from "./deploymentError";
import type { Explorer, Submission, Verdict } from "./explorer";
import type { ContractRecord, DeploymentRecord } from "./record";

export interface PublishOptions {
  readonly provider: Provider;
  readonly record: DeploymentRecord;
  readonly artifacts: ArtifactSource;
  readonly compilations: CompilationSource;
  readonly explorer: Pick<Explorer, "isVerified" | "submit" | "verdict">;
  /** How often, and how many milliseconds apart, the explorer is asked what became of the sources. */
  readonly rounds: number;
  readonly pollMs: number;
  /** Told as it happens. */
  readonly observe?: (name: ContractName, what: string) => void;
}

export interface PublishedSource {
  readonly name: ContractName;
  readonly address: string;
  readonly outcome: "verified" | "already verified" | "failed";
  /** Of a failure. */
  readonly reason?: string;
}

type Concluded = Exclude<Verdict, "pending">;

const STILL_PENDING: Concluded = { outcome: "failed", reason: "still pending: run this again later" };

/** Gives an explorer the source of every contract of a record that it does not have, and waits for its verdicts. */
export async function publishSources(options: PublishOptions): Promise<readonly PublishedSource[]> {
  const { record, explorer, rounds, pollMs, observe } = options;
  const verdicts = new Map<ContractName, Concluded>();
  const receipts = new Map<ContractName, string>();
  const contracts = Object.entries(record.contracts) as [ContractName, ContractRecord][];
  const conclude = (name: ContractName, verdict: Concluded): void => {
    verdicts.set(name, verdict);
    observe?.(name, verdict.outcome === "failed" ? `failed: ${verdict.reason}` : verdict.outcome);
  };
  for (const [name, contract] of contracts) {
    try {
      if (await explorer.isVerified(contract.address)) {
        conclude(name, { outcome: "already verified" });
        continue;
      }
      const sent = await explorer.submit(await submissionOf(options, name, contract));
      if (sent === undefined) {
        conclude(name, { outcome: "already verified" });
      } else {
        receipts.set(name, sent.receipt);
        observe?.(name, "sent");
      }
    } catch (error) {
      // A key that is refused once is refused always.
      if (!(error instanceof DeploymentError) || error.key !== undefined) throw error;
      conclude(name, { outcome: "failed", reason: error.message });
    }
  }
  for (let round = 0; round < rounds && receipts.size > 0; round++) {
    await delay(pollMs);
    for (const [name, receipt] of receipts) {
      const verdict = await explorer.verdict(receipt);
      if (verdict === "pending") continue;
      receipts.delete(name);
      conclude(name, verdict);
    }
  }
  return contracts.map(([name, { address }]): PublishedSource => {
    const verdict = verdicts.get(name);
    if (verdict === undefined) return { name, address, ...STILL_PENDING };
    return { name, address, ...verdict };
  });
}

/** Refuses where the present build is not what is on the chain: the explorer would only say that it cannot verify. */
async function submissionOf(
  { provider, artifacts, compilations }: PublishOptions,
  name: ContractName,
  { address, args, commit }: ContractRecord,
): Promise<Submission> {
  const compilation: Compilation = await compilations(name);
  if (!isCodeOf(await provider.getCode(address), compilation)) {
    const from = commit === undefined ? "the commit that was deployed" : `commit ${commit}`;
    throw new DeploymentError(`the code at ${address} is not that of this build: check out ${from} and run this there`);
  }
  const { abi } = await artifacts(name);
  const { qualifiedName, compiler, input } = compilation;
  return { address, qualifiedName, compiler, input, constructorArgs: new Interface(abi).encodeDeploy([...args]) };
}
