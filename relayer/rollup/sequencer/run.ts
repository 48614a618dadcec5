import { getBytes } from "ethers";
import type { FastifyInstance } from "fastify";
import { TransactionDigests } from "../../../protocol/ledger/transactions";
import { RuleBook } from "../../../sdk/rules/ruleBook";
import { repeat } from "../../cassini/loop";
import type { BodyReader, ChainReader, Clock, GasMarket, StateReader, TransactionSender } from "../../ports";
import type { SequencerConfig } from "../../config";
import type { Store } from "../../store/store";
import { RelayerError } from "../../errors";
import { addRollupRoutes, SubmissionRate } from "../api/routes";
import { serveSocket } from "../api/socket";
import type { BlobProver } from "../blobProver";
import { createLedgerCrypto } from "../ledgerCrypto";
import { KnownSigners } from "../knownSigners";
import { QueueReader, type EntryPeer } from "../queueReader";
import { ReplicaArchive } from "../replicaArchive";
import type { RollupRunner } from "../run";
import { RollupView } from "../rollupView";
import { BookAnswers } from "../rulesAnswers";
import { SignatureWorkers } from "../signatureWorkers";
import { ChainStates } from "./chainStates";
import type { EmitSequencer } from "./events";
import { Layer1 } from "./layer1";
import { hardLimits } from "./policy";
import { Poster } from "./poster";
import { Sequencer, type SequencerOptions } from "./sequencer";
import { Sidecars } from "./sidecars";
import { ChainStakes, NO_STAKES } from "./stakes";

export interface SequencerRunDeps {
  readonly chainId: bigint;
  /** Lowercase. */
  readonly rollup: string;
  readonly startBlock: bigint;
  readonly pollMs: number;
  readonly config: SequencerConfig;
  readonly reader: ChainReader & StateReader & BodyReader;
  readonly sender: TransactionSender & GasMarket;
  readonly blobProver: BlobProver;
  readonly store: Store;
  /** A node that re-executes the same rollup in this process. */
  readonly runner: Pick<RollupRunner, "node" | "batches">;
  readonly peers: () => readonly EntryPeer[];
  readonly clock: Clock;
  readonly emit: EmitSequencer;
}

export interface RunningSequencer {
  readonly sequencer: Sequencer;
  /** Adds its routes to an API that does not listen yet. */
  serve(app: FastifyInstance): void;
  /** Runs until `signal` aborts; rejects by what only an operator can decide. */
  work(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Longest wait after a failure of the archive. */
const MAX_BACKOFF_MS = 15_000;
/** A third of what the slowest refusal of the contract waits for. */
const MOST_EMPTY_AGE_MS = 5_000;

/** Assembles a sequencer; the chain is asked for its constants. */
export async function assembleSequencer(deps: SequencerRunDeps, signal: AbortSignal): Promise<RunningSequencer> {
  const { chainId, rollup, startBlock, pollMs, config, reader, sender, blobProver, store, clock, emit, runner, peers } =
    deps;
  if (config.mode === "blobs") await requireBlobs(sender, signal);
  const target = { chainId, rollup };
  const crypto = await createLedgerCrypto();
  const view = new RollupView(rollup, reader);
  const constants = await view.constants(await reader.finalized(signal), signal);
  const digests = new TransactionDigests(crypto, getBytes(constants.separator));
  const queue = new QueueReader(target, { reader, view, store, peers, startBlock });
  const book = new RuleBook({ getCode: async (account) => codeOf(reader, account) });
  const rules = new BookAnswers(book);
  const workers = SignatureWorkers.start(config.threads);
  const route = config.mode;
  const sidecars = new Sidecars(blobProver, clock, emit);
  const poster = new Poster({ chainId, rollup, route, reader, sender, store, sidecars });
  const layer1 = new Layer1({ rollup, crypto, reader, view, queue, poster, sidecars, clock });
  const sequencer = new Sequencer(optionsOf(deps, Number(constants.openSeconds)), {
    ...{ crypto, digests, rules, clock, emit },
    signers: new KnownSigners(crypto),
    recovery: workers,
    stakes: config.staking === undefined ? NO_STAKES : new ChainStakes(config.staking, reader, clock),
    chain: layer1,
    queue: layer1,
    states: new ChainStates(runner, crypto),
    send: true,
  });
  const archive = new ReplicaArchive(runner, crypto, rollup, reader);
  const report = async (until: AbortSignal): Promise<void> => {
    const step = async (abort: AbortSignal): Promise<void> => {
      const { certified, final } = sequencer.progress;
      await archive.report(sequencer.progress, abort);
      if (certified !== sequencer.progress.certified || final !== sequencer.progress.final) sequencer.announce();
      await clock.sleep(pollMs, abort);
    };
    const onError = (error: unknown, retryInMs: number): void =>
      emit({ kind: "failed", part: "progress", error, retryInMs });
    await repeat(step, { clock, maxBackoffMs: MAX_BACKOFF_MS, onError }, until);
  };

  return {
    sequencer,
    serve: (app) => {
      const rate = new SubmissionRate(config.perAddress, 4 * config.perAddress, clock);
      addRollupRoutes(app, { chainId, rollup, mode: config.mode, sequencer, archive }, rate);
      const stopSocket = serveSocket(app.server, { sequencer, rate });
      app.addHook("preClose", async () => stopSocket());
    },
    work: async (until) => {
      const end = new AbortController();
      const both = AbortSignal.any([until, end.signal]);
      try {
        await Promise.all([sequencer.run(both), report(both)]);
      } finally {
        end.abort();
      }
    },
    close: () => workers.close(),
  };
}

async function requireBlobs(market: GasMarket, signal: AbortSignal): Promise<void> {
  if ((await market.prices(signal)).blobGas !== undefined) return;
  throw new RelayerError(
    "BLOBS_NOT_TAKEN",
    "the blocks of this chain have no blobs (EIP-4844): set rollup.sequencer.mode to calldata, or to cheapest",
    { alert: true },
  );
}

async function codeOf(reader: SequencerRunDeps["reader"], account: string): Promise<string> {
  const { signal } = new AbortController();
  return reader.codeAt(account, await reader.finalized(signal), signal);
}

function optionsOf({ config, chainId, rollup, pollMs }: SequencerRunDeps, openSeconds: number): SequencerOptions {
  const { mode, batch, quotas } = config;
  const limits = hardLimits(mode, batch.blobs);
  return {
    directory: config.directory,
    scope: `${chainId}:${rollup}`,
    limits: {
      ...limits,
      transactions: batch.transactions,
      bytes: Math.min(limits.bytes, batch.bytes ?? limits.bytes),
      entries: Math.min(limits.entries, batch.entries),
      ageMs: batch.ageMs,
      emptyAgeMs: Math.min(batch.ageMs, MOST_EMPTY_AGE_MS),
    },
    mempool: config.mempool,
    quotas,
    receipts: config.receipts,
    mostUnposted: config.mostUnposted,
    // Long before posting opens to others.
    heartbeatSeconds: Math.floor(openSeconds / 4),
    checkpointBytes: config.checkpointBytes,
    takeOver: config.takeOver,
    pollMs,
  };
}
