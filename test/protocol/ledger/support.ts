import {
  HDNodeWallet,
  Signature,
  SigningKey,
  TypedDataEncoder,
  getBytes,
  hexlify,
  keccak256,
  recoverAddress,
} from "ethers";
import type { BatchContext } from "../../../protocol/ledger/authority";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import type { Entry } from "../../../protocol/ledger/entries";
import { Ledger, type Undo } from "../../../protocol/ledger/ledger";
import type { RulesAnswer, RulesCall } from "../../../protocol/ledger/rulesCall";
import { executeSegment, type SegmentResult } from "../../../protocol/ledger/segment";
import {
  TransactionDigests,
  encodeTransaction,
  typedFields,
  type Transaction,
} from "../../../protocol/ledger/transactions";

/** Of the curve: an `s` above it is high, which ethers takes and the ledger does not. */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

export const crypto: LedgerCrypto = {
  keccak256: (bytes) => getBytes(keccak256(bytes)),
  recover: (digest, signature) => {
    try {
      const parsed = Signature.from(hexlify(signature));
      if (BigInt(parsed._s) > HALF_ORDER) return undefined;
      return getBytes(recoverAddress(hexlify(digest), parsed));
    } catch {
      return undefined;
    }
  },
};

export const DOMAIN = {
  name: "COS GameNet",
  version: "1",
  chainId: 31_337n,
  verifyingContract: "0x00000000000000000000000000000000000C0575",
};

export const digests = new TransactionDigests(crypto, getBytes(TypedDataEncoder.hashDomain(DOMAIN)));

/** A player's key, by number. */
export function player(number: number): { readonly key: SigningKey; readonly address: Uint8Array } {
  const wallet = HDNodeWallet.fromSeed(getBytes(keccak256(getBytes("0x0505")))).deriveChild(number);
  return { key: wallet.signingKey, address: getBytes(wallet.address) };
}

/** As a wallet signs it: by ethers' typed data. */
export function sign(key: SigningKey, transaction: Transaction, nonce: bigint, domain = DOMAIN): Uint8Array {
  const { kind, ...values } = transaction;
  const readable = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value instanceof Uint8Array ? hexlify(value) : value]),
  );
  const types = { [kind]: [...typedFields(kind)] };
  const digest = TypedDataEncoder.hash(domain, types, { ...readable, nonce });
  return getBytes(key.sign(digest).compactSerialized);
}

/** A segment's bytes. */
export function segmentOf(
  entries: number,
  ...transactions: readonly (readonly [Transaction, ...Uint8Array[]])[]
): Uint8Array {
  const parts = transactions.flatMap(([transaction, ...signatures]) => [encodeTransaction(transaction), ...signatures]);
  return Uint8Array.from([entries, ...parts.flatMap((part) => [...part])]);
}

export const TIME = 1_800_000_000n;

export function contextOf(overrides: Partial<BatchContext> = {}): BatchContext {
  return { time: TIME, queueTime: TIME - 60n, queueTo: 0n, movesHalt: TIME + 10n ** 9n, digests, crypto, ...overrides };
}

/** Executes a segment over a ledger and commits it. */
export function run(
  ledger: Ledger,
  body: Uint8Array,
  entries: readonly Entry[] = [],
  overrides: Partial<BatchContext> = {},
  answer: (call: RulesCall) => RulesAnswer = () => undefined,
): SegmentResult & { readonly undo: Undo } {
  const queueTo = ledger.queue + BigInt(entries.length);
  const from = ledger.queue;
  const steps = executeSegment(
    ledger,
    body,
    from,
    (number) => entries[Number(number - from)] as Entry,
    contextOf({ queueTo, ...overrides }),
  );
  let step = steps.next();
  while (step.done !== true) step = steps.next(answer(step.value));
  return { ...step.value, undo: ledger.commit(step.value.queue) };
}
