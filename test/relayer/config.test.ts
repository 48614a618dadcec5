import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { loadConfig, parseConfig, type RelayerConfig } from "../../relayer/config";
import { RelayerError } from "../../relayer/errors";

type Document = Record<string, unknown> & { chains: Record<string, unknown>[] };

const KEY = `0x${"11".repeat(32)}`;

const minimal = (): Document => ({
  operator: "one",
  chains: [
    { name: "left", chainId: 31337, endpoints: ["http://127.0.0.1:8545"], gateway: `0x${"aa".repeat(20)}` },
    { name: "right", chainId: 31338, endpoints: ["http://127.0.0.1:8546"], gateway: `0x${"bb".repeat(20)}` },
  ],
  lanes: [["left", "right"]],
});

const OTHER = `0x${"dd".repeat(20)}`;
const NO_ROLES = {
  attestor: false,
  deliverer: false,
  watchtower: false,
  certifier: false,
  challenger: false,
  sequencer: false,
};

/** Spoils a document that has everything a watchtower needs. */
const watch = (document: Document, change: Record<string, unknown>): void => {
  document.chains[0]!.stateChannels = `0x${"cc".repeat(20)}`;
  Object.assign(document, { roles: { watchtower: true }, send: true, sender: { privateKey: KEY }, ...change });
};

/** Spoils a document that has everything a challenger and a certifier need. */
const follow = (document: Document, change: Record<string, unknown>): void => {
  const rollup = { chain: "left", address: OTHER, startBlock: 7 };
  const keys = { signer: { privateKey: KEY }, sender: { privateKey: KEY } };
  Object.assign(document, { roles: { certifier: true, challenger: true }, rollup, send: true, ...keys, ...change });
};

const parsed = (document: Document, environment = {}): RelayerConfig =>
  parseConfig(stringify(document), "/etc/relayer", environment);

function refusal(parse: () => unknown): readonly string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof RelayerError && error.code === "CONFIG_INVALID") {
      return error.context.problems as readonly string[];
    }
    throw error;
  }
  throw new Error("it was not refused");
}

