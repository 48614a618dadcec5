import { expect } from "chai";
import { MaxUint256, Interface, ZeroAddress, parseEther, type FunctionFragment } from "ethers";
import { artifacts, ethers } from "hardhat";
import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import type { COSToken } from "../../typechain-types";
import type { COSAllocationStruct } from "../../typechain-types/contracts/token/COSToken";
import { type ERC20Subject, shouldBehaveLikeERC20 } from "../behaviors/erc20";
import { shouldBehaveLikeERC2612 } from "../behaviors/erc2612";
import { shouldBehaveLikeERC5805 } from "../behaviors/erc5805";
import { SUPPLY, actors, deployCOS } from "./support";

async function subject(): Promise<ERC20Subject> {
  const { alice, bob, carol } = await actors();
  const token = await deployCOS(alice.address);
  return {
    address: await token.getAddress(),
    holder: alice,
    recipient: bob,
    spender: carol,
    name: "Cosmicbyte",
    symbol: "COS",
    decimals: 18n,
    supply: SUPPLY,
  };
}

type Table = [COSAllocationStruct, COSAllocationStruct, COSAllocationStruct, COSAllocationStruct, COSAllocationStruct];

/** Five accounts with 50, 15, 5, 10 and 20 % of a billion. */
async function table(change: Partial<Record<number, Partial<COSAllocationStruct>>> = {}): Promise<Table> {
  const { admin, treasurer, alice, bob, carol } = await actors();
  const entry = (index: number, vault: { readonly address: string }, millions: string): COSAllocationStruct => ({
    vault: vault.address,
    amount: parseEther(`${millions}000000`),
    ...change[index],
  });
  return [
    entry(0, admin, "500"),
    entry(1, treasurer, "150"),
    entry(2, alice, "50"),
    entry(3, bob, "100"),
    entry(4, carol, "200"),
  ];
}

describe("COSToken", function () {
  shouldBehaveLikeERC20(subject);
  shouldBehaveLikeERC2612(subject);
  shouldBehaveLikeERC5805(subject);

  describe("constructor", function () {
    for (const [what, wei] of [
      ["one wei more", 1n],
      ["one wei less", -1n],
    ] as const) {
      for (const index of [0, 1, 2, 3, 4]) {
        it(`reverts with ${what} than the supply in row ${index + 1} of the table`, async function () {
          const factory = await ethers.getContractFactory("COSToken");
          const amount = BigInt((await table())[index]!.amount) + wei;
          await expect(factory.deploy(await table({ [index]: { amount } })))
            .to.be.revertedWithCustomError(factory, "AllocationSumMismatch")
            .withArgs(SUPPLY + wei, SUPPLY);
        });
      }
    }

    it("reverts where the sum overflows to the supply", async function () {
      const factory = await ethers.getContractFactory("COSToken");
      const first = { amount: MaxUint256 };
      const second = { amount: SUPPLY - parseEther("350000000") + 1n };
      await expect(factory.deploy(await table({ 0: first, 1: second })))
        .to.be.revertedWithCustomError(factory, "ERC20ExceededSafeSupply")
        .withArgs(MaxUint256, 2n ** 208n - 1n);
    });

    it("reverts with a vault that is the zero address", async function () {
      const factory = await ethers.getContractFactory("COSToken");
      await expect(factory.deploy(await table({ 3: { vault: ZeroAddress } })))
        .to.be.revertedWithCustomError(factory, "ERC20InvalidReceiver")
        .withArgs(ZeroAddress);
    });

    it("mints a billion to the five vaults, once", async function () {
      const rows = await table();
      const token: COSToken = await ethers.deployContract("COSToken", [rows]);
      const minted = await token.queryFilter(token.filters.Transfer(), "latest");
      expect(minted.map(({ args }) => [args.from, args.to, args.value])).to.deep.equal(
        rows.map(({ vault, amount }) => [ZeroAddress, vault, amount]),
      );
      expect(await token.totalSupply()).to.equal(1_000_000_000n * 10n ** 18n);
      expect(await token.SUPPLY()).to.equal(await token.totalSupply());
      for (const { vault, amount } of rows) expect(await token.balanceOf(vault)).to.equal(amount);
    });
  });

  it("has no way to change but transfer, approval, permit and delegation", async function () {
    const { abi } = await artifacts.readArtifact("COSToken");
    const mutators = new Interface(abi).fragments.filter(
      (fragment): fragment is FunctionFragment =>
        fragment.type === "function" && !(fragment as FunctionFragment).constant,
    );
    expect(mutators.map(({ name }) => name)).to.have.members([
      "approve",
      "delegate",
      "delegateBySig",
      "permit",
      "transfer",
      "transferFrom",
    ]);
  });

  it("counts no votes that nobody delegated", async function () {
    const { address, holder } = await loadFixture(subject);
    const token = await ethers.getContractAt("COSToken", address);
    expect(await token.getVotes(holder)).to.equal(0n);
    await token.connect(holder).delegate(holder);
    expect(await token.getVotes(holder)).to.equal(SUPPLY);
  });
});
