const BPS = 10_000n;

/**
 * What a round's end makes of the balances: each without its stake, and its part of the pot, rounded down; the last
 * participant gets the rest of it. Twin of `contracts/game/libraries/RoundPayout.sol`.
 * @param stake Of each, at most the least of the balances.
 * @param shareBps One per balance, summing to 10,000.
 */
export function roundResult(balances: readonly bigint[], stake: bigint, shareBps: readonly bigint[]): bigint[] {
  if (shareBps.length !== balances.length || shareBps.reduce((sum, share) => sum + share, 0n) !== BPS) {
    throw new RangeError(`${shareBps.length} shares do not divide a pot among ${balances.length}`);
  }
  const pot = stake * BigInt(balances.length);
  const parts = shareBps.map((share) => (pot * share) / BPS);
  const lost = parts.reduce((rest, part) => rest - part, pot);
  const last = balances.length - 1;
  return balances.map((balance, index) => balance - stake + (parts[index] as bigint) + (index === last ? lost : 0n));
}
