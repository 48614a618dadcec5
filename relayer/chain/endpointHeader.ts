import { verifyHeader, type VerifiedHeader } from "./blockHeader";
import { describeError, type Endpoint } from "./endpointPool";

/** The header in an endpoint's answer; one whose hash is not its own counts as a failure of the endpoint. */
export function endpointHeader(endpoint: Endpoint, raw: unknown): VerifiedHeader {
  if (raw === null) throw new Error("it has no such block");
  try {
    return verifyHeader(raw);
  } catch (error) {
    endpoint.failed(describeError(error));
    throw error;
  }
}
