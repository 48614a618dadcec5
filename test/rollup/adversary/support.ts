import { mine } from "@nomicfoundation/hardhat-network-helpers";
import { ZeroHash, isCallException, toQuantity, type Signer } from "ethers";
import { ethers } from "hardhat";
import { Ledger } from "../../../protocol/ledger/ledger";
import { parseBody } from "../../../relayer/chain/blockBody";
import { ContractRevert } from "../../../relayer/errors";
import type {
  BlobReader,
  BlockBody,
  BodyReader,
  ChainLog,
  ChainReader,
  StateReader,
  TransactionOutcome,
  TransactionSender,
  VerifiedBlock,
} from "../../../relayer/ports";
import { BatchReader } from "../../../relayer/rollup/batchReader";
import { Challenger } from "../../../relayer/rollup/challenger";
import type { RollupEvent } from "../../../relayer/rollup/events";
import { RollupNode } from "../../../relayer/rollup/node";
import { createKzg } from "../../../relayer/rollup/kzg";
import { QueueReader } from "../../../relayer/rollup/queueReader";
import { Replica } from "../../../relayer/rollup/replica";
import { BookAnswers } from "../../../relayer/rollup/rulesAnswers";
import { RollupView } from "../../../relayer/rollup/rollupView";
import { firstBatch } from "../../../relayer/rollup/rollupInterface";
import { Store } from "../../../relayer/store/store";
import { RuleBook } from "../../../sdk/rules/ruleBook";
import { crypto } from "../../protocol/ledger/support";
import { hashOf, type RollupFixture } from "../support";

type Reads = Pick<ChainReader, "finalized" | "block" | "logs" | "estimateGas"> & StateReader & BodyReader & BlobReader;

/** Hardhat's chain in this process as a relayer sees it: every block is final. */
export class InProcessReader implements Reads {
  /** An endpoint that has no log any more. */
  forgetsLogs = false;

  async finalized(): Promise<VerifiedBlock> {
    return this.block(BigInt(await ethers.provider.getBlockNumber()));
  }

  async block(number: bigint): Promise<VerifiedBlock> {
    const block = await ethers.provider.getBlock(Number(number));
    if (block === null) throw new Error(`no block ${number}`);
    const unread = { parentHash: ZeroHash, stateRoot: ZeroHash };
    return { number, hash: block.hash ?? ZeroHash, timestamp: BigInt(block.timestamp), ...unread };
  }

  async logs(query: Parameters<ChainReader["logs"]>[0]): Promise<readonly ChainLog[]> {
    if (this.forgetsLogs) return [];
    const { address, topics, from, to } = query;
    const found = await ethers.provider.getLogs({ address, topics: [...topics], fromBlock: from, toBlock: to });
    return found.map((log) => ({
      address: log.address.toLowerCase(),
      topics: log.topics,
      data: log.data,
      blockNumber: BigInt(log.blockNumber),
      blockHash: log.blockHash,
      transactionHash: log.transactionHash,
      logIndex: log.index,
    }));
  }

  callAt(to: string, data: string, block: VerifiedBlock): Promise<string> {
    return ethers.provider.call({ to, data, blockTag: Number(block.number) });
  }

  codeAt(account: string): Promise<string> {
    return ethers.provider.getCode(account);
  }

  async fromBody<Value>(number: bigint, accept: (body: BlockBody) => Value | undefined): Promise<Value> {
    const found = accept(parseBody(await ethers.provider.send("eth_getBlockByNumber", [toQuantity(number), true])));
    if (found === undefined) throw new Error(`block ${number} does not hold it`);
    return found;
  }

  fromBlobs(): Promise<never> {
    return Promise.reject(new Error("this chain keeps no blobs"));
  }

  async estimateGas(transaction: { readonly from: string; readonly to: string; readonly data: string }) {
    try {
      return await ethers.provider.estimateGas(transaction);
    } catch (error) {
      const data = isCallException(error) ? error.data : (error as { readonly data?: string }).data;
      if (typeof data !== "string") throw error;
      throw new ContractRevert(data, "refused");
    }
  }
}

/** Sends each key once and keeps what became of it, as the relayer's own sender does. */
export class KeyedSender implements TransactionSender {
  /** What happens between a transaction's block and the return of its receipt. */
  meanwhile: () => Promise<void> = () => Promise.resolve();

