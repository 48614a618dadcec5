import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import {
  AbiCoder,
  TypedDataEncoder,
  getBytes,
  hexlify,
  id,
  type AddressLike,
  type Signer,
  type SigningKey,
  type Wallet,
} from "ethers";
import type { BatchContext } from "../../protocol/ledger/authority";
import { encodeSegments, segmentHash, type PostedSegment, type StateHeader } from "../../protocol/ledger/batch";
import { encodeBlobs } from "../../protocol/ledger/blobs";
import { decodeEntry, encodeEntry, type Entry, type ForcedEntry } from "../../protocol/ledger/entries";
import { Ledger, type Undo, type Witness } from "../../protocol/ledger/ledger";
import type { Refusal } from "../../protocol/ledger/refusal";
import type { RulesAnswer, RulesCall } from "../../protocol/ledger/rulesCall";
import { executeSegment, stateHash } from "../../protocol/ledger/segment";
import { TRANSACTIONS, TransactionDigests, type Transaction } from "../../protocol/ledger/transactions";
import type { BlobKzg } from "../../relayer/rollup/kzg";
import type {
  AccessManager,
  BlobSegments,
  CalldataSegments,
  Gateway,
  OperatorMock,
  Rollup,
  RollupVerifier,
} from "../../typechain-types";
import { deploy, deployGatewayFrom } from "../crosschain/support";
import { crypto, player, segmentOf } from "../protocol/ledger/support";

export const HOUR = 3_600n;
export const DAY = 86_400n;
export const PARAMS = { bond: 10n ** 18n, challengeSeconds: 7n * DAY, openSeconds: DAY };
/** Wei per unit of the meter. */
export const ENTRY_PRICE = 1_000n;

/** The words of `Batch`, as ethers takes them. */
export interface BatchStruct {
  readonly number: bigint;
  readonly parent: string;
  readonly state: StateStruct;
  readonly time: bigint;
  readonly queueTime: bigint;
  readonly postedAt: bigint;
  readonly blockNumber: bigint;
  readonly poster: string;
  readonly mode: number;
  readonly segments: number;
  readonly data: string;
}

export interface StateStruct {
  readonly root: string;
  readonly nextLeaf: number;
  readonly queue: bigint;
}

const BATCH_TYPE =
  "tuple(uint64,bytes32,tuple(bytes32,uint32,uint64),uint64,uint64,uint64,uint64,address,uint8,uint32,bytes32)";

export function hashOf(batch: BatchStruct): string {
  const { root, nextLeaf, queue } = batch.state;
  const words = [batch.number, batch.parent, [root, nextLeaf, queue], batch.time, batch.queueTime, batch.postedAt];
  const rest = [batch.blockNumber, batch.poster, batch.mode, batch.segments, batch.data];
  return ethers.keccak256(AbiCoder.defaultAbiCoder().encode([BATCH_TYPE], [[...words, ...rest]]));
}

export const structOf = ({ root, nextLeaf, queue }: StateHeader): StateStruct => ({
  root: hexlify(root),
  nextLeaf,
  queue,
});

export function stateHashOf({ root, nextLeaf, queue }: StateStruct): string {
  return hexlify(stateHash(crypto, getBytes(root), nextLeaf, queue));
}

export interface RollupFixture {
  readonly manager: AccessManager;
  readonly gateway: Gateway;
  /** Members of the gateway's epoch 1, ascending. */
  readonly wallets: readonly Wallet[];
  readonly verifier: RollupVerifier;
  readonly calldataSegments: CalldataSegments;
  readonly blobSegments: BlobSegments;
  readonly rollup: Rollup;
  /** Queues deposits, as the real vault does: it executes what it is told. */
  readonly vault: OperatorMock;
  /** Holds all roles. */
  readonly admin: Signer;
  /** Admitted, bonded. */
  readonly sequencer: Signer;
  /** Bonded, no sequencer. */
  readonly other: Signer;
  readonly prover: Signer;
  readonly stranger: Signer;
  /** Batch number 0. */
  readonly beginning: BatchStruct;
  readonly digests: TransactionDigests;
  readonly domain: typeof DOMAIN & { readonly chainId: bigint; readonly verifyingContract: string };
}

const DOMAIN = { name: "COS GameNet", version: "1" } as const;
const ZERO = ethers.ZeroHash;

export async function deployRollup(): Promise<RollupFixture> {
  return deployRollupFrom(await ethers.getSigners());
}

