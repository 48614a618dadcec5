import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Interface, MaxUint256, Signature, type TypedDataDomain } from "ethers";
import { ethers } from "hardhat";
import { ERC20Permit__factory, type ERC20Permit } from "../../typechain-types";
import type { ERC20Subject } from "./erc20";

const errors = new Interface([
  "error ERC2612ExpiredSignature(uint256 deadline)",
  "error ERC2612InvalidSigner(address signer, address owner)",
]);

const PERMIT = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

async function domainOf(token: ERC20Permit): Promise<TypedDataDomain> {
  const domain = await token.eip712Domain();
  return {
    name: domain.name,
    version: domain.version,
    chainId: domain.chainId,
    verifyingContract: domain.verifyingContract,
  };
}

/** ERC-2612 permits under an EIP-712 domain of the token's name, version 1 (ERC-5267). */
export function shouldBehaveLikeERC2612(deploy: () => Promise<ERC20Subject>): void {
  async function setUp() {
    const subject = await loadFixture(deploy);
    const token = ERC20Permit__factory.connect(subject.address, subject.spender);
    const sign = async (changes: { deadline?: bigint; nonce?: bigint; chainId?: bigint } = {}) => {
      const deadline = changes.deadline ?? MaxUint256;
      const domain = { ...(await domainOf(token)), ...(changes.chainId ? { chainId: changes.chainId } : {}) };
      const signature = await subject.holder.signTypedData(domain, PERMIT, {
        owner: subject.holder.address,
        spender: subject.spender.address,
        value: 42n,
        nonce: changes.nonce ?? 0n,
        deadline,
      });
      const { v, r, s } = Signature.from(signature);
      return [subject.holder.address, subject.spender.address, 42n, deadline, v, r, s] as const;
    };
    return { ...subject, token, sign };
  }

  describe("permit", function () {
    it("separates its signatures by name, version, chain and address", async function () {
      const { token, name, address } = await setUp();
      const { chainId } = await ethers.provider.getNetwork();
      const domain = await domainOf(token);
      expect(domain).to.deep.equal({ name, version: "1", chainId, verifyingContract: address });
      expect(await token.DOMAIN_SEPARATOR()).to.equal(ethers.TypedDataEncoder.hashDomain(domain));
    });

    it("reverts after the deadline", async function () {
      const { token, sign } = await setUp();
      const deadline = BigInt(await time.latest());
      await expect(token.permit(...(await sign({ deadline }))))
        .to.be.revertedWithCustomError({ interface: errors }, "ERC2612ExpiredSignature")
        .withArgs(deadline);
    });

    it("reverts for another owner", async function () {
      const { token, sign, recipient, holder } = await setUp();
      const [, ...rest] = await sign();
      const owner = recipient.address;
      await expect(token.permit(owner, ...rest))
        .to.be.revertedWithCustomError({ interface: errors }, "ERC2612InvalidSigner")
        .withArgs((signer: string) => signer !== owner && signer !== holder.address, owner);
    });

    it("reverts for another nonce or chain", async function () {
      const { token, sign } = await setUp();
      await expect(token.permit(...(await sign({ nonce: 1n })))).to.be.revertedWithCustomError(
        { interface: errors },
        "ERC2612InvalidSigner",
      );
      await expect(token.permit(...(await sign({ chainId: 56n })))).to.be.revertedWithCustomError(
        { interface: errors },
        "ERC2612InvalidSigner",
      );
    });

    it("sets the allowance and uses the nonce, once", async function () {
      const { token, sign, holder, spender } = await setUp();
      const permit = await sign();
      await expect(token.permit(...permit))
        .to.emit(token, "Approval")
        .withArgs(holder, spender, 42n);
      expect(await token.allowance(holder, spender)).to.equal(42n);
      expect(await token.nonces(holder)).to.equal(1n);
      await expect(token.permit(...permit)).to.be.revertedWithCustomError(
        { interface: errors },
        "ERC2612InvalidSigner",
      );
    });
  });
}
