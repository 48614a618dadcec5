import type { Signer } from "ethers";
import { ethers } from "hardhat";
import { Ledger } from "../../../../protocol/ledger/ledger";
import type { Transaction } from "../../../../protocol/ledger/transactions";
import { KzgThreads } from "../../../../relayer/rollup/kzgThreads";
import { QueueReader } from "../../../../relayer/rollup/queueReader";
import { RollupView } from "../../../../relayer/rollup/rollupView";
import { headerFor } from "../../../../relayer/rollup/sequencer/assembler";
import { Engine, type BatchHeader, type SealedBatch } from "../../../../relayer/rollup/sequencer/engine";
import { Layer1, type Layer1Deps } from "../../../../relayer/rollup/sequencer/layer1";
import { Poster } from "../../../../relayer/rollup/sequencer/poster";
import { Sidecars } from "../../../../relayer/rollup/sequencer/sidecars";
import { Store } from "../../../../relayer/store/store";
import { InProcessReader, KeyedSender } from "../../../rollup/adversary/support";
import { Layer2, type RollupFixture } from "../../../rollup/support";
import { crypto, player } from "../../../protocol/ledger/support";

const CHAIN_ID = 31_337n;
const MOST_ENTRIES = 128;

/** Hardhat's chain as a sequencer sees it: its finalized block may trail. */
class TrailingReader extends InProcessReader {
  /** Blocks that the finalized one is behind the latest. */
  behind = 0n;

  override async finalized() {
    return this.block(BigInt(await ethers.provider.getBlockNumber()) - this.behind);
  }

  call(to: string, data: string): Promise<string> {
    return ethers.provider.call({ to, data });
  }
}

/** A sequencer's layer 1, and an engine whose batches it may post, over the real contract. */
export class Layer1Rig {
  readonly signal = new AbortController().signal;
  readonly engine: Engine;

  private constructor(
    private readonly fixture: RollupFixture,
    readonly reader: TrailingReader,
    readonly layer1: Layer1,
  ) {
    const { digests } = fixture;
    const rules = { answer: () => Promise.reject(new Error("nobody plays here")) };
    this.engine = new Engine(new Ledger(crypto), 0n, { digests, crypto, rules });
  }

  /** @param store Of an earlier process with the same key. */
  static async start(fixture: RollupFixture, signer: Signer = fixture.sequencer, store?: Store): Promise<Layer1Rig> {
    const reader = new TrailingReader();
    return new Layer1Rig(fixture, reader, await layer1Of(fixture, reader, signer, store));
  }

  /** The header of the next batch, as a sequencer has it now, but for what is given. */
  async header(change: Partial<BatchHeader> = {}, most = MOST_ENTRIES): Promise<BatchHeader> {
    const { layer1, engine, signal } = this;
    const { time } = await layer1.head(signal);
    const queue = await layer1.queue(engine.ledger.queue, most + 1, signal);
    const halt = (at: bigint): Promise<bigint> => layer1.movesHaltAt(at, signal);
    return { ...(await headerFor({ number: engine.sealed, time }, queue, most, halt, 0)), ...change };
  }

  /** Seals a batch of what the header has of the queue, and of these transactions of player 0. */
  async seal(header: BatchHeader, ...transactions: readonly (readonly [Transaction, bigint])[]): Promise<SealedBatch> {
    const { engine } = this;
    engine.begin(header);
    if (header.entries.length > 0) await engine.consume(header.entries.length);
    for (const [transaction, nonce] of transactions) {
      const signatures = [new Layer2(this.fixture).sign(player(0).key, transaction, nonce)];
      const { refusal } = await engine.execute({ transaction, signatures });
      if (refusal !== 0) throw new Error(`refused: ${refusal}`);
    }
    return engine.seal();
  }

  /** What becomes of a batch on the latest one that the chain has. */
  async post(sealed: SealedBatch): ReturnType<Layer1["post"]> {
    const { layer1, signal } = this;
    return layer1.post(sealed, await layer1.head(signal), signal);
  }
}

/** The adapter as its process assembles it. */
async function layer1Of(
  { rollup: contract, beginning }: RollupFixture,
  reader: TrailingReader,
  signer: Signer,
  kept?: Store,
): Promise<Layer1> {
  const rollup = (await contract.getAddress()).toLowerCase();
  const store = kept ?? (await Store.open({ sqlite: ":memory:" }));
  const view = new RollupView(rollup, reader);
  const target = { chainId: CHAIN_ID, rollup };
  const queue = new QueueReader(target, { reader, view, store, peers: () => [], startBlock: beginning.blockNumber });
  const sender = new KeyedSender(await signer.getAddress(), signer, store);
  // This machine's clock is behind the chain's, which tests move.
  const clock = { now: () => 0 };
  const seen = reader as unknown as Layer1Deps["reader"];
  const sidecars = new Sidecars(new KzgThreads(1), clock, () => undefined);
  const market = { prices: () => Promise.reject(new Error("nobody asks for prices here")) };
  const priced = {
    address: sender.address,
    recover: () => sender.recover(),
    submit: sender.submit.bind(sender),
    ...market,
  };
  const poster = new Poster({ ...target, route: "calldata", reader: seen, sender: priced, store, sidecars });
  return new Layer1({ rollup, crypto, reader: seen, view, queue, poster, sidecars, clock });
}