/** With two players' deposits in a first batch: Alice's balance is leaf 2, Bob's is leaf 4. */
export async function deployPlayed() {
  const fixture = await deployRollup();
  const layer2 = new Layer2(fixture);
  await layer2.deposit(0, 1_000n);
  await layer2.deposit(1, 1_000n);
  await layer2.run([bodyOf(layer2, 2)]);
  return { ...fixture, layer2 };
}

export type Played = Awaited<ReturnType<typeof deployPlayed>>;

/** The chain's snapshot does not cover layer 2, so it is copied. */
export async function loadPlayed(): Promise<Played> {
  const fixture = await loadFixture(deployPlayed);
  return { ...fixture, layer2: await fixture.layer2.copy() };
}

/**
 * A rollup with its gateway, a vault, an admitted sequencer and another bonded account, on the chain of these accounts.
 * @param vaultFor The vault; by default `vault` of the fixture, which executes what it is told.
 */
export async function deployRollupFrom(
  accounts: readonly Signer[],
  params = PARAMS,
  vaultFor?: (rollup: Rollup) => Promise<AddressLike>,
  home?: Pick<RollupFixture, "manager" | "gateway" | "wallets">,
): Promise<RollupFixture> {
  const [admin, sequencer, other, prover, stranger] = accounts as [Signer, Signer, Signer, Signer, Signer];
  const provider = admin.provider!;
  const { manager, gateway, wallets } = home ?? (await deployGatewayFrom(admin));
  const verifier = await deploy<RollupVerifier>("RollupVerifier", [], admin);
  const calldataSegments = await deploy<CalldataSegments>("CalldataSegments", [], admin);
  const blobSegments = await deploy<BlobSegments>("BlobSegments", [], admin);
  const vault = await deploy<OperatorMock>("OperatorMock", [], admin);
  const rollup = await deploy<Rollup>(
    "Rollup",
    [manager, gateway, verifier, calldataSegments, blobSegments, params],
    admin,
  );
  const { blockNumber } = (await rollup.deploymentTransaction()!.wait())!;
  const time = BigInt((await provider.getBlock(blockNumber))!.timestamp);
  for (const transaction of [
    await rollup.setVault(vaultFor === undefined ? vault : await vaultFor(rollup)),
    await rollup.setEntryPrice(ENTRY_PRICE),
    await rollup.setSequencer(sequencer, true),
    await rollup.connect(sequencer).payBond({ value: params.bond }),
    await rollup.connect(other).payBond({ value: params.bond }),
  ]) {
    await transaction.wait();
  }
  const domain = {
    ...DOMAIN,
    chainId: (await provider.getNetwork()).chainId,
    verifyingContract: await rollup.getAddress(),
  };
  const beginning = {
    number: 0n,
    parent: ZERO,
    state: { root: ZERO, nextLeaf: 1, queue: 0n },
    time,
    queueTime: time,
    postedAt: time,
    blockNumber: BigInt(blockNumber),
    poster: ethers.ZeroAddress,
    mode: 0,
    segments: 0,
    data: ZERO,
  };
  const digests = new TransactionDigests(crypto, getBytes(TypedDataEncoder.hashDomain(domain)));
  return {
    manager,
    gateway,
    wallets,
    verifier,
    calldataSegments,
    blobSegments,
    rollup,
    vault,
    admin,
    sequencer,
    other,
    prover,
    stranger,
    beginning,
    digests,
    domain,
  };
}

/** A segment as it is drafted: what it says, and what its proof needs. */
export interface DraftSegment extends PostedSegment {
  readonly before: StateHeader;
  readonly after: StateHeader;
  readonly witness: Witness;
  readonly undo: Undo;
  /** Entries that it consumes. */
  readonly entries: readonly Uint8Array[];
  readonly results: readonly Refusal[];
}

export interface Draft {
  readonly segments: readonly DraftSegment[];
  readonly state: StateHeader;
  readonly queueTime: bigint;
  readonly time: bigint;
}

export interface PostedBatch extends Draft {
  readonly batch: BatchStruct;
  readonly hash: string;
}

export interface DraftOptions {
  readonly time?: bigint;
  readonly queueTime?: bigint;
  readonly movesHalt?: bigint;
  readonly answer?: (call: RulesCall) => RulesAnswer;
}

const NO_HALT = (1n << 64n) - 1n;

/** Another state than the true one. */
export const falsified = (state: StateHeader): StateHeader => ({ ...state, root: crypto.keccak256(state.root) });

