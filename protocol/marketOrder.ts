import { TypedDataEncoder, getAddress, isHexString, type TypedDataDomain } from "ethers";

/** The numbers of the contract's `Side`. */
export const SIDE = { ask: 0, bid: 1 } as const;
export type SideName = keyof typeof SIDE;

/** What a maker signs: see `contracts/game/IMarketplace.sol`. */
export interface MarketOrder {
  readonly side: number;
  readonly maker: string;
  /** Zero for anyone. */
  readonly taker: string;
  readonly id: bigint;
  readonly amount: bigint;
  /** Zero for BNB. */
  readonly token: string;
  readonly unitPrice: bigint;
  readonly maxFeeBps: bigint;
  /** Unix seconds from which it is void. */
  readonly expiry: bigint;
  readonly salt: bigint;
  readonly counter: bigint;
}

/** The market that an order is for. */
export interface MarketVenue {
  readonly chainId: bigint;
  readonly market: string;
}

export const ORDER_TYPES = {
  Order: [
    { name: "side", type: "uint8" },
    { name: "maker", type: "address" },
    { name: "taker", type: "address" },
    { name: "id", type: "uint256" },
    { name: "amount", type: "uint256" },
    { name: "token", type: "address" },
    { name: "unitPrice", type: "uint256" },
    { name: "maxFeeBps", type: "uint256" },
    { name: "expiry", type: "uint256" },
    { name: "salt", type: "uint256" },
    { name: "counter", type: "uint256" },
  ],
};

export function marketDomain({ chainId, market }: MarketVenue): TypedDataDomain {
  return { name: "Marketplace", version: "1", chainId, verifyingContract: market };
}

/** What the maker signs, and the order's name in the market. */
export function orderHash(order: MarketOrder, venue: MarketVenue): string {
  return TypedDataEncoder.hash(marketDomain(venue), ORDER_TYPES, order);
}

export interface SignedOrder {
  readonly venue: MarketVenue;
  readonly order: MarketOrder;
  readonly signature: string;
}

const FORMAT = "cos-order-1";
const NUMBERS = ["id", "amount", "unitPrice", "maxFeeBps", "expiry", "salt", "counter"] as const;
const MAX_NUMBER = 2n ** 256n - 1n;

/** An order as a file: the same order gives the same bytes. Numbers are decimal. */
export function writeOrderFile({ venue, order, signature }: SignedOrder): string {
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, order[name].toString()]));
  const { side, maker, taker, token } = order;
  const file = {
    format: FORMAT,
    chainId: venue.chainId.toString(),
    market: venue.market,
    order: { side: side === SIDE.ask ? "ask" : "bid", maker, taker, token, ...numbers },
    signature,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** Undefined where the text is not an order's file. Whether the maker signed it is the market's to say. */
export function readOrderFile(text: string): SignedOrder | undefined {
  try {
    const file = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const fields = file.order as Readonly<Record<string, unknown>>;
    if (file.format !== FORMAT || (fields.side !== "ask" && fields.side !== "bid")) return undefined;
    const number = (name: (typeof NUMBERS)[number]): bigint => parseNumber(fields[name]);
    const { signature } = file;
    if (typeof signature !== "string" || !isHexString(signature)) return undefined;
    return {
      venue: { chainId: parseNumber(file.chainId), market: parseAddress(file.market) },
      order: {
        side: SIDE[fields.side],
        maker: parseAddress(fields.maker),
        taker: parseAddress(fields.taker),
        id: number("id"),
        amount: number("amount"),
        token: parseAddress(fields.token),
        unitPrice: number("unitPrice"),
        maxFeeBps: number("maxFeeBps"),
        expiry: number("expiry"),
        salt: number("salt"),
        counter: number("counter"),
      },
      signature,
    };
  } catch {
    return undefined;
  }
}

function parseNumber(value: unknown): bigint {
  if (typeof value !== "string" || !/^\d+$/.test(value) || BigInt(value) > MAX_NUMBER) {
    throw new RangeError("not a decimal number of 256 bits");
  }
  return BigInt(value);
}

function parseAddress(value: unknown): string {
  if (typeof value !== "string") throw new RangeError("not an address");
  return getAddress(value);
}
