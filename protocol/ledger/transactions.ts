import type { LedgerCrypto } from "./crypto";
import { WireReader, WireWriter, type Fields, type Value, type Values, type Wire } from "./wire";

/** What a session key may do for its account. */
export const SCOPE = { Transfers: 1, Items: 2, Games: 4 } as const;

interface Definition {
  readonly type: number;
  readonly fields: Fields;
  readonly signatures: 0 | 1 | 2;
}

/** A transaction's fields after its type byte, in their order in the data and in what is signed. */
export const TRANSACTIONS = {
  Transfer: { type: 1, signatures: 1, fields: { from: "u32", to: "u32", amount: "f40" } },
  TransferToNew: { type: 2, signatures: 1, fields: { from: "u32", to: "address", amount: "f40" } },
  OpenBalance: { type: 3, signatures: 1, fields: { account: "u32", asset: "u32" } },
  Withdraw: { type: 4, signatures: 1, fields: { from: "u32", amount: "u128" } },
  ItemMint: { type: 5, signatures: 1, fields: { allowance: "u32", to: "u32", amount: "u64" } },
  ItemTransfer: { type: 6, signatures: 1, fields: { item: "u32", to: "u32", into: "u32", amount: "u64" } },
  ItemBurn: { type: 7, signatures: 1, fields: { item: "u32", amount: "u64" } },
  ItemSwap: {
    type: 8,
    signatures: 2,
    fields: { item: "u32", into: "u32", amount: "u64", pay: "u32", receive: "u32", price: "f40" },
  },
  ItemWithdraw: { type: 9, signatures: 1, fields: { item: "u32", amount: "u64" } },
  GrantKey: {
    type: 10,
    signatures: 1,
    fields: { account: "u32", key: "address", expiry: "u64", scope: "u8", game: "u32" },
  },
  RevokeKey: { type: 11, signatures: 1, fields: { account: "u32" } },
  SessionOpen: {
    type: 12,
    signatures: 1,
    fields: {
      balance: "u32",
      game: "u32",
      stake: "f40",
      players: "u8",
      moveSeconds: "u32",
      lifeSeconds: "u32",
      setup: "bytes8",
    },
  },
  SessionJoin: { type: 13, signatures: 1, fields: { session: "u32", balance: "u32" } },
  SessionLeave: { type: 14, signatures: 1, fields: { session: "u32", player: "u8" } },
  SessionMove: { type: 15, signatures: 1, fields: { session: "u32", player: "u8", move: "bytes8" } },
  SessionTimeout: { type: 16, signatures: 0, fields: { session: "u32" } },
  SessionSettle: { type: 17, signatures: 0, fields: { session: "u32" } },
  CollectFees: { type: 18, signatures: 0, fields: { game: "u32" } },
} as const satisfies Record<string, Definition>;

type Definitions = typeof TRANSACTIONS;
export type TransactionKind = keyof Definitions;

export type TransactionOf<Kind extends TransactionKind> = { readonly kind: Kind } & Values<Definitions[Kind]["fields"]>;

export type Transaction = { [Kind in TransactionKind]: TransactionOf<Kind> }[TransactionKind];

/** A transaction as it stands in a segment. */
export interface SignedTransaction {
  readonly transaction: Transaction;
  /** 64 bytes each. */
  readonly signatures: readonly Uint8Array[];
}

const KINDS = new Map<number, TransactionKind>(
  (Object.keys(TRANSACTIONS) as TransactionKind[]).map((kind) => [TRANSACTIONS[kind].type, kind] as const),
);

const SIGNATURE_BYTES = 64;

export function encodeTransaction(transaction: Transaction): Uint8Array {
  const { type, fields } = TRANSACTIONS[transaction.kind];
  return new WireWriter()
    .write("u8", type)
    .writeAll(fields as Fields, transaction as unknown as Values<Fields>)
    .bytes();
}

