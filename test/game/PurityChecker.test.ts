import { loadFixture, setCode } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Interface, concat, getBytes, getCreate2Address, hexlify, keccak256, toBeHex } from "ethers";
import { ethers } from "hardhat";
import { Random } from "../support/random";
import { inspectCode, type Purity } from "../../protocol/purity";
import type { PurityCheckerMock } from "../../typechain-types";
import vectors from "../vectors/purity.json";
import { PurityChecker__factory } from "../../typechain-types";

const ERRORS = new Interface(PurityChecker__factory.abi);
const MAX_CODE_BYTES = 24_576;
const CODE_AT = "0x0000000000000000000000000000000000001001";

/** Opcodes that rules may hold, by the table of the yellow paper. */
const ADMITTED = new Set<number>([
  ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b],
  ...[0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d],
  ...[0x20, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39],
  ...[0x50, 0x51, 0x52, 0x53, 0x56, 0x57, 0x5b, 0x5e, 0x5f],
  ...Array.from({ length: 32 }, (_, i) => 0x60 + i),
  ...Array.from({ length: 16 }, (_, i) => 0x80 + i),
  ...Array.from({ length: 16 }, (_, i) => 0x90 + i),
  ...[0xf3, 0xfd, 0xfe],
]);

interface Fixture {
  readonly checker: PurityCheckerMock;
}

async function deployed(): Promise<Fixture> {
  return { checker: await ethers.deployContract("PurityCheckerMock") };
}

function result(purity: Purity): [boolean, bigint, bigint] {
  if (purity.kind === "impure") return [false, BigInt(purity.offset), BigInt(purity.opcode)];
  return [purity.kind === "pure", 0n, 0n];
}

/** Asks all three, and `requirePure`. */
async function expectResult(checker: PurityCheckerMock, code: string, expected: Purity, about: string): Promise<void> {
  await setCode(CODE_AT, code);
  expect(inspectCode(getBytes(code)), about).to.deep.equal(expected);
  expect(await checker.inspect(CODE_AT), about).to.deep.equal(result(expected));
  expect(await checker.inspectPlain(CODE_AT), about).to.deep.equal(result(expected));
}

