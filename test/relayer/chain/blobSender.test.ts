import { expect } from "chai";
import { Transaction, Wallet, hexlify, id } from "ethers";
import { setTimeout as delay } from "node:timers/promises";
import { NonceSender, type SenderEvent, type SenderOptions } from "../../../relayer/chain/sender";
import { EMPTY_BLOB, versionedHash, withSidecar } from "../../../relayer/chain/sidecar";
import { RelayerError } from "../../../relayer/errors";
import type { SidecarBlob, TransactionCall } from "../../../relayer/ports";
import { createKzg } from "../../../relayer/rollup/kzg";
import { systemClock } from "../../../relayer/systemClock";
import { startAnvil, type LocalNode } from "../../../scripts/local/nodes";
import { FaultyEndpoint } from "../../support/faultyEndpoint";
import { MemoryTransactionStore } from "../../support/memoryTransactionStore";

const CHAIN_ID = 31_502;
const TARGET = "0x000000000000000000000000000000000000c0de";
const GWEI = 10n ** 9n;
const GIVE_UP_MS = 20_000;

interface NodeTransaction {
  readonly hash: string;
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly nonce: string;
  readonly blobVersionedHashes?: readonly string[];
}

/** A short text in a blob; its proof takes a second. */
function sidecarOf(text: string): SidecarBlob {
  const blob = new Uint8Array(131_072);
  blob.set(Buffer.from(text), 1);
  const kzg = createKzg();
  const commitment = kzg.blobToKzgCommitment(blob);
  return { blob, commitment, proof: kzg.computeBlobKzgProof(blob, commitment) };
}

