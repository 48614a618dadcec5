import { readTransaction, type Transaction } from "./transactions";
import { WireReader, WireWriter, type Fields, type Values } from "./wire";

/** What layer 1 puts into the forced queue, after `queuedAt` and the kind. */
const ENTRIES = {
  Deposit: { kind: 1, fields: { to: "address", balance: "u32", asset: "u32", amount: "u128" } },
  ItemDeposit: { kind: 2, fields: { to: "address", account: "u32", id: "u256", amount: "u64" } },
  ListGame: { kind: 4, fields: { gameId: "u64", rules: "address", asset: "u32", rakeBps: "u16" } },
  Allow: { kind: 5, fields: { to: "address", account: "u32", id: "u256", amount: "u64" } },
} as const satisfies Record<string, { readonly kind: number; readonly fields: Fields }>;

type Definitions = typeof ENTRIES;
type PlainKind = keyof Definitions;

export type PlainEntryOf<Kind extends PlainKind> = {
  readonly kind: Kind;
  readonly queuedAt: bigint;
} & Values<Definitions[Kind]["fields"]>;

/** A transaction whose sender layer 1 has authenticated. */
export interface ForcedEntry {
  readonly kind: "Forced";
  readonly queuedAt: bigint;
  readonly sender: Uint8Array;
  /** Undefined where the bytes are not exactly one transaction: then the entry does nothing. */
  readonly transaction: Transaction | undefined;
}

export type Entry = { [Kind in PlainKind]: PlainEntryOf<Kind> }[PlainKind] | ForcedEntry;

const FORCED_KIND = 3;
const KINDS = new Map<number, PlainKind>(
  (Object.keys(ENTRIES) as PlainKind[]).map((kind) => [ENTRIES[kind].kind, kind] as const),
);

/** Undefined for bytes that layer 1 never queues. */
export function decodeEntry(bytes: Uint8Array): Entry | undefined {
  const reader = new WireReader(bytes);
  const head = reader.readAll({ queuedAt: "u64", kind: "u8" });
  if (head === undefined) return undefined;
  const { queuedAt } = head;
  if (head.kind === FORCED_KIND) {
    const sender = reader.read("address") as Uint8Array | undefined;
    if (sender === undefined) return undefined;
    const transaction = readTransaction(reader);
    return { kind: "Forced", queuedAt, sender, transaction: reader.left === 0 ? transaction : undefined };
  }
  const kind = KINDS.get(head.kind);
  const values = kind === undefined ? undefined : reader.readAll(ENTRIES[kind].fields as Fields);
  if (values === undefined || reader.left !== 0) return undefined;
  return { kind, queuedAt, ...values } as unknown as Entry;
}

/** The bytes of an entry as layer 1 makes them; a forced one with the bytes of its transaction. */
export function encodeEntry(
  entry: Exclude<Entry, ForcedEntry> | (Omit<ForcedEntry, "transaction"> & { readonly body: Uint8Array }),
): Uint8Array {
  const writer = new WireWriter().write("u64", entry.queuedAt);
  if (entry.kind === "Forced") {
    const head = writer.write("u8", FORCED_KIND).write("address", entry.sender).bytes();
    return Uint8Array.from([...head, ...entry.body]);
  }
  const { kind, fields } = ENTRIES[entry.kind];
  return writer
    .write("u8", kind)
    .writeAll(fields as Fields, entry as unknown as Values<Fields>)
    .bytes();
}
