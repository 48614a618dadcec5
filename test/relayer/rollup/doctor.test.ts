import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { getAddress } from "ethers";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { parseConfig } from "../../../relayer/config";
import { diagnose, type Finding } from "../../../relayer/doctor";
import { Layer2, bodyOf, deployRollup } from "../../rollup/support";
import { startInProcessEndpoint, type InProcessEndpoint } from "../../support/inProcessEndpoint";
import { accountOf } from "../cassini/support/localAccounts";

/** Accounts of the fixture. */
const [SEQUENCER, OTHER, STRANGER] = [1, 2, 4];

async function posted() {
  const fixture = await deployRollup();
  const layer2 = new Layer2(fixture);
  await layer2.deposit(0, 1_000n);
  await layer2.run([bodyOf(layer2, 1)]);
  return { ...fixture, layer2 };
}

describe("relayer doctor about a rollup", () => {
  let endpoint: InProcessEndpoint;
  let directory: string;
  before(async () => {
    endpoint = await startInProcessEndpoint();
    directory = await mkdtemp(join(tmpdir(), "rollup-doctor-"));
  });
  after(async () => {
    await endpoint?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  interface Told {
    readonly account?: number;
    readonly rollup?: Record<string, unknown>;
    readonly url?: string;
  }

  /** What the doctor says of the rollup, by check. */
  async function findings(
    { rollup, gateway, beginning }: Awaited<ReturnType<typeof posted>>,
    { account = SEQUENCER, rollup: change, url = endpoint.url }: Told = {},
  ) {
    const config = {
      operator: "sequencer",
      roles: { sequencer: true },
      send: true,
      chains: [
        { name: "home", chainId: 31_337, endpoints: [url], finality: "latest", gateway: await gateway.getAddress() },
      ],
      rollup: {
        ...{ chain: "home", address: await rollup.getAddress(), startBlock: Number(beginning.blockNumber) },
        ...{ snapshots: "snapshots", sequencer: { directory: "log" }, ...change },
      },
      sender: { privateKey: accountOf(account).privateKey },
      store: { sqlite: "store.sqlite" },
    };
    const keys = { prompt: undefined, warn: () => undefined };
    const all = await diagnose(parseConfig(stringify(config), directory), keys, new AbortController().signal);
    return (check: string): Finding => {
      const found = all.filter((each) => /rollup|sequencer|snapshots/.test(each.subject) && each.check === check);
      expect(found, check).to.have.length(1);
      return found[0] as Finding;
    };
  }

  it("finds all right with a sequencer that is admitted and bonded", async () => {
    const fixture = await loadFixture(posted);
    const { rollup, layer2 } = fixture;
    const of = await findings(fixture);
    const { number, blockNumber } = layer2.latest.batch;
    const details = {
      "is a rollup of this chain": getAddress(await rollup.getAddress()),
      "has its latest batch in a block": `batch ${number} in block ${blockNumber}`,
      "admits the sender": accountOf(SEQUENCER).address,
      "has the sender's bond": "1.0 BNB",
      "can write its log": join(directory, "log"),
      "can be written": join(directory, "snapshots"),
    };
    for (const [check, detail] of Object.entries(details)) expect(of(check)).to.include({ ok: true, detail });
    expect(of("began in its start block").ok).to.equal(true);
  });

  it("tells an address that is another contract's", async () => {
    const fixture = await loadFixture(posted);
    const of = await findings(fixture, { rollup: { address: await fixture.gateway.getAddress() } });
    expect(of("is a rollup of this chain")).to.include({ ok: false, remedy: "correct rollup.address" });
  });

  it("tells a start block in which it did not begin", async () => {
    const fixture = await loadFixture(posted);
    const of = await findings(fixture, { rollup: { startBlock: Number(fixture.beginning.blockNumber) + 1 } });
    expect(of("began in its start block")).to.include({ ok: false, remedy: "correct rollup.startBlock" });
    expect(of("is a rollup of this chain").ok).to.equal(true);
  });

  it("tells an endpoint whose blocks do not hold the latest batch", async () => {
    const pruned = await startInProcessEndpoint((method, result) =>
      method === "eth_getBlockByNumber" ? { ...(result as object), transactions: [] } : result,
    );
    try {
      const of = await findings(await loadFixture(posted), { url: pruned.url });
      expect(of("has its latest batch in a block")).to.include({
        ok: false,
        remedy: "use an endpoint that serves bodies of blocks",
      });
    } finally {
      await pruned.stop();
    }
  });

  it("tells a sender that is bonded and not admitted, and one that is neither", async () => {
    const fixture = await loadFixture(posted);
    const bonded = await findings(fixture, { account: OTHER });
    expect(bonded("admits the sender").ok).to.equal(false);
    expect(bonded("admits the sender").detail).to.contain(accountOf(OTHER).address);
    expect(bonded("has the sender's bond").ok).to.equal(true);
    const neither = await findings(fixture, { account: STRANGER });
    expect(neither("admits the sender").ok).to.equal(false);
    expect(neither("has the sender's bond")).to.include({ ok: false, detail: "0.0 of 1.0 BNB" });
  });

  it("tells a sender that has announced to leave", async () => {
    const fixture = await loadFixture(posted);
    await fixture.rollup.connect(fixture.sequencer).announceLeaving();
    const of = await findings(fixture);
    expect(of("has the sender's bond").ok).to.equal(false);
    expect(of("has the sender's bond").detail).to.contain("leave");
  });

  it("tells folders that cannot be written", async () => {
    await writeFile(join(directory, "file"), "");
    const folders = { snapshots: "file/snapshots", sequencer: { directory: "file/log" } };
    const of = await findings(await loadFixture(posted), { rollup: folders });
    expect(of("can write its log").ok).to.equal(false);
    expect(of("can be written").ok).to.equal(false);
  });
});
