import {
  AbstractSigner,
  JsonRpcProvider,
  Network,
  TypedDataEncoder,
  getAddress,
  hexlify,
  toQuantity,
  toUtf8Bytes,
  type Provider,
  type TransactionRequest,
  type TransactionResponse,
  type TypedDataDomain,
  type TypedDataField,
} from "ethers";
import { setTimeout as delay } from "node:timers/promises";
import { Refusal } from "./refusal";

/** How long a transaction may take from the wallet's node to ours. */
const APPEARS_WITHIN_MS = 60_000;
const LOOK_MS = 500;

/**
 * An account whose key is in a wallet behind an endpoint, such as a hardware wallet's: the wallet is asked to sign and to
 * send, everything else is read from the network's own endpoint.
 */
export class EndpointSigner extends AbstractSigner {
  private constructor(
    readonly address: string,
    private readonly wallet: JsonRpcProvider,
    provider: Provider,
  ) {
    super(provider);
  }

  /** The accounts that the wallet offers; refuses one that stands on another chain, or does not answer. */
  static async all(url: string, chainId: bigint, provider: Provider): Promise<readonly EndpointSigner[]> {
    const options = { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 } as const;
    const wallet = new JsonRpcProvider(url, Network.from(chainId), options);
    const ask = (method: string): Promise<unknown> =>
      wallet.send(method, []).catch((cause: unknown) => {
        throw new Refusal(`SIGNER_RPC: the wallet at ${url} does not answer: start it, and allow this request`, cause);
      });
    const [stands, accounts] = [await ask("eth_chainId"), await ask("eth_accounts")] as [string, readonly string[]];
    if (BigInt(stands) !== chainId) {
      throw new Refusal(`SIGNER_RPC: the wallet at ${url} is on chain ${BigInt(stands)}: switch it to ${chainId}`);
    }
    return accounts.map((account) => new EndpointSigner(getAddress(account), wallet, provider));
  }

  override getAddress(): Promise<string> {
    return Promise.resolve(this.address);
  }

  override connect(provider: Provider): EndpointSigner {
    return new EndpointSigner(this.address, this.wallet, provider);
  }

  override async sendTransaction(request: TransactionRequest): Promise<TransactionResponse> {
    const { to, data, value, gasLimit, nonce, chainId, ...fees } = await this.populateTransaction(request);
    const price =
      fees.maxFeePerGas == null
        ? { gasPrice: quantity(fees.gasPrice) }
        : { maxFeePerGas: quantity(fees.maxFeePerGas), maxPriorityFeePerGas: quantity(fees.maxPriorityFeePerGas) };
    const transaction = {
      from: this.address,
      to: to ?? undefined,
      data: data ?? undefined,
      value: quantity(value ?? 0n),
      gas: quantity(gasLimit),
      nonce: quantity(nonce),
      chainId: quantity(chainId),
      ...price,
    };
    const hash = (await this.wallet.send("eth_sendTransaction", [transaction])) as string;
    const deadline = Date.now() + APPEARS_WITHIN_MS;
    for (;;) {
      const sent = await this.provider?.getTransaction(hash);
      if (sent != null) return sent;
      if (Date.now() > deadline) {
        throw new Refusal(
          `the wallet sent ${hash}, which this network's endpoint does not know: run again once it does`,
        );
      }
      await delay(LOOK_MS);
    }
  }

  override signTransaction(): Promise<string> {
    return Promise.reject(new Refusal("a wallet behind SIGNER_RPC signs only what it sends"));
  }

  override signMessage(message: string | Uint8Array): Promise<string> {
    const bytes = typeof message === "string" ? toUtf8Bytes(message) : message;
    return this.wallet.send("personal_sign", [hexlify(bytes), this.address]) as Promise<string>;
  }

  override signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string> {
    const payload = JSON.stringify(TypedDataEncoder.getPayload(domain, types, value));
    return this.wallet.send("eth_signTypedData_v4", [this.address, payload]) as Promise<string>;
  }
}

function quantity(value: unknown): string | undefined {
  return value == null ? undefined : toQuantity(value as bigint);
}
