import { expect } from "chai";
import { JsonRpcProvider, Wallet } from "ethers";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { createKzg } from "../../../relayer/rollup/kzg";
import { freePort, startAnvil, type LocalNode } from "../../../scripts/local/nodes";
import { startRelayerProcess, type RelayerProcess } from "../../../scripts/local/relayerProcess";
import { accountOf } from "../../relayer/cassini/support/localAccounts";
import { until } from "../../relayer/cassini/support/operators";
import { Layer2, PARAMS, bodyOf, deployRollupFrom, type PostedBatch, type RollupFixture } from "../support";

/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 240_000;
const CHALLENGER_ACCOUNT = 7;
const PAYOUT = "0x00000000000000000000000000000000000ca5e6";

describe("a challenger process over anvil", function () {
  this.timeout(3 * PATIENCE_MS);
  let directory: string;
  let node: LocalNode;
  let provider: JsonRpcProvider;
  let fixture: RollupFixture;
  let layer2: Layer2;
  let relayer: RelayerProcess;
  const prover = accountOf(CHALLENGER_ACCOUNT);

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "challenger-"));
    node = await startAnvil({ chainId: 31_337, blockTime: 1 });
    provider = new JsonRpcProvider(node.url, 31_337, { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 });
    fixture = await deployRollupFrom(Array.from({ length: 5 }, (_, index) => accountOf(index).connect(provider)));
    layer2 = new Layer2(fixture);
    await layer2.deposit(0, 1_000n);
    await layer2.post(await layer2.draft([bodyOf(layer2, 1)]));

    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const yaml = stringify({
      operator: "challenger",
      roles: { challenger: true },
      send: true,
      chains: [
        {
          name: "here",
          chainId: 31_337,
          endpoints: [node.url],
          finality: "latest",
          gateway: await fixture.gateway.getAddress(),
          pollMs: 200,
          maxGasPriceGwei: 100,
        },
      ],
      rollup: {
        chain: "here",
        address: await fixture.rollup.getAddress(),
        startBlock: Number(fixture.beginning.blockNumber),
        pollMs: 200,
        payout: PAYOUT,
      },
      sender: { privateKey: prover.privateKey },
      store: { sqlite: "relayer.sqlite" },
      api: { host: "127.0.0.1", port },
    });
    const nobody = Wallet.createRandom();
    const operator = {
      name: "challenger",
      directory,
      index: 0,
      attester: nobody,
      sender: nobody,
      url,
      port,
      peers: [],
    };
    relayer = await startRelayerProcess(yaml, operator);
  });

  after(async () => {
    await relayer?.stop();
    provider?.destroy();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The end of the process's log. */
  const said = (): string =>
    readdirSync(directory)
      .filter((name) => name.endsWith(".log"))
      .map((name) => readFileSync(join(directory, name), "utf8").slice(-3_000))
      .join();

  /** Waits until the process has proven the batch false and taken its reward. */
  async function caught(posted: PostedBatch, rewards: bigint): Promise<void> {
    const { rollup, sequencer } = fixture;
    await until(() => rollup.isProvenFalse(posted.hash), said, PATIENCE_MS);
    const [log] = await rollup.queryFilter(rollup.filters.FraudProven(posted.batch.number, posted.hash));
    expect(log?.args.slice(2)).to.deep.equal([await sequencer.getAddress(), prover.address, PARAMS.bond / 2n]);
    expect((await rollup.head()).number).to.equal(posted.batch.number - 1n);
    const isPaid = async (): Promise<boolean> => (await provider.getBalance(PAYOUT)) === (rewards * PARAMS.bond) / 2n;
    await until(isPaid, said, PATIENCE_MS);
    layer2.forgetFrom(posted);
  }

  it("proves a false batch in calldata, and one in blobs after it", async () => {
    const { rollup, sequencer } = fixture;
    const lie = Layer2.lie(await layer2.draft([bodyOf(layer2, 0), bodyOf(layer2, 0)]), 1);
    await caught(await layer2.post(lie), 1n);

    await (await rollup.connect(sequencer).payBond({ value: PARAMS.bond })).wait();
    const hidden = Layer2.lie(await layer2.draft([bodyOf(layer2, 0)]), 0);
    await caught(await layer2.postBlobs(hidden, sequencer, createKzg()), 2n);
  });
});
