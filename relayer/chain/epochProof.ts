import { decodeRlp, keccak256 } from "ethers";
import { QUORUM_SLOT, epochSlot, readCurrentEpoch, readEpoch, readSignerSet } from "../../protocol/laneStorage";
import { RelayerError } from "../errors";
import type { EpochReader, ProvenEpoch, VerifiedBlock } from "../ports";
import { proveTrieValue } from "./merkleTrie";
import { bytes, fields, list, toQuantity } from "./quantity";
import { RpcClient } from "./rpc";
import { verifyStorageProof } from "./storageProof";

const NONE: ProvenEpoch = { epoch: 0n, validUntil: 0n, signers: [] };

const invalid = (message: string, context: Readonly<Record<string, unknown>>): RelayerError =>
  new RelayerError("PROOF_INVALID", message, { retriable: true, alert: true, context });

/** Hash of an account's code in the state with this root, as an `eth_getProof` answer proves it. */
export function verifyCodeHash(stateRoot: string, account: string, answer: unknown): string {
  const { accountProof } = fields(answer, "eth_getProof");
  const nodes = list(accountProof, "accountProof").map((node) => bytes(node, "proof node"));
  const state = proveTrieValue(stateRoot, keccak256(account), nodes);
  const decoded = state === undefined ? undefined : decodeRlp(state);
  const hash = Array.isArray(decoded) && decoded.length === 4 ? decoded[3] : undefined;
  if (typeof hash !== "string" || hash.length !== 66) throw invalid("the account has no code", { account });
  return hash;
}

/** A gateway's current epoch, proven against a verified block: any endpoint may answer, none can lie. */
export class EpochProofs implements EpochReader {
  private readonly endpoints: readonly RpcClient[];
  private readonly finality: string;

  constructor(options: {
    readonly endpoints: readonly string[];
    readonly timeoutMs: number;
    /** Tag of the newest state, for endpoints that prove no other. */
    readonly finality: string;
  }) {
    this.endpoints = options.endpoints.map((url) => new RpcClient(url, options.timeoutMs));
    this.finality = options.finality;
  }

  async currentEpoch(gateway: string, block: VerifiedBlock, signal: AbortSignal): Promise<ProvenEpoch> {
    const failures: unknown[] = [];
    for (const endpoint of this.endpoints) {
      for (const at of [toQuantity(block.number), this.finality]) {
        try {
          return await this.prove(endpoint, gateway, block, at, signal);
        } catch (error) {
          signal.throwIfAborted();
          failures.push(error);
        }
      }
    }
    throw new RelayerError("PROOF_UNAVAILABLE", "no endpoint proves the current epoch", {
      retriable: true,
      context: { gateway, block: block.number },
      cause: new AggregateError(failures),
    });
  }

  private async prove(
    endpoint: RpcClient,
    gateway: string,
    { stateRoot }: VerifiedBlock,
    at: string,
    signal: AbortSignal,
  ): Promise<ProvenEpoch> {
    const word = async (slot: string): Promise<bigint> => {
      const answer = await endpoint.request("eth_getProof", [gateway, [slot], at], signal);
      return verifyStorageProof(stateRoot, gateway, [slot], answer)[0] as bigint;
    };
    const epoch = readCurrentEpoch(await word(QUORUM_SLOT));
    if (epoch === 0n) return NONE;
    const { set, validUntil } = readEpoch(await word(epochSlot(epoch)));
    const answer = await endpoint.request("eth_getProof", [set, [], at], signal);
    const codeHash = verifyCodeHash(stateRoot, set, answer);
    // The code of an account never changes: the newest state holds it too.
    const code = bytes(await endpoint.request("eth_getCode", [set, "latest"], signal), "eth_getCode").toLowerCase();
    if (keccak256(code) !== codeHash) throw invalid("the code of the set is another one", { set, codeHash });
    return { epoch, validUntil, signers: readSignerSet(code) };
  }
}
