import type { Clock } from "../ports";

/** Keys that are remembered at most; the longest silent one is forgotten first. */
const MAX_KEYS = 10_000;

/** Lets each key do so much a second, and a burst of `burst` after a silence. */
export class RateLimit {
  private readonly buckets = new Map<string, { left: number; at: number }>();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly clock: Pick<Clock, "now">,
  ) {}

  /** Whether `key` may now; counts it if so. */
  allows(key: string): boolean {
    const now = this.clock.now();
    const known = this.buckets.get(key) ?? { left: this.burst, at: now };
    const left = Math.min(this.burst, known.left + ((now - known.at) * this.perSecond) / 1_000);
    this.buckets.delete(key);
    const oldest = this.buckets.keys().next();
    if (this.buckets.size >= MAX_KEYS && oldest.done === false) this.buckets.delete(oldest.value);
    this.buckets.set(key, { left: left >= 1 ? left - 1 : left, at: now });
    return left >= 1;
  }
}
