import { createReadStream } from "node:fs";
import { getBytes, hexlify } from "ethers";
import type { RollupTarget } from "../../protocol/certificate";
import { batchHash } from "../../protocol/ledger/batch";
import type { Kzg } from "../../protocol/ledger/blobs";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import { Ledger } from "../../protocol/ledger/ledger";
import { TransactionDigests } from "../../protocol/ledger/transactions";
import { RuleBook } from "../../sdk/rules/ruleBook";
import { repeat } from "../cassini/loop";
import { RelayerError } from "../errors";
import type {
  BlobReader,
  BodyReader,
  CertificateSigner,
  ChainReader,
  Clock,
  StateReader,
  TransactionSender,
  VerifiedBlock,
} from "../ports";
import type { Store } from "../store/store";
import { BatchReader } from "./batchReader";
import type { BlobProver } from "./blobProver";
import { CertificateCollector } from "./certificateCollector";
import { Certifier } from "./certifier";
import { CertifierEpochs } from "./certifierEpochs";
import { Challenger } from "./challenger";
import type { EmitRollup, RollupPart } from "./events";
import { RollupNode } from "./node";
import { createKzg } from "./kzg";
import type { NodePeer } from "./nodePeer";
import { QueueReader } from "./queueReader";
import { Replica, type KnownBatch } from "./replica";
import { BookAnswers } from "./rulesAnswers";
import { RollupView, type RollupConstants } from "./rollupView";
import { readSnapshot, type Snapshot, type SnapshotHeader } from "./snapshot";
import type { SnapshotFiles } from "./snapshotFiles";

/** Longest wait after a failure. */
const MAX_BACKOFF_MS = 10_000;

export interface RollupDeps {
  readonly rollup: RollupTarget;
  /** Whose epochs certify. */
  readonly gateway: string;
  /** Block of the rollup's deployment. */
  readonly startBlock: bigint;
  readonly pollMs: number;
  readonly reader: ChainReader & StateReader & BodyReader & BlobReader;
  readonly store: Store;
  readonly crypto: LedgerCrypto;
  readonly blobProver: BlobProver;
  readonly clock: Clock;
  readonly emit: EmitRollup;
  readonly peers: () => readonly NodePeer[];
  /** Absent: no snapshot is read from here or written. */
  readonly snapshots?: SnapshotFiles;
  /** Whether leaves of final states are proven here: then these are kept besides. */
  readonly provesFinal?: boolean;
  readonly certifier?: { readonly signer: CertificateSigner; readonly sender?: TransactionSender };
  readonly challenger?: { readonly sender: TransactionSender; readonly payout: string; readonly freezes: boolean };
}

/** A node with what its roles need of it. */
interface Running {
  readonly node: RollupNode;
  readonly queue: QueueReader;
  readonly batches: BatchReader;
  readonly challenger: Challenger | undefined;
  readonly certifier: Certifier | undefined;
  readonly epochs: CertifierEpochs;
  readonly collectors: Map<string, CertificateCollector>;
}

/** Follows one rollup, and certifies or challenges what it finds. */
export class RollupRunner {
  private running: Running | undefined;

  constructor(private readonly deps: RollupDeps) {}

  /** The node; undefined before the first look at the chain. */
  get node(): RollupNode | undefined {
    return this.running?.node;
  }

  get batches(): BatchReader | undefined {
    return this.running?.batches;
  }

