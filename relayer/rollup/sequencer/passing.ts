import { RelayerError } from "../../errors";

export function passing(message: string): RelayerError {
  return new RelayerError("ENDPOINT_UNAVAILABLE", message, { retriable: true });
}

/** Whether trying again may help. */
export function isPassing(error: unknown): boolean {
  return error instanceof RelayerError && error.retriable;
}
