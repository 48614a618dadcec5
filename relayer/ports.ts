import type { Certificate, RollupTarget } from "../protocol/certificate";
import type { Header, Rotation, Target } from "../protocol/header";
import type { LaneState } from "../protocol/laneStorage";

/**
 * The relayer's edges to the outside. Everything behind them is real in production and in end-to-end tests; unit tests
 * pass fakes. Every wait takes an AbortSignal.
 */

/** A block whose hash was recomputed from its header and agreed on by a quorum of endpoints. */
export interface VerifiedBlock {
  readonly number: bigint;
  readonly hash: string;
  readonly parentHash: string;
  readonly stateRoot: string;
  readonly timestamp: bigint;
}

export interface ChainLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: bigint;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly logIndex: number;
}

/** Reads of one chain through a quorum of the operator's own endpoints. Nothing here trusts a single endpoint. */
export interface ChainReader {
  readonly chainId: bigint;
  /** The latest block that a quorum of endpoints calls finalized. */
  finalized(signal: AbortSignal): Promise<VerifiedBlock>;
  /** A block at or below the finalized one. */
  block(number: bigint, signal: AbortSignal): Promise<VerifiedBlock>;
  /** A lane's state at the end of `block`, proven by `eth_getProof` against its state root. */
  laneState(gateway: string, remoteChainId: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<LaneState>;
  /**
   * Logs of finalized blocks, in order. They may be incomplete (pruned or withheld): whoever asks recomputes the hash
   * chains over them and calls again with other endpoints (`attempt` 1, 2, …) where they do not fit.
   */
  logs(
    query: {
      readonly address: string;
      readonly topics: readonly (string | null)[];
      readonly from: bigint;
      readonly to: bigint;
      readonly attempt: number;
    },
    signal: AbortSignal,
  ): Promise<readonly ChainLog[]>;
  /** `eth_call` at the latest block of one endpoint, falling over to the next: only for what the contract checks again. */
  call(to: string, data: string, signal: AbortSignal): Promise<string>;
  /** Gas that a transaction would use; throws a ContractRevert with the revert data where it would revert. */
  estimateGas(
    transaction: { readonly from: string; readonly to: string; readonly data: string },
    signal: AbortSignal,
  ): Promise<bigint>;
}

/** A gateway's current epoch as it stands in its storage. */
export interface ProvenEpoch {
  readonly epoch: bigint;
  readonly validUntil: bigint;
  /** Ascending; empty where there is none. */
  readonly signers: readonly string[];
}

/** Reads of a gateway's signer set that trust no single endpoint either: what a rotation is signed from. */
export interface EpochReader {
  /** The current epoch at the end of `block`, its set proven by the code hash of the account that holds it. */
  currentEpoch(gateway: string, block: VerifiedBlock, signal: AbortSignal): Promise<ProvenEpoch>;
}

/** Reads of any contract that trust no single endpoint: what a quorum answers alike. */
export interface StateReader {
  /** `eth_call` at the end of a final block, where possible one of the latest: nodes keep few states. */
  callAt(to: string, data: string, block: VerifiedBlock, signal: AbortSignal): Promise<string>;
  /** An account's code there. */
  codeAt(account: string, block: VerifiedBlock, signal: AbortSignal): Promise<string>;
}

/** A transaction as a block has it. */
export interface BlockCall {
  readonly hash: string;
  readonly from: string;
  /** Undefined where it makes a contract. */
  readonly to: string | undefined;
  readonly input: string;
  /** Versioned hashes of the blobs that came with it (EIP-4844). */
  readonly blobHashes: readonly string[];
}

export interface BlockBody {
  readonly number: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
  readonly calls: readonly BlockCall[];
}

/** Bodies of blocks, each one endpoint's word: whoever asks knows a hash of what it looks for. */
export interface BodyReader {
  /** What `accept` makes of a body, of the first endpoint for whose body that is anything. */
  fromBody<Value>(number: bigint, accept: (body: BlockBody) => Value | undefined, signal: AbortSignal): Promise<Value>;
}

/** Blobs, as long as nodes keep them: 18 days on BSC (BEP-336). */
export interface BlobReader {
  /** What `accept` makes of a transaction's blobs, of the first endpoint for whose blobs that is anything. */
  fromBlobs<Value>(
    transaction: string,
    accept: (blobs: readonly Uint8Array[]) => Promise<Value | undefined>,
    signal: AbortSignal,
  ): Promise<Value>;
}

/** The outcome of a transaction that is deep enough not to be undone. */
export interface TransactionOutcome {
  readonly hash: string;
  readonly succeeded: boolean;
  readonly blockNumber: bigint;
  readonly gasUsed: bigint;
}

/** A blob with what proves it, as a transaction carries it beside itself (EIP-4844, sidecar version 0). */
export interface SidecarBlob {
  /** 131,072 bytes: 4,096 field elements. */
  readonly blob: Uint8Array;
  /** 48 bytes each. */
  readonly commitment: Uint8Array;
  readonly proof: Uint8Array;
}

/** What a sender is asked to send. */
export interface TransactionCall {
  /** Chosen by whoever asks, unique per account. */
  readonly key: string;
  readonly to: string;
  readonly data: string;
  readonly gasLimit: bigint;
  /** With them it is a transaction of type 3. */
  readonly blobs?: readonly SidecarBlob[];
}

/** What a transaction costs now, in wei. */
export interface GasPrices {
  /** Per gas. */
  readonly gas: bigint;
  /** Per blob gas; undefined where the chain takes no blobs. */
  readonly blobGas: bigint | undefined;
  /** Up to which price per blob gas this account begins a transaction with blobs. */
  readonly mostBlobGas: bigint;
}

export interface GasMarket {
  prices(signal: AbortSignal): Promise<GasPrices>;
}

/** One sender account on one chain: the only place that assigns nonces. */
export interface TransactionSender {
  readonly address: string;
  /**
   * Sends once per `key`, however often and after whatever crash it is called with it; resolves when the transaction
   * is mined (not necessarily finalized). Bumps the fee of a stuck one within bounds. Rejects with a retriable error
   * where the transaction was given up and its nonce was released by a no-op; with BLOBS_NOT_TAKEN where it has blobs and
   * the chain has none.
   */
  submit(request: TransactionCall, signal: AbortSignal): Promise<TransactionOutcome>;
  /** Finishes what a crash left: called once before the first `submit`. */
  recover(signal: AbortSignal): Promise<void>;
}

/** The operator's attestation key. */
export interface AttestationSigner {
  readonly address: string;
  /** 64-byte EIP-2098 signature over a header for `target`. */
  signHeader(header: Header, target: Target): string;
  signRotation(rotation: Rotation, target: Target): string;
}

/** The same key, for batches of a rollup. */
export interface CertificateSigner {
  readonly address: string;
  /** 64-byte EIP-2098 signature. */
  signCertificate(certificate: Certificate, target: RollupTarget): string;
}

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** A header with one operator's signature, as the attestation endpoint serves it. */
export interface Attestation {
  readonly header: Header;
  readonly target: Target;
  readonly signer: string;
  readonly signature: string;
}

export interface RotationAttestation {
  readonly rotation: Rotation;
  readonly target: Target;
  readonly signer: string;
  readonly signature: string;
}

/** A certificate with one operator's signature. */
export interface SignedCertificate extends Certificate {
  readonly signer: string;
  readonly signature: string;
}

/** Attestations of other operators. */
export interface AttestationPeer {
  readonly endpoint: string;
  /**
   * Attestations of headers from `source` to `target` whose `sourceBlock` is above `after`, oldest first; waits up to
   * `waitMs` for one. Of one signer only, so that `sourceBlock` is a cursor: `signer`, or the peer itself without it.
   */
  attestations(
    query: {
      readonly source: bigint;
      readonly target: bigint;
      readonly after: bigint;
      readonly signer?: string;
      readonly waitMs: number;
    },
    signal: AbortSignal,
  ): Promise<readonly Attestation[]>;
  rotations(
    query: { readonly target: bigint; readonly afterEpoch: bigint },
    signal: AbortSignal,
  ): Promise<readonly RotationAttestation[]>;
}
