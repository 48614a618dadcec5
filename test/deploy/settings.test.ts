import { mkdtemp, readFile, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { Wallet, id } from "ethers";
import type { Environment } from "../../deploy/environment";
import { NETWORK_KEYS, networkSettings } from "../../deploy/networkFile";
import { liveParameters } from "../../deploy/parameters";
import { refusalOf } from "../support/refusal";

const ROOT = resolve(__dirname, "../..");
const FILES = ["bsc", "bscTestnet"] as const;
const account = (name: string): string => new Wallet(id(name)).address;
const ACCOUNTS: Environment = {
  MULTISIG: account("multisig"),
  GUARDIAN: account("guardian"),
  GENESIS_OPERATORS: ["a", "b", "c", "d", "e"].map(account).join(","),
  CONTRIBUTORS: account("contributors"),
  ADVISORS: account("advisors"),
  INVESTORS: account("investors"),
  COS_START: "1800000000",
};
const GENESIS: Environment = {
  GENESIS_EPOCH: "3",
  GENESIS_VALID_UNTIL: "1800000000",
  GENESIS_SIGNERS: ["a", "b", "c", "d"].map(account).join(","),
};

/** The keys that the parameters of a live chain are read from. */
function keysOfParameters(): ReadonlySet<string> {
  const asked = new Set<string>();
  for (const environment of [ACCOUNTS, { ...ACCOUNTS, ...GENESIS, HOME_CHAIN: "false" }]) {
    const observed = new Proxy(environment, {
      get: (target, key: string) => {
        asked.add(key);
        return target[key];
      },
    });
    liveParameters("bscTestnet", 97n, observed);
  }
  return asked;
}

/** Keys that sources read by name. */
async function keysOfSources(): Promise<ReadonlySet<string>> {
  const read = /(?:process\.env\.|read\s*\.(?:optional|required|address|integer|flag)\(\s*")([A-Z][A-Z0-9_]+)/g;
  const found = new Set<string>(["KEYSTORE", "SIGNER_RPC", "DEPLOYER_KEY"]);
  for (const folder of ["deploy", "tasks"]) {
    for (const file of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!file.endsWith(".ts")) continue;
      for (const [, key] of (await readFile(join(ROOT, folder, file), "utf8")).matchAll(read)) found.add(key ?? "");
    }
  }
  for (const [, key] of (await readFile(join(ROOT, "hardhat.config.ts"), "utf8")).matchAll(read)) found.add(key ?? "");
  return found;
}

describe("settings", () => {
  it("are documented in .env.example, each variable that is read and no other", async () => {
    const documented = [...(await readFile(join(ROOT, ".env.example"), "utf8")).matchAll(/^([A-Z][A-Z0-9_]*)=/gm)];
    const read = new Set([...keysOfParameters(), ...(await keysOfSources())]);
    expect(documented.map(([, key]) => key)).to.have.members([...read]);
  });

  it("of a network's file are those that parameters are read from", () => {
    expect(NETWORK_KEYS).to.have.members([...keysOfParameters()]);
  });

  for (const network of FILES) {
    it(`of ${network} stand in its file with a comment for each value, and are the defaults`, async () => {
      const lines = (await readFile(join(ROOT, "deploy/networks", `${network}.yaml`), "utf8")).split("\n");
      for (const [index, line] of lines.entries()) {
        if (/^[A-Z]/.test(line)) expect(lines[index - 1], line).to.match(/^# \w/);
      }
      const { settings, overridden } = networkSettings(network, ACCOUNTS);
      expect(overridden).to.deep.equal([]);
      expect(liveParameters(network, 56n, settings)).to.deep.equal(liveParameters(network, 56n, ACCOUNTS));
    });
  }

  it("of the environment go before those of the file, and are told", async () => {
    const folder = await mkdtemp(join(tmpdir(), "networks-"));
    const file = join(folder, "bscTestnet.yaml");
    await writeFile(file, "MIN_SIGNERS: 4\nCORE_CAP: 7\nGENESIS_SIGNERS: [0x01, 0x02]\n");
    const environment = { MIN_SIGNERS: "5", CORE_CAP: " ", GUARDIAN: "0x03" };
    expect(networkSettings("bscTestnet", environment, folder)).to.deep.equal({
      settings: { MIN_SIGNERS: "5", CORE_CAP: "7", GENESIS_SIGNERS: "0x01,0x02", GUARDIAN: "0x03" },
      file,
      overridden: ["MIN_SIGNERS"],
    });
    const none = networkSettings("custom", environment, folder);
    expect(none).to.deep.equal({ settings: environment, file: undefined, overridden: [] });
  });

  it("of a file are refused where one is unknown, nested, or the file is no list of values", async () => {
    const folder = await mkdtemp(join(tmpdir(), "networks-"));
    for (const content of ["DEPLOYER_KEY: 0x01", "MULTISIG: { a: b }", "- MULTISIG", "MULTISIG: [", ""]) {
      await writeFile(join(folder, "bsc.yaml"), content);
      expect(refusalOf(() => networkSettings("bsc", {}, folder)).message, content).to.contain("bsc.yaml");
    }
  });
});
