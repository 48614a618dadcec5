import { getBytes } from "ethers";
import type { Endpoint } from "./endpointPool";
import { bytes, fields, list } from "./quantity";
import { RpcError } from "./rpc";

const BLOB_BYTES = 131_072;

/**
 * The blobs of a transaction, as one endpoint tells them: by BSC's own method (BEP-336), else as local chains of Foundry
 * have them. No beacon node is asked: BSC has none.
 */
export async function blobsOf(
  endpoint: Endpoint,
  transaction: string,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  let found: unknown;
  try {
    const answer = await endpoint.ask("eth_getBlobSidecarByTxHash", [transaction, true], signal);
    if (answer === null) throw new Error(`it has no blobs of ${transaction} any more`);
    found = fields(fields(answer, "blob sidecar").blobSidecar, "blob sidecar").blobs;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    found = await endpoint.ask("anvil_getBlobsByTransactionHash", [transaction], signal);
  }
  return list(found, "blobs").map((blob) => getBytes(bytes(blob, "blob", BLOB_BYTES)));
}
