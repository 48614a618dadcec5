/** What is asked about a signature: whose it is. */
export interface SignatureItem {
  /** 32 bytes. */
  readonly digest: Uint8Array;
  /** 64 bytes, EIP-2098. */
  readonly signature: Uint8Array;
}

const DIGEST_BYTES = 32;
const ITEM_BYTES = 96;
const ADDRESS_BYTES = 20;
/** One byte says whether there is an address. */
const ANSWER_BYTES = 1 + ADDRESS_BYTES;

/** Items as one buffer, which passes between threads without a copy. */
export function packItems(items: readonly SignatureItem[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(ITEM_BYTES * items.length);
  for (const [i, { digest, signature }] of items.entries()) {
    if (digest.length !== DIGEST_BYTES || signature.length !== ITEM_BYTES - DIGEST_BYTES) {
      throw new RangeError(`a digest of ${digest.length} bytes with a signature of ${signature.length}`);
    }
    packed.set(digest, ITEM_BYTES * i);
    packed.set(signature, ITEM_BYTES * i + DIGEST_BYTES);
  }
  return packed;
}

export function answerItems(
  packed: Uint8Array,
  recover: (digest: Uint8Array, signature: Uint8Array) => Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  const count = packed.length / ITEM_BYTES;
  const answers = new Uint8Array(ANSWER_BYTES * count);
  for (let i = 0; i < count; i++) {
    const item = packed.subarray(ITEM_BYTES * i, ITEM_BYTES * (i + 1));
    const address = recover(item.subarray(0, DIGEST_BYTES), item.subarray(DIGEST_BYTES));
    if (address === undefined) continue;
    answers[ANSWER_BYTES * i] = 1;
    answers.set(address, ANSWER_BYTES * i + 1);
  }
  return answers;
}

export function unpackAnswers(answers: Uint8Array): (Uint8Array | undefined)[] {
  return Array.from({ length: answers.length / ANSWER_BYTES }, (_, i) => {
    const start = ANSWER_BYTES * i;
    return answers[start] === 1 ? answers.slice(start + 1, start + ANSWER_BYTES) : undefined;
  });
}
