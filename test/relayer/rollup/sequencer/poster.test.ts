import { expect } from "chai";
import type { PostedSegment } from "../../../../protocol/ledger/batch";
import { MAX_BLOB_BODY, encodeBlobs } from "../../../../protocol/ledger/blobs";
import type { DataRoute } from "../../../../relayer/config";
import { ContractRevert } from "../../../../relayer/errors";
import type { GasPrices, TransactionCall } from "../../../../relayer/ports";
import { ROLLUP } from "../../../../relayer/rollup/rollupInterface";
import type { SealedBatch } from "../../../../relayer/rollup/sequencer/engine";
import { fitsIn, hardLimits } from "../../../../relayer/rollup/sequencer/policy";
import type { ChainHead } from "../../../../relayer/rollup/sequencer/ports";
import { Poster } from "../../../../relayer/rollup/sequencer/poster";
import { Sidecars } from "../../../../relayer/rollup/sequencer/sidecars";

const CHAIN_ID = 31_337n;
const ADDRESS = "0x00000000000000000000000000000000000c0de0";
/** What posting by calldata is estimated to use. */
const CALLDATA_GAS = 100_000n;
const HEAD = { number: 6n, hash: new Uint8Array(32).fill(6), blockNumber: 60n } as ChainHead;
const signal = new AbortController().signal;

const segment = (bytes: number): PostedSegment => ({
  body: new Uint8Array(bytes),
  claimed: new Uint8Array(32).fill(1),
});

function sealed(...segments: readonly PostedSegment[]): SealedBatch {
  const header = { number: 7n, time: 5n, queueTime: 4n, movesHalt: 0n, entries: [] };
  const hash = new Uint8Array(32).fill(9);
  return { header, state: { root: hash, nextLeaf: 3, queue: 2n, hash }, segments, results: [], transactions: 1 };
}

/** A poster over a chain that takes whatever it is sent. */
class Bench {
  readonly sent: TransactionCall[] = [];
  proven = 0;
  /** What the contract says to a batch that it is asked about, instead of what it says to a good one. */
  refusal: string | undefined;
  private readonly poster: Poster;

  constructor(route: DataRoute, prices: GasPrices = { gas: 0n, blobGas: undefined, mostBlobGas: 0n }) {
    const revert = (name: string, args: readonly unknown[]): never => {
      throw new ContractRevert(ROLLUP.encodeErrorResult(name, args), name);
    };
    const prover = {
      commit: () => Promise.reject(new Error("nobody reads blobs here")),
      prove: async (blob: Uint8Array) => {
        this.proven += 1;
        return { blob, commitment: blob.slice(0, 48), proof: blob.slice(0, 48) };
      },
    };
    this.poster = new Poster({
      chainId: CHAIN_ID,
      rollup: ADDRESS,
      route,
      reader: {
        estimateGas: async ({ data }) => {
          const call = ROLLUP.parseTransaction({ data })!;
          if (this.refusal !== undefined) return revert(this.refusal, [1, 2]);
          // An estimate has no blobs, so the contract misses them.
          return call.name === "postBlobs" ? revert("SegmentsOutOfRange", [call.args[1], 0]) : CALLDATA_GAS;
        },
      },
      sender: {
        address: ADDRESS,
        recover: async () => undefined,
        prices: async () => prices,
        submit: async (call) => {
          this.sent.push(call);
          return { hash: "0x01", succeeded: true, blockNumber: 61n, gasUsed: 60_000n };
        },
      },
      store: { transactions: { find: async () => undefined } as never },
      sidecars: new Sidecars(prover, { now: () => 0 }, () => undefined),
    });
  }

  prepare(batch: SealedBatch): void {
    this.poster.prepare(batch);
  }

  post(batch: SealedBatch) {
    return this.poster.post(batch, HEAD, signal);
  }

  /** How the last batch went. */
  get way(): "calldata" | "blobs" {
    return this.sent.at(-1)!.blobs === undefined ? "calldata" : "blobs";
  }
}

