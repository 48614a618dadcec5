/** A mutant that no test can notice, and why: it does what the contract does. */
export interface EquivalentMutant {
  readonly source: string;
  /** The line before and after, trimmed. */
  readonly before: string;
  readonly after: string;
  readonly reason: string;
}

export const EQUIVALENT: readonly EquivalentMutant[] = [
  {
    source: "token/libraries/EmissionSchedule.sol",
    before: "if (timestamp < end) {",
    after: "if (timestamp <= end) {",
    reason:
      "in a phase's last second the share of what is left is all of it: the same amount is emitted, and the cursor, left " +
      "in a finished phase, moves on with the next call",
  },
  {
    source: "staking/RevenueSplitter.sol",
    before: "if (amount != 0) sum += amount * (integral - target.integralAt(epoch));",
    after: "if (true) sum += amount * (integral - target.integralAt(epoch));",
    reason: "adds 0 times what the pool always answers: its integral at the start of a week that it has reached",
  },
  {
    source: "staking/libraries/WeekHistory.sol",
    before: "if (week >= lastWeek) return last;",
    after: "if (week > lastWeek) return last;",
    reason:
      "of the last knot's own week the search finds that knot: its first and its last candidate are the last knot",
  },
  {
    source: "validators/ValidatorRegistry.sol",
    before: "if (entering != address(0) && entering < before[i]) {",
    after: "if (entering != address(0) && entering <= before[i]) {",
    reason: "a key that enters has no seat: a key is used once, and its operator had none",
  },
  {
    source: "validators/ValidatorRegistry.sol",
    before: "if (!free) (, greatest) = _weakestSeated();",
    after: "if (true) (, greatest) = _weakestSeated();",
    reason: "where a seat is free the first on standby is taken whatever `greatest` is, and its bond replaces that",
  },
  {
    source: "game/GameQuests.sol",
    before:
      "if (bits & 1 != 0 && earnedAt[gameId][account][bit] < timestamp) earnedAt[gameId][account][bit] = timestamp;",
    after:
      "if (bits & 1 != 0 && earnedAt[gameId][account][bit] <= timestamp) earnedAt[gameId][account][bit] = timestamp;",
    reason: "writes the time that is there already once more",
  },
];
