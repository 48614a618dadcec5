import { id, toBeHex } from "ethers";
import { decodeDelivery, type Delivery } from "../../../../protocol/delivery";
import { extend, extendAll, messageSeed, resultLeaf, resultSeed, type LaneEnds } from "../../../../protocol/hashChain";
import { headerDigest, recoverSigner, rotationDigest, type Header, type Rotation } from "../../../../protocol/header";
import type { LaneState } from "../../../../protocol/laneStorage";
import {
  decodeMessage,
  interoperableAddress,
  messageId,
  messageLeaf,
  type Message,
} from "../../../../protocol/message";
import { quorumOf } from "../../../../protocol/quorum";
import { ATTRIBUTES, GATEWAY } from "../../../../relayer/cassini/gatewayInterface";
import { opposite } from "../../../../relayer/cassini/lane";
import { ContractRevert } from "../../../../relayer/errors";
import type {
  ChainLog,
  ChainReader,
  EpochReader,
  ProvenEpoch,
  TransactionOutcome,
  TransactionSender,
  VerifiedBlock,
} from "../../../../relayer/ports";

/** Payload of a message that its recipient refuses. */
export const FAILING = "0xdead";
const SENDER = "0x00000000000000000000000000000000000A11cE";
export const RECIPIENT = "0x000000000000000000000000000000000000bEEF";

interface Inbox {
  readonly inSeq: bigint;
  readonly knownAck: bigint;
  readonly ackAcc: string;
}

interface Lane {
  readonly state: LaneState;
  readonly inbox: Inbox;
}

const revert = (name: string, args: readonly unknown[]): never => {
  throw new ContractRevert(GATEWAY.encodeErrorResult(name, args), name);
};

/**
 * A chain with one gateway and one lane, as a simple exact model: a list of blocks with their logs and end states.
 * `finalized` is moved by hand. Endpoints that lie are made by setting `tamper`.
 */
export class FakeChain implements ChainReader, EpochReader {
  readonly sent: Message[] = [];
  /** Sequence of every execution, in order: a message that is doubled shows up twice. */
  readonly executed: bigint[] = [];
  readonly failed: bigint[] = [];
  finalizedBlock = 0n;
  automine = true;
  /** What the endpoints of an attempt answer instead of the true logs. */
  tamper: (logs: readonly ChainLog[], attempt: number) => readonly ChainLog[] = (logs) => logs;
  logQueries = 0;
  proofs = 0;
  transactions = 0;
  private readonly epochs = new Map<bigint, Rotation>();
  private readonly validUntil = new Map<bigint, bigint>();
  private pending: ChainLog[] = [];
  private readonly logsOf: (readonly ChainLog[])[] = [[]];
  private readonly states: Lane[] = [];
  private lane: Lane;

  constructor(
    readonly ends: LaneEnds,
    genesis: Rotation,
    cadence = 1n,
  ) {
    const back = opposite(ends);
    this.lane = {
      state: {
        toSeq: 0n,
        acc: messageSeed(ends),
        ackSeq: 0n,
        resAcc: resultSeed(back),
        cadence: 0n,
        epoch: 0n,
      },
      inbox: { inSeq: 0n, knownAck: 0n, ackAcc: resultSeed(ends) },
    };
    this.states.push(this.lane);
    this.rotate(genesis);
    this.setCadence(cadence);
    this.mine();
  }

  get chainId(): bigint {
    return this.ends.sourceChainId;
  }

  get gateway(): string {
    return this.ends.sourceGateway;
  }

  get head(): bigint {
    return BigInt(this.states.length - 1);
  }

  get state(): LaneState & Inbox {
    return { ...this.lane.state, ...this.lane.inbox };
  }

  send(change: Partial<Message> = {}): Message {
    const message: Message = {
      sender: SENDER,
      recipient: RECIPIENT,
      gasLimit: 50_000n,
      deadline: 0n,
      reclaimable: false,
      payload: "0x1234",
      ...change,
      seq: this.lane.state.toSeq + 1n,
    };
    this.sent.push(message);
    this.emit("MessageSent", [
      messageId({ ...this.ends, seq: message.seq }),
      interoperableAddress(this.chainId, message.sender),
      interoperableAddress(this.ends.targetChainId, message.recipient),
      message.payload,
      0n,
      [
        ATTRIBUTES.encodeFunctionData("gasLimit", [message.gasLimit]),
        ...(message.deadline === 0n ? [] : [ATTRIBUTES.encodeFunctionData("deadline", [message.deadline])]),
        ...(message.reclaimable ? [ATTRIBUTES.encodeFunctionData("reclaimable", [true])] : []),
      ],
    ]);
    const { state } = this.lane;
    this.change({ toSeq: message.seq, acc: extend(state.acc, messageLeaf(message)) });
    return message;
  }

  rotate(rotation: Rotation): void {
    this.epochs.set(rotation.epoch, rotation);
    this.validUntil.set(rotation.epoch, rotation.validUntil);
    this.validUntil.set(rotation.epoch - 2n, 0n);
    this.emit("EpochRotated", [rotation.epoch, rotation.validUntil, rotation.signers]);
    this.change({ epoch: rotation.epoch });
  }

