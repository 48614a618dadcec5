import { expect } from "chai";
import { dataLength, toBeHex, type Signer } from "ethers";
import { ethers } from "hardhat";
import { encodeDelivery } from "../../protocol/delivery";
import type { ReceiverMock } from "../../typechain-types";
import { startHardhatNode, type LocalNode } from "../../scripts/local/nodes";
import {
  LIMITS,
  PAYLOAD,
  REMOTE_CHAIN,
  deploy,
  deployGateway,
  deployGatewayFrom,
  load,
  onRemote,
  type GatewayFixture,
} from "./support";

const TX_GAS = 16_777_216;
const TX_BYTES = 131_072;
/** Others of the lane that await delivery with the message: the outbox has no room for more. */
const IN_FLIGHT = 2_048;

/** The largest value that `accepts`, between one that it does and one that it does not. */
async function largest(low: number, high: number, accepts: (value: number) => Promise<boolean>): Promise<number> {
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await accepts(middle)) low = middle;
    else high = middle;
  }
  return low;
}

async function legal({ gateway }: GatewayFixture, maxGas: number, maxBytes: number): Promise<boolean> {
  try {
    await gateway.setLimits.staticCall(REMOTE_CHAIN, { ...LIMITS, maxGas, maxBytes });
    return true;
  } catch {
    return false;
  }
}

// Of the contracts as they are built: instrumented for coverage they need more gas than any chain gives.
describe("Limits of a lane [gas]", () => {
  let node: LocalNode;
  let provider: InstanceType<typeof ethers.JsonRpcProvider>;
  let owner: Signer;
  let extremes: readonly { readonly maxGas: number; readonly maxBytes: number }[];

  before(async () => {
    const fixture = await load(deployGateway);
    const most = await largest(0, TX_BYTES, (maxBytes) => legal(fixture, 200_000, maxBytes));
    const gasAt = (maxBytes: number): Promise<number> =>
      largest(200_000, TX_GAS, (maxGas) => legal(fixture, maxGas, maxBytes));
    extremes = [
      { maxBytes: most, maxGas: await gasAt(most) },
      { maxBytes: most >> 1, maxGas: await gasAt(most >> 1) },
      { maxBytes: 0, maxGas: await gasAt(0) },
    ];
    // The rules that cap a transaction's gas.
    node = await startHardhatNode({ chainId: 31_337, hardfork: "osaka" });
    provider = new ethers.JsonRpcProvider(node.url, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
    owner = await provider.getSigner();
  });

  after(async () => {
    provider.destroy();
    await node.stop();
  });

  for (const [behaviour, first, failures] of [
    ["uses all of its gas and accepts", PAYLOAD.consumeGas, 0n],
    ["burns all of its gas", PAYLOAD.burnGas, 1n],
  ] as const) {
    it(`let one transaction deliver the worst message alone, to a recipient that ${behaviour}`, async () => {
      for (const { maxBytes, maxGas } of extremes) {
        const { gateway, remote, wallets } = await deployGatewayFrom(owner, 21);
        const receiver = await deploy<ReceiverMock>("ReceiverMock", [], owner);
        const recipient = receiver.target as string;
        await (await gateway.setLimits(REMOTE_CHAIN, { ...LIMITS, maxGas, maxBytes })).wait();
        // An empty payload is accepted at once: that lane's worst is its gas limit alone.
        const payload = maxBytes === 0 ? "0x" : `${first}${"ff".repeat(maxBytes - 1)}`;
        remote.send({
          recipient,
          gasLimit: BigInt(maxGas),
          reclaimable: false,
          payload,
          sender: toBeHex((1n << 160n) - 1n, 20),
        });
        for (let index = 1; index < IN_FLIGHT; index++) remote.send({ recipient });
        const packed = encodeDelivery(remote.delivery(wallets, { to: 1n }));
        const sent = await gateway.deliver(packed, { gasLimit: TX_GAS });
        expect(dataLength((await provider.getTransaction(sent.hash))!.data) + 200).to.be.lessThan(TX_BYTES);
        const receipt = (await sent.wait())!;
        expect(receipt.status).to.equal(1);
        const [delivered] = await gateway.queryFilter(gateway.filters.BatchDelivered(), receipt.blockNumber);
        expect(delivered!.args.failures).to.equal(maxBytes === 0 ? 0n : failures);
      }
    });
  }

  it("are the caps of the chain: one unit of gas more is refused before it executes", async () => {
    const { gateway, remote, wallets } = await deployGatewayFrom(owner, 4);
    const receiver = await deploy<ReceiverMock>("ReceiverMock", [], owner);
    remote.send({ recipient: receiver.target as string });
    const packed = encodeDelivery(remote.delivery(wallets));
    let refused = false;
    try {
      await gateway.deliver(packed, { gasLimit: TX_GAS + 1 });
    } catch {
      refused = true;
    }
    expect(refused).to.equal(true);
    await (await gateway.deliver(packed, { gasLimit: TX_GAS })).wait();
  });

  it("let one transaction begin to acknowledge a lane that is full, had each message a record of its own", async () => {
    const { gateway, remote, wallets } = await deployGatewayFrom(owner, 21);
    const burst = await ethers.deployContract("BurstSenderMock", [], owner);
    await burst.waitForDeployment();
    const [recipient, count] = [onRemote(wallets[0]!.address), 256];
    for (let sent = 0; sent < IN_FLIGHT; sent += count) {
      const { data } = await burst.getFunction("send").populateTransaction(gateway.target, recipient, "0x", [], count);
      await (await owner.sendTransaction({ to: burst.target as string, data, gasLimit: TX_GAS })).wait();
    }
    expect((await gateway.laneState(REMOTE_CHAIN)).outSeq).to.equal(BigInt(IN_FLIGHT));
    for (let seq = 1n; seq <= BigInt(IN_FLIGHT); seq++) remote.deliverBatch(seq, 1n);
    const packed = encodeDelivery(remote.delivery(wallets, { resultsFrom: 0, resultsTo: 1 }));
    expect(dataLength(packed) + 200).to.be.lessThan(TX_BYTES);
    await (await gateway.deliver(packed, { gasLimit: TX_GAS })).wait();
    expect((await gateway.laneState(REMOTE_CHAIN)).ackSeq).to.equal(1n);
  });
});
