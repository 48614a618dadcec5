import { setCode, time } from "@nomicfoundation/hardhat-network-helpers";
import { AbiCoder, HDNodeWallet, JsonRpcProvider, Mnemonic, hexlify, randomBytes } from "ethers";
import { encodeSegments, type PostedSegment } from "../../protocol/ledger/batch";
import { BLOB_OPENING_TYPE, encodeBlobs, openBlobSegment } from "../../protocol/ledger/blobs";
import { NO_KEY } from "../../protocol/ledger/transfers";
import { Ledger } from "../../protocol/ledger/ledger";
import { stateHash } from "../../protocol/ledger/segment";
import { encodeTransaction, type TransactionOf } from "../../protocol/ledger/transactions";
import { createKzg, type BlobKzg } from "../../relayer/rollup/kzg";
import { createLedgerCrypto } from "../../relayer/rollup/ledgerCrypto";
import { startAnvil } from "../../scripts/local/nodes";
import { TIME, crypto, player } from "../../test/protocol/ledger/support";
import { HEAVY_RULES, heaviestSegment } from "../../test/rollup/heaviestSegments";
import {
  DAY,
  Layer2,
  PARAMS,
  claimOn,
  commit,
  deployRollup,
  deployRollupFrom,
  type Draft,
  type DraftSegment,
  type PostedBatch,
  type RollupFixture,
} from "../../test/rollup/support";
import { Random } from "../../test/support/random";

const LEAVES = 1_000_000;
const PER_SEGMENT = 16;
const SEGMENTS = 64;
/** The segment that is false in the middle of a batch of 64. */
const AT = 32;
const PHRASE = "test test test test test test test test test test test junk";
const GAS_LIMIT = 16_000_000;

type Curve = Readonly<Record<string, number>>;

/** Gas of posting and of proofs, from receipts, under the prague rules, calldata's floor included. */
export async function contractGas(): Promise<Record<string, Curve | Record<string, Curve>>> {
  const world = await millionLeaves();
  const blob = await blobGas(createKzg(), world);
  const proofGas = { ...(await calldataProofs(world)), heaviest: await heaviestProof() };
  return { gasPerTx: { calldata: await calldataPerTx(), blob: blob.perTx }, proofGas, proofGasBlob: blob.proofs };
}

/** Transfers between leaves anywhere among a million, of any amount, with signatures: as many bytes, as rarely zero. */
function segmentsOf(transactions: number, random: Random): PostedSegment[] {
  const leaf = () => 1 + random.below(LEAVES);
  return Array.from({ length: Math.ceil(transactions / PER_SEGMENT) }, (_, i) => {
    const count = Math.min(PER_SEGMENT, transactions - i * PER_SEGMENT);
    const parts = Array.from({ length: count }, () => {
      const amount = BigInt(1 + random.below(2 ** 31)) * 10n ** 9n;
      return [encodeTransaction({ kind: "Transfer", from: leaf(), to: leaf(), amount }), random.bytes(64)];
    });
    return { body: Uint8Array.from([0, ...parts.flat().flatMap((part) => [...part])]), claimed: random.bytes(32) };
  });
}

async function calldataPerTx(): Promise<Curve> {
  const perTx: Record<string, number> = {};
  const random = new Random(1);
  const layer2 = new Layer2(await deployRollup());
  for (const count of [16, 256, 1_024]) perTx[count] = await postCalldata(layer2, segmentsOf(count, random), count);
  return perTx;
}

async function postCalldata(layer2: Layer2, segments: readonly PostedSegment[], count: number): Promise<number> {
  const { rollup, sequencer } = layer2.fixture;
  const head = await rollup.head();
  const on = { parent: await rollup.batchHashOf(head.number), parentBlock: head.blockNumber };
  const claim = await claimOn(layer2, { ...on, state: claimedState(layer2) });
  const sent = await rollup.connect(sequencer).postBatch(claim, encodeSegments(segments), { gasLimit: GAS_LIMIT });
  return Number((await sent.wait())!.gasUsed) / count;
}

const claimedState = ({ latest }: Layer2) => ({
  ...latest.batch.state,
  root: hexlify(randomBytes(32)),
  nextLeaf: LEAVES,
});

