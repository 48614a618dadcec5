import { TypedDataEncoder, hexlify } from "ethers";
import type { BatchContext } from "../../protocol/ledger/authority";
import type { Multiproof } from "../../protocol/ledger/tree";
import type {
  BatchContextStruct,
  LedgerStateStruct,
  WitnessStruct,
} from "../../typechain-types/contracts/rollup/RollupVerifier";
import { DOMAIN } from "../protocol/ledger/support";

interface State {
  readonly root: Uint8Array;
  readonly nextLeaf: number;
  readonly queue: bigint;
}

export interface VerifierWitness {
  /** Ascending. */
  readonly indices: readonly number[];
  readonly leaves: readonly Uint8Array[];
  readonly siblings: Multiproof;
  readonly entries: readonly Uint8Array[];
}

/** What `RollupVerifier.execute` is called with. */
export function verifierCall(
  { root, nextLeaf, queue }: State,
  { time, queueTime, queueTo, movesHalt }: BatchContext,
  body: Uint8Array,
  { indices, leaves, siblings, entries }: VerifierWitness,
): [LedgerStateStruct, BatchContextStruct, string, WitnessStruct] {
  const separator = TypedDataEncoder.hashDomain(DOMAIN);
  return [
    { root: hexlify(root), nextLeaf, queue },
    { time, queueTime, queueTo, movesHalt, separator },
    hexlify(body),
    {
      indices: [...indices],
      leaves: leaves.map((leaf) => hexlify(leaf)),
      siblings: siblings.map((sibling) => hexlify(sibling)),
      entries: entries.map((entry) => hexlify(entry)),
    },
  ];
}
