import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { SigningKey, Wallet, concat, id, toBeHex, type BaseWallet, type Signer } from "ethers";
import { messageId, encodeMessage, interoperableAddress, messageLeaf, type Message } from "../../protocol/message";
import {
  extend,
  messageSeed,
  resultLeaf,
  resultSeed,
  type LaneEnds,
  type ResultRecord,
} from "../../protocol/hashChain";
import { headerDigest, rotationDigest, type Header, type Rotation, type Target } from "../../protocol/header";
import type { Delivery } from "../../protocol/delivery";
import { quorumProof, sortSigners, type QuorumProof } from "../../protocol/quorum";
import type { AccessManager, BurstSenderMock, Gateway, ReceiverMock } from "../../typechain-types";

/** Chain on the other end of the lane; it exists only as hash chains and signatures. */
export const REMOTE_CHAIN = 56n;
export const REMOTE_GATEWAY = "0x00000000000000000000000000000000C0de0056";
export const LIMITS = { cadence: 4, maxGas: 5_000_000, maxBytes: 50_000 };
export const DAY = 86_400n;
export const MIN_SIGNERS = 4;
export const ROTATION_DELAY = 3_600n;
export const OVERLAP = 600n;

/** Deterministic signers, ascending by address as a gateway stores them. */
export function signerWallets(count: number, label = "signer"): Wallet[] {
  const wallets = Array.from({ length: count }, (_, index) => new Wallet(id(`${label} ${index}`)));
  return wallets.sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
}

export function signDigest(wallet: BaseWallet, digest: string): string {
  return new SigningKey(wallet.privateKey).sign(digest).compactSerialized;
}

/** Signatures of exactly a quorum, the lowest addresses first. */
export function proveQuorum(wallets: readonly Wallet[], digest: string): QuorumProof {
  const set = sortSigners(wallets.map((wallet) => wallet.address));
  const proof = quorumProof(set, new Map(wallets.map((wallet) => [wallet.address, signDigest(wallet, digest)])));
  if (proof === undefined) throw new Error("no signers");
  return proof;
}

/** Signatures of the members at the set bits of `signers`, as many as there are. */
export function signBits(wallets: readonly Wallet[], signers: bigint, digest: string): QuorumProof {
  const chosen = wallets.filter((_, index) => (signers >> BigInt(index)) & 1n);
  return { signers, signatures: concat(chosen.map((wallet) => signDigest(wallet, digest))) };
}

/** The remote gateway as the signers see it: its outbox, its inbox's results, and headers over both. */
export class RemoteChain {
  readonly messages: Message[] = [];
  readonly results: ResultRecord[] = [];
  /** Accumulators after the first `index` messages, and after the first `index` records. */
  readonly accs: string[];
  readonly resAccs: string[];
  epoch = 1n;
  sourceBlock = 0n;

  constructor(
    readonly target: Target,
    readonly chainId = REMOTE_CHAIN,
    readonly gateway = REMOTE_GATEWAY,
  ) {
    this.accs = [messageSeed(this.inbound)];
    this.resAccs = [resultSeed(this.outbound)];
  }

  /** As it is now, and from now on apart. */
  copy(): RemoteChain {
    const copy = new RemoteChain(this.target, this.chainId, this.gateway);
    copy.messages.push(...this.messages);
    copy.results.push(...this.results);
    copy.accs.push(...this.accs.slice(1));
    copy.resAccs.push(...this.resAccs.slice(1));
    copy.epoch = this.epoch;
    copy.sourceBlock = this.sourceBlock;
    return copy;
  }

  /** The lane whose messages the remote chain sends. */
  get inbound(): LaneEnds {
    return {
      sourceChainId: this.chainId,
      sourceGateway: this.gateway,
      targetChainId: this.target.chainId,
      targetGateway: this.target.gateway,
    };
  }

  /** The lane whose messages the remote chain receives. */
  get outbound(): LaneEnds {
    return {
      sourceChainId: this.target.chainId,
      sourceGateway: this.target.gateway,
      targetChainId: this.chainId,
      targetGateway: this.gateway,
    };
  }

