import type { Clock } from "./ports";

export interface ReadinessReport {
  readonly ready: boolean;
  /** What is wrong, one sentence each; empty when ready. */
  readonly reasons: readonly string[];
}

export interface ReadinessCheck {
  readonly name: string;
  /** Longest time without success before this process counts as not ready. */
  readonly toleranceMs: number;
}

/** What must hold now, by its name; rejects with the reason where it does not. */
export type Conditions = Readonly<Record<string, () => Promise<void>>>;

/** Whether this process does its work: each check must have succeeded lately, and each condition must hold now. */
export class Readiness {
  private readonly checks = new Map<string, { readonly toleranceMs: number; at: number; lastError?: string }>();

  constructor(
    checks: readonly ReadinessCheck[],
    private readonly clock: Pick<Clock, "now">,
    private readonly conditions: Conditions,
  ) {
    for (const { name, toleranceMs } of checks) this.checks.set(name, { toleranceMs, at: Number.NEGATIVE_INFINITY });
  }

  succeeded(name: string): void {
    const check = this.checks.get(name);
    if (check === undefined) return;
    check.at = this.clock.now();
    delete check.lastError;
  }

  failed(name: string, reason: string): void {
    const check = this.checks.get(name);
    if (check !== undefined) check.lastError = reason;
  }

  async report(): Promise<ReadinessReport> {
    const now = this.clock.now();
    const reasons = [...this.checks].flatMap(([name, { toleranceMs, at, lastError }]) => {
      if (now - at <= toleranceMs) return [];
      const since = Number.isFinite(at) ? `for ${Math.round((now - at) / 1000)} s` : "yet";
      return [`${name}: no success ${since}${lastError === undefined ? "" : ` (${lastError})`}`];
    });
    for (const [name, holds] of Object.entries(this.conditions)) {
      await holds().catch((error: unknown) => {
        reasons.unshift(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
    return { ready: reasons.length === 0, reasons };
  }
}
