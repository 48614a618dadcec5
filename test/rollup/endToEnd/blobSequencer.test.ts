import { expect } from "chai";
import { until } from "../../relayer/cassini/support/operators";
import { FaultyEndpoint } from "../../support/faultyEndpoint";
import { Layer1Process, PATIENCE_MS, leafOf } from "./support";

const FUNDS = 1_000_000n;
const PAYMENT = 300n;
const AGE_MS = 300;

describe("a sequencer that posts by blobs, over a chain as a process", function () {
  this.timeout(4 * PATIENCE_MS);
  let layer1: Layer1Process;
  let endpoint: FaultyEndpoint;

  before(async () => {
    layer1 = await Layer1Process.start(2, FUNDS);
    endpoint = await FaultyEndpoint.before(layer1.node.url);
  });

  after(async () => {
    await layer1?.stop();
    await endpoint?.stop();
  });

  it("is read back by a node to the same state, though it was killed between signing and sending", async () => {
    const { fixture, keys, provider } = layer1;
    const { rollup } = fixture;
    const choice = {
      name: "blobs",
      key: keys.sequencer,
      ageMs: AGE_MS,
      mode: "blobs",
      endpoint: endpoint.url,
    } as const;
    const sequencer = await layer1.sequencer(choice);
    await layer1.taking(sequencer);
    // It believes that its transaction is sent, and no pool has it.
    endpoint.set({ kind: "swallowTransactions" });
    const account = await sequencer.player(0);
    const receipt = await account.transfer(leafOf.balance(0), leafOf.balance(1), PAYMENT);
    expect(receipt.nonce).to.equal(0n);
    await until(() => endpoint.count("eth_sendRawTransaction") > 0, sequencer.said, PATIENCE_MS);
    await sequencer.kill();
    expect((await rollup.head()).number).to.equal(1n);
    endpoint.set();
    await sequencer.start();

    const nodes = await layer1.observer();
    await nodes.sees(leafOf.balance(0), "Balance", ({ amount }) => amount === FUNDS - PAYMENT);
    await nodes.sees(leafOf.balance(1), "Balance", ({ amount }) => amount === FUNDS + PAYMENT);
    const posted = await rollup.queryFilter(rollup.filters.BatchPosted(), Number(fixture.beginning.blockNumber));
    expect(posted.map(({ args }) => args.number)).to.deep.equal([0n, 1n, 2n]);
    const transaction = (await provider.getTransaction(posted[2]!.transactionHash))!;
    expect([transaction.type, transaction.from, transaction.blobVersionedHashes?.length]).to.deep.equal([
      3,
      keys.sequencer.address,
      1,
    ]);
    await until(async () => (await sequencer.api.info()).posted === 2n, sequencer.said, PATIENCE_MS);
    expect((await account.transfer(leafOf.balance(0), leafOf.balance(1), 1n)).nonce).to.equal(1n);
  });
});
