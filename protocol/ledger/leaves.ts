import { WireReader, WireWriter, type Fields, type Values } from "./wire";

/** A leaf's fields after its type byte; contracts/rollup/README.md explains each. */
const LEAVES = {
  Account: {
    type: 1,
    fields: { owner: "address", nonce: "u64", key: "address", keyExpiry: "u64", keyScope: "u8", keyGame: "u32" },
  },
  Balance: { type: 2, fields: { account: "u32", asset: "u32", amount: "u128" } },
  Item: { type: 3, fields: { account: "u32", id: "u256", amount: "u64" } },
  Allowance: { type: 4, fields: { account: "u32", id: "u256", amount: "u64" } },
  Game: { type: 5, fields: { gameId: "u64", rules: "address", asset: "u32", rakeBps: "u16", fees: "u128" } },
  Exit: { type: 7, fields: { owner: "address", asset: "u32", amount: "u128" } },
  ItemExit: { type: 8, fields: { owner: "address", id: "u256", amount: "u64" } },
  FeeExit: { type: 9, fields: { gameId: "u64", asset: "u32", amount: "u128" } },
} as const satisfies Record<string, { readonly type: number; readonly fields: Fields }>;

type FlatLeaves = typeof LEAVES;
type FlatKind = keyof FlatLeaves;

const SESSION_TYPE = 6;
const SESSION_HEAD = {
  game: "u32",
  stake: "u128",
  players: "u8",
  joined: "u8",
  phase: "u8",
  moveSeconds: "u32",
  lifeSeconds: "u32",
  deadline: "u64",
  endsBy: "u64",
} as const satisfies Fields;

/** A session's phases; one that is over has no leaf any more. */
export const WAITING = 0;
export const RUNNING = 1;

export interface SessionLeaf extends Values<typeof SESSION_HEAD> {
  readonly kind: "Session";
  /** Index of the balance that each player plays from; 0 where nobody has joined. */
  readonly balances: readonly number[];
  /** The setup while the session waits. */
  readonly state: Uint8Array;
}

export type LeafOf<Kind extends FlatKind | "Session"> = Kind extends FlatKind
  ? { readonly kind: Kind } & Values<FlatLeaves[Kind]["fields"]>
  : SessionLeaf;

export type Leaf = { [Kind in FlatKind]: LeafOf<Kind> }[FlatKind] | SessionLeaf;
export type LeafKind = Leaf["kind"];

const KINDS = new Map<number, FlatKind>(
  (Object.keys(LEAVES) as FlatKind[]).map((kind) => [LEAVES[kind].type, kind] as const),
);

const writer = new WireWriter();

export function encodeLeaf(leaf: Leaf): Uint8Array {
  writer.clear();
  if (leaf.kind === "Session") {
    writer.write("u8", SESSION_TYPE).writeAll(SESSION_HEAD, leaf);
    for (const balance of leaf.balances) writer.write("u32", balance);
    return writer.write("bytes16", leaf.state).bytes();
  }
  const { type, fields } = LEAVES[leaf.kind];
  return writer
    .write("u8", type)
    .writeAll(fields as Fields, leaf as unknown as Values<Fields>)
    .bytes();
}

/** Undefined for bytes that are not exactly one leaf. */
export function decodeLeaf(bytes: Uint8Array): Leaf | undefined {
  const reader = new WireReader(bytes);
  const type = reader.read("u8") as number | undefined;
  if (type === undefined) return undefined;
  const kind = KINDS.get(type);
  const leaf = type === SESSION_TYPE ? readSession(reader) : kind === undefined ? undefined : readFlat(reader, kind);
  return reader.left === 0 ? leaf : undefined;
}

function readFlat(reader: WireReader, kind: FlatKind): Leaf | undefined {
  return reader.readInto({ kind }, LEAVES[kind].fields as Fields) as Leaf | undefined;
}

function readSession(reader: WireReader): Leaf | undefined {
  const head = reader.readAll(SESSION_HEAD);
  if (head === undefined) return undefined;
  const balances: number[] = [];
  for (let i = 0; i < head.players; i++) {
    const balance = reader.read("u32") as number | undefined;
    if (balance === undefined) return undefined;
    balances.push(balance);
  }
  const state = reader.read("bytes16") as Uint8Array | undefined;
  return state === undefined ? undefined : { kind: "Session", ...head, balances, state };
}
