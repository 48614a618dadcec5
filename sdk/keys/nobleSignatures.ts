import { secp256k1 } from "@noble/curves/secp256k1.js";
import { getAddress } from "ethers";
import { hexToBytes } from "../../protocol/hex";
import type { ChannelKey, Signatures } from "./channelKey";
import { addressOfKey, joinSignature, splitSignature } from "./compactSignature";

/** In JavaScript: for browsers, and for Node where the native module is not installed. */
export const nobleSignatures: Signatures = {
  keyOf(secret: string): ChannelKey {
    const key = hexToBytes(secret);
    return {
      address: getAddress(addressOfKey(secp256k1.getPublicKey(key, false))),
      sign(digest) {
        const signed = secp256k1.sign(hexToBytes(digest), key, { prehash: false, format: "recovered" });
        return joinSignature(signed.subarray(1), signed[0] as number);
      },
    };
  },
  recover(digest: string, signature: string): string | undefined {
    const split = splitSignature(signature);
    if (split === undefined) return undefined;
    try {
      const parsed = secp256k1.Signature.fromBytes(split.rs, "compact").addRecoveryBit(split.parity);
      return addressOfKey(parsed.recoverPublicKey(hexToBytes(digest)).toBytes(false));
    } catch {
      return undefined;
    }
  },
};
