import { SdkError } from "../../sdk/errors";
import { Refusal } from "../refusal";

/** What the SDK tells besides, where it knows. */
interface Told {
  readonly error?: string;
  readonly message?: string;
  readonly endpoint?: string;
  readonly hash?: string;
}

/** Runs `action`; what layer 2 refuses ends the task in words. */
export async function onLayer2<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    throw new Refusal(inWords(error), error);
  }
}

function inWords(refusal: SdkError): string {
  const { error, message, endpoint, hash } = refusal.context as Told;
  if (refusal.code === "SEQUENCER_SILENT") {
    const silent = `no sequencer answers at ${endpoint}: is it running, and is that its URL?`;
    // It may have been taken: who signs again pays twice.
    return hash === undefined ? silent : `${silent} It may have taken ${hash} before: look before you run this again`;
  }
  if (message !== undefined) return `${message} (${error ?? refusal.code})`;
  return `${refusal.message.replace(`${refusal.code}: `, "")} (${refusal.code}): ${refusal.remedy}`;
}
