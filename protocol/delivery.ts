import { concat, dataLength, getAddress, toBeHex } from "ethers";
import { decodeMessage } from "./message";
import type { Header } from "./header";
import type { QuorumProof } from "./quorum";
import { encodeResult, type ResultRecord } from "./hashChain";

/** What a deliverer brings to an inbox. */
export interface Delivery extends QuorumProof {
  readonly header: Header;
  /** Address on the source chain that the deliverer is to be paid at. */
  readonly payout: string;
  /** Accumulator of the source's outbox before `messages`; ignored if there are none. */
  readonly accBefore: string;
  /** Packed messages to execute, from the inbox's next sequence on; at most 256. */
  readonly messages: readonly string[];
  /** Leaves of the header's messages after these; empty if `messages` is. */
  readonly messagesAfter: readonly string[];
  /** Records to replay, from the one after the last acknowledged on. */
  readonly results: readonly ResultRecord[];
  /** Leaves of the header's records after these; empty if `results` is. */
  readonly resultsAfter: readonly string[];
}

/** The argument of `Gateway.deliver`; `contracts/crosschain/libraries/DeliveryCodec.sol` defines the bytes. */
export function encodeDelivery(delivery: Delivery): string {
  const { header } = delivery;
  return concat([
    toBeHex(header.source, 8),
    toBeHex(header.sourceBlock, 8),
    toBeHex(header.epoch, 8),
    toBeHex(header.toSeq, 8),
    header.acc,
    toBeHex(header.ackSeq, 8),
    header.resAcc,
    delivery.payout,
    toBeHex(delivery.signers, 3),
    toBeHex(delivery.messages.length, 2),
    toBeHex(delivery.results.length, 2),
    delivery.accBefore,
    delivery.signatures,
    ...delivery.messages.flatMap((message) => [toBeHex(dataLength(message), 3), message]),
    ...delivery.messagesAfter,
    ...delivery.results.map(encodeResult),
    ...delivery.resultsAfter,
  ]);
}

/** Inverse of {@link encodeDelivery}; throws a RangeError on bytes that end too early or go on too long. */
export function decodeDelivery(packed: string): Delivery {
  const length = dataLength(packed);
  let cursor = 0;
  const take = (count: number): string => {
    if (cursor + count > length) throw new RangeError(`a delivery ends at byte ${length}, expected ${cursor + count}`);
    cursor += count;
    return `0x${packed.slice(2 + 2 * (cursor - count), 2 + 2 * cursor)}`;
  };
  const takeUint = (count: number): bigint => BigInt(take(count));
  const takeMany = <Item>(count: number, one: () => Item): Item[] => Array.from({ length: count }, one);

  const header: Header = {
    source: takeUint(8),
    sourceBlock: takeUint(8),
    epoch: takeUint(8),
    toSeq: takeUint(8),
    acc: take(32),
    ackSeq: takeUint(8),
    resAcc: take(32),
  };
  const payout = getAddress(take(20));
  const signers = takeUint(3);
  const messageCount = Number(takeUint(2));
  const resultCount = Number(takeUint(2));
  const accBefore = take(32);
  const signatures = take(64 * [...signers.toString(2)].filter((bit) => bit === "1").length);
  const messages = takeMany(messageCount, () => take(Number(takeUint(3))));
  const lastMessage = messages.at(-1);
  const after = lastMessage === undefined ? 0 : Number(header.toSeq - decodeMessage(lastMessage).seq);
  const messagesAfter = takeMany(after, () => take(32));
  const results = takeMany(resultCount, () => ({
    first: takeUint(8),
    last: takeUint(8),
    failures: takeUint(32),
    payout: getAddress(take(20)),
  }));
  if ((length - cursor) % 32 !== 0)
    throw new RangeError(`a delivery goes on for ${length - cursor} bytes after its end`);
  const resultsAfter = takeMany((length - cursor) / 32, () => take(32));
  return { header, payout, signers, accBefore, signatures, messages, messagesAfter, results, resultsAfter };
}