describe("PurityChecker", () => {
  for (let high = 0; high < 16; ++high) {
    it(`admits of 0x${high.toString(16)}0 – 0x${high.toString(16)}f only what cannot differ`, async () => {
      const { checker } = await loadFixture(deployed);
      for (let opcode = high * 16; opcode < high * 16 + 16; ++opcode) {
        const expected: Purity = ADMITTED.has(opcode) ? { kind: "pure" } : { kind: "impure", offset: 1, opcode };
        await expectResult(checker, concat(["0x5b", toBeHex(opcode, 1)]), expected, `opcode ${opcode}`);
      }
    });
  }

  for (const { title, code, pure, offset, opcode } of vectors) {
    it(`${pure ? "admits" : "refuses"} ${title}`, async () => {
      const { checker } = await loadFixture(deployed);
      const impure: Purity =
        offset === undefined ? { kind: "empty" } : { kind: "impure", offset, opcode: opcode ?? Number.NaN };
      await expectResult(checker, code, pure ? { kind: "pure" } : impure, title);
      const required = checker.requirePure(CODE_AT);
      if (pure) await required;
      else if (offset === undefined) {
        await expect(required).to.be.revertedWithCustomError({ interface: ERRORS }, "NoCode").withArgs(CODE_AT);
      } else {
        await expect(required)
          .to.be.revertedWithCustomError({ interface: ERRORS }, "ImpureCode")
          .withArgs(CODE_AT, offset, opcode);
      }
    });
  }

  for (let size = 1; size <= 32; ++size) {
    it(`skips the data of PUSH${size}, and no more`, async () => {
      const { checker } = await loadFixture(deployed);
      const push = toBeHex(0x5f + size, 1);
      const data = `0x${"42".repeat(size)}`;
      await expectResult(checker, concat([push, data]), { kind: "pure" }, "whole");
      await expectResult(checker, concat([push, data, "0x5b"]), { kind: "pure" }, "behind");
      const impure: Purity = { kind: "impure", offset: size + 1, opcode: 0x42 };
      await expectResult(checker, concat([push, data, "0x42"]), impure, "refused behind");
    });
  }

  it("agrees with its plain twin and with TypeScript on 300 random codes", async () => {
    const { checker } = await loadFixture(deployed);
    const random = new Random(20_261_121);
    const admitted = [...ADMITTED];
    const seen = { pure: 0, impure: 0 };
    for (let run = 0; run < 300; ++run) {
      const code = Array.from({ length: 1 + random.below(150) }, () =>
        random.below(20) === 0 ? random.below(256) : random.pick(admitted),
      );
      const purity = inspectCode(Uint8Array.from(code));
      if (purity.kind !== "empty") ++seen[purity.kind];
      await expectResult(checker, hexlify(Uint8Array.from(code)), purity, `run ${run}`);
    }
    expect(seen.pure).to.be.greaterThan(50);
    expect(seen.impure).to.be.greaterThan(50);
  });

  describe("copyOf", () => {
    for (const size of [1, 31, 32, 33, MAX_CODE_BYTES]) {
      it(`deploys exactly the same ${size} bytes`, async () => {
        const { checker } = await loadFixture(deployed);
        const code = hexlify(Uint8Array.from({ length: size }, (_, i) => 0x80 + (i % 32)));
        await setCode(CODE_AT, code);
        const copy = await checker.copyOf.staticCall(CODE_AT);
        await expect(checker.copyOf(CODE_AT)).to.emit(checker, "Copied").withArgs(CODE_AT, copy);
        expect(await ethers.provider.getCode(copy)).to.equal(code);
      });
    }

    it("reverts for code that is refused, and for none", async () => {
      const { checker } = await loadFixture(deployed);
      await setCode(CODE_AT, "0x5b54");
      await expect(checker.copyOf(CODE_AT))
        .to.be.revertedWithCustomError({ interface: ERRORS }, "ImpureCode")
        .withArgs(CODE_AT, 1, 0x54);
      await setCode(CODE_AT, "0x");
      await expect(checker.copyOf(CODE_AT))
        .to.be.revertedWithCustomError({ interface: ERRORS }, "NoCode")
        .withArgs(CODE_AT);
    });

    it("reverts where the gas that is left does not pay for a copy", async () => {
      const { checker } = await loadFixture(deployed);
      await setCode(CODE_AT, `0x${"5b".repeat(MAX_CODE_BYTES)}`);
      // Enough to read all of it, and not for the 200 that each byte costs.
      await expect(checker.copyOf.staticCall(CODE_AT, { gasLimit: 4_500_000 })).to.be.revertedWithCustomError(
        checker,
        "FailedDeployment",
      );
    });

    it("outlives rules that were made to vanish and to give way to others", async () => {
      const { checker } = await loadFixture(deployed);
      const maker = await ethers.deployContract("VanishingRulesMock");
      const { bytecode } = await ethers.getContractFactory("ShellMock");
      const place = getCreate2Address(await maker.getAddress(), toBeHex(0, 32), keccak256(bytecode));
      // PUSH0 SELFDESTRUCT
      const destroyer = "0x0000000000000000000000000000000000001002";
      await setCode(destroyer, "0x5fff");
      // Hardhat forgets code when an account with it vanishes, whoever else has it: here is one more who has.
      await setCode(CODE_AT, "0x60015f5260205ff3");

      const admit = checker.interface.encodeFunctionData("copyOf", [place]);
      await maker.place("0x60015f5260205ff3", destroyer, checker, admit);
      const [admitted] = await checker.queryFilter(checker.filters.Copied, "latest");
      const copy = admitted?.args.copy ?? "";
      expect(admitted?.args.account).to.equal(place);
      expect(await ethers.provider.getCode(place)).to.equal("0x");

      // At the same address now code that tells the time, which no scan saw.
      const none = checker.interface.encodeFunctionData("inspect", [place]);
      await maker.place("0x425f5260205ff3", ethers.ZeroAddress, checker, none);
      expect(await ethers.provider.getCode(place)).to.equal("0x425f5260205ff3");
      expect(await ethers.provider.getCode(copy)).to.equal("0x60015f5260205ff3");
    });
  });

  describe("[gas]", () => {
    for (const name of ["TicTacToe", "RockPaperScissors", "LiarsDice"] as const) {
      it(`admits ${name} as it is compiled`, async () => {
        const { checker } = await loadFixture(deployed);
        const rules = await ethers.deployContract(name);
        await expect(checker.check(rules))
          .to.emit(checker, "Checked")
          .withArgs(await rules.getAddress());
      });
    }

    for (const [title, byte] of [
      ["one-byte instructions", "5b"],
      ["PUSH1", "60"],
      ["PUSH32", "7f"],
    ] as const) {
      it(`checks 24,576 bytes of ${title} within 3,000,000 gas`, async () => {
        const { checker } = await loadFixture(deployed);
        await setCode(CODE_AT, `0x${byte.repeat(MAX_CODE_BYTES)}`);
        const receipt = await (await checker.check(CODE_AT)).wait();
        expect(receipt?.status).to.equal(1);
        expect(receipt?.gasUsed).to.be.lessThan(3_000_000n);
      });
    }

    it("finds the last of 24,576 bytes", async () => {
      const { checker } = await loadFixture(deployed);
      await setCode(CODE_AT, `0x${"5b".repeat(MAX_CODE_BYTES - 1)}42`);
      expect(await checker.inspect(CODE_AT)).to.deep.equal([false, BigInt(MAX_CODE_BYTES - 1), 0x42n]);
    });
  });
});
