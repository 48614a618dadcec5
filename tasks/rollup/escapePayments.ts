import { getAddress, hexlify } from "ethers";
import type { RollupContracts } from "../../deploy/deployment";
import { decodeEntry } from "../../protocol/ledger/entries";
import { decodeLeaf, type Leaf, type LeafOf } from "../../protocol/ledger/leaves";
import type { ProvenLeaf, Replica } from "../../relayer/rollup/replica";
import { abiBatch, firstBatch } from "../../relayer/rollup/rollupInterface";
import { assetOf } from "../l2/layer2";
import { Refusal } from "../refusal";
import type { Session } from "../session";
import { submit } from "../submit";

/** Of a leaf, or of an entry: what paying it says and calls. */
interface Payment {
  readonly what: string;
  readonly data: string;
}

interface Scene {
  readonly session: Session;
  readonly contracts: RollupContracts;
  readonly replica: Replica;
  /** Whose; undefined: everybody's. */
  readonly owner: string | undefined;
}

/** Ends it at its last final batch, where nobody has yet. */
export async function end(session: Session, { rollup }: RollupContracts, replica: Replica): Promise<void> {
  const [last, next] = replica.batches;
  if (last === undefined) throw new TypeError("a replica has a first batch");
  const head = await rollup.head();
  if (!head.frozen) {
    const ignored = firstBatch({ number: 0n, timestamp: 0n });
    const batches = [abiBatch(last.batch), abiBatch(next?.batch ?? ignored)];
    const data = rollup.interface.encodeFunctionData("freeze", batches as never);
    await submit(session, `End layer 2 for ever at batch ${last.batch.number}, the last final one`, {
      to: await rollup.getAddress(),
      data,
    });
  }
  const { number } = await rollup.head();
  if (number !== last.batch.number || (await rollup.batchHashOf(number)) !== last.hash) {
    throw new Refusal(`layer 2 has ended at batch ${number}, which is not final on layer 1 yet: try again later`);
  }
}

/** Pays every leaf that is not paid; returns which. */
export async function payLeaves(scene: Scene, sends: boolean): Promise<readonly number[]> {
  const { session, contracts, replica } = scene;
  const { vault } = contracts;
  const paid: number[] = [];
  for (let index = 1; index < replica.final.batch.state.nextLeaf; index++) {
    const payment = await paymentOf(scene, index);
    if (payment === undefined || (await vault.isClaimed(index))) continue;
    const { what, data } = payment;
    if (sends) await submit(session, `Leaf ${index}: ${what}`, { to: await vault.getAddress(), data });
    else session.say(`Leaf ${index}: ${what}`);
    paid.push(index);
  }
  return paid;
}

function read({ replica }: Scene, index: number): (ProvenLeaf & { readonly content: Leaf }) | undefined {
  const proven = replica.prove(index, "final");
  const content = proven && decodeLeaf(proven.leaf);
  return proven === undefined || content === undefined ? undefined : { ...proven, content };
}

/** A leaf that another one names. */
function named<Kind extends Leaf["kind"]>(scene: Scene, index: number, kind: Kind) {
  const found = read(scene, index);
  if (found?.content.kind !== kind) throw new TypeError(`leaf ${index} is no ${kind}`);
  return found as ProvenLeaf & { readonly content: Extract<Leaf, { readonly kind: Kind }> };
}

/** Undefined where a leaf holds nothing, or somebody else's. */
async function paymentOf(scene: Scene, index: number): Promise<Payment | undefined> {
  const { contracts, replica } = scene;
  const found = read(scene, index);
  if (found === undefined) return undefined;
  const { content } = found;
  const { interface: abi } = contracts.vault;
  const batch = abiBatch(replica.final.batch) as never;
  const leaf = proofOf(found);
  switch (content.kind) {
    case "Account":
      return undefined;
    case "Balance":
    case "Item":
    case "Allowance": {
      const account = named(scene, content.account, "Account");
      if (content.amount === 0n || !isOf(scene, account.content.owner)) return undefined;
      const data = abi.encodeFunctionData("escape", [batch, leaf, proofOf(account)] as never);
      return { what: await pays(scene, content, account.content.owner), data };
    }
    case "Session": {
      const seats = content.balances.slice(0, content.joined).map((seat) => named(scene, seat, "Balance"));
      const accounts = seats.map(({ content: { account } }) => named(scene, account, "Account"));
      if (!accounts.some(({ content: { owner } }) => isOf(scene, owner))) return undefined;
      const game = named(scene, content.game, "Game");
      const players = [seats.map(proofOf), accounts.map(proofOf)];
      const data = abi.encodeFunctionData("escapeSession", [batch, leaf, proofOf(game), ...players] as never);
      return { what: `pay the ${content.joined} players of a session, as its rules say`, data };
    }
    case "Game":
    case "FeeExit": {
      const fees = content.kind === "Game" ? content.fees : content.amount;
      if (fees === 0n || scene.owner !== undefined) return undefined;
      const { show } = await assetOf(scene.session, contracts, content.asset);
      const data = abi.encodeFunctionData("claimFees", [batch, leaf] as never);
      return { what: `pass on ${show(fees)} that game ${content.gameId} has earned`, data };
    }
    case "Exit":
    case "ItemExit": {
      if (!isOf(scene, content.owner)) return undefined;
      const data = abi.encodeFunctionData("claimExit", [batch, leaf] as never);
      return { what: await pays(scene, content, content.owner), data };
    }
  }
}

const isOf = ({ owner }: Scene, address: Uint8Array): boolean =>
  owner === undefined || getAddress(hexlify(address)) === owner;

type Held = LeafOf<"Balance"> | LeafOf<"Item"> | LeafOf<"Allowance"> | LeafOf<"Exit"> | LeafOf<"ItemExit">;

async function pays({ session, contracts }: Scene, held: Held, to: Uint8Array): Promise<string> {
  const { amount } = held;
  const what =
    "asset" in held ? (await assetOf(session, contracts, held.asset)).show(amount) : `${amount} × item ${held.id}`;
  return `pay ${what} to ${getAddress(hexlify(to))}`;
}

function proofOf({ index, leaf, siblings }: ProvenLeaf): object {
  return { index, leaf: hexlify(leaf), siblings: siblings.map((sibling) => hexlify(sibling)) };
}

/** Gives back what entries have brought that are not part of the last state; returns which. */
export async function refund(
  { session, contracts: { vault }, ...scene }: Scene,
  waiting: ReadonlyMap<bigint, Uint8Array>,
  sends: boolean,
): Promise<readonly bigint[]> {
  const refunded: bigint[] = [];
  for (const [number, bytes] of waiting) {
    const entry = decodeEntry(bytes);
    if (entry === undefined || entry.kind === "Forced" || entry.kind === "ListGame") continue;
    const to = getAddress(hexlify(entry.to));
    if ((scene.owner !== undefined && scene.owner !== to) || (await vault.isRefunded(number))) continue;
    const what = `Entry ${number}: give back to ${to} what it brought`;
    const data = vault.interface.encodeFunctionData("refund", [number, bytes]);
    if (sends) await submit(session, what, { to: await vault.getAddress(), data });
    else session.say(what);
    refunded.push(number);
  }
  return refunded;
}
