import { createRequire } from "node:module";
import { secp256k1 as noble } from "@noble/curves/secp256k1.js";
import { createKeccak } from "hash-wasm";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";

const SIGNATURE_BYTES = 64;
const DIGEST_BYTES = 32;
const KEY_BYTES = 65;
/** Half of the curve's order: an `s` above it is high. */
const MAX_S = Uint8Array.from(Buffer.from("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", "hex"));

type Keccak256 = LedgerCrypto["keccak256"];
/** The uncompressed public key behind `r ‖ s`, 65 bytes; throws where there is none. */
type RecoverKey = (digest: Uint8Array, rs: Uint8Array, parity: number) => Uint8Array;

/** What is used of the package `secp256k1`. */
interface Secp256k1 {
  ecdsaRecover(rs: Uint8Array, parity: number, digest: Uint8Array, compressed: boolean, output: Uint8Array): Uint8Array;
}

/** Where the optional package with libsecp256k1 is installed. Its own fallback in JavaScript is slower than noble's. */
function nativeRecovery(): RecoverKey | undefined {
  let secp256k1: Secp256k1;
  try {
    secp256k1 = createRequire(__filename)("secp256k1/bindings.js") as Secp256k1;
  } catch {
    return undefined;
  }
  const key = new Uint8Array(KEY_BYTES);
  // A copy costs less than what V8 does to an array of a few bytes before native code may read it.
  const message = new Uint8Array(DIGEST_BYTES);
  return (digest, rs, parity) => {
    message.set(digest);
    return secp256k1.ecdsaRecover(rs, parity, message, false, key);
  };
}

const nobleRecovery: RecoverKey = (digest, rs, parity) => {
  const signature = noble.Signature.fromBytes(rs, "compact").addRecoveryBit(parity);
  return signature.recoverPublicKey(digest).toBytes(false);
};

function recovery(keccak256: Keccak256, recoverKey: RecoverKey): LedgerCrypto["recover"] {
  const rs = new Uint8Array(SIGNATURE_BYTES);
  return (digest, signature) => {
    if (signature.length !== SIGNATURE_BYTES) return undefined;
    rs.set(signature);
    const parity = (rs[32] as number) >> 7;
    rs[32] = (rs[32] as number) & 0x7f;
    if (isHigh(rs)) return undefined;
    try {
      return keccak256(recoverKey(digest, rs, parity).subarray(1)).slice(12);
    } catch {
      return undefined;
    }
  };
}

function isHigh(rs: Uint8Array): boolean {
  for (let i = 0; i < MAX_S.length; i++) {
    const difference = (rs[32 + i] as number) - (MAX_S[i] as number);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** @param native False for noble even where libsecp256k1 is installed. */
export async function createLedgerCrypto(native = true): Promise<LedgerCrypto> {
  const hasher = await createKeccak(256);
  const keccak256: Keccak256 = (bytes) => {
    hasher.init();
    hasher.update(bytes);
    return hasher.digest("binary");
  };
  const recoverKey = (native ? nativeRecovery() : undefined) ?? nobleRecovery;
  return { keccak256, recover: recovery(keccak256, recoverKey) };
}