  setCadence(cadence: bigint): void {
    this.emit("LimitsSet", [this.ends.targetChainId, cadence, 5_000_000, 50_000]);
    this.change({ cadence });
  }

  /** Puts what happened since the last block into a new one. */
  mine(blocks = 1): void {
    for (let index = 0; index < blocks; index++) {
      this.states.push(this.lane);
      this.logsOf.push(this.pending);
      this.pending = [];
    }
  }

  /** Mines, and finalizes everything up to a multiple of `cadence`. */
  settle(): void {
    this.mine();
    const { cadence } = this.lane.state;
    while (this.head % cadence !== 0n) this.mine();
    this.finalizedBlock = this.head;
  }

  async finalized(): Promise<VerifiedBlock> {
    return this.blockAt(this.finalizedBlock);
  }

  async block(number: bigint): Promise<VerifiedBlock> {
    if (number > this.finalizedBlock) throw new Error(`block ${number} is not final`);
    return this.blockAt(number);
  }

  async laneState(_gateway: string, _remote: bigint, block: VerifiedBlock): Promise<LaneState> {
    this.proofs += 1;
    return this.stateAt(block.number);
  }

  async currentEpoch(_gateway: string, block: VerifiedBlock): Promise<ProvenEpoch> {
    return this.epochs.get(this.stateAt(block.number).epoch) as Rotation;
  }

  async logs(query: { readonly from: bigint; readonly to: bigint; readonly attempt: number }) {
    this.logQueries += 1;
    const logs = this.logsOf.slice(Number(query.from), Number(query.to) + 1).flat();
    return this.tamper(logs, query.attempt);
  }

  async call(_to: string, data: string): Promise<string> {
    const call = GATEWAY.parseTransaction({ data });
    if (call === null) throw new Error("unknown call");
    if (call.name === "deliver") {
      await this.estimateGas({ data });
      return "0x";
    }
    return GATEWAY.encodeFunctionResult(call.name, [
      this.answer(call.name, call.args.length > 0 ? (call.args[0] as bigint) : 0n),
    ]);
  }

  async estimateGas(transaction: { readonly data: string }): Promise<bigint> {
    const before = this.snapshot();
    try {
      this.execute(transaction.data);
      return 500_000n;
    } finally {
      before();
    }
  }

  /** An account that sends to this chain. */
  sender(address: string): TransactionSender {
    const outcomes = new Map<string, TransactionOutcome>();
    return {
      address,
      recover: async () => undefined,
      submit: async ({ key, data }) => {
        const known = outcomes.get(key);
        if (known !== undefined) return known;
        this.transactions += 1;
        const before = this.snapshot();
        let succeeded = true;
        try {
          this.execute(data);
        } catch {
          before();
          succeeded = false;
        }
        if (this.automine) this.settle();
        const outcome = { hash: id(key), succeeded, blockNumber: this.head, gasUsed: 100_000n };
        outcomes.set(key, outcome);
        return outcome;
      },
    };
  }

  stateAt(block: bigint): LaneState {
    return (this.states[Number(block)] as Lane).state;
  }

  /** The header of a block as the model has it. */
  headerAt(sourceBlock: bigint): Header {
    const { epoch, toSeq, acc, ackSeq, resAcc } = this.stateAt(sourceBlock);
    return { source: this.chainId, sourceBlock, epoch, toSeq, acc, ackSeq, resAcc };
  }

  private answer(name: string, argument: bigint): unknown {
    const { state, inbox } = this.lane;
    switch (name) {
      case "laneState":
        return [
          this.ends.targetGateway,
          state.toSeq,
          state.acc,
          inbox.knownAck,
          inbox.ackAcc,
          inbox.inSeq,
          state.resAcc,
          state.cadence,
          5_000_000n,
          50_000n,
          false,
        ];
      case "currentEpoch":
        return state.epoch;
      case "epochValidUntil":
        return this.validUntil.get(argument) ?? 0n;
      case "signersOf":
        return this.epochs.get(argument)?.signers ?? [];
      default:
        throw new Error(`unknown view ${name}`);
    }
  }

  private execute(data: string): void {
    const call = GATEWAY.parseTransaction({ data });
    if (call?.name === "deliver") this.deliver(decodeDelivery(`${call.args[0]}`));
    else if (call?.name === "rotate") this.install(call.args[0] as Rotation, call.args[1] as bigint, `${call.args[2]}`);
    else throw new Error("unknown transaction");
  }

  private install(rotation: Rotation, bitmap: bigint, signatures: string): void {
    const { epoch } = this.lane.state;
    if (rotation.epoch <= epoch) revert("EpochNotNewer", [rotation.epoch, epoch]);
    const plain = { epoch: rotation.epoch, validUntil: rotation.validUntil, signers: [...rotation.signers] };
    const target = { chainId: this.chainId, gateway: this.gateway };
    this.checkQuorum(epoch, rotationDigest(plain, target), bitmap, signatures);
    this.rotate(plain);
  }

