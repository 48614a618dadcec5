import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import hre, { ethers } from "hardhat";
import { parseEther } from "ethers";
import { deploy, type Deployment, type TokenContracts } from "../../deploy/deployment";
import { fileRecorder } from "../../deploy/record";
import type { AirdropFile } from "../../protocol/airdropList";
import type { OpenResult } from "../../tasks/airdrop/open";
import { Refusal } from "../../tasks/refusal";
import { homeParameters, optionsFor, parts } from "../support/deployment";

interface Files {
  readonly record: string;
  readonly csv: string;
  readonly tree: string;
}

interface AirdropFixture {
  readonly deployment: Deployment;
  readonly token: TokenContracts;
  readonly files: Files;
  readonly accounts: readonly string[];
  readonly start: bigint;
  readonly end: bigint;
}

async function folder(): Promise<Files> {
  const path = await mkdtemp(join(tmpdir(), "airdrop-"));
  return { record: join(path, "record.json"), csv: join(path, "list.csv"), tree: join(path, "tree.json") };
}

async function home(): Promise<AirdropFixture> {
  const files = await folder();
  const options = { ...(await optionsFor(await homeParameters())), recorder: fileRecorder(files.record) };
  const deployment = await deploy(options);
  const { token } = deployment;
  if (token === undefined) throw new Error("no COS");
  const accounts = (await ethers.getSigners()).slice(0, 4).map(({ address }) => address);
  const list = accounts.map((account, index) => `${account},${100 + index}.5`);
  await writeFile(files.csv, ["account,amount", ...list, ""].join("\n"));
  await hre.run("airdrop:build", { csv: files.csv, out: files.tree, quiet: true });
  const start = BigInt(await time.latest()) + 1_000n;
  return { deployment, token, files, accounts, start, end: start + 86_400n };
}

/** Round 0 is open. */
async function opened(): Promise<AirdropFixture> {
  const fixture = await home();
  for (let run = 0; run < 2; ++run) {
    await open(fixture, { from: "1" });
    await time.increase(61);
  }
  await time.increaseTo(fixture.start);
  return fixture;
}

function run<Result>(files: Files, name: string, args: Readonly<Record<string, unknown>>): Promise<Result> {
  return hre.run(name, { deployment: files.record, quiet: true, ...args }) as Promise<Result>;
}

function open({ files, start, end }: AirdropFixture, change: Readonly<Record<string, string>>): Promise<OpenResult> {
  return run(files, "airdrop:open", { tree: files.tree, start: `${start}`, end: `${end}`, ...change });
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error, error?.stack).to.be.instanceOf(Refusal);
  return error?.message ?? "";
}

async function build(text: string): Promise<{ readonly file: AirdropFile; readonly bytes: string }> {
  const files = await folder();
  await writeFile(files.csv, text);
  const file = await run<AirdropFile>(files, "airdrop:build", { csv: files.csv, out: files.tree });
  return { file, bytes: await readFile(files.tree, "utf8") };
}

const ALICE = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const BOB = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

