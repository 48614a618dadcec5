import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";
import { ContractRevert, RelayerError } from "./errors";

export type Log = Logger;

const SECRETS = [
  "privateKey",
  "password",
  "raw",
  "signer.privateKey",
  "sender.privateKey",
  "*.privateKey",
  "*.password",
];

/** URLs in a text without user, password, query and path below the host: providers put their keys there. */
export function withoutCredentials(text: string): string {
  return text.replace(/\b[a-z][a-z0-9+]*:\/\/[^\s"'<>]*[^\s"'<>:;,.)\]]/gi, (url) => {
    if (!URL.canParse(url)) return "[url]";
    const { protocol, host, pathname, search, username } = new URL(url);
    const hidden = (pathname !== "/" && pathname !== "") || search !== "" || username !== "";
    return `${protocol}//${host}${hidden ? "/…" : ""}`;
  });
}

/** A value as it may stand in a log: bigints as decimals, URLs without credentials. */
export function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string") return withoutCredentials(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 8) return "…";
  if (value instanceof Error) return loggableError(value, depth);
  if (Array.isArray(value)) return value.map((each) => loggable(each, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, loggable(each, depth + 1)]));
}

function loggableError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: withoutCredentials(error.message),
    ...(error instanceof RelayerError && {
      code: error.code,
      retriable: error.retriable,
      ...(error.alert && { alert: true }),
      context: loggable(error.context, depth + 1),
    }),
    ...(error instanceof ContractRevert && { data: error.data }),
    ...(!(error instanceof RelayerError) && error.stack !== undefined && { stack: withoutCredentials(error.stack) }),
    ...(error.cause !== undefined && { cause: loggable(error.cause, depth + 1) }),
  };
}

/** JSON lines: a constant message, everything that varies in fields, no secret. */
export function createLog(
  options: { readonly operator: string; readonly level: string },
  destination?: DestinationStream,
): Log {
  return pino(
    {
      level: options.level,
      base: { operator: options.operator },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => loggable(fields) as Record<string, unknown>,
      },
      redact: { paths: SECRETS, censor: "[secret]" },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}
