import { expect } from "chai";
import { SigningKey, computeAddress, concat, dataSlice, id, toBeHex } from "ethers";
import type { Signatures } from "../../../sdk/keys/channelKey";
import { nodeSignatures } from "../../../sdk/keys/nativeSignatures";
import { nobleSignatures } from "../../../sdk/keys/nobleSignatures";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const PARITY_BIT = 1n << 255n;
const SECRET = id("secret");
const ADDRESS = computeAddress(SECRET);
const DIGESTS = Array.from({ length: 16 }, (_, index) => id(`state ${index}`));

const IMPLEMENTATIONS: readonly (readonly [string, Signatures])[] = [
  ["in Node", nodeSignatures()],
  ["in browsers", nobleSignatures],
];

describe("signatures of channels", () => {
  for (const [where, signatures] of IMPLEMENTATIONS) {
    describe(where, () => {
      it("are by the key's address", () => {
        expect(signatures.keyOf(SECRET).address).to.equal(ADDRESS);
      });

      it("are the compact ones of EIP-2098, with either parity", async () => {
        const key = signatures.keyOf(SECRET);
        const parities = new Set<number>();
        for (const digest of DIGESTS) {
          const { compactSerialized, yParity } = new SigningKey(SECRET).sign(digest);
          parities.add(yParity);
          expect(await key.sign(digest)).to.equal(compactSerialized);
        }
        expect([...parities].sort()).to.deep.equal([0, 1]);
      });

      it("tell whose they are", () => {
        for (const digest of DIGESTS) {
          const { compactSerialized } = new SigningKey(SECRET).sign(digest);
          expect(signatures.recover(digest, compactSerialized)).to.equal(ADDRESS.toLowerCase());
        }
      });

      it("are nobody's with a high s, which the contract refuses", () => {
        for (const digest of DIGESTS) {
          const { r, s, yParity } = new SigningKey(SECRET).sign(digest);
          const high = ORDER - BigInt(s);
          // What is negated belongs to the other parity: without the rule it would be the same signer's.
          const flipped = toBeHex(yParity === 1 ? high : high | PARITY_BIT, 32);
          expect(signatures.recover(digest, concat([r, flipped])), `${yParity}`).to.not.equal(ADDRESS.toLowerCase());
          expect(signatures.recover(digest, concat([r, toBeHex((ORDER >> 1n) + 1n, 32)]))).to.equal(undefined);
        }
      });

      it("are somebody's with the highest s that is low", () => {
        const { r } = new SigningKey(SECRET).sign(id("state"));
        expect(signatures.recover(id("state"), concat([r, toBeHex(ORDER >> 1n, 32)]))).to.match(/^0x[0-9a-f]{40}$/);
      });

      it("are another's with the other parity", () => {
        for (const digest of DIGESTS) {
          const { r, yParityAndS } = new SigningKey(SECRET).sign(digest);
          const other = concat([r, toBeHex(BigInt(yParityAndS) ^ PARITY_BIT, 32)]);
          expect(signatures.recover(digest, other)).to.not.equal(ADDRESS.toLowerCase());
        }
      });

      it("are nobody's when they are not 64 bytes of a signature", () => {
        const { compactSerialized, serialized } = new SigningKey(SECRET).sign(id("state"));
        const malformed = [
          "",
          "0x",
          "0xzz",
          serialized,
          dataSlice(compactSerialized, 0, 63),
          compactSerialized.slice(2),
        ];
        for (const signature of [...malformed, `0x${"00".repeat(64)}`, `0x${"ff".repeat(64)}`]) {
          expect(signatures.recover(id("state"), signature), signature).to.equal(undefined);
        }
      });
    });
  }
});
