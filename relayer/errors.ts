/** Every error that the relayer raises on purpose; `alert` ones need an operator. */
export type RelayerErrorCode =
  | "CONFIG_INVALID"
  | "ENDPOINT_UNAVAILABLE"
  | "ENDPOINT_DISAGREEMENT"
  | "HEADER_HASH_MISMATCH"
  | "PROOF_INVALID"
  | "PROOF_UNAVAILABLE"
  | "LOGS_INCOMPLETE"
  | "DATA_UNAVAILABLE"
  | "STATE_ROLLED_BACK"
  | "SNAPSHOT_REFUSED"
  | "CHAIN_ID_MISMATCH"
  | "SIGNING_CONFLICT"
  | "NOT_A_SIGNER"
  | "TRANSACTION_REVERTED"
  | "TRANSACTION_ABANDONED"
  | "INSUFFICIENT_BALANCE"
  | "BLOBS_NOT_TAKEN"
  | "BLOBS_TOO_DEAR"
  | "KEYSTORE_INVALID"
  | "STORE_INCOMPATIBLE"
  | "LOG_LOCKED"
  | "LOG_CORRUPT"
  | "LOG_FAILED"
  | "LOG_DIVERGED"
  | "FOREIGN_BATCH"
  | "POSTING_REFUSED";

export class RelayerError extends Error {
  readonly code: RelayerErrorCode;
  readonly retriable: boolean;
  readonly alert: boolean;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(
    code: RelayerErrorCode,
    message: string,
    options: {
      readonly retriable?: boolean;
      readonly alert?: boolean;
      readonly context?: Readonly<Record<string, unknown>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "RelayerError";
    this.code = code;
    this.retriable = options.retriable ?? false;
    this.alert = options.alert ?? false;
    this.context = options.context ?? {};
  }
}

/** A call or an estimate reverted; `data` is the revert data, to be parsed with the contract's interface. */
export class ContractRevert extends Error {
  constructor(
    readonly data: string,
    message: string,
  ) {
    super(message);
    this.name = "ContractRevert";
  }
}
