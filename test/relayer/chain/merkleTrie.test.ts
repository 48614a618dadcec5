import { expect } from "chai";
import { encodeRlp, keccak256, toBeHex, type RlpStructuredData } from "ethers";
import { RelayerError } from "../../../relayer/errors";
import { EMPTY_TRIE_ROOT, proveTrieValue } from "../../../relayer/chain/merkleTrie";

/** A plain Merkle-Patricia trie, built at once from its entries: the model that the verifier is checked against. */
class ModelTrie {
  readonly nodes: string[] = [];
  readonly root: string;

  constructor(entries: ReadonlyMap<string, string>) {
    const all = [...entries].map(([key, value]) => [key.slice(2), value] as const);
    const top = encodeRlp(this.build(all));
    this.nodes.push(top);
    this.root = keccak256(top);
  }

  private build(entries: readonly (readonly [string, string])[]): RlpStructuredData {
    const [first] = entries;
    if (first === undefined) return "0x";
    if (entries.length === 1) return [path(first[0], true), first[1]];
    const shared = sharedPrefix(entries.map(([key]) => key));
    if (shared.length > 0) {
      const rest = entries.map(([key, value]) => [key.slice(shared.length), value] as const);
      return [path(shared, false), this.reference(this.build(rest))];
    }
    const children = [..."0123456789abcdef"].map((nibble) => {
      const below = entries.filter(([key]) => key[0] === nibble).map(([key, value]) => [key.slice(1), value] as const);
      return this.reference(this.build(below));
    });
    return [...children, entries.find(([key]) => key === "")?.[1] ?? "0x"];
  }

  private reference(node: RlpStructuredData): RlpStructuredData {
    if (node === "0x") return node;
    const encoded = encodeRlp(node);
    if (encoded.length < 2 + 64) return node;
    this.nodes.push(encoded);
    return keccak256(encoded);
  }
}

function path(nibbles: string, leaf: boolean): string {
  const flag = (leaf ? 2 : 0) + (nibbles.length % 2);
  return `0x${flag}${nibbles.length % 2 === 0 ? "0" : ""}${nibbles}`;
}

function sharedPrefix(keys: readonly string[]): string {
  const [first = ""] = keys;
  let length = 0;
  while (length < first.length && keys.every((key) => key[length] === first[length])) length++;
  return first.slice(0, length);
}

function refused(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch (error) {
    expect(error).to.be.instanceOf(RelayerError).with.property("code", "PROOF_INVALID");
    return true;
  }
}

describe("proveTrieValue", () => {
  const long = (index: number): string => keccak256(toBeHex(index, 32));

  it("finds each of many values, and proves absence of what is not there", () => {
    for (const size of [1, 2, 3, 17, 200]) {
      const entries = new Map(Array.from({ length: size }, (_, index) => [long(index), long(index + 1_000)]));
      const trie = new ModelTrie(entries);
      for (const [key, value] of entries) expect(proveTrieValue(trie.root, key, trie.nodes)).to.equal(value);
      for (let index = size; index < size + 50; index++) {
        expect(proveTrieValue(trie.root, long(index), trie.nodes)).to.equal(undefined);
      }
    }
  });

  it("reads embedded nodes, extensions and values at branches", () => {
    const entries = new Map([
      ["0xabcd", "0x01"],
      ["0xabce", "0x02"],
      ["0xabce11", "0x03"],
      ["0xabce12", long(4)],
    ]);
    const trie = new ModelTrie(entries);
    for (const [key, value] of entries) expect(proveTrieValue(trie.root, key, trie.nodes)).to.equal(value);
    for (const absent of ["0xab", "0xabcf", "0xabce13", "0xabce1111", "0xff"]) {
      expect(proveTrieValue(trie.root, absent, trie.nodes), absent).to.equal(undefined);
    }
  });

  it("proves absence in an empty trie without a node", () => {
    expect(proveTrieValue(EMPTY_TRIE_ROOT, long(1), [])).to.equal(undefined);
  });

  it("refuses a proof without one of the nodes on the way, or with one changed", () => {
    const entries = new Map(Array.from({ length: 40 }, (_, index) => [long(index), long(index + 1_000)]));
    const trie = new ModelTrie(entries);
    const key = long(7);
    let needed = 0;
    for (const node of trie.nodes) {
      const others = trie.nodes.filter((other) => other !== node);
      const changed = node.slice(0, -1) + (node.endsWith("0") ? "1" : "0");
      const refusedWithout = refused(() => proveTrieValue(trie.root, key, others));
      expect(refused(() => proveTrieValue(trie.root, key, [...others, changed]))).to.equal(refusedWithout);
      if (refusedWithout) needed += 1;
    }
    expect(needed).to.be.greaterThan(1);
  });

  it("refuses nodes that are none", () => {
    const nodes = [
      encodeRlp(["0x20", "0x01", "0x02"]),
      encodeRlp("0x1234"),
      encodeRlp([[], "0x01"]),
      "0xf8",
      encodeRlp(["0x40", "0x01"]),
    ];
    nodes.push(encodeRlp(["0x00", long(1)]), encodeRlp(["0x0f", "0x01"]));
    for (const node of nodes)
      expect(
        refused(() => proveTrieValue(keccak256(node), long(1), [node])),
        node,
      ).to.equal(true);
  });
});
