import { secp256k1 } from "@noble/curves/secp256k1.js";
import { getAddress, getBytes, hexlify } from "ethers";
import type { ChannelKey, Signatures } from "./channelKey";
import { addressOfKey, joinSignature, splitSignature } from "./compactSignature";

/** In JavaScript: for browsers, and for Node where the native module is not installed. */
export const nobleSignatures: Signatures = {
  keyOf(secret: string): ChannelKey {
    const key = getBytes(secret);
    return {
      address: getAddress(addressOfKey(secp256k1.getPublicKey(key, false))),
      sign(digest) {
        const signed = secp256k1.sign(getBytes(digest), key, { prehash: false, format: "recovered" });
        return joinSignature(hexlify(signed.subarray(1)), signed[0] as number);
      },
    };
  },
  recover(digest: string, signature: string): string | undefined {
    const split = splitSignature(signature);
    if (split === undefined) return undefined;
    try {
      const parsed = secp256k1.Signature.fromBytes(getBytes(split.rs), "compact").addRecoveryBit(split.parity);
      return addressOfKey(parsed.recoverPublicKey(getBytes(digest)).toBytes(false));
    } catch {
      return undefined;
    }
  },
};
