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
