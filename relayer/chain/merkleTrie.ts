import { decodeRlp, keccak256, type RlpStructuredData } from "ethers";
import { RelayerError } from "../errors";

/** Root of a trie without entries. */
export const EMPTY_TRIE_ROOT = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

const EMPTY = "0x";

function invalid(reason: string): RelayerError {
  return new RelayerError("PROOF_INVALID", `invalid trie proof: ${reason}`, { retriable: true, alert: true });
}

function decode(node: string): RlpStructuredData {
  try {
    return decodeRlp(node);
  } catch (cause) {
    throw new RelayerError("PROOF_INVALID", "invalid trie proof: a node is not RLP", {
      retriable: true,
      alert: true,
      cause,
    });
  }
}

/** The nibbles of a short node's compact path and whether it is a leaf's. */
function decodePath(encoded: RlpStructuredData): { readonly nibbles: string; readonly leaf: boolean } {
  if (typeof encoded !== "string" || encoded.length < 4) throw invalid("a short node without a path");
  const flag = Number.parseInt(encoded.charAt(2), 16);
  if (flag > 3 || (flag % 2 === 0 && encoded.charAt(3) !== "0")) throw invalid("a malformed compact path");
  return { nibbles: encoded.slice(flag % 2 === 0 ? 4 : 3), leaf: flag >= 2 };
}

/**
 * Looks a key up in the Merkle-Patricia trie with this root. `proof` is a set of encoded nodes, in any order; only those
 * on the key's path matter, and each is found by its hash. Returns the value, or undefined where the nodes prove that
 * the key is absent; throws PROOF_INVALID where they prove neither.
 */
export function proveTrieValue(root: string, key: string, proof: readonly string[]): string | undefined {
  if (root === EMPTY_TRIE_ROOT) return undefined;
  const nodes = new Map(proof.map((node) => [keccak256(node), node]));
  const nibbles = key.slice(2).toLowerCase();

  let reference: RlpStructuredData = root;
  let at = 0;
  // Each step but the last consumes a nibble at least.
  for (let depth = 0; depth <= nibbles.length + 1; depth++) {
    if (reference === EMPTY) return undefined;
    let node: RlpStructuredData = reference;
    if (typeof reference === "string") {
      // A child of less than 32 bytes is embedded as a list: what is a string is a hash.
      const encoded = nodes.get(reference);
      if (encoded === undefined) throw invalid(`no node hashes to ${reference}`);
      node = decode(encoded);
    }
    if (typeof node === "string") throw invalid("a node that is not a list");

    if (node.length === 17) {
      const next: RlpStructuredData | undefined =
        node[at === nibbles.length ? 16 : Number.parseInt(nibbles.charAt(at), 16)];
      if (next === undefined) throw invalid("a key that is not hexadecimal");
      if (at === nibbles.length) return leafValue(next);
      at += 1;
      reference = next;
    } else if (node.length === 2) {
      const path = decodePath(node[0] as RlpStructuredData);
      const child = node[1] as RlpStructuredData;
      const matches = nibbles.startsWith(path.nibbles, at);
      if (path.leaf) {
        return matches && at + path.nibbles.length === nibbles.length ? leafValue(child) : undefined;
      }
      if (!matches) return undefined;
      if (path.nibbles.length === 0 || child === EMPTY) throw invalid("an extension that leads nowhere");
      at += path.nibbles.length;
      reference = child;
    } else {
      throw invalid(`a node of ${node.length} items`);
    }
  }
  throw invalid("a path longer than its key");
}

function leafValue(value: RlpStructuredData): string | undefined {
  if (typeof value !== "string") throw invalid("a value that is a list");
  return value === EMPTY ? undefined : value;
}
