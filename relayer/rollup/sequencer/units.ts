import { METER } from "../../../protocol/ledger/meter";
import type { TransactionKind } from "../../../protocol/ledger/transactions";

/** What a transaction takes of a quota, in transfers: by what its proof may cost, which is what a batch has to share. */
export const unitsOf = (kind: TransactionKind): number => METER[kind] / METER.Transfer;
