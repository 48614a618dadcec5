import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress } from "ethers";
import { type IERC20Metadata, IERC20Metadata__factory } from "../../typechain-types";
import { erc6093 } from "./erc6093";

/** A token of which `holder` has all, and `recipient` and `spender` nothing, with no allowances. */
export interface ERC20Subject {
  readonly address: string;
  readonly holder: HardhatEthersSigner;
  readonly recipient: HardhatEthersSigner;
  readonly spender: HardhatEthersSigner;
  readonly name: string;
  readonly symbol: string;
  readonly decimals: bigint;
  readonly supply: bigint;
}

/** The ERC-20 standard with ERC-6093 errors. `deploy` is a fixture: a named function that is always the same. */
export function shouldBehaveLikeERC20(deploy: () => Promise<ERC20Subject>): void {
  async function setUp(): Promise<ERC20Subject & { readonly token: IERC20Metadata }> {
    const subject = await loadFixture(deploy);
    return { ...subject, token: IERC20Metadata__factory.connect(subject.address, subject.holder) };
  }

  describe("metadata", function () {
    it("has a name, a symbol and decimals", async function () {
      const { token, name, symbol, decimals } = await setUp();
      expect(await token.name()).to.equal(name);
      expect(await token.symbol()).to.equal(symbol);
      expect(await token.decimals()).to.equal(decimals);
    });
  });

  describe("totalSupply and balanceOf", function () {
    it("sums the balances", async function () {
      const { token, holder, recipient, supply } = await setUp();
      expect(await token.totalSupply()).to.equal(supply);
      expect(await token.balanceOf(holder)).to.equal(supply);
      expect(await token.balanceOf(recipient)).to.equal(0n);
    });
  });

  describe("transfer", function () {
    it("reverts to the zero address", async function () {
      const { token } = await setUp();
      await expect(token.transfer(ZeroAddress, 1n))
        .to.be.revertedWithCustomError({ interface: erc6093 }, "ERC20InvalidReceiver")
        .withArgs(ZeroAddress);
    });

    it("reverts above the balance", async function () {
      const { token, holder, recipient, supply } = await setUp();
      await expect(token.transfer(recipient, supply + 1n))
        .to.be.revertedWithCustomError({ interface: erc6093 }, "ERC20InsufficientBalance")
        .withArgs(holder, supply, supply + 1n);
    });

    it("returns true", async function () {
      const { token, recipient } = await setUp();
      expect(await token.transfer.staticCall(recipient, 1n)).to.equal(true);
    });

    for (const [what, part] of [
      ["a part", 3n],
      ["all", 1n],
    ] as const) {
      it(`moves ${what} of the balance`, async function () {
        const { token, holder, recipient, supply } = await setUp();
        const amount = supply / part;
        const transfer = token.transfer(recipient, amount);
        await expect(transfer).to.emit(token, "Transfer").withArgs(holder, recipient, amount);
        await expect(transfer).to.changeTokenBalances(token, [holder, recipient], [-amount, amount]);
        expect(await token.totalSupply()).to.equal(supply);
      });
    }

    it("moves zero, also from an empty account", async function () {
      const { token, holder, recipient } = await setUp();
      const transfer = token.connect(recipient).transfer(holder, 0n);
      await expect(transfer).to.emit(token, "Transfer").withArgs(recipient, holder, 0n);
      await expect(transfer).to.changeTokenBalances(token, [holder, recipient], [0n, 0n]);
    });

    it("leaves the balance as it is when one transfers to oneself", async function () {
      const { token, holder, supply } = await setUp();
      const transfer = token.transfer(holder, supply);
      await expect(transfer).to.emit(token, "Transfer").withArgs(holder, holder, supply);
      await expect(transfer).to.changeTokenBalance(token, holder, 0n);
    });
  });

  describe("approve", function () {
    it("reverts for the zero address", async function () {
      const { token } = await setUp();
      await expect(token.approve(ZeroAddress, 1n))
        .to.be.revertedWithCustomError({ interface: erc6093 }, "ERC20InvalidSpender")
        .withArgs(ZeroAddress);
    });

    it("returns true", async function () {
      const { token, spender } = await setUp();
      expect(await token.approve.staticCall(spender, 1n)).to.equal(true);
    });

    it("sets an allowance above the balance, and replaces it", async function () {
      const { token, holder, spender, supply } = await setUp();
      await expect(token.approve(spender, supply + 1n))
        .to.emit(token, "Approval")
        .withArgs(holder, spender, supply + 1n);
      expect(await token.allowance(holder, spender)).to.equal(supply + 1n);
      await expect(token.approve(spender, 5n)).to.emit(token, "Approval").withArgs(holder, spender, 5n);
      expect(await token.allowance(holder, spender)).to.equal(5n);
      await token.approve(spender, 0n);
      expect(await token.allowance(holder, spender)).to.equal(0n);
    });

    it("holds for one owner and one spender only", async function () {
      const { token, holder, recipient, spender } = await setUp();
      await token.approve(spender, 7n);
      expect(await token.allowance(spender, holder)).to.equal(0n);
      expect(await token.allowance(holder, recipient)).to.equal(0n);
      expect(await token.allowance(recipient, spender)).to.equal(0n);
    });
  });

  describe("transferFrom", function () {
    it("reverts above the allowance", async function () {
      const { token, holder, recipient, spender } = await setUp();
      await token.approve(spender, 9n);
      await expect(token.connect(spender).transferFrom(holder, recipient, 10n))
        .to.be.revertedWithCustomError({ interface: erc6093 }, "ERC20InsufficientAllowance")
        .withArgs(spender, 9n, 10n);
    });

    it("reverts for the owner without an allowance for itself", async function () {
      const { token, holder, recipient } = await setUp();
      await expect(token.transferFrom(holder, recipient, 1n))
        .to.be.revertedWithCustomError({ interface: erc6093 }, "ERC20InsufficientAllowance")
        .withArgs(holder, 0n, 1n);
    });

    it("reverts to the zero address", async function () {
      const { token, holder, spender } = await setUp();
      await token.approve(spender, 1n);
      await expect(token.connect(spender).transferFrom(holder, ZeroAddress, 1n))
        .to.be.revertedWithCustomError({ interface: erc6093 }, "ERC20InvalidReceiver")
        .withArgs(ZeroAddress);
    });

    it("reverts from the zero address", async function () {
      const { token, recipient, spender } = await setUp();
      await expect(token.connect(spender).transferFrom(ZeroAddress, recipient, 0n))
        .to.be.revertedWithCustomError({ interface: erc6093 }, "ERC20InvalidApprover")
        .withArgs(ZeroAddress);
    });

    it("reverts above the balance, and keeps the allowance", async function () {
      const { token, holder, recipient, spender, supply } = await setUp();
      await token.approve(spender, supply + 1n);
      await expect(token.connect(spender).transferFrom(holder, recipient, supply + 1n))
        .to.be.revertedWithCustomError({ interface: erc6093 }, "ERC20InsufficientBalance")
        .withArgs(holder, supply, supply + 1n);
      expect(await token.allowance(holder, spender)).to.equal(supply + 1n);
    });

    it("moves tokens and uses up the allowance", async function () {
      const { token, holder, recipient, spender, supply } = await setUp();
      await token.approve(spender, supply);
      expect(await token.connect(spender).transferFrom.staticCall(holder, recipient, 1n)).to.equal(true);
      const transfer = token.connect(spender).transferFrom(holder, recipient, supply - 1n);
      await expect(transfer)
        .to.emit(token, "Transfer")
        .withArgs(holder, recipient, supply - 1n);
      await expect(transfer).to.changeTokenBalances(token, [holder, recipient], [1n - supply, supply - 1n]);
      expect(await token.allowance(holder, spender)).to.equal(1n);
    });

    it("keeps an unlimited allowance", async function () {
      const { token, holder, recipient, spender } = await setUp();
      await token.approve(spender, MaxUint256);
      await expect(token.connect(spender).transferFrom(holder, recipient, 2n)).to.changeTokenBalance(
        token,
        recipient,
        2n,
      );
      expect(await token.allowance(holder, spender)).to.equal(MaxUint256);
    });

    it("moves zero without an allowance", async function () {
      const { token, holder, recipient, spender } = await setUp();
      await expect(token.connect(spender).transferFrom(holder, recipient, 0n))
        .to.emit(token, "Transfer")
        .withArgs(holder, recipient, 0n);
    });
  });
}
