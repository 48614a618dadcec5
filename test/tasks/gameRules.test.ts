import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setCode } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { concat, dataLength, toBeHex } from "ethers";
import hre, { ethers } from "hardhat";
import { opcodeName } from "../../protocol/opcodes";
import { isAdmitted } from "../../protocol/purity";
import { likelyCause, metadataOffset } from "../../tasks/game/cause";
import { refusal } from "./support";

const REPOSITORY = resolve(__dirname, "../..");
const CLI = join(dirname(require.resolve("hardhat/package.json")), "internal/cli/cli.js");
const CODE_AT = "0x0000000000000000000000000000000000001003";
/** What the compiler appends: a map of its version, and two bytes of length. */
const METADATA = "0xa164736f6c634300081e000a";

const check = (rules: string): Promise<unknown> => hre.run("game:check", { rules, noCompile: true, quiet: true });

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** `npx hardhat …` in a folder. */
function hardhat(folder: string, args: readonly string[]): Promise<Outcome> {
  const env: NodeJS.ProcessEnv = { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: "true" };
  for (const key of Object.keys(env)) if (/^HARDHAT_(NETWORK|CONFIG|VERBOSE)$/.test(key)) delete env[key];
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    child.stderr.on("data", (data: Buffer) => (output += data.toString()));
    child.on("error", failed);
    child.on("close", (code) => done({ code, output }));
  });
}

/** A repository with the sources that a game needs, and none else to compile. */
async function smallRepository(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "game-"));
  for (const shared of ["node_modules", "protocol", "tasks", "deploy", "relayer", "scripts"]) {
    await symlink(join(REPOSITORY, shared), join(folder, shared));
  }
  for (const file of ["hardhat.config.ts", "tsconfig.json", "package.json"]) {
    await cp(join(REPOSITORY, file), join(folder, file));
  }
  await mkdir(join(folder, "contracts/game/libraries"), { recursive: true });
  for (const file of ["IGame.sol", "libraries/GameErrors.sol"]) {
    await cp(join(REPOSITORY, "contracts/game", file), join(folder, "contracts/game", file));
  }
  return folder;
}

describe("game:check [gas]", () => {
  it("admits a game of the build by its name, and on the network by its address", async () => {
    expect(await check("TicTacToe")).to.deep.equal({ kind: "pure" });
    const rules = await ethers.deployContract("TicTacToe");
    expect(await check(await rules.getAddress())).to.deep.equal({ kind: "pure" });
  });

  it("names the instruction that is refused, its offset and what may be the cause", async () => {
    await setCode(CODE_AT, "0x5b33");
    expect(await refusal(check(CODE_AT)))
      .to.contain("CALLER (0x33) at offset 1")
      .and.contain("msg.sender");
    await setCode(CODE_AT, "0x6033425b");
    expect(await refusal(check(CODE_AT)))
      .to.contain("TIMESTAMP (0x42) at offset 2")
      .and.contain("expire");
    await setCode(CODE_AT, "0x5b0c");
    expect(await refusal(check(CODE_AT))).to.contain("no instruction (0x0c) at offset 1");
  });

  it("tells metadata from code", async () => {
    const rules = await ethers.deployContract("TicTacToe");
    const code = await ethers.provider.getCode(rules);
    await setCode(CODE_AT, concat([code, METADATA]));
    expect(await refusal(check(CODE_AT)))
      .to.contain(`LOG1 (0xa1) at offset ${dataLength(code)}`)
      .and.contain("appendCBOR");
    await setCode(CODE_AT, concat(["0x33", code, METADATA]));
    expect(await refusal(check(CODE_AT)))
      .to.contain("CALLER")
      .and.not.contain("appendCBOR");
  });

  it("refuses an address without code, and one that is none", async () => {
    await setCode(CODE_AT, "0x");
    expect(await refusal(check(CODE_AT))).to.contain("no code");
    expect(await refusal(check("0x1234"))).to.contain("not an address");
  });

  it("refuses a contract that is unknown, that is no game, or an interface", async () => {
    expect(await refusal(check("NoSuchGame"))).to.contain("NoSuchGame");
    expect(await refusal(check("COSToken"))).to.contain("start(bytes,uint256)");
    expect(await refusal(check("IGame"))).to.contain("no code");
  });
});

describe("likelyCause", () => {
  it("has a cause for every instruction that is refused", () => {
    for (let opcode = 0; opcode < 256; ++opcode) {
      if (isAdmitted(opcode) || opcodeName(opcode) === undefined) continue;
      expect(likelyCause(Uint8Array.of(0x5b, opcode), 1, opcode), opcodeName(opcode)).to.not.contain("do not need");
    }
  });

  it("knows an account that delegates", () => {
    expect(likelyCause(Uint8Array.of(0xef, 1, 0), 0, 0xef)).to.contain("EIP-7702");
    expect(likelyCause(Uint8Array.of(0x5b, 0xef), 1, 0xef)).to.not.contain("EIP-7702");
  });

  it("finds metadata only where there is any", () => {
    expect(metadataOffset(ethers.getBytes(concat(["0x5b5b", METADATA])))).to.equal(2);
    for (const code of ["0x", "0x5b", "0x5b5b", "0x5bffff", "0xa100", concat(["0xa1", toBeHex(0, 2), "0x0003"])]) {
      expect(metadataOffset(ethers.getBytes(code)), code).to.equal(undefined);
    }
  });
});

describe("game:new", () => {
  const scaffold = (name: string): Promise<unknown> => hre.run("game:new", { name, quiet: true });

  it("refuses what is no contract's name, and a name that is taken", async () => {
    for (const name of ["", "chess", "A", "Connect-Four", "../Chess", "1Chess", "A".repeat(65)]) {
      expect(await refusal(scaffold(name)), name).to.contain("--name");
    }
    expect(await refusal(scaffold("TicTacToe"))).to.contain("TicTacToe");
  });

  it("writes a game that compiles, passes its test and is admitted as it is, and never writes over one [gas]", async () => {
    const folder = await smallRepository();
    try {
      const written = await hardhat(folder, ["game:new", "--name", "ConnectFour"]);
      expect(written.code, written.output).to.equal(0);
      expect(written.output).to.contain("contracts/games/ConnectFour.sol");

      const tested = await hardhat(folder, ["test", "test/games/ConnectFour.test.ts"]);
      expect(tested.code, tested.output).to.equal(0);
      expect(tested.output).to.contain("7 passing");

      const checked = await hardhat(folder, ["game:check", "--rules", "ConnectFour", "--no-compile"]);
      expect(checked.code, checked.output).to.equal(0);
      expect(checked.output).to.contain("ConnectFour is admitted");

      const before = await readFile(join(folder, "contracts/games/ConnectFour.sol"), "utf8");
      await rm(join(folder, "artifacts"), { recursive: true });
      const again = await hardhat(folder, ["game:new", "--name", "ConnectFour"]);
      expect(again.code).to.equal(1);
      expect(again.output).to.contain("nothing was written");
      expect(await readFile(join(folder, "contracts/games/ConnectFour.sol"), "utf8")).to.equal(before);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
