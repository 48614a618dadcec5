import { Interface, dataLength, type JsonFragment } from "ethers";

interface StorageEntry {
  readonly label: string;
  readonly slot: string;
  readonly offset: number;
  readonly type: string;
}

interface StorageLayout {
  readonly storage: readonly StorageEntry[];
  readonly types: Readonly<
    Record<string, { readonly label: string; readonly members?: readonly StorageEntry[] }>
  > | null;
}

export interface Compiled {
  readonly name: string;
  readonly deployedBytecode: string;
  readonly abi: readonly JsonFragment[];
  /** What the compiler says of it beyond what Hardhat's types know. */
  readonly output: object;
}

/** Bytes of the deployed code. */
export function sizeOf({ deployedBytecode }: Compiled): number {
  return dataLength(deployedBytecode);
}

/** Every function, event and error, whole. */
export function abiOf({ abi }: Compiled): readonly string[] {
  return Interface.from(abi)
    .fragments.map((fragment) => fragment.format("full"))
    .sort();
}

/** Where each variable lies, with the members of structs. */
export function layoutOf({ name, output }: Compiled): readonly string[] {
  const { storageLayout } = output as { readonly storageLayout?: StorageLayout };
  if (storageLayout === undefined) throw new Error(`${name} has no storage layout: run npx hardhat compile --force`);
  const types = storageLayout.types ?? {};
  const told = new Set<string>();
  const lines = (entries: readonly StorageEntry[], owner: string): readonly string[] =>
    entries.flatMap(({ label, slot, offset, type }) => [
      `${owner}${slot}:${offset} ${label}: ${types[type]?.label ?? type}`,
      ...membersWithin(type),
    ]);
  // The members of a struct follow where it is first met, also as the value of a mapping or an array.
  const membersWithin = (type: string): readonly string[] =>
    Object.entries(types).flatMap(([key, { label, members }]) => {
      if (members === undefined || told.has(key) || !type.includes(key)) return [];
      told.add(key);
      return lines(members, `${label} `);
    });
  return lines(storageLayout.storage, "");
}