  send(message: Partial<Message> & Pick<Message, "recipient">): Message {
    const complete: Message = {
      sender: "0x00000000000000000000000000000000000A11cE",
      gasLimit: 200_000n,
      deadline: 0n,
      reclaimable: false,
      payload: "0x",
      ...message,
      seq: BigInt(this.messages.length) + 1n,
    };
    this.messages.push(complete);
    this.accs.push(extend(this.accs.at(-1)!, messageLeaf(complete)));
    return complete;
  }

  /** Records that the remote inbox delivered messages up to `last` of this chain's outbox. */
  deliverBatch(last: bigint, failures = 0n, payout = "0x000000000000000000000000000000000000bEEF"): ResultRecord {
    const record = { first: (this.results.at(-1)?.last ?? 0n) + 1n, last, failures, payout };
    return this.record(record);
  }

  /** Appends any record, also one that no inbox would write. */
  record(record: ResultRecord): ResultRecord {
    this.results.push(record);
    this.resAccs.push(extend(this.resAccs.at(-1)!, resultLeaf(record)));
    return record;
  }

  receiveId(seq: bigint): string {
    return messageId({
      sourceChainId: this.chainId,
      targetChainId: this.target.chainId,
      sourceGateway: this.gateway,
      seq,
    });
  }

  header(change: Partial<Header> = {}): Header {
    return {
      source: this.chainId,
      sourceBlock: ++this.sourceBlock * 4n,
      epoch: this.epoch,
      toSeq: BigInt(this.messages.length),
      acc: this.accs.at(-1)!,
      ackSeq: this.results.at(-1)?.last ?? 0n,
      resAcc: this.resAccs.at(-1)!,
      ...change,
    };
  }

  /** A header of the moment when `toSeq` messages were sent. */
  headerAt(toSeq: bigint, change: Partial<Header> = {}): Header {
    return this.header({ toSeq, acc: this.accs[Number(toSeq)]!, ...change });
  }

  /** A delivery of messages `from … to` and results `resultsFrom …` under `header`, signed by a quorum of `wallets`. */
  delivery(
    wallets: readonly Wallet[],
    part: {
      readonly header?: Header;
      readonly from?: bigint;
      readonly to?: bigint;
      readonly resultsFrom?: number;
      readonly resultsTo?: number;
    } = {},
  ): Delivery {
    const header = part.header ?? this.header();
    const from = Number(part.from ?? 1n) - 1;
    const to = Number(part.to ?? header.toSeq);
    const all = this.messages.slice(0, Number(header.toSeq));
    const messages = all.slice(from, to).map(encodeMessage);
    const resultsFrom = part.resultsFrom ?? this.results.length;
    const resultsTo = part.resultsTo ?? this.results.length;
    const results = this.results.slice(resultsFrom, resultsTo).map((record) => ({ ...record }));
    return {
      header,
      ...proveQuorum(wallets, headerDigest(header, this.target)),
      accBefore: this.accs[from]!,
      messages,
      messagesAfter: messages.length === 0 ? [] : all.slice(to).map(messageLeaf),
      results,
      resultsAfter: results.length === 0 ? [] : this.results.slice(resultsTo).map(resultLeaf),
      payout: "0x000000000000000000000000000000000000dEaD",
    };
  }
}

export interface GatewayFixture {
  readonly manager: AccessManager;
  readonly gateway: Gateway;
  readonly wallets: Wallet[];
  readonly remote: RemoteChain;
  readonly target: Target;
}

/** Deploys by name, not by a generated factory: under coverage the instrumented contract. */
export async function deploy<Contract>(
  name: string,
  args: readonly unknown[] = [],
  deployer?: Signer,
): Promise<Contract> {
  const contract = await ethers.deployContract(name, [...args], deployer);
  await contract.waitForDeployment();
  return contract as unknown as Contract;
}

/** A gateway with one open lane and `signers` members in epoch 1; the deployer holds the manager's admin role. */
export async function deployGateway(signers = 4): Promise<GatewayFixture> {
  const [deployer] = await ethers.getSigners();
  return deployGatewayFrom(deployer!, signers);
}