  private deliver(delivery: Delivery): void {
    const { header, messages, messagesAfter, results, resultsAfter } = delivery;
    let { inbox, state } = this.lane;
    if (messages.length === 0 && results.length === 0) revert("NothingToDeliver", []);
    if (header.toSeq < inbox.inSeq + BigInt(messages.length)) revert("StaleHeader", [header.toSeq, inbox.inSeq]);
    const digest = headerDigest(header, { chainId: this.chainId, gateway: this.gateway });
    this.checkQuorum(header.epoch, digest, delivery.signers, delivery.signatures);

    if (header.ackSeq < inbox.knownAck) revert("AckBehind", [header.ackSeq, inbox.knownAck]);
    for (const { first, last, failures, payout } of results) {
      if (first !== inbox.knownAck + 1n) revert("ResultOutOfOrder", [first, last, inbox.knownAck + 1n]);
      const ackAcc = extend(inbox.ackAcc, resultLeaf({ first, last, failures, payout }));
      inbox = { ...inbox, knownAck: last, ackAcc };
    }
    const reached = extendAll(inbox.ackAcc, [...resultsAfter]);
    if (results.length > 0 && reached !== header.resAcc) revert("ResultMismatch", [reached, header.resAcc]);

    if (messages.length > 0) {
      const first = inbox.inSeq + 1n;
      let failures = 0n;
      let acc = delivery.accBefore;
      for (const [index, packed] of messages.entries()) {
        const message = decodeMessage(packed);
        if (message.seq !== first + BigInt(index)) revert("MessageOutOfOrder", [message.seq, first + BigInt(index)]);
        acc = extend(acc, messageLeaf(message));
        if (message.payload === FAILING) failures |= 1n << BigInt(index);
      }
      const expected = extendAll(acc, [...messagesAfter]);
      if (expected !== header.acc) revert("AccumulatorMismatch", [expected, header.acc]);
      const last = inbox.inSeq + BigInt(messages.length);
      for (let seq = first; seq <= last; seq++) {
        const list = (failures >> (seq - first)) & 1n ? this.failed : this.executed;
        list.push(seq);
      }
      inbox = { ...inbox, inSeq: last };
      const record = { first, last, failures, payout: delivery.payout };
      state = { ...state, ackSeq: last, resAcc: extend(state.resAcc, resultLeaf(record)) };
      this.emit("BatchDelivered", [header.source, first, last, failures, delivery.payout]);
    }
    this.lane = { state, inbox };
  }

  private checkQuorum(epoch: bigint, digest: string, bitmap: bigint, signatures: string): void {
    const validUntil = this.validUntil.get(epoch) ?? 0n;
    if (validUntil === 0n) revert("EpochNotAccepted", [epoch, validUntil, 0n]);
    const set = this.epochs.get(epoch)?.signers ?? [];
    let position = 2;
    let count = 0;
    for (const [index, signer] of set.entries()) {
      if (((bitmap >> BigInt(index)) & 1n) === 0n) continue;
      const recovered = recoverSigner(digest, `0x${signatures.slice(position, position + 128)}`);
      if (recovered !== signer) revert("InvalidSignature", [index, recovered, signer]);
      position += 128;
      count += 1;
    }
    if (count !== quorumOf(set.length)) throw new ContractRevert("0x", "wrong signature count");
  }

  private change(state: Partial<LaneState>): void {
    this.lane = { ...this.lane, state: { ...this.lane.state, ...state } };
  }

  private emit(name: string, args: readonly unknown[]): void {
    const { topics, data } = GATEWAY.encodeEventLog(name, [...args]);
    const blockNumber = this.head + 1n;
    this.pending.push({
      address: this.gateway,
      topics,
      data,
      blockNumber,
      blockHash: this.blockAt(blockNumber).hash,
      transactionHash: id(`${this.chainId}:${blockNumber}:${this.pending.length}`),
      logIndex: this.pending.length,
    });
  }

  private blockAt(number: bigint): VerifiedBlock {
    const hashOf = (block: bigint): string => id(`${this.chainId}:${block}`);
    return {
      number,
      hash: hashOf(number),
      parentHash: number === 0n ? toBeHex(0, 32) : hashOf(number - 1n),
      stateRoot: id(`root ${number}`),
      timestamp: 1_700_000_000n + number,
    };
  }

  private snapshot(): () => void {
    const { lane, pending } = this;
    const [executed, failed, sent] = [this.executed.length, this.failed.length, [...this.pending]];
    const epochs = new Map(this.epochs);
    const validUntil = new Map(this.validUntil);
    return () => {
      this.lane = lane;
      this.pending = pending;
      this.pending.splice(0, this.pending.length, ...sent);
      this.executed.length = executed;
      this.failed.length = failed;
      this.epochs.clear();
      for (const entry of epochs) this.epochs.set(...entry);
      this.validUntil.clear();
      for (const entry of validUntil) this.validUntil.set(...entry);
    };
  }
}
