/** What the ledger needs of cryptography: injected, because each platform has a fastest one. */
export interface LedgerCrypto {
  readonly keccak256: (bytes: Uint8Array) => Uint8Array;
  /** The 20-byte address behind a 64-byte EIP-2098 signature; undefined for a malformed or high-s one. */
  readonly recover: (digest: Uint8Array, signature: Uint8Array) => Uint8Array | undefined;
}