describe("a transaction with blobs", function () {
  this.timeout(120_000);
  let node: LocalNode;
  let endpoint: FaultyEndpoint;
  let written: SidecarBlob;
  let wallet: Wallet;
  let store: MemoryTransactionStore;
  let events: SenderEvent[];
  let signal: AbortSignal;
  let accounts = 0;

  before(async () => {
    node = await startAnvil({ chainId: CHAIN_ID });
    endpoint = await FaultyEndpoint.before(node.url);
    written = sidecarOf("a batch of layer 2");
  });

  after(async () => {
    await endpoint.stop();
    await node.stop();
  });

  beforeEach(async () => {
    wallet = new Wallet(id(`blob sender ${accounts++}`));
    await node.rpc("anvil_setBalance", [wallet.address, "0x8ac7230489e80000"]);
    await node.rpc("evm_setAutomine", [true]);
    endpoint.set();
    store = new MemoryTransactionStore();
    events = [];
    signal = AbortSignal.timeout(GIVE_UP_MS);
  });

  function sender(options: Partial<SenderOptions> = {}): NonceSender {
    return new NonceSender({
      chainId: BigInt(CHAIN_ID),
      endpoints: [endpoint.url],
      signer: wallet,
      store,
      clock: systemClock,
      fees: { maxGasPrice: 100n * GWEI, maxBlobGasPrice: GWEI },
      pollMs: 20,
      stuckMs: 200,
      rebroadcastMs: 100,
      displacedMs: 150,
      penaltyMs: 20,
      timeoutMs: GIVE_UP_MS,
      observe: (event) => events.push(event),
      ...options,
    });
  }

  const request = (key: string): TransactionCall => ({
    key,
    to: TARGET,
    data: id(key),
    gasLimit: 100_000n,
    blobs: [written],
  });

  async function executed(): Promise<readonly NodeTransaction[]> {
    const head = Number(await node.rpc<string>("eth_blockNumber"));
    const numbers = Array.from({ length: head + 1 }, (_, number) => `0x${number.toString(16)}`);
    const blocks = await Promise.all(
      numbers.map((number) => node.rpc<{ transactions: NodeTransaction[] }>("eth_getBlockByNumber", [number, true])),
    );
    return blocks.flatMap((block) => block.transactions).filter(({ from }) => from === wallet.address.toLowerCase());
  }

  const carriedBy = (hash: string): Promise<readonly string[] | null> =>
    node.rpc("anvil_getBlobsByTransactionHash", [hash]);

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) {
      signal.throwIfAborted();
      await delay(20);
    }
  }

  it("is encoded as ethers reads it, with its blobs, commitments and proofs", async () => {
    const hashes = [written, EMPTY_BLOB].map(({ commitment }) => versionedHash(commitment));
    const prices = { maxFeePerGas: 9n, maxPriorityFeePerGas: 8n, maxFeePerBlobGas: 7n };
    const call = { type: 3, chainId: CHAIN_ID, nonce: 3, to: TARGET, gasLimit: 50_000n, ...prices };
    const raw = await wallet.signTransaction(Transaction.from({ ...call, blobVersionedHashes: hashes }));
    const read = Transaction.from(withSidecar(raw, [written, EMPTY_BLOB]));
    expect(read.hash).to.equal(Transaction.from(raw).hash);
    expect(read.blobVersionedHashes).to.deep.equal(hashes);
    expect(read.blobs).to.deep.equal(
      [written, EMPTY_BLOB].map(({ blob, commitment, proof }) => ({
        data: hexlify(blob),
        commitment: hexlify(commitment),
        proof: hexlify(proof),
      })),
    );
  });

  it("is mined with its blobs, which the store forgets then", async () => {
    const outcome = await sender().submit(request("a"), signal);
    expect(outcome.succeeded).to.equal(true);
    const [mined, ...others] = await executed();
    expect(others).to.be.empty;
    expect(mined).to.include({ hash: outcome.hash, to: TARGET, type: "0x3" });
    expect(mined?.blobVersionedHashes).to.deep.equal([versionedHash(written.commitment)]);
    expect(await carriedBy(outcome.hash)).to.deep.equal([hexlify(written.blob)]);
    const [row] = [...store.rows.values()];
    expect(row?.blobs).to.equal(undefined);
    // What is stored of it are some hundred bytes.
    expect(row?.attempts[0]?.raw.length).to.be.below(1_000);
  });

  it("is sent with its blobs after a crash between signing and sending", async () => {
    endpoint.set({ kind: "swallowTransactions" });
    const dying = new AbortController();
    const first = sender().submit(request("a"), dying.signal);
    await until(() => events.some(({ kind }) => kind === "sent"));
    dying.abort(new Error("crashed"));
    await first.catch(() => undefined);
    expect(await executed()).to.be.empty;
    endpoint.set();

    await sender().recover(signal);
    const [mined, ...others] = await executed();
    expect(others).to.be.empty;
    expect(await carriedBy(mined!.hash)).to.deep.equal([hexlify(written.blob)]);
    const again = await sender().submit(request("a"), signal);
    expect(again.hash).to.equal(mined!.hash);
  });

  it("is replaced by one that pays twice as much of everything, and then by a no-op with an empty blob", async () => {
    await node.rpc("evm_setAutomine", [false]);
    const given = sender({ maxBumps: 1 })
      .submit(request("a"), signal)
      .catch((error: unknown) => error);
    await until(() => events.some(({ kind }) => kind === "givenUp"));
    await until(async () => {
      const attempts = [...store.rows.values()][0]?.attempts ?? [];
      const pooled = await node.rpc<object | null>("eth_getTransactionByHash", [attempts.at(-1)?.hash]);
      return pooled !== null && attempts.at(-1)?.kind === "noop";
    });
    await node.rpc("evm_mine");
    expect(await given).to.have.property("code", "TRANSACTION_ABANDONED");
    const [row] = [...store.rows.values()];
    const attempts = row?.attempts ?? [];
    for (const [at, { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas = 0n }] of attempts.entries()) {
      const before = attempts[at - 1];
      if (before === undefined) continue;
      expect(maxFeePerGas >= 2n * before.maxFeePerGas).to.equal(true);
      expect(maxPriorityFeePerGas >= 2n * before.maxPriorityFeePerGas).to.equal(true);
      expect(maxFeePerBlobGas >= 2n * (before.maxFeePerBlobGas ?? 0n)).to.equal(true);
      expect(maxFeePerGas <= 100n * GWEI && maxFeePerBlobGas <= GWEI).to.equal(true);
    }
    const [noop, ...others] = await executed();
    expect(others).to.be.empty;
    expect(noop).to.include({ to: wallet.address.toLowerCase(), type: "0x3" });
    expect(noop?.blobVersionedHashes).to.deep.equal([versionedHash(EMPTY_BLOB.commitment)]);

    await node.rpc("evm_setAutomine", [true]);
    const outcome = await sender().submit(request("a"), signal);
    expect(await carriedBy(outcome.hash)).to.deep.equal([hexlify(written.blob)]);
  });

  it("waits where a pool has other transactions of the account, and gives up nothing", async () => {
    const message = "address already reserved";
    endpoint.set({ kind: "error", method: "eth_sendRawTransaction", code: -32_000, message });
    const outcome = sender().submit(request("a"), signal);
    await until(() => events.filter(({ kind }) => kind === "refused").length > 4);
    endpoint.set();
    expect((await outcome).succeeded).to.equal(true);
    expect(events.map(({ kind }) => kind)).not.to.include("givenUp");
  });

  it("is not begun where blob gas costs more than is allowed", async () => {
    const fees = { maxGasPrice: 100n * GWEI, maxBlobGasPrice: 3n };
    const error = await sender({ fees })
      .submit(request("a"), signal)
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RelayerError);
    expect(error).to.deep.include({ code: "BLOBS_TOO_DEAR", retriable: true, context: { price: 1n, cap: 0n } });
    expect(store.rows.size).to.equal(0);
  });

  it("is refused on a chain whose blocks have none, before anything is signed", async () => {
    endpoint.set({ kind: "noBlobs" });
    const one = sender();
    const error = await one.submit(request("a"), signal).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RelayerError);
    expect(error).to.include({ code: "BLOBS_NOT_TAKEN", retriable: false, alert: true });
    expect((await one.prices(signal)).blobGas).to.equal(undefined);
    expect(store.rows.size).to.equal(0);
  });
});
