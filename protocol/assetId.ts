/** What a thing is: the numbers of the contract's `Kind`. */
export const KIND = { character: 0, item: 1, equipment: 2 } as const;
export type KindName = keyof typeof KIND;

/** An id of the games' assets, taken apart: `game 64 | kind 8 | traits 8 | number 48 | serial 128`. */
export interface AssetId {
  readonly gameId: bigint;
  readonly kind: KindName;
  /** Each piece has an id of its own. */
  readonly unique: boolean;
  /** It never changes hands. */
  readonly bound: boolean;
  /** Of the item in its game, from 1. */
  readonly number: bigint;
  /** Of the piece in its item, from 1; 0 for the item itself. */
  readonly serial: bigint;
}

const KINDS = Object.keys(KIND) as readonly KindName[];
const SERIAL_MASK = (1n << 128n) - 1n;
const UNIQUE = 1n;
const BOUND = 2n;

export function assetId({ gameId, kind, unique, bound, number, serial }: AssetId): bigint {
  const traits = (unique ? UNIQUE : 0n) | (bound ? BOUND : 0n);
  return (gameId << 192n) | (BigInt(KIND[kind]) << 184n) | (traits << 176n) | (number << 128n) | serial;
}

/** Undefined where no item has such an id. */
export function readAssetId(id: bigint): AssetId | undefined {
  const traits = (id >> 176n) & 0xffn;
  const kind = KINDS[Number((id >> 184n) & 0xffn)];
  const parts = { gameId: id >> 192n, number: (id >> 128n) & 0xffffffffffffn, serial: id & SERIAL_MASK };
  if (kind === undefined || traits > (UNIQUE | BOUND) || parts.gameId === 0n || parts.number === 0n) return undefined;
  return { ...parts, kind, unique: (traits & UNIQUE) !== 0n, bound: (traits & BOUND) !== 0n };
}

/** The item's id of any of its pieces. */
export function itemOf(id: bigint): bigint {
  return id & ~SERIAL_MASK;
}
