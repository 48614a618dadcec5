/** Seconds. */
export const MINUTE = 60n;
export const HOUR = 3_600n;
export const DAY = 86_400n;

/** 2020 to 2100: anything else is milliseconds, or a slip. */
const [MIN_START, MAX_START] = [1_577_836_800n, 4_102_444_800n];

/** Whether these are Unix seconds of a time at which something could begin. */
export function isStart(seconds: bigint): boolean {
  return seconds >= MIN_START && seconds <= MAX_START;
}
