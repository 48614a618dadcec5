import { artifacts } from "hardhat";
import { Contract, ContractFactory, JsonRpcProvider, NonceManager, type BaseContract, type Signer } from "ethers";
import type { LaneEnds } from "../../../../protocol/hashChain";
import type { Rotation } from "../../../../protocol/header";
import { interoperableAddress, messageId } from "../../../../protocol/message";
import { ATTRIBUTES } from "../../../../relayer/cassini/gatewayInterface";
import type { LocalNode } from "../../../../scripts/local/nodes";
import { accountOf } from "./localAccounts";

const LIMITS = { cadence: 1n, maxGas: 5_000_000n, maxBytes: 48_000n };

/** A node with a gateway and a receiver that does what the first byte of a payload says. */
export class RealChain {
  private constructor(
    readonly node: LocalNode,
    readonly provider: JsonRpcProvider,
    readonly deployer: Signer,
    readonly manager: BaseContract,
    readonly gateway: Contract,
    readonly receiver: Contract,
    readonly burst: Contract,
    readonly addresses: { readonly gateway: string; readonly receiver: string; readonly burst: string },
  ) {}

  static async deploy(node: LocalNode, genesis: Rotation, minSigners = 4n): Promise<RealChain> {
    const provider = new JsonRpcProvider(node.url, node.chainId, {
      staticNetwork: true,
      batchMaxCount: 1,
      cacheTimeout: -1,
      pollingInterval: 20,
    });
    const deployer = new NonceManager(accountOf(0).connect(provider));
    const create = async (name: string, args: readonly unknown[] = []): Promise<Contract> => {
      const { abi, bytecode } = await artifacts.readArtifact(name);
      const contract = await new ContractFactory(abi, bytecode, deployer).deploy(...args);
      await contract.waitForDeployment();
      return contract as Contract;
    };
    const manager = await create("AccessManager", [await deployer.getAddress()]);
    const gateway = await create("Gateway", [await manager.getAddress(), minSigners, 1n, 1n, genesis]);
    const receiver = await create("ReceiverMock");
    const burst = await create("BurstSenderMock");
    const addresses = {
      gateway: await gateway.getAddress(),
      receiver: await receiver.getAddress(),
      burst: await burst.getAddress(),
    };
    return new RealChain(node, provider, deployer, manager, gateway, receiver, burst, addresses);
  }

  get chainId(): bigint {
    return BigInt(this.node.chainId);
  }

  async openLane(remote: RealChain): Promise<void> {
    await (await this.gateway.getFunction("addLane")(remote.chainId, remote.addresses.gateway, LIMITS)).wait();
  }

  async setEpoch(rotation: Rotation): Promise<void> {
    await (await this.gateway.getFunction("setEpoch")(rotation)).wait();
  }

  /** Sends `count` equal messages in one transaction; `behaviour` is what the receiver is to do. */
  async send(to: RealChain, count = 1, options: { readonly behaviour?: number; readonly reclaimable?: boolean } = {}) {
    const attributes = [ATTRIBUTES.encodeFunctionData("gasLimit", [400_000n])];
    if (options.reclaimable) attributes.push(ATTRIBUTES.encodeFunctionData("reclaimable", [true]));
    const recipient = interoperableAddress(to.chainId, to.addresses.receiver);
    const payload = `0x0${options.behaviour ?? 0}`;
    const send = this.burst.getFunction("send");
    await (await send(this.addresses.gateway, recipient, payload, attributes, count)).wait();
  }

  async lane(remote: RealChain) {
    return (await this.gateway.getFunction("laneState")(remote.chainId)) as {
      readonly outSeq: bigint;
      readonly inSeq: bigint;
      readonly ackSeq: bigint;
    };
  }

  async statusOf(to: RealChain, seq: bigint): Promise<bigint> {
    const ends = laneBetween(this, to);
    return (await this.gateway.getFunction("statusOf")(messageId({ ...ends, seq }))) as bigint;
  }

  /** Sequences of the messages that the receiver accepted, in their order. */
  async received(): Promise<readonly bigint[]> {
    const ids = (await this.receiver.getFunction("received")()) as readonly string[];
    return ids.map((id) => BigInt(`0x${id.slice(-16)}`));
  }

  async stop(): Promise<void> {
    this.provider.destroy();
    await this.node.stop();
  }
}

export function laneBetween(source: RealChain, target: RealChain): LaneEnds {
  return {
    sourceChainId: source.chainId,
    sourceGateway: source.addresses.gateway,
    targetChainId: target.chainId,
    targetGateway: target.addresses.gateway,
  };
}
