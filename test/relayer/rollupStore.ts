import { expect } from "chai";
import { Wallet, getBytes, hexlify, id } from "ethers";
import { certificateDigest, type Certificate } from "../../protocol/certificate";
import { RelayerError } from "../../relayer/errors";
import { KeySigner } from "../../relayer/keystore";
import type { Store } from "../../relayer/store/store";

const ROLLUP = { chainId: 31_337n, rollup: "0x00000000000000000000000000000000000000AB" };
const OTHER = { ...ROLLUP, rollup: "0x00000000000000000000000000000000000000ac" };
const ALL = { own: false, limit: 256 } as const;
/** More than one insert has. */
const MANY = 600;

const entryOf = (number: bigint): Uint8Array => getBytes(id(`entry ${number}`));

function entries(from: bigint, count: number): ReadonlyMap<bigint, Uint8Array> {
  return new Map(Array.from({ length: count }, (_, i) => [from + BigInt(i), entryOf(from + BigInt(i))] as const));
}

const certificate = (number: bigint, batch = `batch ${number}`, epoch = 1n): Certificate => ({
  batchHash: id(batch),
  number,
  epoch,
});

/** What a rollup's node keeps. `store` is open; `another` opens what it keeps once more, as a second process would. */
export function shouldKeepARollup(store: () => Store, another: () => Promise<Store>): void {
  const signer = new KeySigner(new Wallet(id("certifier")).privateKey);

  describe("entries of a rollup's queue", () => {
    it("are kept by number, whatever the case of the rollup's address", async () => {
      const { rollup } = store();
      await rollup.keepEntries(ROLLUP, entries(3n, MANY), undefined);
      const found = await rollup.entries({ ...ROLLUP, rollup: ROLLUP.rollup.toLowerCase() }, 5n, 8n);
      expect([...found].map(([number, entry]) => [number, hexlify(entry)])).to.deep.equal(
        [5n, 6n, 7n].map((number) => [number, hexlify(entryOf(number))]),
      );
      expect((await rollup.entries(ROLLUP, 0n, 10_000n)).size).to.equal(MANY);
      expect((await rollup.entries(OTHER, 0n, 10_000n)).size).to.equal(0);
    });

    it("are not overwritten by another reading, and may be dropped", async () => {
      const { rollup } = store();
      await rollup.keepEntries(ROLLUP, new Map([[4n, Uint8Array.of(1)]]), undefined);
      await rollup.keepEntries(ROLLUP, entries(3n, 3), undefined);
      expect((await rollup.entries(ROLLUP, 4n, 5n)).get(4n)).to.deep.equal(Uint8Array.of(1));
      await rollup.dropEntry(OTHER, 4n);
      await rollup.dropEntry(ROLLUP, 4n);
      expect([...(await rollup.entries(ROLLUP, 3n, 6n)).keys()]).to.deep.equal([3n, 5n]);
    });

    it("are kept together with the block up to which they are known", async () => {
      const { rollup } = store();
      expect(await rollup.queueBlock(ROLLUP)).to.equal(undefined);
      await rollup.keepEntries(ROLLUP, entries(0n, 2), 90n);
      await rollup.keepEntries(ROLLUP, new Map(), 120n);
      await rollup.keepEntries(ROLLUP, entries(2n, 2), undefined);
      expect(await (await another()).rollup.queueBlock(ROLLUP)).to.equal(120n);
      expect(await rollup.queueBlock(OTHER)).to.equal(undefined);
    });
  });

  describe("certificates of batches", () => {
    it("are signed once, and are the same whenever asked for", async () => {
      const { rollup } = store();
      const signed = await rollup.sign(ROLLUP, certificate(5n), signer);
      expect(signed).to.include({ ...certificate(5n), signer: signer.address });
      expect(signed.signature).to.equal(signer.signCertificate(certificate(5n), ROLLUP));
      expect(await (await another()).rollup.sign(ROLLUP, certificate(5n), signer)).to.deep.equal(signed);
      expect(certificateDigest(certificate(5n), ROLLUP)).not.to.equal(certificateDigest(certificate(5n), OTHER));
    });

    it("stand for one batch of a number, whatever the epoch, the key's other rollups and numbers apart", async () => {
      const { rollup } = store();
      await rollup.sign(ROLLUP, certificate(5n), signer);
      await rollup.sign(ROLLUP, certificate(5n, "batch 5", 2n), signer);
      for (const epoch of [1n, 2n, 3n]) {
        const refused = await rollup.sign(ROLLUP, certificate(5n, "another", epoch), signer).catch((e: unknown) => e);
        expect(refused).to.be.instanceOf(RelayerError).with.property("code", "SIGNING_CONFLICT");
      }
      await rollup.sign(OTHER, certificate(5n, "another"), signer);
      await rollup.sign(ROLLUP, certificate(6n, "another"), signer);
      expect((await rollup.certificates(ROLLUP, 0n, ALL)).map(({ number, epoch }) => [number, epoch])).to.deep.equal([
        [5n, 1n],
        [5n, 2n],
        [6n, 1n],
      ]);
    });

    it("are never of two batches of a number, even of two processes at once", async () => {
      const other = await another();
      for (let number = 1n; number <= 10n; number++) {
        const outcomes = await Promise.allSettled([
          store().rollup.sign(ROLLUP, certificate(number, `left ${number}`), signer),
          other.rollup.sign(ROLLUP, certificate(number, `right ${number}`), signer),
        ]);
        expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(["fulfilled", "rejected"]);
        const loser = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;
        expect(loser.reason).to.be.instanceOf(RelayerError).with.property("code", "SIGNING_CONFLICT");
      }
      expect(await other.rollup.certificates(ROLLUP, 0n, ALL)).to.have.length(10);
    });

    it("of others are collected, and told apart from the own ones", async () => {
      const { rollup } = store();
      const own = await rollup.sign(ROLLUP, certificate(5n), signer);
      const peer = new KeySigner(new Wallet(id("peer")).privateKey);
      const found = [4n, 5n].map((number) => ({
        ...certificate(number),
        signer: peer.address,
        signature: peer.signCertificate(certificate(number), ROLLUP),
      }));
      await rollup.collect(ROLLUP, found);
      await rollup.collect(ROLLUP, found);
      await rollup.collect(ROLLUP, []);
      expect(await rollup.certificates(ROLLUP, 0n, { own: true, limit: 9 })).to.deep.equal([own]);
      expect(await rollup.certificates(ROLLUP, 0n, ALL)).to.have.deep.members([own, ...found]);
      expect(await rollup.certificates(ROLLUP, 4n, ALL)).to.have.length(2);
      expect(await rollup.certificates(ROLLUP, 0n, { own: false, limit: 1 })).to.deep.equal(found.slice(0, 1));
      const signatures = await rollup.signaturesOf(ROLLUP, certificate(5n).batchHash, 1n);
      expect([...signatures].sort()).to.deep.equal(
        [
          [own.signer, own.signature],
          [peer.address, found[1]!.signature],
        ].sort(),
      );
      expect((await rollup.signaturesOf(ROLLUP, certificate(5n).batchHash, 2n)).size).to.equal(0);
    });
  });

  describe("proofs of fraud", () => {
    const proof = (salt: string, segment = 3) => ({
      batchHash: id("false"),
      prover: signer.address,
      segment,
      salt: id(salt),
    });

    it("keep their first salt and segment, by batch and prover", async () => {
      const { rollup } = store();
      expect(await rollup.claimProof(ROLLUP, proof("first"))).to.deep.equal(proof("first"));
      expect(await (await another()).rollup.claimProof(ROLLUP, proof("second", 4))).to.deep.equal(proof("first"));
      const elsewhere = { ...proof("third"), prover: new Wallet(id("another")).address };
      expect(await rollup.claimProof(ROLLUP, elsewhere)).to.deep.equal(elsewhere);
      expect(await rollup.claimProof(OTHER, proof("fourth"))).to.deep.equal(proof("fourth"));
    });

    it("have one salt where two processes begin at once", async () => {
      const other = await another();
      const [left, right] = await Promise.all([
        store().rollup.claimProof(ROLLUP, proof("left")),
        other.rollup.claimProof(ROLLUP, proof("right")),
      ]);
      expect(left).to.deep.equal(right);
      expect([id("left"), id("right")]).to.include(left.salt);
    });
  });
}
