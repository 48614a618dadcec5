import { getBytes } from "ethers";
import type { z } from "zod";
import { RelayerError } from "../errors";
import type { SignedCertificate } from "../ports";
import type { CertificatePeer } from "./certificateCollector";
import type { EntryPeer } from "./queueReader";
import { certificatesPage, entriesPage } from "./wire";

const TIMEOUT_MS = 5_000;
/** A page of certificates and one of entries are smaller. */
const ANSWER_BYTES = 1_048_576;

/** Another rollup node over HTTP. Nothing that it says is believed here but its shape. */
export class NodePeer implements CertificatePeer, EntryPeer {
  constructor(readonly endpoint: string) {}

  async certificates(
    { after }: { readonly after: bigint },
    signal: AbortSignal,
  ): Promise<readonly SignedCertificate[]> {
    return (await this.page(`rollup/certificates?after=${after}`, certificatesPage, signal)).certificates;
  }

  async entries(
    { from, limit }: { readonly from: bigint; readonly limit: number },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<bigint, Uint8Array>> {
    const { entries } = await this.page(`rollup/entries?from=${from}&limit=${limit}`, entriesPage, signal);
    return new Map(entries.map(({ number, entry }) => [number, getBytes(entry)]));
  }

  /** Its newest snapshot's bytes, as they come. */
  async snapshot(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.get("rollup/snapshot", signal);
    if (response.body === null) throw this.unusable("no body");
    return response.body as unknown as AsyncIterable<Uint8Array>;
  }

  private async page<Page extends z.ZodType>(path: string, page: Page, signal: AbortSignal): Promise<z.output<Page>> {
    const response = await this.get(path, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += (chunk as Uint8Array).length;
      if (length > ANSWER_BYTES) throw this.unusable(`more than ${ANSWER_BYTES} bytes`);
      chunks.push(chunk as Uint8Array);
    }
    try {
      return page.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
    } catch (error) {
      throw this.unusable("a malformed answer", error);
    }
  }

  private async get(path: string, signal: AbortSignal): Promise<Response> {
    const url = new URL(path, this.endpoint.endsWith("/") ? this.endpoint : `${this.endpoint}/`);
    try {
      const response = await fetch(url, { signal, redirect: "error" });
      if (response.ok) return response;
      await response.body?.cancel();
      throw new Error(`HTTP status ${response.status}`);
    } catch (error) {
      signal.throwIfAborted();
      throw this.unusable("no answer", error);
    }
  }

  private unusable(reason: string, cause?: unknown): RelayerError {
    return new RelayerError("ENDPOINT_UNAVAILABLE", `a rollup node gave ${reason}`, {
      retriable: true,
      context: { peer: this.endpoint },
      cause,
    });
  }
}