/** Layer 2 as its sequencer has it: a ledger, the queue, and the batches that it has posted. */
export class Layer2 {
  /** The queue, as layer 1 made it. */
  readonly entries: Uint8Array[] = [];
  readonly batches: PostedBatch[] = [];

  constructor(
    readonly fixture: RollupFixture,
    readonly ledger = new Ledger(crypto),
  ) {}

  /** Executes all again, apart from this one. */
  async copy(): Promise<Layer2> {
    const copy = new Layer2(this.fixture);
    copy.entries.push(...this.entries);
    for (const posted of this.batches) {
      const { segments } = await copy.draft(
        posted.segments.map(({ body }) => body),
        posted,
      );
      copy.batches.push({ ...posted, segments });
    }
    return copy;
  }

  get latest(): { readonly batch: BatchStruct; readonly hash: string } {
    const { beginning } = this.fixture;
    return this.batches.at(-1) ?? { batch: beginning, hash: hashOf(beginning) };
  }

  async now(): Promise<bigint> {
    return BigInt((await this.fixture.admin.provider!.getBlock("latest"))!.timestamp);
  }

  sign(key: SigningKey, transaction: Transaction, nonce: bigint): Uint8Array {
    return getBytes(key.sign(hexlify(this.fixture.digests.digest(transaction, nonce))).compactSerialized);
  }

  /** Queues what the vault vouches for. */
  async enqueue(entry: Exclude<Entry, ForcedEntry>): Promise<bigint> {
    const { rollup, vault } = this.fixture;
    const bytes = encodeEntry(entry).subarray(8);
    const call = rollup.interface.encodeFunctionData("enqueue", [bytes]);
    const transaction = await vault.execute(rollup, call, { value: await rollup.depositPrice() });
    return this.recordEntry(await transaction.wait());
  }

  async deposit(number: number, amount: bigint, balance = 0): Promise<bigint> {
    const to = player(number).address;
    return this.enqueue({ kind: "Deposit", queuedAt: 0n, to, balance, asset: 0, amount });
  }

  async force(sender: Signer, bytes: Uint8Array): Promise<bigint> {
    const { rollup } = this.fixture;
    const transaction = await rollup.connect(sender).force(bytes, { value: await rollup.forcePrice(bytes) });
    return this.recordEntry(await transaction.wait());
  }

  /** Records the entry that a transaction has queued. */
  recordEntry(receipt: { readonly logs: readonly { topics: readonly string[]; data: string }[] } | null): bigint {
    const { rollup } = this.fixture;
    const logs = (receipt?.logs ?? []).map(({ topics, data }) =>
      rollup.interface.parseLog({ topics: [...topics], data }),
    );
    const queued = logs.find((log) => log?.name === "EntryQueued");
    if (queued === undefined || queued === null) throw new Error("no entry was queued");
    this.entries.push(getBytes(queued.args[1] as string));
    return queued.args[0] as bigint;
  }

  /** Executes bodies over the ledger, and says what they lead to. Entries that they count are consumed. */
  async draft(bodies: readonly Uint8Array[], options: DraftOptions = {}): Promise<Draft> {
    const time = options.time ?? (await this.now());
    const consumed = bodies.reduce((sum, body) => sum + (body[0] ?? 0), 0);
    const queueTo = this.ledger.queue + BigInt(consumed);
    const next = this.entries[Number(queueTo)];
    const queueTime = options.queueTime ?? (next === undefined ? time : (decodeEntry(next) as Entry).queuedAt - 1n);
    const { digests } = this.fixture;
    const movesHalt = options.movesHalt ?? NO_HALT;
    const context: BatchContext = { time, queueTime, queueTo, movesHalt, digests, crypto };
    const segments = bodies.map((body) => this.execute(body, context, options.answer));
    return { segments, state: this.ledger.state(), time, queueTime };
  }

  private execute(
    body: Uint8Array,
    context: BatchContext,
    answer: (call: RulesCall) => RulesAnswer = () => undefined,
  ): DraftSegment {
    const { ledger } = this;
    const before = ledger.state();
    const entryAt = (number: bigint): Entry => decodeEntry(this.entries[Number(number)] as Uint8Array) as Entry;
    const steps = executeSegment(ledger, body, ledger.queue, entryAt, context);
    let step = steps.next();
    while (step.done !== true) step = steps.next(answer(step.value));
    const { entries, transactions, queue } = step.value;
    const witness = ledger.witness();
    const undo = ledger.commit(queue);
    const after = ledger.state();
    const read = this.entries.slice(Number(before.queue), Number(before.queue) + (body[0] ?? 0));
    const results = [...entries, ...transactions];
    return { body, claimed: after.hash, before, after, witness, undo, entries: read, results };
  }

