import { AbiCoder, JsonRpcProvider, HDNodeWallet, Mnemonic, getBytes, concat, hexlify, id, keccak256 } from "ethers";
import { expect } from "chai";
import {
  BLOB_BYTES,
  BLOB_OPENING_TYPE,
  MAX_BLOB_BODY,
  decodeBlobs,
  encodeBlobs,
  openBlobSegment,
  type BlobOpening,
} from "../../protocol/ledger/blobs";
import { createKzg, type BlobKzg } from "../../relayer/rollup/kzg";
import { startAnvil, type LocalNode } from "../../scripts/local/nodes";
import { player } from "../protocol/ledger/support";
import { Random } from "../support/random";
import { Layer2, PARAMS, bodyOf, commit, deployRollupFrom, type PostedBatch, type RollupFixture } from "./support";

const PHRASE = "test test test test test test test test test test test junk";
/** The first segment of the second blob. */
const AT = 64;
const random = new Random(7);
const segment = (length: number) => ({ body: random.bytes(length), claimed: random.bytes(32) });

describe("the segments of blobs", () => {
  it("come back as they were, 64 to a blob", () => {
    const segments = [0, 1, 28, 29, 30, MAX_BLOB_BODY, ...Array.from({ length: 59 }, (_, i) => 31 * i)].map(segment);
    const blobs = encodeBlobs(segments);
    expect(blobs.map(({ length }) => length)).to.deep.equal([BLOB_BYTES, BLOB_BYTES]);
    const last = random.bytes(32);
    const expected = segments.map((each, i) => (i === 64 ? { ...each, claimed: last } : each));
    expect(decodeBlobs(blobs, 65, last)).to.deep.equal(expected);
  });

  it("have one reading, whatever the bytes: neither a highest byte nor what is behind a body counts", () => {
    const segments = [segment(40), segment(50)];
    const [blob] = encodeBlobs(segments);
    const noisy = blob!.slice();
    for (let element = 0; element < 4_096; element++) noisy[32 * element] = random.below(256);
    for (let at = 32 * 5; at < 32 * 64; at++) noisy[at] = random.below(256);
    expect(decodeBlobs([noisy], 2, segments[1]!.claimed)).to.deep.equal(segments);
  });

  it("have no body where its length is beyond the slot", () => {
    const [blob] = encodeBlobs([segment(40)]);
    const length = MAX_BLOB_BODY + 1;
    blob!.set([length >> 8, length & 255], 1);
    const last = random.bytes(32);
    expect(decodeBlobs([blob!], 1, last)).to.deep.equal([{ body: new Uint8Array(), claimed: last }]);
  });

  it("are refused where there is none, or one too long", () => {
    expect(() => encodeBlobs([])).to.throw(RangeError);
    expect(() => encodeBlobs([segment(MAX_BLOB_BODY + 1)])).to.throw(RangeError);
  });
});

