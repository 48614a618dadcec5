import { hexlify } from "ethers";
import { DATA_MODE, batchHash, claimedState } from "../../protocol/ledger/batch";
import { BLOB_BYTES, decodeBlobs } from "../../protocol/ledger/blobs";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import { versionedHash } from "../chain/sidecar";
import type { BlobReader, BlockBody, BodyReader } from "../ports";
import type { BlobProver } from "./blobProver";
import type { PostedBatch } from "./replica";
import { blobBatch, calldataBatch, decodePosting, firstBatch } from "./rollupInterface";

/** Where a batch is: its block holds the transaction that posted it. */
export interface BatchPlace {
  readonly number: bigint;
  /** Lowercase hex. */
  readonly hash: string;
  readonly blockNumber: bigint;
}

/** Bytes of segments that are kept between finding a batch and executing it. */
const KEPT_BYTES = 64 * 1024 * 1024;

interface Found {
  readonly posted: PostedBatch;
  /** Block of its parent. */
  readonly parentBlock: bigint;
}

/** The blobs of a batch, before they are read. */
interface BlobPlace {
  readonly transaction: string;
  readonly hashes: readonly string[];
}

/**
 * Reads batches out of the bodies of their blocks: a batch names the block of its parent, so that the way back from the
 * latest one needs no log. Whatever an endpoint says hashes to what layer 1 keeps, or is not believed.
 */
export class BatchReader {
  private readonly kept = new Map<string, Found>();
  private keptBytes = 0;

  constructor(
    private readonly rollup: string,
    private readonly deps: {
      readonly bodies: BodyReader & BlobReader;
      readonly crypto: LedgerCrypto;
      readonly prover: Pick<BlobProver, "commit">;
    },
    private readonly keptLimit = KEPT_BYTES,
  ) {}

  /**
   * The batches from the one after the first that `isKnown` up to the latest, in order. Found backwards; of many, the
   * data of those that come first is kept until it is read. Ends by what `isKnown` throws.
   */
  async pathTo(
    latest: BatchPlace,
    isKnown: (place: BatchPlace) => boolean,
    signal: AbortSignal,
  ): Promise<{ readonly from: string; readonly places: readonly BatchPlace[] }> {
    const places: BatchPlace[] = [];
    let place = latest;
    while (!isKnown(place)) {
      if (place.number === 0n)
        throw new RangeError(`the rollup at ${this.rollup} does not begin with batch ${place.hash}`);
      const found = this.kept.get(place.hash) ?? (await this.find(place, signal));
      this.keep(place.hash, found);
      places.push(place);
      const { number, parent } = found.posted.batch;
      place = { number: number - 1n, hash: hexlify(parent), blockNumber: found.parentBlock };
    }
    return { from: place.hash, places: places.reverse() };
  }

  /** The batch with its data. */
  async read(place: BatchPlace, signal: AbortSignal): Promise<PostedBatch> {
    const kept = this.kept.get(place.hash);
    if (kept === undefined) return (await this.find(place, signal)).posted;
    this.forget(place.hash, kept);
    return kept.posted;
  }

  /** The batch with which the rollup began, from the block of its deployment. */
  async first(place: BatchPlace, signal: AbortSignal): Promise<PostedBatch> {
    return this.deps.bodies.fromBody(
      place.blockNumber,
      (body) => {
        const batch = firstBatch(body);
        const hash = hexlify(batchHash(this.deps.crypto, batch));
        return hash === place.hash ? { batch, hash, segments: [] } : undefined;
      },
      signal,
    );
  }

  private async find(place: BatchPlace, signal: AbortSignal): Promise<Found> {
    const { bodies, crypto } = this.deps;
    const found = await bodies.fromBody(place.blockNumber, (body) => this.within(body, place), signal);
    if (found.blobs === undefined) return found;
    // Named by their hashes in the batch: whose they are needs no other proof.
    const { transaction, hashes } = found.blobs;
    const blobs = await bodies.fromBlobs(
      transaction,
      async (given) => ((await this.haveHashes(given, hashes)) ? given : undefined),
      signal,
    );
    const { batch } = found.posted;
    const segments = decodeBlobs(blobs, batch.segments, claimedState(crypto, batch));
    return { posted: { ...found.posted, segments, blobs }, parentBlock: found.parentBlock };
  }

  private async haveHashes(blobs: readonly Uint8Array[], hashes: readonly string[]): Promise<boolean> {
    if (blobs.length !== hashes.length) return false;
    const commitments = await Promise.all(blobs.map((blob) => this.deps.prover.commit(blob)));
    return commitments.every((commitment, i) => versionedHash(commitment) === hashes[i]);
  }

  private within(body: BlockBody, place: BatchPlace): (Found & { readonly blobs?: BlobPlace }) | undefined {
    const { crypto } = this.deps;
    for (const { hash: transaction, from, to, input, blobHashes } of body.calls) {
      if (to !== this.rollup) continue;
      const call = decodePosting(input);
      if (call === undefined) continue;
      const { parentBlock } = call.claim;
      const where = { number: place.number, postedAt: body.timestamp, blockNumber: body.number, poster: from };
      if (call.mode === DATA_MODE.Calldata) {
        const posted = calldataBatch(crypto, call, where);
        if (posted?.hash === place.hash) return { posted, parentBlock };
      } else {
        const known = blobBatch(crypto, call, where, blobHashes);
        if (known.hash !== place.hash) continue;
        return { posted: { ...known, segments: [] }, parentBlock, blobs: { transaction, hashes: blobHashes } };
      }
    }
    return undefined;
  }

  /** Those found last are executed first: the earlier ones make room. */
  private keep(hash: string, found: Found): void {
    this.forget(hash, found);
    this.kept.set(hash, found);
    this.keptBytes += sizeOf(found);
    for (const [oldest, each] of this.kept) {
      if (this.keptBytes <= this.keptLimit) return;
      this.forget(oldest, each);
    }
  }

  private forget(hash: string, found: Found): void {
    if (this.kept.delete(hash)) this.keptBytes -= sizeOf(found);
  }
}

function sizeOf({ posted }: Found): number {
  const blobs = (posted.blobs?.length ?? 0) * BLOB_BYTES;
  return posted.segments.reduce((sum, { body }) => sum + body.length, blobs);
}
