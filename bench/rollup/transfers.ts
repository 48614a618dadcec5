import { createRequire } from "node:module";
import { TypedDataEncoder, getBytes } from "ethers";
import type { BatchContext } from "../../protocol/ledger/authority";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import { Ledger } from "../../protocol/ledger/ledger";
import { TransactionDigests, encodeTransaction, type Transaction } from "../../protocol/ledger/transactions";
import { createLedgerCrypto } from "../../relayer/rollup/ledgerCrypto";

/** What is used of the package `secp256k1`. */
interface Secp256k1 {
  publicKeyCreate(secret: Uint8Array, compressed: boolean): Uint8Array;
  ecdsaSign(digest: Uint8Array, secret: Uint8Array): { readonly signature: Uint8Array; readonly recid: number };
}

type SignDigest = (secret: Uint8Array, digest: Uint8Array) => Uint8Array;

export const IN_SEGMENT = 16;
const AMOUNT = 10n ** 18n;
const DOMAIN = { name: "COS GameNet", version: "1", chainId: 56, verifyingContract: `0x${"c0".repeat(20)}` };
const TIME = 1_800_000_000n;

/** A ledger with many accounts, of which some send to all, and a load of transfers between them. */
export interface Load {
  readonly ledger: Ledger;
  readonly crypto: LedgerCrypto;
  readonly digests: TransactionDigests;
  /** Segments of 16 transfers, all valid in this order. */
  readonly bodies: readonly Uint8Array[];
}

/** An account with a balance beside it, one segment after the other as deposits would make them. */
export function openAccounts(ledger: Ledger, owners: readonly Uint8Array[], accounts: number): void {
  for (let i = 0; i < accounts; i++) {
    const owner = owners[i % owners.length] as Uint8Array;
    const account = ledger.append({
      kind: "Account",
      owner,
      nonce: 0n,
      key: new Uint8Array(20),
      keyExpiry: 0n,
      keyScope: 0,
      keyGame: 0,
    });
    ledger.append({ kind: "Balance", account, asset: 0, amount: AMOUNT });
    if (i % IN_SEGMENT === 0) ledger.commit(0n);
  }
  ledger.commit(0n);
  ledger.state();
}

/** Native where it is installed: half a minute of noble's otherwise. */
function signer(): { readonly sign: SignDigest; readonly publicKey: (secret: Uint8Array) => Uint8Array } {
  try {
    const native = createRequire(__filename)("secp256k1/bindings.js") as Secp256k1;
    return {
      publicKey: (secret) => native.publicKeyCreate(secret, false),
      sign(secret, digest) {
        const { signature, recid } = native.ecdsaSign(digest, secret);
        signature[32] = (signature[32] as number) | (recid << 7);
        return signature;
      },
    };
  } catch {
    throw new Error("the package secp256k1 is not installed: without it nothing here says what a node can do");
  }
}

export async function makeLoad(accounts: number, senders: number, transfers: number): Promise<Load> {
  const crypto = await createLedgerCrypto();
  const digests = new TransactionDigests(crypto, getBytes(TypedDataEncoder.hashDomain(DOMAIN)));
  const { sign, publicKey } = signer();
  const secrets = Array.from({ length: senders }, (_, i) => crypto.keccak256(new TextEncoder().encode(`sender ${i}`)));
  const owners = secrets.map((secret) => crypto.keccak256(publicKey(secret).subarray(1)).slice(12));
  const ledger = new Ledger(crypto);
  openAccounts(ledger, owners, accounts);

  const nonces = new Map<number, bigint>();
  const bodies: Uint8Array[] = [];
  let state = 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  for (let made = 0; made < transfers; made += IN_SEGMENT) {
    const parts: Uint8Array[] = [Uint8Array.of(0)];
    for (let i = 0; i < IN_SEGMENT; i++) {
      const from = below(accounts);
      const to = (from + 1 + below(accounts - 1)) % accounts;
      const transaction: Transaction = { kind: "Transfer", from: 2 * from + 2, to: 2 * to + 2, amount: 1_000_000n };
      const nonce = nonces.get(from) ?? 0n;
      nonces.set(from, nonce + 1n);
      const secret = secrets[from % senders] as Uint8Array;
      parts.push(encodeTransaction(transaction), sign(secret, digests.digest(transaction, nonce)));
    }
    bodies.push(new Uint8Array(Buffer.concat(parts)));
  }
  return { ledger, crypto, digests, bodies };
}

export function contextOf(crypto: LedgerCrypto, digests: TransactionDigests): BatchContext {
  return { time: TIME, queueTime: TIME, queueTo: 0n, movesHalt: TIME * 2n, digests, crypto };
}
