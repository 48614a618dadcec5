import { Signature, getBytes, hexlify, type Signer } from "ethers";
import { TRANSACTIONS, typedFields, type Transaction } from "../../protocol/ledger/transactions";
import type { ChannelKey } from "../keys/channelKey";
import { ledgerDigests, ledgerDomain, type LedgerVenue } from "./ledgerDomain";

/** Whoever signs for an account of layer 2: its owner, or a session key. */
export interface Speaker {
  readonly address: string;
  /** 64 bytes (EIP-2098) over a transaction with its account's nonce. */
  sign(transaction: Transaction, nonce: bigint): Promise<Uint8Array>;
}

/** Signs without asking anybody: a session key, or an owner's key that the program holds. */
export function keySpeaker(key: ChannelKey, venue: LedgerVenue): Speaker {
  const digests = ledgerDigests(venue);
  return {
    address: key.address,
    sign: async (transaction, nonce) => getBytes(await key.sign(hexlify(digests.digest(transaction, nonce)))),
  };
}

/** Signs by a wallet, which shows its user each field by name (EIP-712). */
export async function walletSpeaker(wallet: Signer, venue: LedgerVenue): Promise<Speaker> {
  return {
    address: await wallet.getAddress(),
    async sign(transaction, nonce) {
      const { kind, ...fields } = transaction;
      const types = { [kind]: typedFields(kind).map(({ name, type }) => ({ name, type })) };
      const named = Object.keys(TRANSACTIONS[kind].fields).map((name) => {
        const value = (fields as Readonly<Record<string, number | bigint | Uint8Array>>)[name];
        return [name, value instanceof Uint8Array ? hexlify(value) : value] as const;
      });
      const signed = await wallet.signTypedData(ledgerDomain(venue), types, { ...Object.fromEntries(named), nonce });
      return getBytes(Signature.from(signed).compactSerialized);
    },
  };
}
