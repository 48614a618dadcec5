/** Three slots that are written for the first time. */
const LEAST_ROOM = 80_000n;

/**
 * A gas limit over an estimate: in a later second, a new week, or behind another's transaction, there is more to account
 * for. What is not used costs nothing.
 */
export function withRoom(estimate: bigint): bigint {
  const third = estimate / 3n;
  return estimate + (third > LEAST_ROOM ? third : LEAST_ROOM);
}
