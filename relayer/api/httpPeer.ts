import { RelayerError } from "../errors";
import type { Attestation, AttestationPeer, RotationAttestation } from "../ports";
import { WAIT_LIMIT_MS, parseAttestations, parseRotations } from "./wire";

/** Beyond what a request was allowed to wait. */
const TIMEOUT_MS = 5_000;
/** Largest answer that is read: more than a full page has. */
const ANSWER_BYTES = 1_048_576;

type Query = Readonly<Record<string, bigint | number | string | undefined>>;

/** Another operator's attestation endpoint over HTTP. Nothing that it says is believed here but its shape. */
export class HttpPeer implements AttestationPeer {
  constructor(readonly endpoint: string) {}

  async attestations(
    query: Parameters<AttestationPeer["attestations"]>[0],
    signal: AbortSignal,
  ): Promise<readonly Attestation[]> {
    const waitMs = Math.min(query.waitMs, WAIT_LIMIT_MS);
    return parseAttestations(await this.get("attestations", { ...query, waitMs }, waitMs, signal));
  }

  async rotations(
    query: Parameters<AttestationPeer["rotations"]>[0],
    signal: AbortSignal,
  ): Promise<readonly RotationAttestation[]> {
    return parseRotations(await this.get("rotations", query, 0, signal));
  }

  private async get(path: string, query: Query, waitMs: number, signal: AbortSignal): Promise<unknown> {
    const url = new URL(path, this.endpoint.endsWith("/") ? this.endpoint : `${this.endpoint}/`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value.toString());
    }
    const limit = AbortSignal.timeout(waitMs + TIMEOUT_MS);
    try {
      const response = await fetch(url, { signal: AbortSignal.any([signal, limit]), redirect: "error" });
      const text = await boundedText(response);
      if (!response.ok) throw new Error(`HTTP status ${response.status}: ${text.slice(0, 200)}`);
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new RelayerError("ENDPOINT_UNAVAILABLE", "a peer did not answer", {
        retriable: true,
        context: { peer: this.endpoint, path },
        cause: error,
      });
    }
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    if (length > ANSWER_BYTES) throw new Error(`the answer is longer than ${ANSWER_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
