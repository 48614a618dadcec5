import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { TypedDataEncoder, hexlify, keccak256 } from "ethers";
import { ethers, network } from "hardhat";
import { TRANSACTIONS, typedFields, type TransactionKind } from "../../protocol/ledger/transactions";
import { entryVectors, leafVectors, segmentVectors, transactionVectors, treeVectors } from "./vectors";

/** Where `LedgerLeaves` has a field: its offset and its bytes. */
const field = (offset: number, bytes: number): number => (offset << 8) | bytes;

const SIZES: Readonly<Record<string, readonly number[]>> = {
  Account: [20, 8, 20, 8, 1, 4],
  Balance: [4, 4, 16],
  Item: [4, 32, 8],
  Allowance: [4, 32, 8],
  Game: [8, 20, 4, 2, 16],
  Session: [4, 16, 1, 1, 1, 4, 4, 8, 8],
  Exit: [20, 4, 16],
  ItemExit: [20, 32, 8],
  FeeExit: [8, 4, 16],
};

async function deployFormats() {
  const { rules } = segmentVectors();
  await network.provider.send("hardhat_setCode", [rules.address, rules.code]);
  return {
    formats: await ethers.deployContract("LedgerFormatsMock"),
    tree: await ethers.deployContract("LedgerTreeMock"),
    verifier: await ethers.deployContract("RollupVerifier"),
  };
}

describe("the ledger's vectors in Solidity", () => {
  it("reads each transaction to its fields, and to the digest that ethers has", async () => {
    const { formats } = await loadFixture(deployFormats);
    const { domain, transactions } = transactionVectors();
    expect(transactions).to.have.lengthOf(Object.keys(TRANSACTIONS).length);
    for (const { transaction, nonce, bytes, digest } of transactions) {
      const { kind, ...values } = transaction;
      const [ok, type, fields, found] = await formats.transaction(bytes, nonce, TypedDataEncoder.hashDomain(domain));
      expect([ok, Number(type)], kind).to.deep.equal([true, TRANSACTIONS[kind as TransactionKind].type]);
      const expected = Object.entries(values).map(([name, value]) =>
        name === "setup" || name === "move" ? BigInt(keccak256(value as string)) : BigInt(value),
      );
      expect([...fields], kind).to.deep.equal(expected);
      if (digest === undefined) continue;
      expect(found, kind).to.equal(digest);
      const types = { [kind]: [...typedFields(kind as TransactionKind)] };
      expect(TypedDataEncoder.hash(domain, types, { ...values, nonce }), kind).to.equal(digest);
    }
  });

  it("finds each leaf's fields where they are", async () => {
    const { formats } = await loadFixture(deployFormats);
    for (const { leaf, bytes, hash } of leafVectors()) {
      const { kind, balances, state, ...fields } = leaf;
      let offset = 1;
      const places = SIZES[kind]!.map((size) => field((offset += size) - size, size));
      const values = await formats.leaf(bytes, places);
      expect([...values], kind).to.deep.equal(Object.values(fields).map((value) => BigInt(value as string)));
      expect(keccak256(bytes), kind).to.equal(hash);
      if (kind !== "Session") continue;
      const [seats, found] = await formats.session(bytes);
      expect([seats.map(Number), found]).to.deep.equal([balances, state]);
    }
  });

  it("climbs from leaves to each tree's root", async () => {
    const { tree } = await loadFixture(deployFormats);
    for (const { root, proofs } of treeVectors()) {
      for (const { indices, leaves, siblings } of proofs) {
        const [before, current] = await tree.roots(indices, leaves, leaves, siblings);
        expect([before, current]).to.deep.equal([root, root]);
      }
    }
  });

  it("reads each entry of the queue", async () => {
    const { formats } = await loadFixture(deployFormats);
    const kinds = { Deposit: 1, ItemDeposit: 2, Forced: 3, ListGame: 4, Allow: 5 } as const;
    const vectors = entryVectors();
    expect(new Set(vectors.map(({ entry }) => entry.kind)).size).to.equal(Object.keys(kinds).length);
    for (const { bytes, entry, entryHash } of vectors) {
      const [kind, queuedAt, valid, transactionKind, sender] = await formats.entry(bytes);
      expect([Number(kind), queuedAt]).to.deep.equal([kinds[entry.kind], BigInt(entry.queuedAt)]);
      expect(keccak256(bytes)).to.equal(entryHash);
      if (entry.kind !== "Forced") continue;
      const { transaction } = entry;
      expect(valid).to.equal(transaction !== undefined);
      expect(Number(transactionKind)).to.equal(transaction === undefined ? 0 : TRANSACTIONS[transaction.kind].type);
      expect(sender.toLowerCase()).to.equal(entry.sender);
    }
  });

  it("executes each segment to its state and results", async () => {
    const { verifier } = await loadFixture(deployFormats);
    const separator = TypedDataEncoder.hashDomain(transactionVectors().domain);
    for (const [number, { before, context, body, witness, results, after }] of segmentVectors().segments.entries()) {
      const [state, found] = await verifier.execute(before, { ...context, separator }, body, witness);
      expect(found.map(Number), `segment ${number}`).to.deep.equal(results);
      expect([state.root, Number(state.nextLeaf), state.queue.toString()]).to.deep.equal([
        after.root,
        after.nextLeaf,
        after.queue,
      ]);
      const packed = ethers.solidityPacked(["bytes32", "uint32", "uint64"], [state.root, state.nextLeaf, state.queue]);
      expect(hexlify(keccak256(packed))).to.equal(after.hash);
    }
  });
});
