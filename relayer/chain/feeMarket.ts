import type { Clock } from "../ports";
import { orAborted } from "./abort";
import type { EndpointPool } from "./endpointPool";
import { marketFees, type FeePolicy, type Fees } from "./gasPrice";
import { fields, quantity } from "./quantity";

/** How long a quote is good for. */
const QUOTE_MS = 1_000;

/** What a transaction costs now, asked for once a second at most, however many ask at once. */
export class FeeMarket {
  private asked: Promise<Fees> | undefined;
  private quote: { readonly fees: Fees; readonly at: number } | undefined;

  constructor(
    private readonly pool: EndpointPool,
    private readonly policy: FeePolicy,
    private readonly clock: Pick<Clock, "now">,
  ) {}

  async fees(signal: AbortSignal): Promise<Fees> {
    if (this.quote !== undefined && this.clock.now() - this.quote.at < QUOTE_MS) return this.quote.fees;
    this.asked ??= this.ask().finally(() => (this.asked = undefined));
    return orAborted(this.asked, signal);
  }

  /** Outlives whoever asked first: others may wait for it too. */
  private async ask(): Promise<Fees> {
    const { signal } = new AbortController();
    const fees = await this.pool.first(async (endpoint, abort) => {
      const [block, price, tip] = await Promise.all([
        endpoint.ask("eth_getBlockByNumber", ["latest", false], abort),
        endpoint.ask("eth_gasPrice", [], abort),
        // Not every program has it.
        endpoint.ask("eth_maxPriorityFeePerGas", [], abort).catch(() => undefined),
      ]);
      const { baseFeePerGas } = fields(block, "block");
      const baseFee = (baseFeePerGas ?? null) === null ? 0n : quantity(baseFeePerGas, "base fee");
      const gasPrice = quantity(price, "gas price");
      const above = gasPrice > baseFee ? gasPrice - baseFee : 0n;
      return marketFees(baseFee, gasPrice, tip === undefined ? above : quantity(tip, "priority fee"), this.policy);
    }, signal);
    this.quote = { fees, at: this.clock.now() };
    return fees;
  }
}
