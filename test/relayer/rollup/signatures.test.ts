import { expect } from "chai";
import { SigningKey, getBytes, hexlify, id, keccak256, toBeHex } from "ethers";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import { KnownSigners } from "../../../relayer/rollup/knownSigners";
import { createLedgerCrypto } from "../../../relayer/rollup/ledgerCrypto";
import type { SignatureItem } from "../../../relayer/rollup/signatureBatch";
import { SignatureWorkers } from "../../../relayer/rollup/signatureWorkers";
import { crypto as slow, player } from "../../protocol/ledger/support";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function itemOf(number: number, key: SigningKey = player(number % 6).key): SignatureItem {
  const digest = getBytes(id(`message ${number}`));
  return { digest, signature: getBytes(key.sign(digest).compactSerialized) };
}

/** Signatures of which nothing can be recovered, or of somebody else. */
function broken(): readonly SignatureItem[] {
  const { digest, signature } = itemOf(0);
  const withWords = (r: bigint, s: bigint): SignatureItem => {
    return { digest, signature: getBytes(`0x${toBeHex(r, 32).slice(2)}${toBeHex(s, 32).slice(2)}`) };
  };
  const r = BigInt(hexlify(signature.slice(0, 32)));
  const s = BigInt(hexlify(signature.slice(32))) & ((1n << 255n) - 1n);
  const half = ORDER / 2n;
  return [
    withWords(0n, s),
    withWords(r, 0n),
    withWords(ORDER, s),
    withWords(ORDER + 5n, s),
    withWords(5n, s),
    withWords(r, half),
    withWords(r, half + 1n),
    withWords(r, ORDER - s),
    withWords(r, (1n << 255n) - 1n),
    withWords((1n << 256n) - 1n, (1n << 256n) - 1n),
  ];
}

const readable = (addresses: readonly (Uint8Array | undefined)[]): (string | undefined)[] =>
  addresses.map((address) => address && hexlify(address));

describe("signatures of the ledger", () => {
  for (const native of [true, false]) {
    it(`recovers what ethers recovers, ${native ? "natively" : "in JavaScript"}`, async () => {
      const { recover } = await createLedgerCrypto(native);
      const items = [...Array.from({ length: 12 }, (_, number) => itemOf(number)), ...broken()];
      const expected = items.map(({ digest, signature }) => slow.recover(digest, signature));
      expect(readable(items.map(({ digest, signature }) => recover(digest, signature)))).to.deep.equal(
        readable(expected),
      );
      // Of those broken, the least high `s`, the greatest, and what is no number of the curve are nobody's.
      const known = broken().map(({ digest, signature }) => recover(digest, signature) !== undefined);
      expect(known).to.deep.equal([false, false, false, false, false, true, false, true, false, false]);
      expect(hexlify(recover(items[3]!.digest, items[3]!.signature)!)).to.equal(hexlify(player(3).address));
      expect(recover(items[0]!.digest, items[0]!.signature.subarray(1))).to.equal(undefined);
    });
  }

  it("hashes what ethers hashes", async () => {
    const { keccak256: fast } = await createLedgerCrypto();
    for (const length of [0, 1, 64, 135, 136, 137, 1_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i & 255);
      expect(hexlify(fast(bytes))).to.equal(keccak256(bytes));
    }
  });

  it("recovers in threads, in the order of what was asked, the malformed among it", async () => {
    const workers = SignatureWorkers.start(2);
    try {
      const items = Array.from({ length: 400 }, (_, number) => (number % 50 === 7 ? broken()[6]! : itemOf(number)));
      const { recover } = await createLedgerCrypto();
      const expected = items.map(({ digest, signature }) => recover(digest, signature));
      expect(readable(await workers.recover(items))).to.deep.equal(readable(expected));
      expect(expected[7]).to.equal(undefined);
      expect(await workers.recover([])).to.deep.equal([]);
    } finally {
      await workers.close();
    }
  });

  it("rejects what is asked of threads that have ended", async () => {
    const workers = SignatureWorkers.start(1);
    const asked = workers.recover([itemOf(1)]).then(
      () => "answered",
      () => "rejected",
    );
    await workers.close();
    expect(await asked).to.equal("rejected");
    const again = await workers.recover([itemOf(1)]).then(
      () => "answered",
      () => "rejected",
    );
    expect(again).to.equal("rejected");
  });

  it("answers from what is known once, and recovers itself where the signature is another", () => {
    let asked = 0;
    const counting: LedgerCrypto = { ...slow, recover: (...given) => (asked++, slow.recover(...given)) };
    const signers = new KnownSigners(counting, 2);
    const [first, second, third] = [itemOf(0), itemOf(1), itemOf(2)] as const;
    const stranger = player(5).address;
    signers.learn([first, second], [stranger, undefined]);
    expect(signers.recover(first.digest, second.signature)).not.to.equal(stranger);
    expect([asked, signers.size]).to.deep.equal([1, 2]);
    expect(signers.recover(first.digest, first.signature)).to.equal(stranger);
    expect(signers.recover(second.digest, second.signature)).to.equal(undefined);
    expect([asked, signers.size]).to.deep.equal([1, 0]);
    expect(hexlify(signers.recover(first.digest, first.signature)!)).to.equal(hexlify(player(0).address));
    expect(asked).to.equal(2);

    signers.learn([first, second, third], [stranger, stranger, stranger]);
    expect(signers.size).to.equal(2);
    expect(hexlify(signers.recover(first.digest, first.signature)!)).to.equal(hexlify(player(0).address));
  });
});