  claimOf(draft: Draft) {
    const { batch, hash } = this.latest;
    const { time, queueTime } = draft;
    return { parent: hash, parentBlock: batch.blockNumber, state: structOf(draft.state), time, queueTime };
  }

  /** Posts by calldata. */
  async post(draft: Draft, poster = this.fixture.sequencer): Promise<PostedBatch> {
    const transaction = await this.fixture.rollup
      .connect(poster)
      .postBatch(this.claimOf(draft), encodeSegments(draft.segments));
    return this.recordBatch(draft, poster, (await transaction.wait())!.blockNumber);
  }

  /** Posts by blobs: the poster signs here, its node takes transactions of type 3. */
  async postBlobs(
    draft: Draft,
    poster: Signer,
    kzg: BlobKzg,
  ): Promise<PostedBatch & { readonly blobs: readonly Uint8Array[] }> {
    const blobs = encodeBlobs(draft.segments);
    const transaction = await this.fixture.rollup
      .connect(poster)
      .postBlobs(this.claimOf(draft), draft.segments.length, {
        type: 3,
        blobs: [...blobs],
        kzg,
        maxFeePerBlobGas: 10n ** 9n,
        // An estimate would not have the blobs.
        gasLimit: 300_000,
      });
    const { blockNumber } = (await transaction.wait())!;
    const hashes = (await poster.provider!.getTransaction(transaction.hash))!.blobVersionedHashes!;
    return { ...(await this.recordBatch(draft, poster, blockNumber, ethers.keccak256(ethers.concat(hashes)))), blobs };
  }

  /** Executes and posts. */
  async run(bodies: readonly Uint8Array[], options: DraftOptions = {}): Promise<PostedBatch> {
    return this.post(await this.draft(bodies, options));
  }

  async recordBatch(draft: Draft, poster: Signer, blockNumber: number, data?: string): Promise<PostedBatch> {
    const { batch: parent, hash } = this.latest;
    const block = (await this.fixture.admin.provider!.getBlock(blockNumber))!;
    const hashes = draft.segments.map((segment) => segmentHash(crypto, segment));
    const batch = {
      number: parent.number + 1n,
      parent: hash,
      state: structOf(draft.state),
      time: draft.time,
      queueTime: draft.queueTime,
      postedAt: BigInt(block.timestamp),
      blockNumber: BigInt(blockNumber),
      poster: await poster.getAddress(),
      mode: data === undefined ? 0 : 1,
      segments: draft.segments.length,
      data: data ?? ethers.keccak256(ethers.concat(hashes)),
    };
    const posted = { ...draft, batch, hash: hashOf(batch) };
    this.batches.push(posted);
    return posted;
  }

  /** The draft with another state claimed after one of its segments; those behind it are as if it were true. */
  static lie(draft: Draft, at: number, change = falsified): Draft {
    const last = at + 1 === draft.segments.length;
    const segments = draft.segments.map((segment, i) => {
      if (i !== at) return segment;
      const after = change(segment.after);
      return { ...segment, claimed: stateHash(crypto, after.root, after.nextLeaf, after.queue) };
    });
    return { ...draft, segments, state: last ? change(draft.state) : draft.state };
  }

  /** Shows a segment of a batch in calldata. */
  static openingOf({ segments }: Draft, at: number): string {
    const { body, claimed } = segments[at]!;
    const hashes = segments.map((segment) => segmentHash(crypto, segment));
    const before = at === 0 ? ZERO : ethers.keccak256(segments[at - 1]!.body);
    const coder = AbiCoder.defaultAbiCoder();
    return coder.encode(["tuple(bytes32[],bytes32,bytes,bytes32)"], [[hashes, before, body, claimed]]);
  }

  /** The proof of a segment's falsehood, as far as it is false. */
  proofOf(posted: PostedBatch, at: number, prover: string, salt = SALT) {
    const { before, witness, entries } = posted.segments[at]!;
    const parent = this.batches[Number(posted.batch.number) - 2]?.batch ?? this.fixture.beginning;
    return {
      batch: posted.batch,
      parent,
      segment: BigInt(at),
      before: structOf(before),
      opening: Layer2.openingOf(posted, at),
      witness: {
        indices: witness.leaves.map(({ index }) => BigInt(index)),
        leaves: witness.leaves.map(({ bytes }) => hexlify(bytes)),
        siblings: witness.siblings.map((sibling) => hexlify(sibling)),
        entries: entries.map((entry) => hexlify(entry)),
      },
      prover,
      salt,
    };
  }