interface World {
  readonly ledger: Ledger;
  /** Of the players, by number. */
  readonly balances: readonly number[];
}

/** Half a million accounts with a balance each; the first players own some of them, far from each other. */
async function millionLeaves(): Promise<World> {
  const ledger = new Ledger(await createLedgerCrypto());
  const step = LEAVES / 2 / PER_SEGMENT;
  const random = new Random(2);
  const balances: number[] = [];
  for (let number = 0; number < LEAVES / 2; number++) {
    const mine = number % step === 1_234;
    const owner = mine ? player(balances.length).address : random.bytes(20);
    const account = ledger.append({ kind: "Account", owner, nonce: BigInt(random.below(1_000)), ...NO_KEY });
    const balance = ledger.append({
      kind: "Balance",
      account,
      asset: 0,
      amount: 10n ** 20n + BigInt(random.below(2 ** 31)),
    });
    if (mine) balances.push(balance);
    if (number % 10_000 === 0) ledger.commit(0n);
  }
  ledger.commit(0n);
  return { ledger, balances };
}

/** A batch whose segment `AT` has so many transfers and is false; those around it do nothing. */
async function falseDraft(layer2: Layer2, balances: readonly number[], transfers: number): Promise<Draft> {
  const random = new Random(transfers);
  const parts = balances.slice(0, transfers).map((from, number) => {
    const account = layer2.ledger.leaf(from);
    if (account?.kind !== "Balance") throw new Error(`leaf ${from} is no balance`);
    const holder = layer2.ledger.leaf(account.account);
    if (holder?.kind !== "Account") throw new Error(`leaf ${account.account} is no account`);
    const transaction: TransactionOf<"Transfer"> = {
      kind: "Transfer",
      from,
      to: 2 * (1 + random.below(LEAVES / 2 - 1)),
      amount: BigInt(1 + random.below(2 ** 31)) * 10n ** 9n,
    };
    return [encodeTransaction(transaction), layer2.sign(player(number).key, transaction, holder.nonce)];
  });
  layer2.ledger.discard();
  const body = Uint8Array.from([0, ...parts.flat().flatMap((part) => [...part])]);
  const idle = (count: number) => Array.from({ length: count }, () => Uint8Array.of(0));
  const draft = await layer2.draft([...idle(AT), body, ...idle(SEGMENTS - AT - 1)]);
  if (draft.segments[AT]!.results.some((result) => result !== 0)) throw new Error("a transfer was refused");
  return Layer2.lie(draft, AT);
}

/** Layer 1 takes what a batch claims: here, that there are a million leaves. */
async function claimLedger(layer2: Layer2): Promise<void> {
  const { body, claimed, ...rest } = (await layer2.draft([Uint8Array.of(0)])).segments[0]!;
  const state = layer2.ledger.state();
  await layer2.post({
    segments: [{ body, claimed, ...rest }],
    state,
    time: await layer2.now(),
    queueTime: await layer2.now(),
  });
}

async function calldataProofs({ ledger, balances }: World): Promise<Curve> {
  const gas: Record<string, number> = {};
  const layer2 = new Layer2(await deployRollup(), ledger);
  await claimLedger(layer2);
  for (const count of [1, 8, 16]) {
    const posted = await layer2.post(await falseDraft(layer2, balances, count));
    gas[count] = await prove(layer2, posted, AT, layer2.proofOf(posted, AT, await layer2.fixture.prover.getAddress()));
  }
  return gas;
}

async function prove(
  layer2: Layer2,
  posted: PostedBatch,
  at: number,
  proof: ReturnType<Layer2["proofOf"]>,
): Promise<number> {
  const { rollup, prover, sequencer } = layer2.fixture;
  await commit(layer2.fixture, posted, at);
  const sent = await rollup.connect(prover).proveFraud(proof, { gasLimit: 16_700_000 });
  const { gasUsed } = (await sent.wait())!;
  layer2.forgetFrom(posted);
  await (await rollup.connect(sequencer).payBond({ value: PARAMS.bond })).wait();
  return Number(gasUsed);
}

