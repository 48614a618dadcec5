/** What differs between two snapshots, a line each: contracts that came or went, and what changed in the others. */
export function differences(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names.flatMap((name) => {
    if (!(name in before)) return [`${name} is new`];
    if (!(name in now)) return [`${name} is gone`];
    return changed(before[name], now[name]).map((line) => `${name} ${line}`);
  });
}

function changed(before: unknown, now: unknown): readonly string[] {
  if (Array.isArray(before) && Array.isArray(now)) {
    const [was, is] = [before.map(String), now.map(String)];
    const gone = was.filter((line) => !is.includes(line)).map((line) => `- ${line}`);
    const added = is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`);
    if (gone.length + added.length > 0) return [...gone, ...added];
    return was.join("\n") === is.join("\n") ? [] : ["has another order"];
  }
  return before === now ? [] : [`${String(before)} → ${String(now)}`];
}

export type Figures = Readonly<Record<string, unknown>>;

/** A byte of a clock or a hash that is zero this time costs less: so much of a figure says nothing. */
const NOISE = 0.001;

/** `now`, with the figures of `before` where the two are as good as equal. */
export function settled(before: Figures, now: Figures): Figures {
  return Object.fromEntries(
    Object.entries(now).map(([path, figure]) => {
      const was = before[path];
      const near = typeof was === "number" && typeof figure === "number" && Math.abs(figure - was) <= NOISE * was;
      return [path, near ? was : figure];
    }),
  );
}
