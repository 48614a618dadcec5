import type { ChannelState } from "../../protocol/channel";
import type { SdkErrorCode } from "../errors";
import type { RoundTerms, Step } from "./step";

/** What happens in a channel, for a program to show or log. */
export type ChannelEvent =
  /** All have signed. `step` is absent where the state was learnt from a peer. */
  | { readonly kind: "agreed"; readonly state: ChannelState; readonly step: Step | undefined }
  | { readonly kind: "invited"; readonly by: number; readonly terms: RoundTerms }
  | { readonly kind: "declined"; readonly by: number; readonly terms: RoundTerms }
  /** A peer sent what it may not send; it was told so and nothing was changed. */
  | { readonly kind: "fault"; readonly by: number; readonly code: SdkErrorCode; readonly of: string }
  /** A peer refuses what was sent to it. */
  | { readonly kind: "refused"; readonly by: number; readonly code: SdkErrorCode; readonly of: string }
  /** All have signed to close: the channel can be closed on chain. */
  | { readonly kind: "closable"; readonly balances: readonly bigint[] };
