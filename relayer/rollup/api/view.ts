import { hexlify } from "ethers";
import type { Leaf, LeafOf } from "../../../protocol/ledger/leaves";
import { RUNNING } from "../../../protocol/ledger/leaves";
import type { Change } from "../sequencer/draft";
import type { Result } from "../sequencer/door";
import type { OwnerIndex } from "../sequencer/ownerIndex";
import type { BatchStatus, Receipt } from "../sequencer/receipts";
import { refused } from "../sequencer/refusals";
import { jsonOf, leafJson, type JsonValue } from "./leafJson";

/** The pending state as it is shown. */
export interface PendingState {
  readonly leaf: (index: number) => Leaf | undefined;
  readonly index: OwnerIndex;
}

const PHASES = ["waiting", "running"] as const;

/** A receipt as it is shown; `statusOf` says how far its batch has come. */
export function receiptJson(receipt: Receipt, statusOf: (batch: bigint) => BatchStatus): JsonValue {
  const { hash, kind, place, nonce, leaves, dropped } = receipt;
  const base = {
    hash: hexlify(hash),
    kind,
    status: dropped === undefined ? statusOf(place.batch) : "rolledBack",
    batch: place.batch.toString(),
    segment: place.segment,
    position: place.position,
    leaves: [...leaves],
  };
  return {
    ...base,
    ...(nonce !== undefined && { nonce: nonce.toString() }),
    ...(dropped !== undefined && { error: dropped.code, message: dropped.message }),
  };
}

/** What a submission is answered with. */
export function resultJson(result: Result, statusOf: (batch: bigint) => BatchStatus): JsonValue {
  if ("receipt" in result) return receiptJson(result.receipt, statusOf);
  const { code, message, nonce } = result.refused;
  return {
    ...(result.hash !== undefined && { hash: hexlify(result.hash) }),
    error: code,
    message,
    ...(nonce !== undefined && { nonce: nonce.toString() }),
  };
}

export const busyMessage = refused("BUSY").message;

/** All leaves of an owner, ascending. */
export function leavesOfOwner({ index, leaf }: PendingState, owner: Uint8Array): readonly number[] {
  const found = index.accountsOf(owner).flatMap((own) => {
    return leaf(own)?.kind === "Account" ? [own, ...index.holdingsOf(own)] : [own];
  });
  return [...found].sort((a, b) => a - b);
}

export function sessionsOfOwner(state: PendingState, owner: Uint8Array): readonly number[] {
  const found = leavesOfOwner(state, owner).flatMap((each) => state.index.sessionsOf(each));
  return [...new Set(found)].sort((a, b) => a - b);
}

/** A session with its game and its players; undefined where there is none. */
export function sessionJson({ leaf }: PendingState, index: number): JsonValue | undefined {
  const session = leaf(index);
  if (session?.kind !== "Session") return undefined;
  const { stake, moveSeconds, lifeSeconds, deadline, endsBy, state, balances, players } = session;
  const game = leaf(session.game) as LeafOf<"Game">;
  return {
    index,
    phase: PHASES[session.phase === RUNNING ? 1 : 0],
    game: leafJson(session.game, game),
    seats: players,
    ...(jsonOf({ stake, moveSeconds, lifeSeconds, deadline, endsBy, state }) as object),
    players: balances.flatMap((balance, player): JsonValue[] => {
      const held = balance === 0 ? undefined : leaf(balance);
      const account = held?.kind === "Balance" ? leaf(held.account) : undefined;
      if (held?.kind !== "Balance" || account?.kind !== "Account") return [];
      const { owner, key } = account;
      return [{ player, balance, account: held.account, owner: hexlify(owner), key: hexlify(key) }];
    }),
  };
}

/** Owners whose leaves changed. */
export function ownersOf({ leaf }: PendingState, changes: readonly Change[]): ReadonlyMap<string, Set<number>> {
  const owners = new Map<string, Set<number>>();
  const note = (owner: Uint8Array, index: number): void => {
    const key = hexlify(owner);
    owners.set(key, (owners.get(key) ?? new Set<number>()).add(index));
  };
  for (const { index, before, after } of changes) {
    for (const each of [before, after]) {
      if (each === undefined) continue;
      if ("owner" in each) note(each.owner, index);
      else if ("account" in each) {
        const account = leaf(each.account);
        if (account?.kind === "Account") note(account.owner, index);
      }
    }
  }
  return owners;
}
