import { concat, dataLength, dataSlice, getAddress, keccak256, toBeHex } from "ethers";

/** A QCP message as its target executes it. `sender` and `recipient` are checksummed 20-byte addresses. */
export interface Message {
  readonly seq: bigint;
  readonly sender: string;
  readonly recipient: string;
  /** Gas that the recipient gets, exactly. */
  readonly gasLimit: bigint;
  /** Unix seconds after which it fails unexecuted; 0: never. */
  readonly deadline: bigint;
  /** Final once failed: its sender takes it back on the source chain. */
  readonly reclaimable: boolean;
  readonly payload: string;
}

/** Bytes of a packed message before its payload. */
export const MESSAGE_OVERHEAD_BYTES = 58;
/** Messages that one delivery may execute, and bits of a result's failure map. */
export const MAX_BATCH = 256;

export const DEFAULT_GAS_LIMIT = 200_000n;

export function encodeMessage(message: Message): string {
  return concat([
    toBeHex(message.seq, 8),
    message.sender,
    message.recipient,
    toBeHex(message.gasLimit, 4),
    toBeHex(message.deadline, 5),
    message.reclaimable ? "0x01" : "0x00",
    message.payload,
  ]);
}

/** Inverse of {@link encodeMessage}; throws a RangeError on bytes that no message encodes to. */
export function decodeMessage(packed: string): Message {
  if (dataLength(packed) < MESSAGE_OVERHEAD_BYTES) {
    throw new RangeError(`a message has at least ${MESSAGE_OVERHEAD_BYTES} bytes, this one ${dataLength(packed)}`);
  }
  const flags = BigInt(dataSlice(packed, 57, 58));
  if (flags > 1n) throw new RangeError(`unknown message flags ${flags}`);
  return {
    seq: BigInt(dataSlice(packed, 0, 8)),
    sender: getAddress(dataSlice(packed, 8, 28)),
    recipient: getAddress(dataSlice(packed, 28, 48)),
    gasLimit: BigInt(dataSlice(packed, 48, 52)),
    deadline: BigInt(dataSlice(packed, 52, 57)),
    reclaimable: flags === 1n,
    payload: dataSlice(packed, MESSAGE_OVERHEAD_BYTES),
  };
}

export function messageLeaf(message: Message): string {
  return keccak256(encodeMessage(message));
}

export interface MessageIdParts {
  readonly sourceChainId: bigint;
  readonly targetChainId: bigint;
  readonly sourceGateway: string;
  readonly seq: bigint;
}

/** The id of a message, equal on both chains: two chain ids, the source gateway's low 64 bits, the sequence. */
export function messageId(parts: MessageIdParts): string {
  return concat([
    toBeHex(parts.sourceChainId, 8),
    toBeHex(parts.targetChainId, 8),
    dataSlice(parts.sourceGateway, 12, 20),
    toBeHex(parts.seq, 8),
  ]);
}

export function messageIdSeq(id: string): bigint {
  return BigInt(dataSlice(id, 24, 32));
}

/** ERC-7930 binary address of an account on an EVM chain (chain type `0x0000`). */
export function interoperableAddress(chainId: bigint, account: string): string {
  const reference = chainId.toString(16);
  const bytes = `0x${reference.length % 2 === 0 ? reference : `0${reference}`}`;
  return concat(["0x00010000", toBeHex(dataLength(bytes), 1), bytes, "0x14", account]);
}

/** Chain id and account of an ERC-7930 EVM address. */
export function parseInteroperableAddress(encoded: string): { readonly chainId: bigint; readonly account: string } {
  const length = Number(dataSlice(encoded, 4, 5));
  const account = dataSlice(encoded, 6 + length);
  if (dataSlice(encoded, 0, 4) !== "0x00010000" || dataLength(account) !== 20) {
    throw new RangeError(`not an ERC-7930 address of an EVM account: ${encoded}`);
  }
  return { chainId: BigInt(dataSlice(encoded, 5, 5 + length)), account: getAddress(account) };
}
