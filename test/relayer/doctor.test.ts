import { expect } from "chai";
import { Wallet, id } from "ethers";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { parseConfig, type RelayerConfig } from "../../relayer/config";
import { diagnose, renderFindings, type Finding } from "../../relayer/doctor";
import { freePort, startAnvil, type LocalNode } from "../../scripts/local/nodes";

const KEY = id("an operator");

describe("relayer doctor", () => {
  let left: LocalNode;
  let right: LocalNode;
  let directory: string;
  const gateway = `0x${"aa".repeat(20)}`;

  before(async () => {
    [left, right] = await Promise.all([startAnvil({ chainId: 31337 }), startAnvil({ chainId: 31338 })]);
    directory = await mkdtemp(join(tmpdir(), "relayer-doctor-"));
    await left.rpc("anvil_setCode", [gateway, "0x00"]);
    await left.rpc("anvil_setBalance", [new Wallet(KEY).address, "0x3635c9adc5dea00000"]);
  });

  after(async () => {
    await left.stop();
    await right.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const configured = (change: Record<string, unknown> = {}, chain: Record<string, unknown> = {}): RelayerConfig =>
    parseConfig(
      stringify({
        operator: "one",
        roles: { attestor: true, deliverer: true },
        signer: { privateKey: KEY },
        sender: { privateKey: KEY },
        chains: [
          { name: "left", chainId: 31337, endpoints: [left.url], gateway, ...chain },
          { name: "right", chainId: 31338, endpoints: [right.url], gateway: `0x${"bb".repeat(20)}` },
        ],
        lanes: [["left", "right"]],
        ...change,
      }),
      directory,
    );

  const findings = (config: RelayerConfig): Promise<readonly Finding[]> =>
    diagnose(config, { prompt: undefined, warn: () => undefined }, new AbortController().signal);

  const of = (all: readonly Finding[], subject: string, check: RegExp): Finding => {
    const found = all.filter((each) => each.subject.startsWith(subject) && check.test(each.check));
    expect(found, `${subject} ${check}`).to.have.length(1);
    return found[0] as Finding;
  };

  it("finds a node's chain id, finality, proofs, logs and clock to be right", async () => {
    const all = await findings(configured());
    for (const check of [/chain id/, /finalized block/, /storage/, /logs/, /clock/, /has a gateway/, /funds/]) {
      expect(of(all, "left", check)).to.include({ ok: true });
    }
    expect(of(all, "store", /writable/).ok).to.equal(true);
    expect(of(all, "signer", /opened/).detail).to.equal(new Wallet(KEY).address);
  });

  it("tells a wrong chain id, and what it is", async () => {
    const config = configured({}, { chainId: 31339 });
    const found = of(await findings(config), "left", /chain id/);
    expect(found.ok).to.equal(false);
    expect(found.detail).to.equal("chain 31337, configured is 31339");
    expect(found.remedy).to.include("chainId");
  });

  it("tells a gateway that is not there, and a lane that cannot be read", async () => {
    const all = await findings(configured());
    expect(of(all, "right", /has a gateway/)).to.deep.include({ ok: false });
    expect(of(all, "right", /has a gateway/).remedy).to.equal("correct chains[right].gateway");
    expect(of(all, "left → right", /lane/).ok).to.equal(false);
    expect(of(all, "right", /current epoch/).ok).to.equal(false);
  });

  it("tells an empty sender and an endpoint that does not answer", async () => {
    const silent = `http://127.0.0.1:${await freePort()}`;
    const all = await findings(configured({}, { endpoints: [left.url, silent] }));
    expect(of(all, "right", /funds/).detail).to.match(/has 0\.0, less than/);
    const dead = all.filter(({ subject }) => subject === `left ${silent}`);
    expect(dead.map(({ ok }) => ok)).to.deep.equal([false, false, false, false, false]);
  });

  it("tells a public endpoint that leads nowhere and a keystore that is missing", async () => {
    const publicEndpoint = `http://127.0.0.1:${await freePort()}`;
    const all = await findings(
      configured({ api: { publicEndpoint }, signer: { keystore: "none.json", passwordFile: "none" } }),
    );
    expect(of(all, "api", /public endpoint/).ok).to.equal(false);
    expect(of(all, "signer", /opened/).remedy).to.include("signer.keystore");
  });

  it("renders one line per check and what to do under those that failed", () => {
    const table = renderFindings([
      { subject: "a", check: "is", ok: true, detail: "well" },
      { subject: "longer", check: "is", ok: false, detail: "ill", remedy: "cure it" },
    ]);
    expect(table.split("\n")).to.deep.equal(["✓ a       is: well", "✗ longer  is: ill", "          → cure it"]);
  });
});