describe("relayer configuration", () => {
  /** Name of the key that is refused, and how the minimal document is spoiled. */
  const refused: readonly (readonly [string, (document: Document) => void])[] = [
    ["operator", (document) => delete document.operator],
    ["operatr", (document) => (document.operatr = "x")],
    ["roles.atestor", (document) => (document.roles = { atestor: true })],
    ["roles.watchtowr", (document) => (document.roles = { watchtowr: true })],
    ["send", (document) => (document.send = "yes please")],
    ["chains.0.stateChannels", (document) => (document.chains[0]!.stateChannels = "0x1234")],
    ["send", (document) => watch(document, { send: false })],
    ["sender", (document) => watch(document, { sender: undefined })],
    ["chains", (document) => watch(document, { chains: minimal().chains })],
    ["rollup.chain", (document) => follow(document, { rollup: { chain: "nowhere", address: OTHER, startBlock: 0 } })],
    ["rollup.startBlock", (document) => follow(document, { rollup: { chain: "left", address: OTHER } })],
    [
      "rollup.sequencer.mode",
      (document) =>
        follow(document, { rollup: { chain: "left", address: OTHER, startBlock: 0, sequencer: { mode: "blob" } } }),
    ],
    ["rollup", (document) => follow(document, { rollup: undefined, roles: { challenger: true } })],
    ["rollup", (document) => follow(document, { rollup: undefined, roles: { certifier: true } })],
    ["signer", (document) => follow(document, { signer: undefined })],
    ["sender", (document) => follow(document, { sender: undefined })],
    ["send", (document) => follow(document, { send: false })],
    ["chains", (document) => Object.assign(document, { chains: "none" })],
    ["chains.0.endpoint", (document) => (document.chains[0]!.endpoint = "http://127.0.0.1")],
    ["chains.0.endpoints", (document) => (document.chains[0]!.endpoints = [])],
    ["chains.0.endpoints.0", (document) => (document.chains[0]!.endpoints = ["ws://127.0.0.1"])],
    ["chains.0.endpoints", (document) => (document.chains[0]!.endpoints = ["http://a.b", "http://a.b"])],
    ["chains.0.quorum", (document) => (document.chains[0]!.quorum = 2)],
    ["chains.0.finality", (document) => (document.chains[0]!.finality = "soon")],
    ["chains.0.gateway", (document) => (document.chains[0]!.gateway = "0x1234")],
    ["chains.0.liveness", (document) => (document.chains[0]!.liveness = `0x${"cc".repeat(20)}`)],
    ["chains.0.startBlock", (document) => (document.chains[0]!.startBlock = -1)],
    ["chains.0.pollMs", (document) => (document.chains[0]!.pollMs = 1)],
    ["chains.0.maxGasPriceGwei", (document) => (document.chains[0]!.maxGasPriceGwei = 0)],
    ["chains.0.maxBlobGasPriceGwei", (document) => (document.chains[0]!.maxBlobGasPriceGwei = 0)],
    ["chains.2.name", (document) => document.chains.push({ ...document.chains[0], chainId: 31339 })],
    ["chains.1.chainId", (document) => (document.chains[1]!.chainId = 31337)],
    ["lanes", (document) => (document.lanes = [])],
    ["lanes.0.1", (document) => (document.lanes = [["left", "nowhere"]])],
    ["lanes.0", (document) => (document.lanes = [["left", "left"]])],
    [
      "lanes.1",
      (document) =>
        (document.lanes = [
          ["left", "right"],
          ["right", "left"],
        ]),
    ],
    ["signer", (document) => (document.roles = { attestor: true })],
    [
      "sender",
      (document) => {
        document.roles = { deliverer: true };
        document.send = true;
      },
    ],
    ["signer.privateKey", (document) => (document.signer = { privateKey: "0x12" })],
    ["store", (document) => (document.store = { mysql: "x" })],
    ["store.postgres", (document) => (document.store = { postgres: "mysql://x" })],
    ["api.port", (document) => (document.api = { port: 70_000 })],
    ["peers.static.0", (document) => (document.peers = { static: ["nonsense"] })],
    ["peers.fromRegistry", (document) => (document.peers = { fromRegistry: true })],
    ["logLevel", (document) => (document.logLevel = "loud")],
  ];
  for (const [key, spoil] of refused) {
    it(`refuses a wrong ${key} and names it (${spoil.toString().replace(/\s+/g, " ").slice(14, 70)}…)`, () => {
      const document = minimal();
      spoil(document);
      const problems = refusal(() => parsed(document));
      expect(problems).to.have.length(1);
      expect(problems[0]?.split(": ")[0]).to.equal(key);
      expect(problems[0]?.length).to.be.greaterThan(key.length + 10);
    });
  }

  it("names every wrong key at once", () => {
    const document = { ...minimal(), logLevel: "loud", operator: "", color: "blue" };
    const keys = refusal(() => parsed(document)).map((problem) => problem.split(": ")[0]);
    expect(keys).to.have.members(["logLevel", "operator", "color"]);
  });

  for (const chainId of [56, 97, 1, 31336, 31400]) {
    it(`refuses a raw key where a chain has id ${chainId}`, () => {
      const document: Document = { ...minimal(), signer: { privateKey: KEY }, sender: { privateKey: KEY } };
      document.chains[1]!.chainId = chainId;
      const keys = refusal(() => parsed(document)).map((problem) => problem.split(": ")[0]);
      expect(keys).to.deep.equal(["signer.privateKey", "sender.privateKey"]);
    });
  }

  it("refuses the latest block as final on a public chain", () => {
    const document = minimal();
    document.chains[0]!.finality = "latest";
    expect(parsed(document).chains[0]?.finality).to.equal("latest");
    document.chains[0]!.chainId = 56;
    expect(refusal(() => parsed(document))[0]).to.match(/^chains\.0\.finality: /);
  });

  it("refuses what is not YAML, and a file that is not there", () => {
    expect(refusal(() => parseConfig("a: [", "/"))[0]).to.match(/^\(file\): not YAML/);
    expect(refusal(() => loadConfig("/nowhere/relayer.yaml", {}))[0]).to.match(/cannot be read/);
    expect(refusal(() => parseConfig("", "/"))).not.to.be.empty;
  });

  it("refuses a DATABASE_URL of another kind", () => {
    expect(refusal(() => parsed(minimal(), { DATABASE_URL: "mysql://a" }))[0]).to.match(/^DATABASE_URL: /);
  });

  it("takes defaults for what is absent: no role, no sending", () => {
    const config = parsed(minimal());
    expect(config.roles).to.deep.equal(NO_ROLES);
    expect(config.send).to.equal(false);
    expect(config.store).to.deep.equal({ sqlite: "/etc/relayer/relayer.sqlite" });
    expect(config.chains[0]).to.deep.include({ chainId: 31337n, quorum: 1, finality: "finalized", startBlock: 0n });
    expect(config.api.host).to.equal("127.0.0.1");
  });

  it("takes a challenger alone, with one chain and no lanes", () => {
    const document = minimal();
    const roles = { challenger: true };
    follow(document, { chains: document.chains.slice(0, 1), lanes: undefined, signer: undefined, roles });
    const { rollup, lanes } = parsed(document);
    expect(lanes).to.deep.equal([]);
    expect(rollup).to.deep.equal({
      chainId: 31_337n,
      address: OTHER,
      startBlock: 7n,
      pollMs: 2_000,
      snapshots: undefined,
      snapshotHours: 24,
      peers: [],
      payout: undefined,
      freeze: true,
    });
  });

  it("takes a watchtower that can send", () => {
    const document = minimal();
    watch(document, {});
    const { roles, chains } = parsed(document);
    expect(roles).to.deep.equal({ ...NO_ROLES, watchtower: true });
    expect(chains.map(({ stateChannels }) => stateChannels)).to.deep.equal([`0x${"cc".repeat(20)}`, undefined]);
  });

  it("makes both directions of a pair and a majority of the endpoints", () => {
    const document = minimal();
    document.chains[0]!.endpoints = ["http://a.b", "http://c.d", "http://e.f", "http://g.h"];
    const config = parsed(document);
    expect(config.chains[0]?.quorum).to.equal(3);
    expect(config.lanes.map((lane) => [lane.sourceChainId, lane.targetChainId])).to.deep.equal([
      [31337n, 31338n],
      [31338n, 31337n],
    ]);
  });

  it("lets the environment name the store and the password files", () => {
    const document = { ...minimal(), signer: { keystore: "signer.json" }, sender: { keystore: "/a/sender.json" } };
    const config = parsed(document, {
      DATABASE_URL: "postgres://user:secret@127.0.0.1/db",
      RELAYER_SIGNER_PASSWORD_FILE: "signer.password",
    });
    expect(config.store).to.deep.equal({ postgres: "postgres://user:secret@127.0.0.1/db" });
    expect(config.signer).to.deep.equal({
      keystore: "/etc/relayer/signer.json",
      passwordFile: "/etc/relayer/signer.password",
    });
    expect(config.sender).to.deep.equal({ keystore: "/a/sender.json", passwordFile: undefined });
  });

  it("is frozen to its leaves", () => {
    const config = parsed(minimal());
    expect(Object.isFrozen(config)).to.equal(true);
    expect(Object.isFrozen(config.chains[0]?.endpoints)).to.equal(true);
  });

  it("accepts its own example", () => {
    const text = readFileSync(join(__dirname, "../../relayer/config.example.yaml"), "utf8");
    const config = parseConfig(text, "/etc/relayer");
    expect(config.send).to.equal(false);
    expect(config.lanes).to.have.length(2);
    expect(Object.keys(parse(text) as object)).to.include.members(["operator", "roles", "send", "chains", "lanes"]);
  });
});
