import { describeError } from "./endpointPool";

/** What a node's refusal of a raw transaction means. Programs differ in words, not in kinds. */
export type BroadcastRefusal =
  "known" | "nonceUsed" | "nonceAhead" | "underpriced" | "reserved" | "insufficientFunds" | "other";

const KINDS: readonly (readonly [BroadcastRefusal, RegExp])[] = [
  [
    "known",
    /already known|already imported|known transaction|already in (the )?(mem)?pool|transaction already exists/i,
  ],
  ["nonceUsed", /nonce (is )?too low|nonce has already been used|old nonce|invalid nonce; got/i],
  ["nonceAhead", /nonce (is )?too high|gapped|can't be queued/i],
  [
    "underpriced",
    /underpriced|replacement fee too low|fee too low to replace|gas price too low|less than block base fee|too low for the next block/i,
  ],
  // A node keeps transactions with blobs apart, and an account has either those or others there (geth, BSC).
  ["reserved", /already reserved/i],
  ["insufficientFunds", /insufficient (funds|balance)|doesn't have enough funds|not enough balance/i],
];

export function classifyRefusal(error: unknown): BroadcastRefusal {
  const message = describeError(error);
  return KINDS.find(([, pattern]) => pattern.test(message))?.[0] ?? "other";
}