describe("airdrop tasks", () => {
  describe("airdrop:build", () => {
    it("gives the same bytes for the same list, with or without heading, carriage returns and capitals", async () => {
      const { file, bytes } = await build(`account,amount\n${ALICE},12.5\n${BOB},0.000000000000000001\n`);
      expect(file.total).to.equal("12500000000000000001");
      expect(file.entries.map(({ account, amount }) => [account, amount])).to.deep.equal([
        [ALICE, "12500000000000000000"],
        [BOB, "1"],
      ]);
      expect(file.root).to.equal("0xaeeb8a60665f664ec2eef8e4b28b395630df51c8d0ed665b9041d493c7a19a22");
      for (const same of [
        `${ALICE},12.5\n${BOB},0.000000000000000001`,
        `\uFEFFAccount, Amount\r\n ${ALICE.toLowerCase()} , 12.50\r\n${BOB.toLowerCase()},0.000000000000000001\r\n`,
      ]) {
        expect((await build(same)).bytes).to.equal(bytes);
      }
      expect(JSON.parse(bytes)).to.deep.equal(file);
    });

    it("names every line that is wrong, and builds nothing", async () => {
      const files = await folder();
      const swapped = ALICE.replace("f39F", "F39f");
      const lines = [
        "account,amount",
        `${ALICE},1`,
        `${BOB}`,
        `${BOB},1,2`,
        "",
        "0x1234,1",
        `${swapped},1`,
        `0x${"0".repeat(40)},1`,
        `${BOB},1.`,
        `${BOB},-1`,
        `${BOB},1e3`,
        `${BOB},0.0000000000000000001`,
        `${BOB},0.0`,
        `${ALICE.toLowerCase()},2`,
      ];
      await writeFile(files.csv, lines.join("\n"));
      const words = await refusal(run(files, "airdrop:build", { csv: files.csv, out: files.tree }));
      for (let line = 3; line <= lines.length; ++line) expect(words).to.contain(`line ${line}: `);
      expect(words).not.to.contain("line 2: ");
      expect(words).to.contain("does not match its checksum").and.contain(`${ALICE} is on line 2 already`);
      expect(await refusal(run(files, "airdrop:claim", { tree: files.tree, round: "0" }))).to.contain("cannot be read");
    });

    it("names at most 20 lines", async () => {
      const words = await refusal(build("x\n".repeat(25)));
      expect(words).to.contain("line 20: ").and.contain("and 5 more").and.not.contain("line 21: ");
    });

    it("refuses an empty list, one that is beyond counting, and files that it cannot read or write", async () => {
      expect(await refusal(build("account,amount\n"))).to.contain("names nobody");
      expect(await refusal(build(`${ALICE},340282366920938463464\n`))).to.contain("line 1: the amounts sum to");
      const files = await folder();
      expect(await refusal(run(files, "airdrop:build", { csv: files.csv, out: files.tree }))).to.contain(
        `--csv ${files.csv}`,
      );
      await writeFile(files.csv, `${ALICE},1`);
      const out = join(files.tree, "in", "no", "folder");
      expect(await refusal(run(files, "airdrop:build", { csv: files.csv, out }))).to.contain(`--out ${out}`);
    });
  });

  describe("airdrop:open", () => {
    it("prints the multisig's calls where the caller has no role", async () => {
      const fixture = await loadFixture(home);
      const { approval, opening } = await open(fixture, {});
      if (approval?.outcome !== "calldata" || opening.outcome !== "calldata") throw new Error("not printed");
      const { multisig } = await parts();
      const [approve, openRound] = [approval.calls, opening.calls];
      for (const call of [approve[1], openRound[1]]) await multisig.sendTransaction(call ?? {});
      await time.increase(61);
      for (const call of [approve[2], openRound[2]]) await multisig.sendTransaction(call ?? {});
      const round = await fixture.token.airdrop.roundOf(0);
      expect(round.remaining).to.equal(parseEther("408"));
      expect([round.start, round.end]).to.deep.equal([fixture.start, fixture.end]);
    });

    it("schedules both calls as the multisig, and executes them after the delay", async () => {
      const fixture = await loadFixture(home);
      const first = await open(fixture, { from: "1" });
      expect([first.approval?.outcome, first.opening.outcome]).to.deep.equal(["scheduled", "scheduled"]);
      await time.increase(61);
      const second = await open(fixture, { from: "1" });
      expect([second.approval?.outcome, second.opening.outcome]).to.deep.equal(["executed", "executed"]);
      expect(await fixture.token.airdrop.roundCount()).to.equal(1n);
    });

    it("takes times in words", async () => {
      const fixture = await loadFixture(home);
      const at = (seconds: bigint): string => new Date(Number(seconds) * 1_000).toISOString();
      const { opening } = await open(fixture, { start: at(fixture.start), end: at(fixture.end) });
      if (opening.outcome !== "calldata") throw new Error(opening.outcome);
      const { airdrop } = fixture.token;
      const [, , start, end] = airdrop.interface.decodeFunctionData("openRound", opening.calls[0]?.data ?? "0x");
      expect([start, end]).to.deep.equal([fixture.start, fixture.end]);
    });

    it("refuses a window, a tree and a sum that cannot be", async () => {
      const fixture = await loadFixture(home);
      const refused = async (change: Readonly<Record<string, string>>): Promise<string> =>
        refusal(open(fixture, change));
      expect(await refused({ end: `${fixture.start}` })).to.contain("not after the start");
      expect(await refused({ start: "1", end: "2" })).to.contain("is over");
      expect(await refused({ start: "tomorrow" })).to.contain("--start tomorrow");
      expect(await refused({ start: "2027-01-31" })).to.contain("--start 2027-01-31");
      expect(await refused({ tree: fixture.files.csv })).to.contain("not a file of airdrop:build");
      const changed = (await readFile(fixture.files.tree, "utf8")).replace(
        "100500000000000000000",
        "900500000000000000000",
      );
      const tree = `${fixture.files.tree}.changed`;
      await writeFile(tree, changed);
      expect(await refused({ tree })).to.contain("changed since");
      await writeFile(fixture.files.csv, `${ALICE},200000001\n`);
      const large = `${fixture.files.tree}.large`;
      await run(fixture.files, "airdrop:build", { csv: fixture.files.csv, out: large });
      expect(await refused({ tree: large })).to.contain("the airdrop's vault holds 200000000.0");
    });
  });

  describe("airdrop:claim", () => {
    it("pays the sender, once", async () => {
      const { files, token, accounts } = await loadFixture(opened);
      const args = { tree: files.tree, round: "0" };
      const done = await run(files, "airdrop:claim", args);
      expect(done).to.deep.equal({ account: accounts[0], amount: parseEther("100.5") });
      expect(await token.cos.balanceOf(accounts[0] ?? "")).to.equal(parseEther("100.5"));
      expect(await refusal(run(files, "airdrop:claim", args))).to.contain("was paid in round 0 already");
    });

    it("prints what another account has to sign, and pays it with its signature", async () => {
      const { files, token, accounts } = await loadFixture(opened);
      const account = accounts[2] ?? "";
      const args = { tree: files.tree, round: "0", account };
      const words = await refusal(run(files, "airdrop:claim", args));
      const { domain, message } = JSON.parse(words.slice(words.indexOf("{"))) as {
        domain: Record<string, unknown>;
        message: Record<string, unknown>;
      };
      const types = {
        Claim: [
          { name: "round", type: "uint256" },
          { name: "index", type: "uint256" },
          { name: "account", type: "address" },
          { name: "amount", type: "uint256" },
        ],
      };
      const [wrong, right] = await Promise.all(
        [1, 2].map(async (index) => (await ethers.getSigners())[index]?.signTypedData(domain, types, message)),
      );
      const forged = await refusal(run(files, "airdrop:claim", { ...args, signature: wrong }));
      expect(forged).to.contain("Claim not signed");
      await run(files, "airdrop:claim", { ...args, signature: right });
      expect(await token.cos.balanceOf(account)).to.equal(parseEther("102.5"));
    });

    it("refuses what the round does not hold, before it sends", async () => {
      const fixture = await loadFixture(opened);
      const { files } = fixture;
      const claim = (change: Readonly<Record<string, string>>): Promise<string> =>
        refusal(run(files, "airdrop:claim", { tree: files.tree, round: "0", ...change }));
      expect(await claim({ round: "1" })).to.contain("1 rounds were opened");
      expect(await claim({ from: "7" })).to.contain("is not on the list");
      expect(await claim({ account: BOB, signature: "sure" })).to.contain("--signature sure");
      const other = `${files.tree}.other`;
      await writeFile(files.csv, `${ALICE},5\n`);
      await run(files, "airdrop:build", { csv: files.csv, out: other });
      expect(await claim({ tree: other })).to.contain("has root");
      await time.increaseTo(fixture.end - 1n);
      expect(await claim({})).to.contain("ended at");
    });

    it("refuses before the start", async () => {
      const fixture = await loadFixture(home);
      await open(fixture, { from: "1" });
      await time.increase(61);
      await open(fixture, { from: "1" });
      const words = await refusal(run(fixture.files, "airdrop:claim", { tree: fixture.files.tree, round: "0" }));
      expect(words).to.contain("opens at");
    });
  });
});

describe("vesting:release", () => {
  it("pays the beneficiary what has vested, whoever sends, until nothing is left", async () => {
    const { files, deployment } = await loadFixture(home);
    await time.increase(730 * 86_400);
    const done = await run(files, "vesting:release", { group: "advisors", from: "7" });
    expect(done).to.deep.equal({ beneficiary: deployment.parameters.multisig, amount: parseEther("50000000") });
    expect(await refusal(run(files, "vesting:release", { group: "advisors" }))).to.contain("released already");
  });

  it("refuses another group and a time before the cliff", async () => {
    const { files } = await loadFixture(home);
    expect(await refusal(run(files, "vesting:release", { group: "friends" }))).to.contain("--group friends");
    const later = await folder();
    const parameters = await homeParameters();
    if (parameters.token === undefined) throw new Error("no COS");
    const start = BigInt(await time.latest());
    const { vesting } = parameters.token;
    const token = { ...parameters.token, vesting: { ...vesting, advisors: { ...vesting.advisors, start } } };
    await deploy({ ...(await optionsFor({ ...parameters, token })), recorder: fileRecorder(later.record) });
    expect(await refusal(run(later, "vesting:release", { group: "advisors" }))).to.contain(
      "nothing is released before",
    );
  });
});