/** The next transaction without signatures; undefined where its type is unknown or it is cut short. */
export function readTransaction(reader: WireReader): Transaction | undefined {
  const kind = KINDS.get((reader.read("u8") as number | undefined) ?? 0);
  if (kind === undefined) return undefined;
  return reader.readInto({ kind }, TRANSACTIONS[kind].fields as Fields) as Transaction | undefined;
}

/** The next transaction with its signatures; undefined where its type is unknown or it is cut short. */
export function readSigned(reader: WireReader): SignedTransaction | undefined {
  const transaction = readTransaction(reader);
  if (transaction === undefined) return undefined;
  const signatures: Uint8Array[] = [];
  for (let i = 0; i < TRANSACTIONS[transaction.kind].signatures; i++) {
    const signature = reader.take(SIGNATURE_BYTES);
    if (signature === undefined) return undefined;
    signatures.push(signature);
  }
  return { transaction, signatures };
}

const SOLIDITY: Readonly<Record<Wire, string>> = {
  u8: "uint8",
  u16: "uint16",
  u32: "uint32",
  u64: "uint64",
  u128: "uint128",
  u256: "uint256",
  f40: "uint128",
  address: "address",
  bytes8: "bytes",
  bytes16: "bytes",
};

/** EIP-712 members of what is signed: the fields, then the nonce. */
export function typedFields(kind: TransactionKind): readonly { readonly name: string; readonly type: string }[] {
  const fields = Object.entries(TRANSACTIONS[kind].fields as Fields);
  return [...fields.map(([name, wire]) => ({ name, type: SOLIDITY[wire] })), { name: "nonce", type: "uint64" }];
}

/** What is signed of a kind: its fields with their names, and room for them behind its type hash. */
interface TypedKind {
  readonly fields: readonly (readonly [string, Wire])[];
  readonly words: Uint8Array;
  readonly view: DataView;
}

const WORD = 32;

/** Digests of transactions for one rollup. */
export class TransactionDigests {
  private readonly kinds: Readonly<Record<TransactionKind, TypedKind>>;
  /** `0x1901`, the domain, and room for the struct's hash. */
  private readonly message = new Uint8Array(2 + 2 * WORD);

  /** @param separator EIP-712 domain separator, 32 bytes. */
  constructor(
    private readonly crypto: LedgerCrypto,
    separator: Uint8Array,
  ) {
    const text = new TextEncoder();
    const typed = (kind: TransactionKind): TypedKind => {
      const members = typedFields(kind).map(({ name, type }) => `${type} ${name}`);
      const words = new Uint8Array(WORD * (1 + members.length));
      words.set(crypto.keccak256(text.encode(`${kind}(${members.join(",")})`)));
      return { fields: Object.entries(TRANSACTIONS[kind].fields as Fields), words, view: new DataView(words.buffer) };
    };
    const kinds = Object.keys(TRANSACTIONS) as TransactionKind[];
    this.kinds = Object.fromEntries(kinds.map((kind) => [kind, typed(kind)])) as Record<TransactionKind, TypedKind>;
    this.message.set([0x19, 0x01]);
    this.message.set(separator, 2);
  }

  digest(transaction: Transaction, nonce: bigint): Uint8Array {
    const { fields, words, view } = this.kinds[transaction.kind];
    words.fill(0, WORD);
    let end = WORD;
    for (const [name, wire] of fields) {
      end += WORD;
      const value = (transaction as unknown as Values<Fields>)[name] as Value<Wire>;
      if (typeof value === "number") {
        view.setUint32(end - 4, value);
      } else if (typeof value === "bigint") {
        putBig(view, end, value);
      } else {
        const bytes = wire === "address" ? value : this.crypto.keccak256(value);
        words.set(bytes, end - bytes.length);
      }
    }
    putBig(view, end + WORD, nonce);
    this.message.set(this.crypto.keccak256(words), 2 + WORD);
    return this.crypto.keccak256(this.message);
  }
}

/** Writes what fits into 32 bytes, big-endian, so that it ends before `end`. */
function putBig(view: DataView, end: number, value: bigint): void {
  for (let at = end - 8, rest = value; rest > 0n; at -= 8, rest >>= 64n) {
    view.setBigUint64(at, rest);
  }
}