describe("a batch on its way to layer 1", () => {
  it("goes by blobs with all of its segments, and with a gas limit that no estimate gave", async () => {
    const bench = new Bench("blobs");
    const segments = Array.from({ length: 65 }, (_, i) => segment(i));
    const outcome = await bench.post(sealed(...segments));
    expect(outcome).to.deep.equal({ kind: "posted", transactionHash: "0x01", gasUsed: 60_000n, blobs: 2 });
    const [call] = bench.sent;
    expect(call?.blobs?.map(({ blob }) => blob)).to.deep.equal(encodeBlobs(segments));
    expect(call?.gasLimit).to.equal(150_000n);
    const parsed = ROLLUP.parseTransaction({ data: call!.data })!;
    expect([parsed.name, parsed.args[1]]).to.deep.equal(["postBlobs", 65n]);
  });

  it("has its blobs proven once, ahead of its turn and for each time that it is sent", async () => {
    const bench = new Bench("blobs");
    const batch = sealed(segment(10), segment(20));
    bench.prepare(batch);
    expect(bench.proven).to.equal(1);
    await bench.post(batch);
    await bench.post(batch);
    expect(bench.proven).to.equal(1);
    expect(new Set(bench.sent.map(({ key }) => key)).size).to.equal(1);
  });

  it("is not sent where the contract would refuse it for anything but its blobs", async () => {
    for (const route of ["blobs", "calldata", "cheapest"] as const) {
      const bench = new Bench(route, { gas: 1n, blobGas: 1n, mostBlobGas: 1n });
      bench.refusal = "QueueSkipped";
      const refused = { kind: "refused", error: "QueueSkipped", message: "QueueSkipped(1, 2)" };
      expect(await bench.post(sealed(segment(10)))).to.deep.equal(refused);
      bench.refusal = "SegmentsOutOfRange";
      expect(await bench.post(sealed(segment(10)))).to.have.property("message", "SegmentsOutOfRange(1, 2)");
      expect(bench.sent).to.be.empty;
    }
  });

  it("goes the way that it fits where its log is from before the mode was changed", async () => {
    const [toBlobs, toCalldata] = [new Bench("blobs"), new Bench("calldata")];
    await toBlobs.post(sealed(segment(MAX_BLOB_BODY)));
    expect(toBlobs.way).to.equal("blobs");
    await toBlobs.post(sealed(segment(MAX_BLOB_BODY + 1)));
    expect(toBlobs.way).to.equal("calldata");
    await toCalldata.post(sealed(...Array.from({ length: 256 }, () => segment(10))));
    expect(toCalldata.way).to.equal("calldata");
    await toCalldata.post(sealed(...Array.from({ length: 257 }, () => segment(10))));
    expect(toCalldata.way).to.equal("blobs");
  });

  it("goes the cheaper way, at the chain's prices and up to what is allowed", async () => {
    // One blob: 61,000 gas and 131,072 of blob gas against 100,000 gas.
    const dearest = (39_000n * 1_000n) / 131_072n;
    const wayAt = async (blobGas: bigint | undefined, mostBlobGas = 1_000n): Promise<string> => {
      const bench = new Bench("cheapest", { gas: 1_000n, blobGas, mostBlobGas });
      await bench.post(sealed(segment(10)));
      return bench.way;
    };
    expect(await wayAt(dearest)).to.equal("blobs");
    expect(await wayAt(dearest + 1n)).to.equal("calldata");
    expect(await wayAt(dearest, dearest - 1n)).to.equal("calldata");
    expect(await wayAt(undefined)).to.equal("calldata");
  });
});

describe("limits of a batch", () => {
  it("admit what fits both ways where either may be the cheaper one", () => {
    const [calldata, blobs, either] = (["calldata", "blobs", "cheapest"] as const).map((route) => hardLimits(route, 3));
    for (const limit of ["bytes", "segments", "segmentBytes"] as const) {
      expect(either![limit]).to.equal(Math.min(calldata![limit], blobs![limit]));
    }
    expect(
      fitsIn(
        "blobs",
        Array.from({ length: 384 }, () => segment(MAX_BLOB_BODY)),
      ),
    ).to.equal(true);
    expect(
      fitsIn(
        "blobs",
        Array.from({ length: 385 }, () => segment(1)),
      ),
    ).to.equal(false);
  });

  it("leave a segment for transactions behind the most entries, however heavy each is", () => {
    for (const route of ["calldata", "blobs", "cheapest"] as const) {
      const { entries, segments } = hardLimits(route, 1);
      // Three of the heaviest, time-outs, are what the meter of a segment admits.
      expect(entries).to.equal(3 * (segments - 1));
      expect(entries >= 128).to.equal(true);
    }
  });
});
