import type { GeneratedSegment } from "./segmentGenerator";

/** Bytes of a segment. */
export function bodyOf({ wanted, parts }: Pick<GeneratedSegment, "wanted" | "parts">): Uint8Array {
  return Uint8Array.from([wanted, ...parts.flatMap((part) => [...part])]);
}