/** Seven moves that burn all that rules may burn, over a tree that is full: among 64 segments. */
async function heaviestProof(): Promise<number> {
  await time.increaseTo(TIME - DAY);
  const fixture: RollupFixture = await deployRollup();
  for (const { address, code } of Object.values(HEAVY_RULES)) await setCode(hexlify(address), code);
  const heavy = heaviestSegment(1, fixture.domain);
  const layer2 = new Layer2(fixture);
  const claimOf = ({ root, nextLeaf, queue }: typeof heavy.before) => stateHash(crypto, root, nextLeaf, queue);
  const idle = await layer2.draft(Array.from({ length: SEGMENTS }, () => Uint8Array.of(0)));
  const segments = idle.segments.map((segment, i): DraftSegment => {
    if (i === AT - 1) return { ...segment, claimed: claimOf(heavy.before) };
    if (i !== AT) return segment;
    const { indices, leaves, siblings } = heavy.witness;
    const witness = { leaves: indices.map((index, leaf) => ({ index, bytes: leaves[leaf]! })), siblings };
    return { ...segment, body: heavy.body, before: heavy.before, after: heavy.after, witness };
  });
  await time.setNextBlockTimestamp(TIME);
  const posted = await layer2.post({ ...idle, segments, time: TIME, queueTime: TIME });
  return prove(layer2, posted, AT, layer2.proofOf(posted, AT, await fixture.prover.getAddress()));
}

interface BlobGas {
  readonly perTx: Curve;
  readonly proofs: Curve;
}

/** On anvil: Hardhat's network takes no blobs. */
async function blobGas(kzg: BlobKzg, { ledger, balances }: World): Promise<BlobGas> {
  // Blocks go on: on a chain that stands still, ethers may wait for ever for a receipt that it just missed.
  const node = await startAnvil({ chainId: 31_337, blockTime: 0.2 });
  const provider = new JsonRpcProvider(node.url, 31_337, { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 });
  provider.pollingInterval = 100;
  try {
    const seed = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(PHRASE), "m/44'/60'/0'/0");
    const wallets = Array.from({ length: 5 }, (_, i) => seed.deriveChild(i).connect(provider));
    const layer2 = new Layer2(await deployRollupFrom(wallets), ledger);
    await claimLedger(layer2);
    const proofs: Record<string, number> = {};
    for (const count of [1, 8, 16]) {
      const draft = await falseDraft(layer2, balances, count);
      const posted = await layer2.postBlobs(draft, layer2.fixture.sequencer, kzg);
      const { before, shown, versionedHashes } = openBlobSegment(kzg, posted.blobs, AT);
      const slot = ({ commitment, values, proofs: each }: typeof shown) => [commitment, values, each];
      const opening = AbiCoder.defaultAbiCoder().encode(
        [BLOB_OPENING_TYPE],
        [[versionedHashes, slot(before), slot(shown)]],
      );
      const proof = { ...layer2.proofOf(posted, AT, await layer2.fixture.prover.getAddress()), opening };
      proofs[count] = await prove(layer2, posted, AT, proof);
    }

    const perTx: Record<string, number> = {};
    const random = new Random(3);
    const { rollup } = layer2.fixture;
    for (const [key, count] of [
      ["16", 16],
      ["256", 256],
      ["1024", 1_024],
      ["six", 6 * SEGMENTS * PER_SEGMENT],
    ] as const) {
      const segments = segmentsOf(count, random);
      const head = await rollup.head();
      const on = { parent: await rollup.batchHashOf(head.number), parentBlock: head.blockNumber };
      const claim = await claimOn(layer2, { ...on, state: claimedState(layer2) });
      const sent = await rollup.connect(layer2.fixture.sequencer).postBlobs(claim, segments.length, {
        type: 3,
        blobs: [...encodeBlobs(segments)],
        kzg,
        maxFeePerBlobGas: 10n ** 9n,
        gasLimit: 300_000,
      });
      perTx[key] = Number((await sent.wait())!.gasUsed) / count;
    }
    return { perTx, proofs };
  } finally {
    provider.destroy();
    await node.stop();
  }
}
