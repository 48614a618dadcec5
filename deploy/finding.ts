/** One fact of a deployment, as it should be and as the chain has it. */
export interface Finding {
  readonly subject: string;
  readonly expected: string;
  readonly found: string;
  /** unknown: the endpoint cannot tell (pruned logs). */
  readonly verdict: "same" | "different" | "unknown";
}

export function finding(subject: string, expected: unknown, found: unknown): Finding {
  const [wanted, present] = [String(expected), String(found)];
  return { subject, expected: wanted, found: present, verdict: wanted === present ? "same" : "different" };
}
