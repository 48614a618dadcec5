/** How an account pays. All prices in wei per gas, or per blob gas. */
export interface FeePolicy {
  /** What a transaction pays at most, whatever the chain asks for; a no-op may reach it, a call stays two bumps below. */
  readonly maxGasPrice: bigint;
  /** What it offers at least. Default 0. */
  readonly minGasPrice?: bigint;
  /** Raise of each replacement in basis points, at least 1,250. Default 1,250; never below 10,000 where it has blobs. */
  readonly bumpBps?: bigint;
  /** The same bound for blob gas. Without it no blobs are sent. */
  readonly maxBlobGasPrice?: bigint;
}

/** `legacy` where the chain has no base fee (BSC: it is 0). */
export interface Fees {
  readonly legacy: boolean;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  /** Of a transaction with blobs: present exactly there. */
  readonly maxFeePerBlobGas?: bigint;
}

/** What a chain asks for. */
export interface MarketPrices {
  readonly baseFee: bigint;
  /** `eth_gasPrice`. */
  readonly gasPrice: bigint;
  readonly priorityFee: bigint;
}

/** What nodes ask of a replacement at least (geth 10 %, others 12.5 %). */
export const MIN_BUMP_BPS = 1_250n;
/** Of one that has blobs: each of its three fees twice as high (geth's and BSC's pool, Erigon's likewise). */
export const MIN_BLOB_BUMP_BPS = 10_000n;
/** A block takes its own price of blob gas whatever is offered: so much more lasts for two dozen full blocks. */
const BLOB_HEADROOM = 16n;

const BPS = 10_000n;

/** Above `price` also where that is 0: pools want each fee of a replacement to be higher. */
const raise = (price: bigint, bps: bigint): bigint => most((price * (BPS + bps) + BPS - 1n) / BPS, price + 1n);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Two bumps below `highest` for a call: room for the no-op that may have to take its nonce. */
function capOf(highest: bigint, bps: bigint, kind: "call" | "noop"): bigint {
  if (kind === "noop") return highest;
  const oneBelow = (highest * BPS) / (BPS + bps);
  return (oneBelow * BPS) / (BPS + bps);
}

function bumpOf(policy: FeePolicy, hasBlobs: boolean): bigint {
  const bps = policy.bumpBps ?? MIN_BUMP_BPS;
  return hasBlobs ? most(bps, MIN_BLOB_BUMP_BPS) : bps;
}

/** The cap of this kind: a call leaves room for two bumps of the no-op that may have to take its nonce. */
export function priceCap(policy: FeePolicy, kind: "call" | "noop", hasBlobs = false): bigint {
  return capOf(policy.maxGasPrice, bumpOf(policy, hasBlobs), kind);
}

/** The same of blob gas; 0 where no blobs are sent. */
export function blobPriceCap(policy: FeePolicy, kind: "call" | "noop"): bigint {
  return capOf(policy.maxBlobGasPrice ?? 0n, bumpOf(policy, true), kind);
}

/** What the chain asks for now; twice the base fee outlasts a few full blocks. */
export function marketFees(
  { baseFee, gasPrice, priorityFee }: MarketPrices,
  policy: FeePolicy,
  hasBlobs = false,
): Omit<Fees, "maxFeePerBlobGas"> {
  const cap = priceCap(policy, "call", hasBlobs);
  const floor = policy.minGasPrice ?? 0n;
  if (baseFee === 0n) {
    const price = least(most(gasPrice, floor), cap);
    return { legacy: true, maxFeePerGas: price, maxPriorityFeePerGas: price };
  }
  const maxFeePerGas = least(most(2n * baseFee + priorityFee, floor), cap);
  return { legacy: false, maxFeePerGas, maxPriorityFeePerGas: least(priorityFee, maxFeePerGas) };
}

/** What it asks of a transaction with blobs. */
export function marketBlobFees(prices: MarketPrices, blobBaseFee: bigint, policy: FeePolicy): Fees {
  const maxFeePerBlobGas = least(BLOB_HEADROOM * blobBaseFee, blobPriceCap(policy, "call"));
  return { ...marketFees(prices, policy, true), maxFeePerBlobGas };
}

/** Fees of a replacement, each at least one bump above `previous`; undefined where one of them exceeds its cap. */
export function bumpedFees(
  previous: Omit<Fees, "legacy">,
  market: Fees,
  policy: FeePolicy,
  kind: "call" | "noop",
): Fees | undefined {
  const hasBlobs = previous.maxFeePerBlobGas !== undefined;
  const bps = bumpOf(policy, hasBlobs);
  const maxFeePerGas = bumped(previous.maxFeePerGas, market.maxFeePerGas, bps, priceCap(policy, kind, hasBlobs));
  if (maxFeePerGas === undefined) return undefined;
  const tip = market.legacy
    ? maxFeePerGas
    : least(most(raise(previous.maxPriorityFeePerGas, bps), market.maxPriorityFeePerGas), maxFeePerGas);
  const fees = { legacy: market.legacy, maxFeePerGas, maxPriorityFeePerGas: tip };
  if (previous.maxFeePerBlobGas === undefined) return fees;
  const cap = blobPriceCap(policy, kind);
  const maxFeePerBlobGas = bumped(previous.maxFeePerBlobGas, market.maxFeePerBlobGas ?? 0n, bps, cap);
  return maxFeePerBlobGas === undefined ? undefined : { ...fees, maxFeePerBlobGas };
}

function bumped(previous: bigint, market: bigint, bps: bigint, cap: bigint): bigint | undefined {
  const lowest = raise(previous, bps);
  return lowest > cap ? undefined : least(most(lowest, market), cap);
}
