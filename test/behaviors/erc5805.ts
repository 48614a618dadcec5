import { loadFixture, mine, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Interface, MaxUint256, Signature, ZeroAddress } from "ethers";
import { ERC20Votes__factory } from "../../typechain-types";
import type { ERC20Subject } from "./erc20";

const errors = new Interface([
  "error ERC5805FutureLookup(uint256 timepoint, uint48 clock)",
  "error VotesExpiredSignature(uint256 expiry)",
  "error InvalidAccountNonce(address account, uint256 currentNonce)",
]);

const DELEGATION = {
  Delegation: [
    { name: "delegatee", type: "address" },
    { name: "nonce", type: "uint256" },
    { name: "expiry", type: "uint256" },
  ],
};

/** ERC-5805 votes with an ERC-6372 timestamp clock, on the balances of an ERC-20 token. */
export function shouldBehaveLikeERC5805(deploy: () => Promise<ERC20Subject>): void {
  async function setUp() {
    const subject = await loadFixture(deploy);
    const token = ERC20Votes__factory.connect(subject.address, subject.holder);
    const sign = async (nonce: bigint, expiry: bigint) => {
      const { name, version, chainId, verifyingContract } = await token.eip712Domain();
      const signature = await subject.holder.signTypedData({ name, version, chainId, verifyingContract }, DELEGATION, {
        delegatee: subject.spender.address,
        nonce,
        expiry,
      });
      const { v, r, s } = Signature.from(signature);
      return [subject.spender.address, nonce, expiry, v, r, s] as const;
    };
    return { ...subject, token, sign };
  }

  describe("clock", function () {
    it("is the block's timestamp", async function () {
      const { token } = await setUp();
      expect(await token.clock()).to.equal(await time.latest());
      expect(await token.CLOCK_MODE()).to.equal("mode=timestamp");
    });
  });

  describe("delegate", function () {
    it("gives no votes before it", async function () {
      const { token, holder } = await setUp();
      expect(await token.getVotes(holder)).to.equal(0n);
      expect(await token.delegates(holder)).to.equal(ZeroAddress);
    });

    it("gives the balance as votes, and moves them on", async function () {
      const { token, holder, spender, supply } = await setUp();
      const first = token.delegate(holder);
      await expect(first).to.emit(token, "DelegateChanged").withArgs(holder, ZeroAddress, holder);
      await expect(first).to.emit(token, "DelegateVotesChanged").withArgs(holder, 0n, supply);
      await token.delegate(spender);
      expect(await token.getVotes(holder)).to.equal(0n);
      expect(await token.getVotes(spender)).to.equal(supply);
      expect(await token.delegates(holder)).to.equal(spender);
      expect(await token.numCheckpoints(holder)).to.equal(2n);
      expect((await token.checkpoints(spender, 0n))._value).to.equal(supply);
    });

    it("lets votes follow transfers", async function () {
      const { token, holder, recipient, spender, supply } = await setUp();
      await token.delegate(holder);
      await token.connect(recipient).delegate(spender);
      await token.transfer(recipient, 10n);
      expect(await token.getVotes(holder)).to.equal(supply - 10n);
      expect(await token.getVotes(spender)).to.equal(10n);
    });
  });

  describe("delegateBySig", function () {
    it("reverts after the expiry", async function () {
      const { token, sign } = await setUp();
      const expiry = BigInt(await time.latest());
      await expect(token.delegateBySig(...(await sign(0n, expiry))))
        .to.be.revertedWithCustomError({ interface: errors }, "VotesExpiredSignature")
        .withArgs(expiry);
    });

    it("reverts with another nonce", async function () {
      const { token, sign, holder } = await setUp();
      await expect(token.delegateBySig(...(await sign(1n, MaxUint256))))
        .to.be.revertedWithCustomError({ interface: errors }, "InvalidAccountNonce")
        .withArgs(holder, 0n);
    });

    it("delegates for the signer, once", async function () {
      const { token, sign, holder, recipient, spender, supply } = await setUp();
      const delegation = await sign(0n, MaxUint256);
      await token.connect(recipient).delegateBySig(...delegation);
      expect(await token.delegates(holder)).to.equal(spender);
      expect(await token.getVotes(spender)).to.equal(supply);
      await expect(token.delegateBySig(...delegation))
        .to.be.revertedWithCustomError({ interface: errors }, "InvalidAccountNonce")
        .withArgs(holder, 1n);
    });
  });

  describe("getPastVotes and getPastTotalSupply", function () {
    it("revert for the present", async function () {
      const { token, holder } = await setUp();
      const now = await token.clock();
      await expect(token.getPastVotes(holder, now))
        .to.be.revertedWithCustomError({ interface: errors }, "ERC5805FutureLookup")
        .withArgs(now, now);
      await expect(token.getPastTotalSupply(now))
        .to.be.revertedWithCustomError({ interface: errors }, "ERC5805FutureLookup")
        .withArgs(now, now);
    });

    it("remember every second", async function () {
      const { token, holder, recipient, supply } = await setUp();
      const before = await token.clock();
      await time.increase(10);
      await token.delegate(holder);
      const delegated = await token.clock();
      await time.increase(10);
      await token.transfer(recipient, 4n);
      const moved = await token.clock();
      await mine(2, { interval: 5 });
      expect(await token.getPastVotes(holder, before)).to.equal(0n);
      expect(await token.getPastVotes(holder, delegated)).to.equal(supply);
      expect(await token.getPastVotes(holder, moved - 1n)).to.equal(supply);
      expect(await token.getPastVotes(holder, moved)).to.equal(supply - 4n);
      expect(await token.getPastTotalSupply(moved)).to.equal(supply);
      expect(await token.getPastTotalSupply(0n)).to.equal(0n);
    });
  });
}
