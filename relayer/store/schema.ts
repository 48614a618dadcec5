/**
 * The tables, as they stand after the last migration. Every integer is a `bigint`, every address lowercase hex, every
 * hash and byte string lowercase hex, every integer that may exceed 63 bits a decimal string.
 */
export interface Schema {
  lanes: {
    /** `laneId` of the four columns after it. */
    id: string;
    source_chain_id: bigint;
    source_gateway: string;
    target_chain_id: bigint;
    target_gateway: string;
    /** Last block of the source whose state was processed; null: none yet. */
    cursor: bigint | null;
    /** The lane's epoch and cadence at the end of that block; null with it. */
    epoch: bigint | null;
    cadence: bigint | null;
  };
  messages: {
    lane: string;
    seq: bigint;
    packed: string;
    leaf: string;
    acc: string;
    block: bigint;
    transaction_hash: string;
  };
  results: {
    lane: string;
    idx: bigint;
    first: bigint;
    last: bigint;
    failures: string;
    payout: string;
    acc: string;
    block: bigint;
    transaction_hash: string;
  };
  headers: {
    lane: string;
    digest: string;
    source_block: bigint;
    epoch: bigint;
    to_seq: bigint;
    acc: string;
    ack_seq: bigint;
    res_acc: string;
    /** 1: recomputed by this operator; 0: only claimed by an attestation of another. */
    verified: bigint;
  };
  signed: {
    signer: string;
    scope: string;
    kind: string;
    key: bigint;
    content: string;
  };
  attestations: {
    lane: string;
    digest: string;
    signer: string;
    source_block: bigint;
    signature: string;
    own: bigint;
  };
  rotations: {
    target_chain_id: bigint;
    target_gateway: string;
    digest: string;
    signer: string;
    epoch: bigint;
    valid_until: bigint;
    /** Ascending addresses, joined by commas. */
    signers: string;
    signature: string;
    own: bigint;
  };
  deliveries: {
    lane: string;
    key: string;
    source_block: bigint;
    in_seq: bigint;
    ack_seq: bigint;
    first: bigint;
    last: bigint;
    results: bigint;
    status: string;
    transaction_hash: string | null;
    gas_used: bigint | null;
    reason: string | null;
    planned_at: bigint;
    settled_at: bigint | null;
  };
  accounts: {
    chain_id: bigint;
    sender: string;
  };
  transactions: {
    chain_id: bigint;
    sender: string;
    key: string;
    to_address: string;
    data: string;
    gas_limit: bigint;
    nonce: bigint;
    status: string;
    mined_hash: string | null;
    mined_succeeded: bigint | null;
    mined_block: bigint | null;
    mined_gas_used: bigint | null;
    created_at: bigint;
  };
  transaction_attempts: {
    hash: string;
    chain_id: bigint;
    sender: string;
    key: string;
    /** Order of creation within its transaction, from 0. */
    idx: bigint;
    raw: string;
    nonce: bigint;
    kind: string;
    max_fee_per_gas: string;
    max_priority_fee_per_gas: string;
    /** Of a transaction with blobs. */
    max_fee_per_blob_gas: string | null;
    created_at: bigint;
  };
  /** Of open transactions; 0x-prefixed hex. */
  transaction_blobs: {
    chain_id: bigint;
    sender: string;
    key: string;
    /** From 0. */
    idx: bigint;
    content: string;
    commitment: string;
    proof: string;
  };
  watched_channels: {
    chain_id: bigint;
    contract: string;
    channel_id: string;
    /** Decimal, 20 digits. */
    version: string;
    challenge_seconds: bigint;
    answer: string;
    /** Unix milliseconds, as those after it. */
    check_at: bigint;
    ended_at: bigint | null;
    kept_at: bigint;
    /** Sent so far, of whatever version. */
    answers: bigint;
  };
  /** The queue's entries of a rollup, as layer 1 made them. */
  rollup_entries: {
    chain_id: bigint;
    rollup: string;
    number: bigint;
    entry: string;
  };
  rollup_queues: {
    chain_id: bigint;
    rollup: string;
    /** Every entry that was queued up to its end is kept. */
    block: bigint;
  };
  rollup_signed: {
    chain_id: bigint;
    rollup: string;
    signer: string;
    number: bigint;
    batch_hash: string;
  };
  rollup_certificates: {
    chain_id: bigint;
    rollup: string;
    batch_hash: string;
    epoch: bigint;
    signer: string;
    number: bigint;
    signature: string;
    own: bigint;
  };
  rollup_proofs: {
    chain_id: bigint;
    rollup: string;
    batch_hash: string;
    prover: string;
    segment: bigint;
    /** Of the commitment. */
    salt: string;
  };
}
