import type { Interface } from "ethers";
import { GATEWAY } from "./cassini/gatewayInterface";
import { OPERATOR_ACTIVE, REGISTRY } from "./cassini/registryInterface";
import { RpcClient } from "./chain/rpc";
import type { ChainConfig } from "./config";

/** A lane as its gateway shows it. */
export interface LaneView {
  readonly remoteGateway: string;
  readonly outSeq: bigint;
  readonly inSeq: bigint;
  readonly ackSeq: bigint;
  readonly paused: boolean;
}

/** A gateway's current epoch as it tells itself. */
export interface EpochView {
  readonly epoch: bigint;
  /** Unix seconds. */
  readonly validUntil: bigint;
  readonly signers: readonly string[];
}

/** One chain through its first endpoint that answers: for what is shown to the operator, never for what is signed. */
export class ChainAccess {
  private readonly endpoints: readonly RpcClient[];

  constructor(readonly config: ChainConfig) {
    this.endpoints = config.endpoints.map((url) => new RpcClient(url, config.requestTimeoutMs));
  }

  async request(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    let failure: unknown;
    for (const endpoint of this.endpoints) {
      try {
        return await endpoint.request(method, params, signal);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async view(
    contract: Interface,
    to: string,
    name: string,
    args: readonly unknown[],
    signal: AbortSignal,
  ): Promise<unknown> {
    const data = contract.encodeFunctionData(name, args);
    const result = (await this.request("eth_call", [{ to, data }, "latest"], signal)) as string;
    return contract.decodeFunctionResult(name, result)[0] as unknown;
  }

  async lane(remoteChainId: bigint, signal: AbortSignal): Promise<LaneView> {
    return (await this.view(GATEWAY, this.config.gateway, "laneState", [remoteChainId], signal)) as LaneView;
  }

  async currentEpoch(signal: AbortSignal): Promise<EpochView> {
    const { gateway } = this.config;
    const epoch = (await this.view(GATEWAY, gateway, "currentEpoch", [], signal)) as bigint;
    const [signers, validUntil] = await Promise.all([
      this.view(GATEWAY, gateway, "signersOf", [epoch], signal) as Promise<readonly string[]>,
      this.view(GATEWAY, gateway, "epochValidUntil", [epoch], signal) as Promise<bigint>,
    ]);
    return { epoch, validUntil, signers: [...signers] };
  }

  /** Unix seconds from which the registry takes the next epoch; undefined where this chain has none. */
  async publishableFrom(signal: AbortSignal): Promise<bigint | undefined> {
    const { registry } = this.config;
    if (registry === undefined) return undefined;
    return (await this.view(REGISTRY, registry, "publishableFrom", [], signal)) as bigint;
  }

  async balance(account: string, signal: AbortSignal): Promise<bigint> {
    return BigInt((await this.request("eth_getBalance", [account, "latest"], signal)) as string);
  }

  /** Endpoints that active operators announced in the registry. */
  async announcedEndpoints(signal: AbortSignal): Promise<readonly string[]> {
    const { registry } = this.config;
    if (registry === undefined) return [];
    const operators = (await this.view(REGISTRY, registry, "operators", [], signal)) as readonly string[];
    const found = await Promise.all(
      operators.map(async (operator) => {
        const { status, endpoint } = (await this.view(REGISTRY, registry, "operatorOf", [operator], signal)) as {
          readonly status: bigint;
          readonly endpoint: string;
        };
        return status === OPERATOR_ACTIVE && /^https?:\/\//.test(endpoint) && URL.canParse(endpoint) ? [endpoint] : [];
      }),
    );
    return found.flat();
  }
}
