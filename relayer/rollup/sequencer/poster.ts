import { concat, keccak256 } from "ethers";
import { SLOTS_PER_BLOB } from "../../../protocol/ledger/blobs";
import { attempted } from "../../cassini/attempts";
import { GAS_PER_BLOB, versionedHash } from "../../chain/sidecar";
import type { DataRoute } from "../../config";
import { ContractRevert } from "../../errors";
import type { ChainReader, GasMarket, SidecarBlob, TransactionSender } from "../../ports";
import type { Store } from "../../store/store";
import { ROLLUP } from "../rollupInterface";
import type { SealedBatch } from "./engine";
import { fitsIn } from "./policy";
import type { ChainHead, PostingOutcome } from "./ports";
import { blobCall, calldataCall } from "./postingCall";
import type { Sidecars } from "./sidecars";

/** Of what a post by calldata is estimated to use. */
const GAS_MARGIN = 5n;
/**
 * What `postBlobs` uses: 61,000 (`npm run bench:rollup`), whatever the batch holds, for it touches no segment. It is not
 * estimated, since not every node lets an estimate have blobs.
 */
const BLOB_POST_GAS = 61_000n;
const BLOB_POST_GAS_LIMIT = 150_000n;

type Way = Exclude<DataRoute, "cheapest">;
type Refused = PostingOutcome & { readonly kind: "refused" };

export interface PosterDeps {
  readonly chainId: bigint;
  readonly rollup: string;
  readonly route: DataRoute;
  readonly reader: Pick<ChainReader, "estimateGas">;
  readonly sender: TransactionSender & GasMarket;
  readonly store: Pick<Store, "transactions">;
  readonly sidecars: Sidecars;
}

/** Sends sealed batches to the rollup, by calldata or by blobs. */
export class Poster {
  private recovered = false;

  constructor(private readonly deps: PosterDeps) {}

  /** Proofs of blobs take seconds: they are made while the batches before are on their way. */
  prepare(sealed: SealedBatch): void {
    const { route, sidecars } = this.deps;
    // A failure is met again, and told, when it is this batch's turn.
    if (route === "blobs" && fitsIn("blobs", sealed.segments)) sidecars.of(sealed).catch(() => undefined);
  }

  async post(sealed: SealedBatch, parent: ChainHead, signal: AbortSignal): Promise<PostingOutcome> {
    // What an earlier process left on its way comes first.
    if (!this.recovered) await this.deps.sender.recover(signal);
    this.recovered = true;
    const way = await this.wayOf(sealed, parent, signal);
    if (typeof way !== "string") return way;
    return way === "blobs" ? this.postBlobs(sealed, parent, signal) : this.postCalldata(sealed, parent, signal);
  }

  private async wayOf(sealed: SealedBatch, parent: ChainHead, signal: AbortSignal): Promise<Way | Refused> {
    const { route, sender } = this.deps;
    // A log may hold batches that were sealed for the other way.
    if (!fitsIn("calldata", sealed.segments)) return "blobs";
    if (!fitsIn("blobs", sealed.segments)) return "calldata";
    if (route !== "cheapest") return route;
    const { gas, blobGas, mostBlobGas } = await sender.prices(signal);
    if (blobGas === undefined || blobGas > mostBlobGas) return "calldata";
    const byCalldata = await this.estimate(calldataCall(sealed, parent), signal);
    if (typeof byCalldata !== "bigint") return byCalldata;
    const blobs = BigInt(Math.ceil(sealed.segments.length / SLOTS_PER_BLOB));
    const byBlobs = BLOB_POST_GAS * gas + blobs * GAS_PER_BLOB * blobGas;
    return byBlobs < byCalldata * gas ? "blobs" : "calldata";
  }

  private async postCalldata(sealed: SealedBatch, parent: ChainHead, signal: AbortSignal): Promise<PostingOutcome> {
    const data = calldataCall(sealed, parent);
    const gas = await this.estimate(data, signal);
    if (typeof gas !== "bigint") return gas;
    const call = { data, gasLimit: gas + gas / GAS_MARGIN };
    return this.send(sealed, call, () => this.estimate(data, signal), signal);
  }

  private async postBlobs(sealed: SealedBatch, parent: ChainHead, signal: AbortSignal): Promise<PostingOutcome> {
    const blobs = await this.deps.sidecars.of(sealed);
    const data = blobCall(sealed, parent);
    const refused = await this.refusalOfBlobs(sealed, data, signal);
    if (refused !== undefined) return refused;
    const call = { data, gasLimit: BLOB_POST_GAS_LIMIT, blobs };
    return this.send(sealed, call, () => this.refusalOfBlobs(sealed, data, signal), signal);
  }

  /** @param why Asks again what speaks against a batch whose transaction reverted. */
  private async send(
    sealed: SealedBatch,
    call: { readonly data: string; readonly gasLimit: bigint; readonly blobs?: readonly SidecarBlob[] },
    why: () => Promise<bigint | Refused | undefined>,
    signal: AbortSignal,
  ): Promise<PostingOutcome> {
    const { sender, store, chainId, rollup: to } = this.deps;
    const blobs = call.blobs ?? [];
    const content = keccak256(concat([call.data, ...blobs.map(({ commitment }) => versionedHash(commitment))]));
    const key = `batch ${sealed.header.number} ${content.slice(2, 18)}`;
    const { succeeded, hash, gasUsed } = await attempted(store, sender, { chainId, key, to, ...call }, signal);
    if (succeeded) return { kind: "posted", transactionHash: hash, gasUsed, blobs: blobs.length };
    const refused = await why();
    if (typeof refused === "object") return refused;
    return { kind: "refused", error: "NotOnTheLatest", message: `reverted: ${hash}` };
  }

  private async estimate(data: string, signal: AbortSignal): Promise<bigint | Refused> {
    const { reader, sender, rollup: to } = this.deps;
    try {
      return await reader.estimateGas({ from: sender.address, to, data }, signal);
    } catch (error) {
      if (!(error instanceof ContractRevert)) throw error;
      return { kind: "refused", ...describeRevert(error.data) };
    }
  }

  /** The contract looks for blobs last: without them everything else was right where it misses them. */
  private async refusalOfBlobs(
    { segments }: SealedBatch,
    data: string,
    signal: AbortSignal,
  ): Promise<Refused | undefined> {
    const answer = await this.estimate(data, signal);
    if (typeof answer === "bigint") return undefined;
    return answer.message === `SegmentsOutOfRange(${segments.length}, 0)` ? undefined : answer;
  }
}

function describeRevert(data: string): { readonly error: string | undefined; readonly message: string } {
  try {
    const parsed = ROLLUP.parseError(data);
    if (parsed !== null)
      return { error: parsed.name, message: `${parsed.name}(${parsed.args.map(String).join(", ")})` };
  } catch {
    // Told below.
  }
  return { error: undefined, message: data };
}