  /** Runs until `signal` aborts, then drains. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, emit, pollMs } = this.deps;
    const loop = (part: RollupPart, step: (until: AbortSignal) => Promise<void>): Promise<void> =>
      repeat(
        async (until) => {
          await step(until);
          await clock.sleep(pollMs, until);
        },
        {
          clock,
          maxBackoffMs: MAX_BACKOFF_MS,
          onError: (error, retryInMs) => emit({ kind: "failed", part, error, retryInMs }),
        },
        signal,
      );
    const { certifier, challenger } = this.deps;
    await Promise.all([
      loop("node", (until) => this.follow(until)),
      ...(challenger === undefined ? [] : [loop("challenger", (until) => this.challenge(challenger.sender, until))]),
      ...(certifier === undefined ? [] : [loop("certifier", (until) => this.certify(certifier.sender, until))]),
    ]);
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const { rollup, snapshots, emit } = this.deps;
    const running = (this.running ??= await this.assemble(signal));
    try {
      await running.node.step(signal);
    } catch (error) {
      // Where it began is no state of this rollup any more: it begins again, with another one.
      if (error instanceof RelayerError && error.code === "STATE_ROLLED_BACK") this.running = undefined;
      throw error;
    }
    await snapshots?.keep(rollup, { ...running, emit }, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      emit({ kind: "failed", part: "snapshots", error });
    });
  }

  private async challenge(sender: TransactionSender, signal: AbortSignal): Promise<void> {
    await sender.recover(signal);
    await this.running?.challenger?.step(signal);
  }

  private async certify(sender: TransactionSender | undefined, signal: AbortSignal): Promise<void> {
    const { running } = this;
    if (running?.certifier === undefined) return;
    const { node, certifier, epochs, collectors } = running;
    const { rollup, store, emit } = this.deps;
    await sender?.recover(signal);
    const asked = this.deps.peers().map(async (peer) => {
      const known = collectors.get(peer.endpoint);
      const collector = known ?? new CertificateCollector(rollup, peer, { node, certifier, epochs, store, emit });
      collectors.set(peer.endpoint, collector);
      await collector.step(signal);
    });
    for (const { reason } of (await Promise.allSettled(asked)).filter((each) => each.status === "rejected")) {
      if (!signal.aborted) emit({ kind: "failed", part: "certificate collector", error: reason });
    }
    await certifier.step(signal);
  }

  private async assemble(signal: AbortSignal): Promise<Running> {
    const { rollup, reader, store, crypto, blobProver, clock, emit, peers, startBlock } = this.deps;
    const view = new RollupView(rollup.rollup, reader);
    const constants = await view.constants(await reader.finalized(signal), signal);
    let made: Kzg | undefined;
    const kzg = (): Kzg => (made ??= createKzg());
    const batches = new BatchReader(rollup.rollup, { bodies: reader, crypto, prover: blobProver });
    const queue = new QueueReader(rollup, { reader, view, store, peers, startBlock });
    const begun = await this.begin(view, constants, batches, signal);
    const book = new RuleBook({
      getCode: async (address) => reader.codeAt(address, await reader.finalized(signal), signal),
    });
    const digests = new TransactionDigests(crypto, getBytes(constants.separator));
    const replica = new Replica({ ...begun, crypto, digests, rules: new BookAnswers(book) }, begun.at);
    const node = new RollupNode({ reader, view, batches, queue, replica, constants, emit });
    const epochs = new CertifierEpochs(this.deps.gateway, reader);
    const shared = { node, reader, view, store, clock, emit };
    const { certifier, challenger } = this.deps;
    return {
      node,
      queue,
      batches,
      epochs,
      collectors: new Map(),
      challenger: challenger && new Challenger(rollup, { ...shared, ...challenger, crypto, kzg, constants }),
      certifier: certifier && new Certifier(rollup, { ...shared, ...certifier, epochs }),
    };
  }

  /** The newest snapshot that is final on chain, of the own folder or of a peer; without any the rollup's beginning. */
  private async begin(
    view: RollupView,
    constants: RollupConstants,
    batches: BatchReader,
    signal: AbortSignal,
  ): Promise<{ readonly ledger: Ledger; readonly settled?: Ledger; readonly at: KnownBatch }> {
    const { reader, snapshots, provesFinal, peers, crypto, emit, startBlock } = this.deps;
    const block = await reader.finalized(signal);
    const sources: { readonly name: string; readonly open: () => Promise<AsyncIterable<Uint8Array>> }[] = [
      ...((await snapshots?.paths()) ?? []).map((path) => ({ name: path, open: async () => createReadStream(path) })),
      ...peers().map((peer) => ({ name: peer.endpoint, open: () => peer.snapshot(signal) })),
    ];
    const empty = (): { readonly ledger: Ledger; readonly settled?: Ledger } => ({
      ledger: new Ledger(crypto),
      ...((snapshots !== undefined || provesFinal === true) && { settled: new Ledger(crypto) }),
    });
    for (const { name, open } of sources) {
      const ledgers = empty();
      try {
        const trusts = (header: SnapshotHeader): Promise<boolean> =>
          this.trusts(header, view, constants, block, signal);
        const both = ledgers.settled === undefined ? [ledgers.ledger] : [ledgers.ledger, ledgers.settled];
        const snapshot = await readSnapshot(await open(), both, trusts);
        await this.keepQueue(snapshot, block);
        return { ...ledgers, at: { batch: snapshot.batch, hash: snapshot.hash } };
      } catch (error) {
        signal.throwIfAborted();
        emit({
          kind: "snapshot_refused",
          source: name,
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    }
    const hash = await view.batchHash(0n, block, signal);
    return { ...empty(), at: await batches.first({ number: 0n, hash, blockNumber: startBlock }, signal) };
  }

  private async trusts(
    { chainId, rollup, hash, batch }: SnapshotHeader,
    view: RollupView,
    { challengeSeconds }: RollupConstants,
    block: VerifiedBlock,
    signal: AbortSignal,
  ): Promise<boolean> {
    const own = this.deps.rollup;
    if (chainId !== own.chainId || rollup.toLowerCase() !== own.rollup) return false;
    if (hexlify(batchHash(this.deps.crypto, batch)) !== hash) return false;
    if (batch.postedAt + challengeSeconds > block.timestamp) return false;
    return (await view.batchHash(batch.number, block, signal)) === hash;
  }

  /** Entries are compared with the chain when they are needed. */
  private async keepQueue({ queued, queueBlock }: Snapshot, block: VerifiedBlock): Promise<void> {
    const { store, rollup } = this.deps;
    const known = await store.rollup.queueBlock(rollup);
    const read = queueBlock < block.number ? queueBlock : block.number;
    await store.rollup.keepEntries(rollup, queued, known === undefined || known < read ? read : undefined);
  }
}
