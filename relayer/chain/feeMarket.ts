import { RelayerError } from "../errors";
import type { Clock, GasMarket, GasPrices } from "../ports";
import { orAborted } from "./abort";
import type { Endpoint, EndpointPool } from "./endpointPool";
import { blobPriceCap, marketBlobFees, marketFees, type FeePolicy, type Fees, type MarketPrices } from "./gasPrice";
import { fields, list, quantity } from "./quantity";
import { RpcError } from "./rpc";

/** How long a quote is good for. */
const QUOTE_MS = 1_000;

interface ChainPrices extends MarketPrices {
  /** Whether the chain's blocks have blobs. */
  readonly takesBlobs: boolean;
}

/** An answer that is asked for once a second at most, however many ask at once. */
class Quote<Value> {
  private asked: Promise<Value> | undefined;
  private latest: { readonly value: Value; readonly at: number } | undefined;

  constructor(
    private readonly ask: () => Promise<Value>,
    private readonly clock: Pick<Clock, "now">,
  ) {}

  async get(signal: AbortSignal): Promise<Value> {
    if (this.latest !== undefined && this.clock.now() - this.latest.at < QUOTE_MS) return this.latest.value;
    // Outlives whoever asked first: others may wait for it too.
    this.asked ??= this.ask()
      .then((value) => {
        this.latest = { value, at: this.clock.now() };
        return value;
      })
      .finally(() => (this.asked = undefined));
    return orAborted(this.asked, signal);
  }
}

/** What a transaction costs now. */
export class FeeMarket implements GasMarket {
  private readonly gas: Quote<ChainPrices>;
  private readonly blobGas: Quote<bigint>;

  constructor(
    pool: EndpointPool,
    private readonly policy: FeePolicy,
    clock: Pick<Clock, "now">,
  ) {
    const { signal } = new AbortController();
    this.gas = new Quote(() => pool.first(pricesOf, signal), clock);
    this.blobGas = new Quote(() => pool.first(blobBaseFeeOf, signal), clock);
  }

  async fees(signal: AbortSignal): Promise<Fees> {
    return marketFees(await this.gas.get(signal), this.policy);
  }

  /** Those of a transaction with blobs. Throws BLOBS_NOT_TAKEN where the chain has none. */
  async blobFees(signal: AbortSignal): Promise<Fees> {
    const prices = await this.gas.get(signal);
    return marketBlobFees(prices, await this.blobPrice(prices, signal), this.policy);
  }

  /** Throws where no transaction with blobs should be begun: the chain has none, or they cost more than is allowed. */
  async requireBlobs(signal: AbortSignal): Promise<void> {
    const price = await this.blobPrice(await this.gas.get(signal), signal);
    const cap = blobPriceCap(this.policy, "call");
    if (price <= cap) return;
    throw new RelayerError(
      "BLOBS_TOO_DEAR",
      `blob gas costs ${price} wei, and at most ${cap} is offered: a quarter of maxBlobGasPriceGwei, for replacements double it`,
      { retriable: true, alert: true, context: { price, cap } },
    );
  }

  async prices(signal: AbortSignal): Promise<GasPrices> {
    const { baseFee, gasPrice, priorityFee, takesBlobs } = await this.gas.get(signal);
    const gas = baseFee === 0n ? gasPrice : baseFee + priorityFee;
    const blobGas = takesBlobs ? await this.blobGas.get(signal) : undefined;
    return { gas, blobGas, mostBlobGas: blobPriceCap(this.policy, "call") };
  }

  private async blobPrice({ takesBlobs }: ChainPrices, signal: AbortSignal): Promise<bigint> {
    if (takesBlobs) return this.blobGas.get(signal);
    throw new RelayerError(
      "BLOBS_NOT_TAKEN",
      "the blocks of this chain have no blobs (EIP-4844): set rollup.sequencer.mode to calldata",
      { alert: true },
    );
  }
}

async function pricesOf(endpoint: Endpoint, signal: AbortSignal): Promise<ChainPrices> {
  const [block, price, tip] = await Promise.all([
    endpoint.ask("eth_getBlockByNumber", ["latest", false], signal),
    endpoint.ask("eth_gasPrice", [], signal),
    // Not every program has it.
    endpoint.ask("eth_maxPriorityFeePerGas", [], signal).catch(() => undefined),
  ]);
  const { baseFeePerGas, excessBlobGas } = fields(block, "block");
  const baseFee = (baseFeePerGas ?? null) === null ? 0n : quantity(baseFeePerGas, "base fee");
  const gasPrice = quantity(price, "gas price");
  const above = gasPrice > baseFee ? gasPrice - baseFee : 0n;
  const priorityFee = tip === undefined ? above : quantity(tip, "priority fee");
  return { baseFee, gasPrice, priorityFee, takesBlobs: (excessBlobGas ?? null) !== null };
}

async function blobBaseFeeOf(endpoint: Endpoint, signal: AbortSignal): Promise<bigint> {
  try {
    return quantity(await endpoint.ask("eth_blobBaseFee", [], signal), "blob base fee");
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    // Programs from before that method.
    const { baseFeePerBlobGas } = fields(await endpoint.ask("eth_feeHistory", ["0x1", "latest", []], signal), "fees");
    return quantity(list(baseFeePerBlobGas, "blob base fees").at(-1), "blob base fee");
  }
}
