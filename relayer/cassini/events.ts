import type { LaneEnds } from "../../protocol/hashChain";
import type { Header, Rotation, Target } from "../../protocol/header";
import type { Disagreement } from "./headers";

/** A loop of the relayer that may fail and is tried again. */
export type Part =
  | "watcher"
  | "attestor"
  | "collector"
  | "deliverer"
  | "epoch publisher"
  | "rotation attestor"
  | "rotation deliverer"
  | "liveness";

/** What the relayer calls of `Liveness`. */
export type LivenessCall = "openSample" | "addSignatures" | "closePeriod";

/** Everything that happens on the lanes: what logs, metrics and the live view are made of, by exhaustive switch. */
export type CassiniEvent =
  | {
      readonly kind: "watched";
      readonly lane: LaneEnds;
      readonly block: bigint;
      readonly toSeq: bigint;
      readonly ackSeq: bigint;
      readonly messages: number;
      readonly results: number;
      readonly headers: number;
    }
  /** Logs did not add up to the proven state; they are asked for again. */
  | {
      readonly kind: "logs_refused";
      readonly lane: LaneEnds;
      readonly from: bigint;
      readonly to: bigint;
      readonly attempt: number;
      readonly disagreement: Disagreement;
    }
  /** Own earlier signatures are being asked for; nothing is signed before enough peers answered. */
  | { readonly kind: "recovering"; readonly lane: LaneEnds; readonly answered: number; readonly needed: number }
  | { readonly kind: "recovered"; readonly lane: LaneEnds; readonly answered: number; readonly adopted: number }
  | { readonly kind: "signed"; readonly lane: LaneEnds; readonly header: Header }
  /** Another content was signed earlier for the same block, sequence or acknowledgement: this one never is. */
  | { readonly kind: "signing_refused"; readonly lane: LaneEnds; readonly header: Header; readonly error: unknown }
  | {
      readonly kind: "collected";
      readonly lane: LaneEnds;
      readonly peer: string;
      readonly signatures: number;
      readonly newest: bigint;
    }
  | {
      readonly kind: "peer_misbehaved";
      readonly lane: LaneEnds;
      readonly peer: string;
      readonly reason: "wrong_lane" | "wrong_signature" | "malformed";
    }
  /** One signer stands for two contents: both signatures are kept as evidence. */
  | {
      readonly kind: "equivocation";
      readonly lane: LaneEnds;
      readonly signer: string;
      readonly first: Header;
      readonly second: Header;
    }
  | {
      readonly kind: "delivering";
      readonly lane: LaneEnds;
      readonly header: Header;
      readonly first: bigint;
      readonly last: bigint;
      readonly results: number;
    }
  | {
      readonly kind: "delivered";
      readonly lane: LaneEnds;
      readonly header: Header;
      readonly first: bigint;
      readonly last: bigint;
      readonly results: number;
      readonly transactionHash: string;
      readonly gasUsed: bigint;
      readonly quorum: string;
    }
  /** Another operator delivered the same first. */
  | { readonly kind: "overtaken"; readonly lane: LaneEnds; readonly reason: string }
  | {
      readonly kind: "delivery_failed";
      readonly lane: LaneEnds;
      readonly reason: string;
      readonly transactionHash?: string;
    }
  /** The registry's set became the authority's epoch after `after`. */
  | {
      readonly kind: "epoch_published";
      readonly target: Target;
      readonly after: bigint;
      readonly transactionHash: string;
    }
  /** A standby operator that outranks another, or finds a seat free, was given one. */
  | {
      readonly kind: "seat_taken";
      readonly target: Target;
      readonly operator: string;
      readonly transactionHash: string;
    }
  /** The registry should take a new epoch and does not: too few members, or a gateway that refuses. */
  | {
      readonly kind: "publication_refused";
      readonly target: Target;
      readonly after: bigint;
      readonly reason: string;
    }
  /** `subject` is a slot, or the period that was closed. */
  | {
      readonly kind: "liveness_called";
      readonly target: Target;
      readonly call: LivenessCall;
      readonly subject: bigint;
      readonly transactionHash: string;
    }
  | {
      readonly kind: "liveness_refused";
      readonly target: Target;
      readonly call: LivenessCall;
      readonly subject: bigint;
      readonly reason: string;
    }
  | { readonly kind: "rotation_signed"; readonly target: Target; readonly rotation: Rotation }
  | {
      readonly kind: "rotation_delivered";
      readonly target: Target;
      readonly rotation: Rotation;
      readonly transactionHash: string;
    }
  /**
   * A gateway stays behind. NO_QUORUM: the members of its set do not sign, or are gone; the others: what it has, or what
   * it could get, has ended, and only its timelock can restore it.
   */
  | {
      readonly kind: "rotation_stuck";
      readonly target: Target;
      readonly epoch: bigint;
      readonly reason: "NO_QUORUM" | "SET_EXPIRED" | "ROTATION_EXPIRED";
    }
  | {
      readonly kind: "failed";
      readonly part: Part;
      readonly lane?: LaneEnds;
      readonly peer?: string;
      readonly error: unknown;
      readonly retryInMs: number;
    };

export type Emit = (event: CassiniEvent) => void;
