import { decodeRlp, keccak256 } from "ethers";
import { RelayerError } from "../errors";
import { proveTrieValue } from "./merkleTrie";
import { bytes, fields, list } from "./quantity";

/** Values of `slots` of `account` in the state with this root, as an `eth_getProof` answer proves them; 0 where absent. */
export function verifyStorageProof(
  stateRoot: string,
  account: string,
  slots: readonly string[],
  answer: unknown,
): readonly bigint[] {
  const { accountProof, storageProof } = fields(answer, "eth_getProof");
  const state = proveTrieValue(stateRoot, keccak256(account), nodesOf(accountProof));
  if (state === undefined) return slots.map(() => 0n);

  const storageRoot = accountStorageRoot(state);
  const nodes = list(storageProof, "storageProof").flatMap((entry) => nodesOf(fields(entry, "storage proof").proof));
  return slots.map((slot) => {
    const value = proveTrieValue(storageRoot, keccak256(slot), nodes);
    return value === undefined ? 0n : storageValue(value);
  });
}

function nodesOf(proof: unknown): readonly string[] {
  return list(proof, "proof").map((node) => bytes(node, "proof node"));
}

/** Hash of the code of `account` in the state with this root; undefined where there is no such account. */
export function verifyCodeHash(stateRoot: string, account: string, answer: unknown): string | undefined {
  const { accountProof } = fields(answer, "eth_getProof");
  const state = proveTrieValue(stateRoot, keccak256(account), nodesOf(accountProof));
  return state === undefined ? undefined : accountItem(state, 3);
}

const accountStorageRoot = (encoded: string): string => accountItem(encoded, 2);

/** One of an account's four items: nonce, balance, storage root, code hash. */
function accountItem(encoded: string, index: 2 | 3): string {
  const account = decodeRlp(encoded);
  const root = typeof account !== "string" && account.length === 4 ? account[index] : undefined;
  if (typeof root !== "string" || root.length !== 66) {
    throw new RelayerError("PROOF_INVALID", "the proven account is not one", { retriable: true, alert: true });
  }
  return root;
}

function storageValue(encoded: string): bigint {
  const value = decodeRlp(encoded);
  if (typeof value !== "string" || value.length < 4 || value.length > 66) {
    throw new RelayerError("PROOF_INVALID", "the proven slot is not a word", { retriable: true, alert: true });
  }
  return BigInt(value);
}
