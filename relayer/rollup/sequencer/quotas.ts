import type { Clock } from "../../ports";

/** Quotas in transfers a second; a game's move counts as several (`unitsOf`). */
export interface QuotaTerms {
  /** Of an owner without stake. */
  readonly free: number;
  /** What each whole COS of stake adds. */
  readonly perStakedCos: number;
  /** What no stake goes beyond. */
  readonly most: number;
  /** Seconds of a quota that may be used at once. */
  readonly burstSeconds: number;
  /** By game id: what its sponsor pays for, of all its players together. */
  readonly sponsored: ReadonlyMap<bigint, number>;
}

/** Owners and games that are remembered at most; the longest silent one is forgotten first. */
const MAX_BUCKETS = 100_000;
const COS = 10n ** 18n;

interface Bucket {
  left: number;
  at: number;
}

export type Paid = "own" | "sponsor";

/** Who may send how much: owners by what they stake, and a sponsored game's players on its sponsor's account. */
export class Quotas {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly terms: QuotaTerms,
    private readonly clock: Pick<Clock, "now">,
  ) {}

  /** Transfers a second of an owner with this stake, in wei. */
  rateOf(stake: bigint): number {
    const whole = Number(stake / COS);
    return Math.min(this.terms.most, this.terms.free + whole * this.terms.perStakedCos);
  }

  /** Takes `units` from the owner's quota, else from the game's; undefined where neither has them. */
  take(owner: string, stake: bigint, gameId: bigint | undefined, units: number): Paid | undefined {
    const sponsored = gameId === undefined ? undefined : this.terms.sponsored.get(gameId);
    if (sponsored !== undefined && this.draw(`game:${gameId}`, sponsored, units)) return "sponsor";
    return this.draw(`owner:${owner}`, this.rateOf(stake), units) ? "own" : undefined;
  }

  private draw(key: string, perSecond: number, units: number): boolean {
    const now = this.clock.now();
    // One transaction fits into any quota that is not zero.
    const most = perSecond === 0 ? 0 : Math.max(perSecond * this.terms.burstSeconds, units);
    const known = this.buckets.get(key) ?? { left: most, at: now };
    const left = Math.min(most, known.left + ((now - known.at) * perSecond) / 1_000);
    const enough = left >= units && most > 0;
    this.buckets.delete(key);
    const oldest = this.buckets.keys().next();
    if (this.buckets.size >= MAX_BUCKETS && oldest.done === false) this.buckets.delete(oldest.value);
    this.buckets.set(key, { left: enough ? left - units : left, at: now });
    return enough;
  }
}
