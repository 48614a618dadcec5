import { sql, type Kysely } from "kysely";
import type { Schema } from "./schema";

export interface Migration {
  readonly name: string;
  /** One statement each, understood by SQLite and PostgreSQL alike. */
  readonly statements: readonly string[];
}

/** In order, never edited once released: version n of a database is the first n of these applied. */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: "what is read from the chains",
    statements: [
      `create table lanes (
        id text primary key,
        source_chain_id bigint not null,
        source_gateway text not null,
        target_chain_id bigint not null,
        target_gateway text not null,
        cursor bigint,
        epoch bigint,
        cadence bigint,
        unique (source_chain_id, source_gateway, target_chain_id, target_gateway)
      )`,
      `create table messages (
        lane text not null references lanes (id),
        seq bigint not null,
        packed text not null,
        leaf text not null,
        acc text not null,
        block bigint not null,
        transaction_hash text not null,
        primary key (lane, seq)
      )`,
      `create table results (
        lane text not null references lanes (id),
        idx bigint not null,
        first bigint not null,
        last bigint not null,
        failures text not null,
        payout text not null,
        acc text not null,
        block bigint not null,
        transaction_hash text not null,
        primary key (lane, idx),
        unique (lane, first),
        unique (lane, last)
      )`,
      `create table headers (
        lane text not null references lanes (id),
        digest text not null,
        source_block bigint not null,
        epoch bigint not null,
        to_seq bigint not null,
        acc text not null,
        ack_seq bigint not null,
        res_acc text not null,
        verified bigint not null,
        primary key (lane, digest)
      )`,
      `create unique index headers_verified on headers (lane, source_block) where verified = 1`,
      `create index headers_by_block on headers (lane, source_block)`,
      `create index headers_by_seq on headers (lane, to_seq)`,
    ],
  },
  {
    name: "what operators sign",
    statements: [
      `create table signed (
        signer text not null,
        scope text not null,
        kind text not null check (kind in ('block', 'to_seq', 'ack_seq', 'rotation')),
        key bigint not null,
        content text not null,
        primary key (signer, scope, kind, key)
      )`,
      `create table attestations (
        lane text not null,
        digest text not null,
        signer text not null,
        source_block bigint not null,
        signature text not null,
        own bigint not null,
        primary key (lane, digest, signer),
        foreign key (lane, digest) references headers (lane, digest)
      )`,
      `create index attestations_by_block on attestations (lane, source_block)`,
      `create table rotations (
        target_chain_id bigint not null,
        target_gateway text not null,
        digest text not null,
        signer text not null,
        epoch bigint not null,
        valid_until bigint not null,
        signers text not null,
        signature text not null,
        own bigint not null,
        primary key (target_chain_id, target_gateway, digest, signer)
      )`,
      `create index rotations_by_epoch on rotations (target_chain_id, epoch)`,
    ],
  },
  {
    name: "what the deliverer sends",
    statements: [
      `create table deliveries (
        lane text not null references lanes (id),
        key text not null,
        source_block bigint not null,
        in_seq bigint not null,
        ack_seq bigint not null,
        first bigint not null,
        last bigint not null,
        results bigint not null,
        status text not null check (status in ('planned', 'delivered', 'failed')),
        transaction_hash text,
        gas_used bigint,
        reason text,
        planned_at bigint not null,
        settled_at bigint,
        primary key (lane, key)
      )`,
      `create index deliveries_planned on deliveries (lane, planned_at) where status = 'planned'`,
      `create index deliveries_by_message on deliveries (lane, last)`,
      `create table accounts (
        chain_id bigint not null,
        sender text not null,
        primary key (chain_id, sender)
      )`,
      `create table transactions (
        chain_id bigint not null,
        sender text not null,
        key text not null,
        to_address text not null,
        data text not null,
        gas_limit bigint not null,
        nonce bigint not null,
        status text not null check (status in ('reserved', 'pending', 'mined', 'abandoned')),
        mined_hash text,
        mined_succeeded bigint,
        mined_block bigint,
        mined_gas_used bigint,
        created_at bigint not null,
        primary key (chain_id, sender, key),
        foreign key (chain_id, sender) references accounts (chain_id, sender)
      )`,
      `create unique index transactions_open_nonce on transactions (chain_id, sender, nonce)
        where status in ('reserved', 'pending')`,
      `create index transactions_by_nonce on transactions (chain_id, sender, nonce)`,
      `create table transaction_attempts (
        hash text primary key,
        chain_id bigint not null,
        sender text not null,
        key text not null,
        idx bigint not null,
        raw text not null,
        nonce bigint not null,
        kind text not null check (kind in ('call', 'noop')),
        max_fee_per_gas text not null,
        max_priority_fee_per_gas text not null,
        created_at bigint not null,
        unique (chain_id, sender, key, idx),
        foreign key (chain_id, sender, key) references transactions (chain_id, sender, key)
      )`,
      `create index transaction_attempts_by_nonce on transaction_attempts (chain_id, sender, nonce)`,
    ],
  },
  {
    name: "what the watchtower keeps",
    statements: [
      `create table watched_channels (
        chain_id bigint not null,
        contract text not null,
        channel_id text not null,
        version text not null,
        challenge_seconds bigint not null,
        answer text not null,
        check_at bigint not null,
        ended_at bigint,
        kept_at bigint not null,
        answers bigint not null,
        primary key (chain_id, contract, channel_id)
      )`,
      `create index watched_channels_due on watched_channels (chain_id, contract, check_at)`,
    ],
  },
  {
    name: "what the rollup's nodes keep",
    statements: [
      `create table rollup_entries (
        chain_id bigint not null,
        rollup text not null,
        number bigint not null,
        entry text not null,
        primary key (chain_id, rollup, number)
      )`,
      `create table rollup_queues (
        chain_id bigint not null,
        rollup text not null,
        block bigint not null,
        primary key (chain_id, rollup)
      )`,
      `create table rollup_signed (
        chain_id bigint not null,
        rollup text not null,
        signer text not null,
        number bigint not null,
        batch_hash text not null,
        primary key (chain_id, rollup, signer, number)
      )`,
      `create table rollup_certificates (
        chain_id bigint not null,
        rollup text not null,
        batch_hash text not null,
        epoch bigint not null,
        signer text not null,
        number bigint not null,
        signature text not null,
        own bigint not null,
        primary key (chain_id, rollup, batch_hash, epoch, signer)
      )`,
      `create index rollup_certificates_by_number on rollup_certificates (chain_id, rollup, number)`,
      `create table rollup_proofs (
        chain_id bigint not null,
        rollup text not null,
        batch_hash text not null,
        prover text not null,
        segment bigint not null,
        salt text not null,
        primary key (chain_id, rollup, batch_hash, prover)
      )`,
    ],
  },
  {
    name: "what transactions carry",
    statements: [
      `alter table transaction_attempts add column max_fee_per_blob_gas text`,
      `create table transaction_blobs (
        chain_id bigint not null,
        sender text not null,
        key text not null,
        idx bigint not null,
        content text not null,
        commitment text not null,
        proof text not null,
        primary key (chain_id, sender, key, idx),
        foreign key (chain_id, sender, key) references transactions (chain_id, sender, key)
      )`,
    ],
  },
];

/** Applies one migration; the caller holds the lock and the transaction. */
export async function applyMigration(db: Kysely<Schema>, migration: Migration): Promise<void> {
  for (const statement of migration.statements) await sql.raw(statement).execute(db);
}
