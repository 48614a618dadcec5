import { sha256 } from "ethers";
import type { SidecarBlob } from "../ports";

/** Of EIP-4844's versioned hashes, and of transactions with blobs. */
const HASH_VERSION = "01";
const TYPE = "03";
/** Blob gas of one blob, and its bytes. */
export const GAS_PER_BLOB = 131_072n;
const BLOB_BYTES = 131_072;

/** The compressed point at infinity: what commits to a blob of zeros, and what proves it. */
const INFINITY = Uint8Array.from({ length: 48 }, (_, at) => (at === 0 ? 0xc0 : 0));

/** A blob of zeros: the least that a transaction with blobs may carry. */
export const EMPTY_BLOB: SidecarBlob = { blob: new Uint8Array(BLOB_BYTES), commitment: INFINITY, proof: INFINITY };

/** What a transaction says of a blob that it carries. */
export function versionedHash(commitment: Uint8Array): string {
  return `0x${HASH_VERSION}${sha256(commitment).slice(4)}`;
}

/**
 * A signed transaction of type 3 as nodes take it: the transaction, blobs, commitments and proofs (EIP-4844's network
 * form, sidecar version 0). By hand, for ethers takes a third of a second for each blob.
 */
export function withSidecar(raw: string, blobs: readonly SidecarBlob[]): string {
  if (!raw.startsWith(`0x${TYPE}`)) throw new TypeError("only a transaction of type 3 carries blobs");
  const strings = (of: keyof SidecarBlob): Buffer => rlpList(blobs.map((each) => rlpString(each[of])));
  const signed = Buffer.from(raw.slice(4), "hex");
  return `0x${TYPE}${rlpList([signed, strings("blob"), strings("commitment"), strings("proof")]).toString("hex")}`;
}

/** Of more than one byte. */
function rlpString(content: Uint8Array): Buffer {
  return Buffer.concat([rlpHead(0x80, content.length), content]);
}

function rlpList(items: readonly Buffer[]): Buffer {
  const content = Buffer.concat(items);
  return Buffer.concat([rlpHead(0xc0, content.length), content]);
}

function rlpHead(kind: 0x80 | 0xc0, length: number): Buffer {
  if (length <= 55) return Buffer.of(kind + length);
  const digits = length.toString(16);
  const size = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.of(kind + 55 + size.length), size]);
}
