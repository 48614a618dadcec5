import type { Kysely } from "kysely";
import { RelayerError } from "../errors";
import { AttestationRepository } from "./attestations";
import { BlockRepository } from "./blocks";
import { ChannelRepository } from "./channels";
import { DeliveryRepository } from "./deliveries";
import type { StoreEngine } from "./engine";
import { LaneRepository } from "./lanes";
import { migrate, storeVersion } from "./migrate";
import { MIGRATIONS } from "./migrations";
import { openPostgres } from "./postgres";
import { RollupRepository } from "./rollup";
import type { Schema } from "./schema";
import { openSqlite } from "./sqlite";
import { TransactionRepository } from "./transactions";

/** Where a store is: a SQLite file or a PostgreSQL server. */
export type StoreLocation = { readonly sqlite: string } | { readonly postgres: string };

/** Everything that is stored, one repository per aggregate; each of their methods is one transaction or part of one. */
export interface Repositories {
  readonly lanes: LaneRepository;
  readonly blocks: BlockRepository;
  readonly attestations: AttestationRepository;
  readonly deliveries: DeliveryRepository;
  readonly transactions: TransactionRepository;
  readonly channels: ChannelRepository;
  readonly rollup: RollupRepository;
}

function repositories(db: Kysely<Schema>, attested: () => void): Repositories {
  return {
    lanes: new LaneRepository(db),
    blocks: new BlockRepository(db),
    attestations: new AttestationRepository(db, attested),
    deliveries: new DeliveryRepository(db),
    transactions: new TransactionRepository(db),
    channels: new ChannelRepository(db),
    rollup: new RollupRepository(db, attested),
  };
}

/** An open, migrated store. */
export class Store implements Repositories {
  readonly lanes: LaneRepository;
  readonly blocks: BlockRepository;
  readonly attestations: AttestationRepository;
  readonly deliveries: DeliveryRepository;
  readonly transactions: TransactionRepository;
  readonly channels: ChannelRepository;
  readonly rollup: RollupRepository;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly engine: StoreEngine) {
    const all = repositories(engine.db, () => this.announce());
    this.lanes = all.lanes;
    this.blocks = all.blocks;
    this.attestations = all.attestations;
    this.deliveries = all.deliveries;
    this.transactions = all.transactions;
    this.channels = all.channels;
    this.rollup = all.rollup;
  }

  /** Opens and migrates. */
  static async open(location: StoreLocation, onIdleError: (error: Error) => void = () => undefined): Promise<Store> {
    const engine = "sqlite" in location ? openSqlite(location.sqlite) : openPostgres(location.postgres, onIdleError);
    try {
      await migrate(engine);
    } catch (error) {
      await engine.close();
      throw error;
    }
    return new Store(engine);
  }

  /**
   * Runs `step` in one SQL transaction. Inside, use only the repositories that it is given: on SQLite the store's own
   * would wait for the transaction to end.
   */
  async transaction<T>(step: (repositories: Repositories) => Promise<T>): Promise<T> {
    let attested = false;
    const result = await this.engine.db.transaction().execute((tx) => step(repositories(tx, () => (attested = true))));
    if (attested) this.announce();
    return result;
  }

  /** Resolves where the store can be written and has this program's version. */
  async check(): Promise<void> {
    const version = await storeVersion(this.engine);
    if (version !== MIGRATIONS.length) {
      throw new RelayerError("STORE_INCOMPATIBLE", "the store has another version than this program", {
        context: { storeVersion: version, programVersion: MIGRATIONS.length },
      });
    }
    await this.engine.db
      .transaction()
      .execute((tx) => tx.updateTable("lanes").set({ cursor: null }).where("id", "=", "").execute());
  }

  /** Calls `listener` after this process stored a signature of its own; returns how to stop that. */
  onAttested(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private announce(): void {
    for (const listener of this.listeners) listener();
  }
}