  constructor(
    readonly address: string,
    private readonly signer: Signer,
    private readonly store: Store,
  ) {}

  recover(): Promise<void> {
    return Promise.resolve();
  }

  async submit({ key, to, data, gasLimit }: Parameters<TransactionSender["submit"]>[0]): Promise<TransactionOutcome> {
    const id = { chainId: 31_337n, sender: this.address, key };
    const nonce = BigInt(await this.signer.getNonce());
    const row = await this.store.transactions.reserve({ ...id, to, data, gasLimit, createdAt: 0 }, nonce);
    if (row.outcome !== undefined) return row.outcome;
    const sent = await this.signer.sendTransaction({ to, data, gasLimit });
    const receipt = await sent.wait();
    if (receipt === null) throw new Error("not mined");
    const outcome = {
      hash: receipt.hash,
      succeeded: receipt.status === 1,
      blockNumber: BigInt(receipt.blockNumber),
      gasUsed: receipt.gasUsed,
    };
    await this.store.transactions.settleMined(id, outcome);
    await this.meanwhile();
    return outcome;
  }
}

/** A challenger as its process assembles it, over Hardhat's chain. */
export class ChallengerRig {
  readonly events: RollupEvent[] = [];
  readonly signal = new AbortController().signal;

  private constructor(
    readonly reader: InProcessReader,
    readonly store: Store,
    readonly node: RollupNode,
    readonly challenger: Challenger,
    readonly sender: KeyedSender,
    record: (emit: (event: RollupEvent) => void) => void,
  ) {
    record((event) => this.events.push(event));
  }

  /** @param kept The store of an earlier process. */
  static async start(fixture: RollupFixture, kept?: Store): Promise<ChallengerRig> {
    const { rollup: contract, prover, beginning, digests } = fixture;
    const target = { chainId: 31_337n, rollup: (await contract.getAddress()).toLowerCase() };
    const reader = new InProcessReader();
    const store = kept ?? (await Store.open({ sqlite: ":memory:" }));
    const signal = new AbortController().signal;
    let listener: (event: RollupEvent) => void = () => undefined;
    const emit = (event: RollupEvent): void => listener(event);

    const view = new RollupView(target.rollup, reader);
    const constants = await view.constants(await reader.finalized(), signal);
    const book = new RuleBook({ getCode: (address) => reader.codeAt(address) });
    const batch = firstBatch({ number: beginning.blockNumber, timestamp: beginning.time });
    const replica = new Replica(
      { ledger: new Ledger(crypto), crypto, digests, rules: new BookAnswers(book) },
      { batch, hash: hashOf(beginning) },
    );
    const node = new RollupNode({
      reader,
      view,
      batches: new BatchReader(target.rollup, {
        bodies: reader,
        crypto,
        prover: { commit: async (blob) => createKzg().blobToKzgCommitment(blob) },
      }),
      queue: new QueueReader(target, { reader, view, store, peers: () => [], startBlock: beginning.blockNumber }),
      replica,
      constants,
      emit,
    });
    const sender = new KeyedSender(await prover.getAddress(), prover, store);
    const challenger = new Challenger(target, {
      node,
      reader,
      view,
      sender,
      store,
      crypto,
      kzg: createKzg,
      constants,
      payout: PAYOUT,
      freezes: true,
      emit,
    });
    return new ChallengerRig(reader, store, node, challenger, sender, (next) => (listener = next));
  }

  /** One look of each part, and the block after it. */
  async look(): Promise<void> {
    await this.node.step(this.signal);
    await this.challenger.step(this.signal);
    await mine(1);
  }

  /** Looks until nothing is false; how often is bounded, for what is not caught soon is not caught. */
  async settle(): Promise<void> {
    for (let looks = 0; looks < 8; looks++) {
      await this.look();
      if (looks > 0 && this.node.fraud === undefined && this.node.isCurrent) return;
    }
  }

  ofKind<Kind extends RollupEvent["kind"]>(kind: Kind): Extract<RollupEvent, { readonly kind: Kind }>[] {
    return this.events.filter((event): event is Extract<RollupEvent, { readonly kind: Kind }> => event.kind === kind);
  }
}

/** Where the challenger has its rewards sent. */
export const PAYOUT = "0x00000000000000000000000000000000000ca5e5";
