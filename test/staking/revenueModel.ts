/** Seconds of an epoch. */
const WEEK = 604_800n;
const BPS = 10_000n;
const SCALE = 1n << 128n;

export interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

export interface ModelPosition {
  readonly owner: number;
  readonly weight: bigint;
  readonly from: bigint;
  /** When it ends, or ended; undefined while that is open. */
  end: bigint | undefined;
}

/** A stretch of time without any change, within one epoch. */
interface Stretch {
  readonly from: bigint;
  readonly to: bigint;
  readonly weight: bigint;
}

/**
 * One pool as it was: who weighed what and when. Nothing is accumulated: what a position earned is summed over all
 * stretches of its time, as an exact fraction, each time that somebody asks.
 */
export class PoolModel {
  readonly positions: ModelPosition[] = [];
  private readonly stretches: Stretch[] = [];
  /** By token, by epoch: what streams in it. */
  private readonly streams: Map<bigint, bigint>[];
  private readonly idle = new Map<bigint, bigint>();
  private now: bigint;

  constructor(
    private readonly tokens: number,
    start: bigint,
  ) {
    this.now = start;
    this.streams = Array.from({ length: tokens }, () => new Map<bigint, bigint>());
  }

  credit(token: number, amount: bigint): void {
    this.add(token, this.now / WEEK + 1n, amount);
  }

  stream(token: number, epoch: bigint): bigint {
    return this.streams[token]!.get(epoch) ?? 0n;
  }

  /** Whether a position has weight now. */
  runs(position: ModelPosition): boolean {
    return position.end === undefined || position.end > this.now;
  }

  advance(to: bigint): void {
    while (this.now < to) {
      const epoch = this.now / WEEK;
      const next = [to, (epoch + 1n) * WEEK, ...this.positions.map(({ end }) => end ?? to)]
        .filter((time) => time > this.now)
        .reduce((first, time) => (time < first ? time : first));
      const weight = this.positions.filter((each) => this.runs(each)).reduce((sum, each) => sum + each.weight, 0n);
      if (weight === 0n) this.idle.set(epoch, (this.idle.get(epoch) ?? 0n) + next - this.now);
      else this.stretches.push({ from: this.now, to: next, weight });
      this.now = next;
      if (next % WEEK === 0n) this.rollForward(epoch);
    }
  }

  /** All that a position ever earned of a token. */
  earned(position: ModelPosition, token: number): Fraction {
    let [n, d] = [0n, 1n];
    for (const [weight, streamed] of this.streamedByWeight(position, token)) {
      [n, d] = [n * weight + streamed * d, d * weight];
    }
    return { n: n * position.weight, d: d * WEEK };
  }

  /** How much less the contract may have paid: below one unit of its integral for each stretch, and a unit at the end. */
  tolerance(position: ModelPosition, token: number): bigint {
    let sum = 0n;
    for (const { from } of this.stretchesOf(position)) sum += this.stream(token, from / WEEK);
    return (2n * sum * position.weight) / (SCALE * WEEK) + 1n;
  }

  private streamedByWeight(position: ModelPosition, token: number): Map<bigint, bigint> {
    const sums = new Map<bigint, bigint>();
    for (const { from, to, weight } of this.stretchesOf(position)) {
      const streamed = this.stream(token, from / WEEK) * (to - from);
      if (streamed !== 0n) sums.set(weight, (sums.get(weight) ?? 0n) + streamed);
    }
    return sums;
  }

  private stretchesOf(position: ModelPosition): Stretch[] {
    const end = position.end ?? this.now;
    return this.stretches.filter(({ from, to }) => from >= position.from && to <= end);
  }

  private rollForward(epoch: bigint): void {
    const idle = this.idle.get(epoch) ?? 0n;
    for (let token = 0; token < this.tokens; ++token) {
      this.add(token, epoch + 1n, (this.stream(token, epoch) * idle) / WEEK);
    }
  }

  private add(token: number, epoch: bigint, amount: bigint): void {
    if (amount !== 0n) this.streams[token]!.set(epoch, this.stream(token, epoch) + amount);
  }
}

export interface Division {
  readonly developer: bigint;
  readonly treasury: bigint;
  readonly nodes: bigint;
  readonly pledges: bigint;
}

/** The parts of an amount: all round down but the stakers', and of theirs the pledges'. */
export function divide(
  amount: bigint,
  shares: { readonly developerBps: bigint; readonly treasuryBps: bigint },
  nodeShareBps: bigint,
): Division {
  const developer = (amount * shares.developerBps) / BPS;
  const treasury = (amount * shares.treasuryBps) / BPS;
  const stakers = amount - developer - treasury;
  const nodes = (stakers * nodeShareBps) / BPS;
  return { developer, treasury, nodes, pledges: stakers - nodes };
}
