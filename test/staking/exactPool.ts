/** A sum of fractions, exact: never rounded, never reduced. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const ZERO: Fraction = { numerator: 0n, denominator: 1n };

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** `sum + numerator / divisor`; later denominators are multiples of earlier ones. */
function plus({ numerator, denominator }: Fraction, addend: bigint, divisor: bigint): Fraction {
  const factor = divisor / gcd(divisor, denominator % divisor);
  const common = denominator * factor;
  return { numerator: numerator * factor + addend * (common / divisor), denominator: common };
}

/** `scale · (later − earlier)`, rounded down. */
export function difference(later: Fraction, earlier: Fraction, scale: bigint): bigint {
  const numerator = later.numerator - earlier.numerator * (later.denominator / earlier.denominator);
  return (numerator * scale) / later.denominator;
}

export interface ExactPosition {
  readonly id: number;
  readonly weight: bigint;
  readonly from: bigint;
  readonly perWeightFrom: Fraction;
  readonly inverseFrom: Fraction;
  perWeightTo: Fraction | undefined;
  inverseTo: Fraction | undefined;
  to: bigint;
}

interface Ending {
  readonly id: number;
  readonly at: bigint;
  readonly order: number;
}

const WEEK = 604_800n;

/**
 * What a pool must do, by the rules alone: who has weight when, what streams, and what each has earned, as exact
 * fractions. Rates are whole numbers because the rules say so.
 */
export class ExactPool {
  weight = 0n;
  rate = 0n;
  emissionEnd = 0n;
  undistributed = 0n;
  emitted = 0n;
  funded = 0n;
  idle = 0n;
  /** How often anything was added, which bounds what a contract lost by rounding. */
  additions = 0n;
  perWeight = ZERO;
  inverse = ZERO;
  positions = new Map<number, ExactPosition>();
  weeks = new Map<bigint, { readonly inverse: Fraction; readonly idle: bigint }>();
  private endings: Ending[] = [];

  constructor(public time: bigint) {}

  /** Another pool of the same past, whose future is its own. */
  copy(): ExactPool {
    const copy = Object.assign(new ExactPool(this.time), this);
    copy.positions = new Map([...this.positions].map(([id, position]) => [id, { ...position }]));
    copy.weeks = new Map(this.weeks);
    return copy;
  }

  open(id: number, weight: bigint, end: bigint | undefined, order = 0): void {
    const { perWeight, inverse, time } = this;
    this.positions.set(id, {
      id,
      weight,
      from: time,
      perWeightFrom: perWeight,
      inverseFrom: inverse,
      perWeightTo: undefined,
      inverseTo: undefined,
      to: 0n,
    });
    this.weight += weight;
    if (end !== undefined) this.endings.push({ id, at: end, order });
  }

  /** Ends a position's weight now. */
  end(id: number): void {
    const position = this.positions.get(id)!;
    if (position.to !== 0n) return;
    position.to = this.time;
    position.perWeightTo = this.perWeight;
    position.inverseTo = this.inverse;
    this.weight -= position.weight;
  }

  /** Lets time pass up to `now`, or until `steps` endings were seen; whether it came to `now`. */
  advance(now: bigint, steps = Number.POSITIVE_INFINITY): boolean {
    for (let step = 0; ; step++) {
      const next = this.nextEnding();
      if (next === undefined || next.at > now) break;
      if (step >= steps) return false;
      this.endings = this.endings.filter(({ id }) => id !== next.id);
      if (this.positions.get(next.id)!.to !== 0n) continue;
      this.pass(next.at);
      this.end(next.id);
    }
    this.pass(now);
    return true;
  }

  /** Endings that are over at `now`. */
  waiting(now: bigint): number {
    return this.endings.filter(({ at }) => at <= now).length;
  }

  /** The rate that a funding would lead to now. */
  rateAfter(amount: bigint, newEnd: bigint): bigint {
    return this.pot(amount) / (newEnd - this.time);
  }

  fund(amount: bigint, newEnd: bigint): void {
    const pot = this.pot(amount);
    this.rate = this.rateAfter(amount, newEnd);
    this.emissionEnd = newEnd;
    this.undistributed = pot - this.rate * (newEnd - this.time);
    this.funded += amount;
  }

  unelapsed(): bigint {
    return this.time < this.emissionEnd ? this.rate * (this.emissionEnd - this.time) : 0n;
  }

  /** What a position has earned, rounded down, and by how many wei a contract may be below that. */
  reward(id: number): { readonly exact: bigint; readonly slack: bigint } {
    const { weight, perWeightFrom, perWeightTo } = this.positions.get(id)!;
    const exact = difference(perWeightTo ?? this.perWeight, perWeightFrom, weight);
    return { exact, slack: 1n + (weight * this.additions) / 10n ** 27n };
  }

  private pot(amount: bigint): bigint {
    return amount + this.undistributed + this.unelapsed();
  }

  private nextEnding(): Ending | undefined {
    return this.endings.reduce<Ending | undefined>((first, ending) => {
      if (first === undefined || ending.at < first.at) return ending;
      if (ending.at > first.at) return first;
      return ending.order < first.order || (ending.order === first.order && ending.id < first.id) ? ending : first;
    }, undefined);
  }

  /** Up to `to`, week by week and no further than the stream at a time. */
  private pass(to: bigint): void {
    while (this.time < to) {
      const nextWeek = (this.time / WEEK + 1n) * WEEK;
      let until = nextWeek < to ? nextWeek : to;
      if (this.time < this.emissionEnd && this.emissionEnd < until) until = this.emissionEnd;
      const elapsed = until - this.time;
      const streamed = this.time < this.emissionEnd ? this.rate * elapsed : 0n;
      if (this.weight === 0n) {
        this.undistributed += streamed;
        this.idle += elapsed;
      } else {
        this.emitted += streamed;
        this.perWeight = plus(this.perWeight, streamed, this.weight);
        this.inverse = plus(this.inverse, elapsed, this.weight);
        this.additions += 1n;
      }
      this.time = until;
      if (until % WEEK === 0n) this.weeks.set(until / WEEK, { inverse: this.inverse, idle: this.idle });
    }
  }
}
