/** How an account pays. All prices in wei per gas. */
export interface FeePolicy {
  /** What a transaction pays at most, whatever the chain asks for; a no-op may reach it, a call stays two bumps below. */
  readonly maxGasPrice: bigint;
  /** What it offers at least. Default 0. */
  readonly minGasPrice?: bigint;
  /** Raise of each replacement in basis points, at least 1,250. Default 1,250. */
  readonly bumpBps?: bigint;
}

/** `legacy` where the chain has no base fee (BSC: it is 0). */
export interface Fees {
  readonly legacy: boolean;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** What nodes ask of a replacement at least (geth 10 %, others 12.5 %). */
export const MIN_BUMP_BPS = 1_250n;

const BPS = 10_000n;

const raise = (price: bigint, bps: bigint): bigint => (price * (BPS + bps) + BPS - 1n) / BPS;
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The cap of this kind: a call leaves room for two bumps of the no-op that may have to take its nonce. */
export function priceCap(policy: FeePolicy, kind: "call" | "noop"): bigint {
  if (kind === "noop") return policy.maxGasPrice;
  const bps = BPS + (policy.bumpBps ?? MIN_BUMP_BPS);
  const oneBelow = (policy.maxGasPrice * BPS) / bps;
  return (oneBelow * BPS) / bps;
}

/** What the chain asks for now. `gasPrice` is `eth_gasPrice`; twice the base fee outlasts a few full blocks. */
export function marketFees(baseFee: bigint, gasPrice: bigint, priorityFee: bigint, policy: FeePolicy): Fees {
  const cap = priceCap(policy, "call");
  const floor = policy.minGasPrice ?? 0n;
  if (baseFee === 0n) {
    const price = least(most(gasPrice, floor), cap);
    return { legacy: true, maxFeePerGas: price, maxPriorityFeePerGas: price };
  }
  const maxFeePerGas = least(most(2n * baseFee + priorityFee, floor), cap);
  return { legacy: false, maxFeePerGas, maxPriorityFeePerGas: least(priorityFee, maxFeePerGas) };
}

/** Fees of a replacement, at least one bump above `previous`; undefined where that exceeds the cap. */
export function bumpedFees(
  previous: Omit<Fees, "legacy">,
  market: Fees,
  policy: FeePolicy,
  kind: "call" | "noop",
): Fees | undefined {
  const bps = policy.bumpBps ?? MIN_BUMP_BPS;
  const cap = priceCap(policy, kind);
  const lowest = raise(previous.maxFeePerGas, bps);
  if (lowest > cap) return undefined;
  const maxFeePerGas = least(most(lowest, market.maxFeePerGas), cap);
  if (market.legacy) return { legacy: true, maxFeePerGas, maxPriorityFeePerGas: maxFeePerGas };
  const priority = most(raise(previous.maxPriorityFeePerGas, bps), market.maxPriorityFeePerGas);
  return { legacy: false, maxFeePerGas, maxPriorityFeePerGas: least(priority, maxFeePerGas) };
}