/** As {@link deployGateway}, on the chain of `deployer`. */
export async function deployGatewayFrom(deployer: Signer, signers = 4): Promise<GatewayFixture> {
  const provider = deployer.provider!;
  const manager = await deploy<AccessManager>("AccessManager", [await deployer.getAddress()], deployer);
  const wallets = signerWallets(signers);
  const now = BigInt((await provider.getBlock("latest"))!.timestamp);
  const genesis = { epoch: 1n, validUntil: now + 6n * DAY, signers: wallets.map((wallet) => wallet.address) };
  const parameters = [await manager.getAddress(), MIN_SIGNERS, ROTATION_DELAY, OVERLAP, genesis] as const;
  const gateway = await deploy<Gateway>("Gateway", parameters, deployer);
  await (await gateway.addLane(REMOTE_CHAIN, REMOTE_GATEWAY, LIMITS)).wait();
  const target = { chainId: (await provider.getNetwork()).chainId, gateway: await gateway.getAddress() };
  return { manager, gateway, wallets, remote: new RemoteChain(target), target };
}

/** Loads a fixture; the chain's snapshot does not cover the remote end, so it is copied. */
export async function load<Fixture extends GatewayFixture>(make: () => Promise<Fixture>): Promise<Fixture> {
  const fixture = await loadFixture(make);
  return { ...fixture, remote: fixture.remote.copy() };
}

export interface ReceiverFixture extends GatewayFixture {
  readonly receiver: ReceiverMock;
  /** Address of `receiver`. */
  readonly recipient: string;
}

/** A gateway with four signers and a recipient that does what payloads say. */
export async function deployGatewayWithReceiver(): Promise<ReceiverFixture> {
  const fixture = await deployGateway();
  const receiver = await deploy<ReceiverMock>("ReceiverMock");
  return { ...fixture, receiver, recipient: await receiver.getAddress() };
}

/** What `ReceiverMock` does, by the first byte of the payload. */
export const PAYLOAD = {
  accept: "0x00",
  revert: "0x01",
  burnGas: "0x02",
  returnBomb: "0x03",
  revertBomb: "0x04",
  wrongSelector: "0x05",
  shortReturn: "0x06",
  dirtySelector: "0x07",
  reenter: (data: string): string => concat(["0x08", data]),
  needGas: (gas: bigint): string => concat(["0x09", toBeHex(gas, 32)]),
  consumeGas: "0x0a",
} as const;

/** An attribute of `sendMessage`: its selector and one word. */
export function attribute(signature: string, value: bigint): string {
  return concat([id(signature).slice(0, 10), toBeHex(value, 32)]);
}

export const ATTRIBUTE = {
  gasLimit: (gas: bigint): string => attribute("gasLimit(uint256)", gas),
  deadline: (seconds: bigint): string => attribute("deadline(uint256)", seconds),
  reclaimable: (value: boolean): string => attribute("reclaimable(bool)", value ? 1n : 0n),
} as const;

/** Id of the `seq`-th message from `target`, the gateway under test, to the remote chain. */
export function sendIdOf(target: Target, seq: bigint): string {
  return messageId({
    sourceChainId: target.chainId,
    targetChainId: REMOTE_CHAIN,
    sourceGateway: target.gateway,
    seq,
  });
}

/** Sends `count` equal messages, 128 to a transaction. */
export async function sendBurst(gateway: Gateway, count: number, attributes: readonly string[] = []): Promise<void> {
  const burst = await deploy<BurstSenderMock>("BurstSenderMock");
  for (let left = count; left > 0; left -= 128) {
    await burst.send(gateway, onRemote(burst.target as string), "0x", [...attributes], Math.min(left, 128));
  }
}

export function signRotation(wallets: readonly Wallet[], rotation: Rotation, target: Target): QuorumProof {
  return proveQuorum(wallets, rotationDigest(rotation, target));
}

/** ERC-7930 address of an account on the remote chain. */
export const onRemote = (account: string): string => interoperableAddress(REMOTE_CHAIN, account);