describe("Rollup by blobs", () => {
  let node: LocalNode;
  let provider: JsonRpcProvider;
  let kzg: BlobKzg;
  let fixture: RollupFixture;
  let layer2: Layer2;
  let posted: PostedBatch & { readonly blobs: readonly Uint8Array[] };
  let opening: BlobOpening;

  // Proofs take a second each: one batch of two blobs, whose first segment of the second blob is false, serves all.
  before(async () => {
    // Blocks go on: on a chain that stands still, ethers may wait for ever for a receipt that it just missed.
    node = await startAnvil({ chainId: 31_337, blockTime: 0.2 });
    provider = new JsonRpcProvider(node.url, 31_337, { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 });
    provider.pollingInterval = 100;
    kzg = createKzg();
    const seed = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(PHRASE), "m/44'/60'/0'/0");
    const wallets = Array.from({ length: 5 }, (_, i) => seed.deriveChild(i).connect(provider));
    fixture = await deployRollupFrom(wallets);
    layer2 = new Layer2(fixture);
    await layer2.deposit(0, 1_000n);
    await layer2.deposit(1, 1_000n);
    const transfer = { kind: "Transfer", from: 2, to: 4, amount: 7n } as const;
    const idle = Array.from({ length: AT - 1 }, () => Uint8Array.of(0));
    const bodies = [bodyOf(layer2, 2), ...idle, bodyOf(layer2, 0, [player(0).key, transfer, 0n])];
    const draft = await layer2.draft([...bodies, Uint8Array.of(0)]);
    posted = await layer2.postBlobs(Layer2.lie(draft, AT), fixture.sequencer, kzg);
    opening = openBlobSegment(kzg, posted.blobs, AT);
  });

  after(async () => {
    provider.destroy();
    await node.stop();
  });

  const encoded = (of: BlobOpening): string => {
    const slot = ({ commitment, values, proofs }: BlobOpening["shown"]) => [commitment, values, proofs];
    const value = [of.versionedHashes, slot(of.before), slot(of.shown)];
    return AbiCoder.defaultAbiCoder().encode([BLOB_OPENING_TYPE], [value]);
  };

  const stateBefore = (): string => hexlify(posted.segments[AT - 1]!.claimed);

  const open = (of: BlobOpening, change: Partial<{ at: number; data: string; before: string }> = {}) =>
    fixture.blobSegments.open(
      change.data ?? posted.batch.data,
      posted.segments.length,
      change.at ?? AT,
      change.before ?? stateBefore(),
      hexlify(posted.segments.at(-1)!.claimed),
      encoded(of),
    );

  it("refuses no blob, no segment, and more than 64 to a blob", async () => {
    const { rollup, sequencer } = fixture;
    const claim = layer2.claimOf(await layer2.draft([Uint8Array.of(0)]));
    await expect(rollup.connect(sequencer).postBlobs(claim, 1))
      .to.be.revertedWithCustomError(rollup, "SegmentsOutOfRange")
      .withArgs(1, 0);
    const hashes = opening.versionedHashes.map((hash) => hexlify(hash));
    const call = (segments: number, blobs: number) =>
      rollup.connect(sequencer).postBlobs.staticCall(claim, segments, {
        type: 3,
        blobVersionedHashes: hashes.slice(0, blobs),
        maxFeePerBlobGas: 10n ** 9n,
      });
    for (const [segments, blobs] of [
      [0, 1],
      [65, 1],
      [129, 2],
    ] as const) {
      await expect(call(segments, blobs))
        .to.be.revertedWithCustomError(rollup, "SegmentsOutOfRange")
        .withArgs(segments, 64 * blobs);
    }
    expect(await call(64, 1)).to.match(/^0x/);
    expect(await call(128, 2)).to.match(/^0x/);
  });

  it("finds a batch as the blobs say it", () => {
    const last = getBytes(posted.segments.at(-1)!.claimed);
    const read = decodeBlobs(posted.blobs, posted.segments.length, last);
    expect(read).to.deep.equal(posted.segments.map(({ body, claimed }) => ({ body, claimed })));
  });

  it("opens a segment of its blobs, and nothing that is not there", async () => {
    const [body, claimed] = await open(opening);
    expect([body, claimed]).to.deep.equal([hexlify(posted.segments[AT]!.body), hexlify(posted.segments[AT]!.claimed)]);

    const { blobSegments } = fixture;
    const { shown, versionedHashes } = opening;
    const swapped = { ...opening, versionedHashes: [...versionedHashes].reverse() };
    await expect(open(swapped))
      .to.be.revertedWithCustomError(blobSegments, "WrongSegments")
      .withArgs(keccak256(concat(swapped.versionedHashes)), posted.batch.data);
    const other = id("another state");
    await expect(open(opening, { before: other }))
      .to.be.revertedWithCustomError(blobSegments, "WrongSegment")
      .withArgs(AT - 1, other, stateBefore());
    // A proof is of one element of one blob.
    await expect(open({ ...opening, before: shown }))
      .to.be.revertedWithCustomError(blobSegments, "WrongElement")
      .withArgs(AT - 1, 0);
    const values = shown.values.map((value, i) =>
      i === 2 ? Uint8Array.from([...value.subarray(0, 31), value[31]! ^ 1]) : value,
    );
    await expect(open({ ...opening, shown: { ...shown, values } }))
      .to.be.revertedWithCustomError(blobSegments, "WrongElement")
      .withArgs(AT, 2);
    await expect(open(opening, { at: AT - 1 }))
      .to.be.revertedWithCustomError(blobSegments, "WrongElement")
      .withArgs(AT - 2, 0);
  });

  it("opens neither too few elements nor more than a slot has", async () => {
    const { blobSegments } = fixture;
    const { shown } = opening;
    const part = (count: number) => ({
      ...shown,
      values: shown.values.slice(0, count),
      proofs: shown.proofs.slice(0, 48 * count),
    });
    const refused = (of: BlobOpening["shown"], given: number, expected: number) =>
      expect(open({ ...opening, shown: of }))
        .to.be.revertedWithCustomError(blobSegments, "WrongElementCount")
        .withArgs(given, expected);
    await refused(part(1), 1, 2);
    await refused(part(3), 3, 4);
    await refused(
      { ...shown, values: Array<Uint8Array>(65).fill(shown.values[0]!), proofs: new Uint8Array(48 * 65) },
      65,
      64,
    );
    await refused({ ...shown, proofs: shown.proofs.slice(48) }, 3, 4);
    await refused({ ...shown, commitment: shown.commitment.slice(1) }, 0, 1);
  });

  it("rolls back a false batch, shown from its blobs", async () => {
    const { rollup, sequencer, prover } = fixture;
    const proof = { ...layer2.proofOf(posted, AT, await prover.getAddress()), opening: encoded(opening) };
    await commit(fixture, posted, AT);
    const receipt = (await (await rollup.connect(prover).proveFraud(proof)).wait())!;
    const logs = receipt.logs.map((log) => rollup.interface.parseLog(log)!);
    expect(logs.map(({ name, args }) => [name, ...args])).to.deep.equal([
      ["FraudProven", 1n, posted.hash, await sequencer.getAddress(), await prover.getAddress(), PARAMS.bond / 2n],
    ]);
    expect(await rollup.isProvenFalse(posted.hash)).to.equal(true);
    expect((await rollup.head()).number).to.equal(0n);
  });
});
