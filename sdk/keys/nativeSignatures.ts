import { createRequire } from "node:module";
import { getAddress } from "ethers";
import { hexToBytes } from "../../protocol/hex";
import type { ChannelKey, Signatures } from "./channelKey";
import { addressOfKey, joinSignature, splitSignature } from "./compactSignature";
import { nobleSignatures } from "./nobleSignatures";

/** What is used of the package `secp256k1`. */
interface Secp256k1 {
  publicKeyCreate(secret: Uint8Array, compressed: boolean): Uint8Array;
  ecdsaSign(digest: Uint8Array, secret: Uint8Array): { readonly signature: Uint8Array; readonly recid: number };
  ecdsaRecover(rs: Uint8Array, parity: number, digest: Uint8Array, compressed: boolean): Uint8Array;
}

function native(secp256k1: Secp256k1): Signatures {
  return {
    keyOf(secret: string): ChannelKey {
      const key = hexToBytes(secret);
      return {
        address: getAddress(addressOfKey(secp256k1.publicKeyCreate(key, false))),
        sign(digest) {
          const { signature, recid } = secp256k1.ecdsaSign(hexToBytes(digest), key);
          return joinSignature(signature, recid);
        },
      };
    },
    recover(digest: string, signature: string): string | undefined {
      const split = splitSignature(signature);
      if (split === undefined) return undefined;
      try {
        const key = secp256k1.ecdsaRecover(split.rs, split.parity, hexToBytes(digest), false);
        return addressOfKey(key);
      } catch {
        return undefined;
      }
    },
  };
}

/** Node: by libsecp256k1, twenty times as fast as JavaScript, where the optional package is installed; else in JavaScript. */
export function nodeSignatures(): Signatures {
  try {
    // Without its native part the package falls back to an implementation slower than noble's: asked for by name.
    const secp256k1 = createRequire(__filename)("secp256k1/bindings.js") as Secp256k1;
    return native(secp256k1);
  } catch {
    return nobleSignatures;
  }
}
