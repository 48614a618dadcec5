import { expect } from "chai";
import { getBytes, hexlify } from "ethers";
import { decodeEntry, type Entry } from "../../../protocol/ledger/entries";
import { decodeLeaf, encodeLeaf } from "../../../protocol/ledger/leaves";
import type { RulesAnswer } from "../../../protocol/ledger/rulesCall";
import { Ledger } from "../../../protocol/ledger/ledger";
import { executeSegment } from "../../../protocol/ledger/segment";
import { encodeTransaction, readTransaction } from "../../../protocol/ledger/transactions";
import { LedgerTree, rootOf } from "../../../protocol/ledger/tree";
import { WireReader } from "../../../protocol/ledger/wire";
import {
  entryVectors,
  leafVectors,
  segmentVectors,
  transactionVectors,
  treeVectors,
  type SegmentVector,
} from "../../rollup/vectors";
import { contextOf, crypto, digests } from "./support";

/** As the vectors have it. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return hexlify(value);
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(parts.map(([name, part]) => [name, readable(part)]));
}

function answerOf(answer: SegmentVector["answers"][number] | undefined): RulesAnswer {
  if (answer === undefined) throw new Error("more calls of rules than answers");
  if (answer === null) return undefined;
  if (answer.state !== undefined) return { state: getBytes(answer.state) };
  return { over: answer.over === true, shareBps: (answer.shareBps ?? []).map(BigInt) };
}

describe("the ledger's vectors in TypeScript", () => {
  it("reads and writes each transaction, and digests it", () => {
    for (const { transaction, nonce, bytes, digest } of transactionVectors().transactions) {
      const read = readTransaction(new WireReader(getBytes(bytes)));
      expect(readable(read)).to.deep.equal(transaction);
      expect(hexlify(encodeTransaction(read!))).to.equal(bytes);
      if (digest !== undefined) expect(hexlify(digests.digest(read!, BigInt(nonce)))).to.equal(digest);
    }
  });

  it("reads and writes each leaf", () => {
    for (const { leaf, bytes, hash } of leafVectors()) {
      const read = decodeLeaf(getBytes(bytes));
      expect(readable(read)).to.deep.equal(leaf);
      expect(hexlify(encodeLeaf(read!))).to.equal(bytes);
      expect(hexlify(crypto.keccak256(getBytes(bytes)))).to.equal(hash);
    }
  });

  it("reads each entry of the queue", () => {
    for (const { bytes, entry, entryHash } of entryVectors()) {
      expect(readable(decodeEntry(getBytes(bytes)))).to.deep.equal(entry);
      expect(hexlify(crypto.keccak256(getBytes(bytes)))).to.equal(entryHash);
    }
  });

  it("finds each tree's root and proofs", () => {
    for (const { leaves, root, proofs } of treeVectors()) {
      const tree = new LedgerTree(crypto.keccak256);
      for (const { index, hash } of leaves) tree.set(index, getBytes(hash));
      expect(hexlify(tree.root())).to.equal(root);
      for (const proof of proofs) {
        expect(readable(tree.prove(proof.indices))).to.deep.equal(proof.siblings);
        const [hashes, siblings] = [proof.leaves, proof.siblings].map((words) => words.map((word) => getBytes(word)));
        expect(readable(rootOf(crypto.keccak256, proof.indices, hashes!, siblings!))).to.equal(root);
      }
    }
  });

  it("executes each segment to its state, results and witness", () => {
    const ledger = new Ledger(crypto);
    for (const [number, vector] of segmentVectors().segments.entries()) {
      const { before, context, body, witness, answers, results, after } = vector;
      const from = ledger.queue;
      expect(hexlify(ledger.state().root), `segment ${number}`).to.equal(before.root);
      const entries = witness.entries.map((entry) => decodeEntry(getBytes(entry)) as Entry);
      const { time, queueTime, queueTo, movesHalt } = context;
      const steps = executeSegment(
        ledger,
        getBytes(body),
        from,
        (at) => entries[Number(at - from)] as Entry,
        contextOf({
          time: BigInt(time),
          queueTime: BigInt(queueTime),
          queueTo: BigInt(queueTo),
          movesHalt: BigInt(movesHalt),
        }),
      );
      let step = steps.next();
      for (let call = 0; step.done !== true; call++) step = steps.next(answerOf(answers[call]));
      const { leaves, siblings } = ledger.witness();
      expect(leaves.map(({ index }) => index)).to.deep.equal(witness.indices);
      expect(readable(siblings)).to.deep.equal(witness.siblings);
      ledger.commit(step.value.queue);
      expect([...step.value.entries, ...step.value.transactions], `segment ${number}`).to.deep.equal(results);
      expect(readable(ledger.state())).to.deep.equal(after);
    }
  });
});