  /** Takes back that batch and those behind it: layer 1 has rolled them back. */
  forgetFrom(posted: PostedBatch): void {
    const gone = this.batches.splice(Number(posted.batch.number) - 1);
    for (const { segments } of gone.reverse()) for (const { undo } of [...segments].reverse()) this.ledger.revert(undo);
  }
}

/** A claim on the latest batch, of any state: layer 1 does not execute. */
export async function claimOn(layer2: Layer2, change: Partial<ClaimStruct> = {}): Promise<ClaimStruct> {
  const { batch, hash } = layer2.latest;
  const time = change.time ?? (await layer2.now());
  const state = change.state ?? batch.state;
  const queueTime = await queueTimeOf(layer2.fixture, state.queue, time);
  return { parent: hash, parentBlock: batch.blockNumber, state, time, queueTime, ...change };
}

/** What a batch with this clock may say of the queue where it ends there. */
async function queueTimeOf({ rollup }: RollupFixture, queue: bigint, clock: bigint): Promise<bigint> {
  const { queuedAt } = await rollup.entryOf(queue);
  return queuedAt === 0n || queuedAt > clock ? clock : queuedAt - 1n;
}

export interface ClaimStruct {
  readonly parent: string;
  readonly parentBlock: bigint;
  readonly state: StateStruct;
  readonly time: bigint;
  readonly queueTime: bigint;
}

/** One segment that does nothing, as calldata. */
export const IDLE = "0x000100";

/** Posts an idle segment at `clock` on a batch, claimed to consume some of the queue: nobody executes it. */
export async function postIdle(
  fixture: RollupFixture,
  on: { readonly batch: BatchStruct; readonly hash: string },
  clock: bigint,
  consumed: bigint,
): Promise<{ readonly batch: BatchStruct; readonly hash: string }> {
  const { rollup, sequencer } = fixture;
  const state = { ...on.batch.state, queue: on.batch.state.queue + consumed };
  const queueTime = await queueTimeOf(fixture, state.queue, clock);
  const claim = { parent: on.hash, parentBlock: on.batch.blockNumber, state, time: clock, queueTime };
  await time.setNextBlockTimestamp(clock);
  const { blockNumber } = await rollup.connect(sequencer).postBatch(claim, IDLE);
  const segment = ethers.keccak256(ethers.concat([stateHashOf(state), ethers.keccak256("0x00")]));
  const batch = {
    number: on.batch.number + 1n,
    parent: on.hash,
    state,
    time: clock,
    queueTime,
    postedAt: clock,
    blockNumber: BigInt(blockNumber!),
    poster: await sequencer.getAddress(),
    mode: 0,
    segments: 1,
    data: ethers.keccak256(segment),
  };
  return { batch, hash: hashOf(batch) };
}

export const SALT = id("salt");

export function commitmentOf(batchHash: string, segment: bigint | number, prover: string, salt = SALT): string {
  const types = ["bytes32", "uint256", "address", "bytes32"];
  return ethers.keccak256(AbiCoder.defaultAbiCoder().encode(types, [batchHash, segment, prover, salt]));
}

/** Commits to a proof and lets it age. */
export async function commit({ rollup, prover }: RollupFixture, posted: PostedBatch, segment: number): Promise<void> {
  const provider = prover.provider as typeof ethers.provider;
  const commitment = commitmentOf(posted.hash, segment, await prover.getAddress());
  await (await rollup.connect(prover).commitProof(commitment)).wait();
  await provider.send("evm_mine", []);
}

/** A segment of transactions of players with the nonces of their accounts, and entries before them. */
export function bodyOf(
  layer2: Layer2,
  entries: number,
  ...transactions: readonly (readonly [SigningKey, Transaction, bigint])[]
): Uint8Array {
  return segmentOf(
    entries,
    ...transactions.map(([key, transaction, nonce]) => {
      const { signatures } = TRANSACTIONS[transaction.kind];
      return signatures === 0
        ? ([transaction] as const)
        : ([transaction, layer2.sign(key, transaction, nonce)] as const);
    }),
  );
}
