import { TypedDataEncoder, getBytes, hexlify } from "ethers";
import { Ledger } from "../../protocol/ledger/ledger";
import { REFUSAL } from "../../protocol/ledger/refusal";
import { TransactionDigests, type Transaction } from "../../protocol/ledger/transactions";
import { createLedgerCrypto } from "../../relayer/rollup/ledgerCrypto";
import { nodeSignatures } from "../../sdk/keys/nativeSignatures";
import { PLAYERS, SegmentGenerator, type GeneratedSegment } from "../../test/rollup/segmentGenerator";
import { bodyOf } from "../../test/rollup/segmentBody";
import { Twins } from "../../test/rollup/twins";
import { Random } from "../../test/support/random";
import { DOMAIN } from "../../test/protocol/ledger/support";

/**
 * Generated segments, executed in Solidity and in TypeScript: the same state, the same results, the same end of the meter.
 * `TRANSACTIONS` says how many transactions and entries (default 100,000), `SEED` where to begin: each ledger has a seed of
 * its own, one after the other, and `SEED=n` begins with that of ledger n. A disagreement ends it with the least part of
 * its segment that still disagrees.
 */
const TRANSACTIONS = Number(process.env.TRANSACTIONS ?? 100_000);
const FIRST_SEED = Number(process.env.SEED ?? 1);
/** A ledger is begun anew so often that most of what it names is there. */
const SEGMENTS_PER_LEDGER = 60;
const PROGRESS_MS = 5_000;

interface Cryptography {
  readonly crypto: Awaited<ReturnType<typeof createLedgerCrypto>>;
  readonly digests: TransactionDigests;
}

/** Leaves out whatever can be left out of a segment that disagrees. */
async function smallest(
  twins: Twins,
  ledger: Ledger,
  segment: GeneratedSegment,
  common: Cryptography,
): Promise<{ readonly segment: GeneratedSegment; readonly difference: string }> {
  let least = segment;
  let difference = "";
  const disagrees = async (candidate: GeneratedSegment): Promise<boolean> => {
    const compared = await twins.execute(ledger, candidate, common);
    ledger.revert(compared.undo);
    if (compared.difference === undefined) return false;
    [least, difference] = [candidate, compared.difference];
    return true;
  };
  await disagrees(segment);
  for (let i = 0; i < least.parts.length;) {
    if (!(await disagrees({ ...least, parts: least.parts.filter((_, at) => at !== i) }))) i++;
  }
  for (let i = 0; i < least.entries.length;) {
    const entries = least.entries.filter((_, at) => at !== i);
    const wanted = Math.min(least.wanted, entries.length);
    const leftBehind = Math.min(least.leftBehind, entries.length);
    if (!(await disagrees({ ...least, entries, wanted, leftBehind }))) i++;
  }
  return { segment: least, difference };
}

async function main(): Promise<void> {
  const twins = await Twins.deploy();
  const crypto = await createLedgerCrypto();
  const common = { crypto, digests: new TransactionDigests(crypto, getBytes(TypedDataEncoder.hashDomain(DOMAIN))) };
  const keys = PLAYERS.map(({ key }) => nodeSignatures().keyOf(key.privateKey));
  const sign = (player: number, transaction: Transaction, nonce: bigint): Uint8Array =>
    getBytes(keys[player]!.sign(hexlify(common.digests.digest(transaction, nonce))) as string);

  const results = new Map<number, number>();
  let executed = 0;
  let shown = Date.now();
  let seed = FIRST_SEED;
  const show = (): void => console.log(`${executed} of ${TRANSACTIONS} transactions and entries, seed ${seed}`);
  console.log(`from seed ${FIRST_SEED}`);
  for (; executed < TRANSACTIONS; seed++) {
    const ledger = new Ledger(crypto);
    const generator = new SegmentGenerator(new Random(seed), ledger, twins.games, sign);
    for (let number = 0; number < SEGMENTS_PER_LEDGER && executed < TRANSACTIONS; number++) {
      const segment = generator.next();
      const compared = await twins.execute(ledger, segment, common);
      if (compared.difference !== undefined) {
        ledger.revert(compared.undo);
        const least = await smallest(twins, ledger, segment, common);
        console.error(`seed ${seed}, segment ${number}: ${least.difference}`);
        console.error(`body ${hexlify(bodyOf(least.segment))}`);
        for (const entry of least.segment.entries) console.error(`entry ${hexlify(entry)}`);
        console.error(`again: SEED=${seed} npm run fuzz:ledger`);
        process.exitCode = 1;
        return;
      }
      for (const result of compared.results) results.set(result, (results.get(result) ?? 0) + 1);
      executed += compared.results.length;
      if (Date.now() - shown > PROGRESS_MS) {
        shown = Date.now();
        show();
      }
    }
  }
  show();
  for (const [name, value] of Object.entries(REFUSAL)) console.log(`${name}: ${results.get(value) ?? 0}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
