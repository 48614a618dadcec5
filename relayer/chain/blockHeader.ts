import { encodeRlp, keccak256, toBeArray } from "ethers";
import { RelayerError } from "../errors";
import type { VerifiedBlock } from "../ports";
import { bytes, fields, quantity } from "./quantity";

type Kind = "quantity" | number | "bytes";

/** A header's fields in the order of its RLP list, with the length of those that are bytes. */
const REQUIRED: readonly (readonly [string, Kind])[] = [
  ["parentHash", 32],
  ["sha3Uncles", 32],
  ["miner", 20],
  ["stateRoot", 32],
  ["transactionsRoot", 32],
  ["receiptsRoot", 32],
  ["logsBloom", 256],
  ["difficulty", "quantity"],
  ["number", "quantity"],
  ["gasLimit", "quantity"],
  ["gasUsed", "quantity"],
  ["timestamp", "quantity"],
  ["extraData", "bytes"],
  ["mixHash", 32],
  ["nonce", 8],
];

/** What hardforks added, in their order. A chain may stop anywhere in this list. */
const OPTIONAL: readonly (readonly [string, Kind])[] = [
  ["baseFeePerGas", "quantity"],
  ["withdrawalsRoot", 32],
  ["blobGasUsed", "quantity"],
  ["excessBlobGas", "quantity"],
  ["parentBeaconBlockRoot", 32],
  ["requestsHash", 32],
];

/** A verified block together with the parts of its header that only this folder needs. */
export interface VerifiedHeader extends VerifiedBlock {
  readonly logsBloom: string;
}

function encodeField(header: Readonly<Record<string, unknown>>, name: string, kind: Kind): string | Uint8Array {
  const value = header[name];
  if (kind === "quantity") return toBeArray(quantity(value, name));
  return bytes(value, name, kind === "bytes" ? undefined : kind);
}

function hashes(header: Readonly<Record<string, unknown>>): Iterable<string> {
  const required = REQUIRED.map(([name, kind]) => encodeField(header, name, kind));
  const optional: (string | Uint8Array)[] = [];
  const present = OPTIONAL.map(([name]) => header[name] !== undefined && header[name] !== null);
  // A missing field before a present one is an empty string, as geth and alloy write it.
  for (const [name, kind] of OPTIONAL.slice(0, present.lastIndexOf(true) + 1)) {
    optional.push((header[name] ?? null) === null ? "0x" : encodeField(header, name, kind));
  }
  return (function* () {
    for (let count = optional.length; count >= 0; count--) {
      yield keccak256(encodeRlp([...required, ...optional.slice(0, count)]));
    }
  })();
}

/** Hash of a header as JSON-RPC gives it, with every optional field that it has. */
export function headerHash(raw: unknown): string {
  for (const hash of hashes(fields(raw, "block header"))) return hash;
  throw new RelayerError("HEADER_HASH_MISMATCH", "a header without an encoding");
}

/**
 * Checks that a header hashes to the hash that came with it. Some nodes answer with fields that the header of their
 * hardfork does not have yet, so shorter encodings count too: whichever matches commits to every field returned here.
 */
export function verifyHeader(raw: unknown): VerifiedHeader {
  const header = fields(raw, "block header");
  const claimed = bytes(header.hash, "block hash", 32);
  let computed: string | undefined;
  for (const hash of hashes(header)) {
    computed ??= hash;
    if (hash !== claimed) continue;
    return {
      number: quantity(header.number, "block number"),
      hash,
      parentHash: bytes(header.parentHash, "parent hash", 32),
      stateRoot: bytes(header.stateRoot, "state root", 32),
      timestamp: quantity(header.timestamp, "timestamp"),
      logsBloom: bytes(header.logsBloom, "logs bloom", 256),
    };
  }
  throw new RelayerError("HEADER_HASH_MISMATCH", "a block header does not hash to its hash", {
    retriable: true,
    alert: true,
    context: { number: String(header.number), claimed, computed },
  });
}
