/** A participant's key in a channel: signs states, holds no money and sends no transaction. */
export interface ChannelKey {
  /** The `signer` of its participant. */
  readonly address: string;
  /** 64-byte signature (EIP-2098) of a 32-byte digest, both as 0x hex. */
  sign(digest: string): string | Promise<string>;
}

/** ECDSA over secp256k1: in the browser in JavaScript, in Node natively where that is installed. */
export interface Signatures {
  /** The key of a 32-byte secret, as 0x hex. */
  keyOf(secret: string): ChannelKey;
  /** Whose signature it is, in lower case; undefined for what no contract takes: malformed, high-s, or nobody's. */
  recover(digest: string, signature: string): string | undefined;
}
