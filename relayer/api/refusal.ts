import type { z } from "zod";

/** An answer other than 200, in words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What `schema` makes of a part of a request; a Refusal that names what is wrong otherwise. */
export function parseRequest<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) =>
    issue.code === "unrecognized_keys"
      ? `${issue.keys.join(", ")}: no such parameter`
      : `${issue.path.join(".")}: ${issue.code === "invalid_type" ? "is missing" : issue.message}`,
  );
  throw new Refusal(400, "BAD_REQUEST", problems.join("; "));
}
