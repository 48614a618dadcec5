import { loadFixture, mine, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { AbiCoder, MaxUint256, ZeroAddress, ZeroHash, concat, keccak256 } from "ethers";
import { ethers, network } from "hardhat";
import { airdropLeaf, airdropTree, type AirdropEntry, type AirdropTree } from "../../protocol/airdrop";
import type { MerkleAirdrop } from "../../typechain-types";
import { DAY, deployVault, restrict, type TokenFixture } from "./support";

interface AirdropFixture extends TokenFixture {
  readonly airdrop: MerkleAirdrop;
  readonly entries: readonly AirdropEntry[];
  readonly tree: AirdropTree;
  readonly start: bigint;
  readonly end: bigint;
}

const ALICE = 0n;
const BOB = 3n;
/** 256 apart: another word of the bitmap. */
const CAROL = 259n;

const CLAIM = {
  Claim: [
    { name: "round", type: "uint256" },
    { name: "index", type: "uint256" },
    { name: "account", type: "address" },
    { name: "amount", type: "uint256" },
  ],
};

/** An airdrop that may take a million from the vault, no round open, and a list of 300 accounts. */
async function deploy(): Promise<AirdropFixture> {
  const fixture = await deployVault();
  const airdrop = await ethers.deployContract("MerkleAirdrop", [fixture.manager, fixture.cos, fixture.vault]);
  await restrict(fixture.manager, airdrop, ["openRound"]);
  await fixture.vault.approve(fixture.cos, airdrop, 1_000_000n);
  const named = new Map([
    [ALICE, fixture.alice.address],
    [BOB, fixture.bob.address],
    [CAROL, fixture.carol.address],
  ]);
  const entries = Array.from({ length: 300 }, (_, index) => ({
    account: named.get(BigInt(index)) ?? ethers.getAddress(ethers.toBeHex(1_000_000 + index, 20)),
    amount: 1_000n + BigInt(index),
  }));
  const start = BigInt(await time.latest()) + 1_000n;
  return {
    ...fixture,
    airdrop: airdrop.connect(fixture.treasurer),
    entries,
    tree: airdropTree(entries),
    start,
    end: start + 30n * DAY,
  };
}

/** Round 0 is open, funded with what the list sums to; round 1 too, with the same list. */
async function opened(): Promise<AirdropFixture> {
  const fixture = await deploy();
  const { airdrop, tree, start, end } = fixture;
  for (const length of [0n, DAY]) await airdrop.openRound(tree.root, tree.total, start, end + length);
  await time.increaseTo(start);
  return fixture;
}

function entry({ entries, tree }: AirdropFixture, index: bigint): AirdropEntry & { readonly proof: string[] } {
  const found = entries[Number(index)];
  const proof = tree.proofs[Number(index)];
  if (found === undefined || proof === undefined) throw new Error("no such entry");
  return { ...found, proof: [...proof] };
}

async function sign(
  airdrop: MerkleAirdrop,
  signer: HardhatEthersSigner,
  value: Readonly<Record<string, unknown>>,
  change: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { name, version, chainId, verifyingContract } = await airdrop.eip712Domain();
  return signer.signTypedData({ name, version, chainId, verifyingContract, ...change }, CLAIM, value);
}

describe("MerkleAirdrop", function () {
  describe("openRound", function () {
    it("reverts for everyone but the treasurer", async function () {
      const { airdrop, tree, start, end, alice } = await loadFixture(deploy);
      await expect(airdrop.connect(alice).openRound(tree.root, 1n, start, end))
        .to.be.revertedWithCustomError(airdrop, "AccessManagedUnauthorized")
        .withArgs(alice);
    });

    it("reverts without a root", async function () {
      const { airdrop, start, end } = await loadFixture(deploy);
      await expect(airdrop.openRound(ZeroHash, 1n, start, end)).to.be.revertedWithCustomError(airdrop, "EmptyRoot");
    });

    it("reverts with a window that is empty, reversed or over", async function () {
      const { airdrop, tree, start } = await loadFixture(deploy);
      const now = start + 10n;
      for (const [from, to] of [
        [start + 20n, start + 20n],
        [start + 20n, start + 19n],
        [start, now],
      ] as const) {
        await time.setNextBlockTimestamp(now);
        await expect(airdrop.openRound.staticCall(tree.root, 1n, from, to, { blockTag: "pending" }))
          .to.be.revertedWithCustomError(airdrop, "InvalidWindow")
          .withArgs(from, to, now);
      }
    });

    it("reverts above what the vault approved", async function () {
      const { airdrop, cos, tree, start, end } = await loadFixture(deploy);
      await expect(airdrop.openRound(tree.root, 1_000_001n, start, end))
        .to.be.revertedWithCustomError(cos, "ERC20InsufficientAllowance")
        .withArgs(airdrop, 1_000_000n, 1_000_001n);
    });

    it("reverts without funds", async function () {
      const { airdrop, tree, start, end } = await loadFixture(deploy);
      await expect(airdrop.openRound(tree.root, 0n, start, end)).to.be.revertedWithCustomError(airdrop, "EmptyRound");
    });

    it("takes the amount from the vault and numbers rounds from 0", async function () {
      const { airdrop, cos, vault, tree, start, end } = await loadFixture(deploy);
      for (const round of [0n, 1n]) {
        expect(await airdrop.openRound.staticCall(tree.root, 500n, start, end)).to.equal(round);
        const opening = airdrop.openRound(tree.root, 500n, start, end);
        await expect(opening).to.emit(airdrop, "RoundOpened").withArgs(round, tree.root, 500n, start, end);
        await expect(opening).to.changeTokenBalances(cos, [vault, airdrop], [-500n, 500n]);
        expect(await airdrop.roundOf(round)).to.deep.equal([tree.root, 500n, start, end]);
      }
      expect(await airdrop.roundCount()).to.equal(2n);
    });

    it("opens for the one second before its end", async function () {
      const { airdrop, tree, start } = await loadFixture(deploy);
      await time.setNextBlockTimestamp(start);
      await airdrop.openRound(tree.root, 1n, start, start + 1n);
      expect(await airdrop.roundCount()).to.equal(1n);
    });

    it("counts what arrives where the token takes a fee", async function () {
      const { manager, treasurer, tree, start, end } = await loadFixture(deploy);
      const token = await ethers.deployContract("HostileERC20Mock");
      const airdrop = await ethers.deployContract("MerkleAirdrop", [manager, token, treasurer]);
      await restrict(manager, airdrop, ["openRound"]);
      await token.mint(treasurer, 1_000n);
      await token.mint(airdrop, 77n);
      await token.setFee(1_000n);
      await token.connect(treasurer).approve(airdrop, 1_000n);
      await airdrop.connect(treasurer).openRound(tree.root, 1_000n, start, end);
      expect((await airdrop.roundOf(0n)).remaining).to.equal(900n);
    });

    it("reverts with more than a round can count", async function () {
      const { manager, treasurer, tree, start, end } = await loadFixture(deploy);
      const token = await ethers.deployContract("HostileERC20Mock");
      const airdrop = await ethers.deployContract("MerkleAirdrop", [manager, token, treasurer]);
      await restrict(manager, airdrop, ["openRound"]);
      await token.mint(treasurer, MaxUint256);
      await token.connect(treasurer).approve(airdrop, MaxUint256);
      await expect(airdrop.connect(treasurer).openRound(tree.root, 2n ** 128n, start, end))
        .to.be.revertedWithCustomError(airdrop, "SafeCastOverflowedUintDowncast")
        .withArgs(128n, 2n ** 128n);
    });
  });

  describe("claim", function () {
    it("reverts in a round that does not exist", async function () {
      const fixture = await loadFixture(opened);
      const { amount, proof } = entry(fixture, ALICE);
      await expect(fixture.airdrop.connect(fixture.alice).claim(2n, ALICE, amount, proof))
        .to.be.revertedWithCustomError(fixture.airdrop, "UnknownRound")
        .withArgs(2n, 2n);
    });

    it("reverts in the last second before the start, and pays at the start", async function () {
      const fixture = await loadFixture(deploy);
      const { airdrop, alice, tree, start, end } = fixture;
      await airdrop.openRound(tree.root, tree.total, start, end);
      const { amount, proof } = entry(fixture, ALICE);
      await time.setNextBlockTimestamp(start - 1n);
      await expect(airdrop.connect(alice).claim(0n, ALICE, amount, proof))
        .to.be.revertedWithCustomError(airdrop, "RoundNotStarted")
        .withArgs(start - 1n, start);
      await time.setNextBlockTimestamp(start);
      await airdrop.connect(alice).claim(0n, ALICE, amount, proof);
      expect(await airdrop.isClaimed(0n, ALICE)).to.equal(true);
    });

    it("pays in the last second, and reverts at the end", async function () {
      const fixture = await loadFixture(opened);
      const { airdrop, cos, alice, bob, end } = fixture;
      const last = entry(fixture, ALICE);
      await time.setNextBlockTimestamp(end - 1n);
      await airdrop.connect(alice).claim(0n, ALICE, last.amount, last.proof);
      expect(await cos.balanceOf(alice)).to.equal(last.amount);
      const late = entry(fixture, BOB);
      await time.setNextBlockTimestamp(end);
      await expect(airdrop.connect(bob).claim(0n, BOB, late.amount, late.proof))
        .to.be.revertedWithCustomError(airdrop, "RoundEnded")
        .withArgs(end, end);
    });

    it("reverts a second time in one round, and pays in the next", async function () {
      const fixture = await loadFixture(opened);
      const { airdrop, cos, alice } = fixture;
      const { amount, proof } = entry(fixture, ALICE);
      await airdrop.connect(alice).claim(0n, ALICE, amount, proof);
      await expect(airdrop.connect(alice).claim(0n, ALICE, amount, proof))
        .to.be.revertedWithCustomError(airdrop, "AlreadyClaimed")
        .withArgs(0n, ALICE);
      await airdrop.connect(alice).claim(1n, ALICE, amount, proof);
      expect(await cos.balanceOf(alice)).to.equal(2n * amount);
    });

    it("reverts for another account, amount, index or proof", async function () {
      const fixture = await loadFixture(opened);
      const { airdrop, alice, bob, tree } = fixture;
      const { amount, proof } = entry(fixture, ALICE);
      const mismatch = (root: string): boolean => root !== tree.root;
      const wrong = [
        () => airdrop.connect(bob).claim(0n, ALICE, amount, proof),
        () => airdrop.connect(alice).claim(0n, ALICE, amount + 1n, proof),
        () => airdrop.connect(alice).claim(0n, BOB, amount, proof),
        () => airdrop.connect(alice).claim(0n, ALICE + 256n, amount, proof),
        () => airdrop.connect(alice).claim(0n, ALICE, amount, proof.slice(1)),
        () => airdrop.connect(alice).claim(0n, ALICE, amount, [...proof, ZeroHash]),
        () => airdrop.connect(alice).claim(0n, ALICE, amount, []),
      ];
      for (const call of wrong) {
        await expect(call()).to.be.revertedWithCustomError(airdrop, "ProofMismatch").withArgs(mismatch, tree.root);
      }
    });

    it("takes no leaf that was hashed once", async function () {
      const { airdrop, alice, bob, start, end } = await loadFixture(deploy);
      const once = keccak256(
        AbiCoder.defaultAbiCoder().encode(["uint256", "address", "uint256"], [0n, alice.address, 500n]),
      );
      const sibling = airdropLeaf(1n, { account: bob.address, amount: 1n });
      const root = keccak256(BigInt(once) < BigInt(sibling) ? concat([once, sibling]) : concat([sibling, once]));
      await airdrop.openRound(root, 500n, start, end);
      await airdrop.openRound(once, 500n, start, end);
      await time.increaseTo(start);
      for (const [round, proof] of [
        [0n, [sibling]],
        [1n, []],
      ] as const) {
        await expect(airdrop.connect(alice).claim(round, 0n, 500n, [...proof])).to.be.revertedWithCustomError(
          airdrop,
          "ProofMismatch",
        );
      }
    });

    it("takes no inner node of the tree for a leaf", async function () {
      const fixture = await loadFixture(opened);
      const { airdrop, alice, tree } = fixture;
      const { amount, proof } = entry(fixture, ALICE);
      const leaf = airdropLeaf(ALICE, { account: alice.address, amount });
      const parent = keccak256(
        BigInt(leaf) < BigInt(proof[0]!) ? concat([leaf, proof[0]!]) : concat([proof[0]!, leaf]),
      );
      // The pair's two halves as the fields of an entry: what an inner node would be a leaf of.
      const [index, rest] = [BigInt(leaf), BigInt(proof[0]!)];
      await expect(airdrop.connect(alice).claim(0n, index, rest, proof.slice(1))).to.be.revertedWithCustomError(
        airdrop,
        "ProofMismatch",
      );
      await expect(airdrop.connect(alice).claim(0n, BigInt(parent), amount, proof.slice(1)))
        .to.be.revertedWithCustomError(airdrop, "ProofMismatch")
        .withArgs((root: string) => root !== tree.root, tree.root);
    });

    it("reverts where the list sums to more than was funded, and pays the last wei", async function () {
      const fixture = await loadFixture(deploy);
      const { airdrop, cos, alice, bob, tree, start, end } = fixture;
      const [first, second] = [entry(fixture, ALICE), entry(fixture, BOB)];
      await airdrop.openRound(tree.root, first.amount + second.amount - 1n, start, end);
      // Another round's money is in the same contract.
      await airdrop.openRound(tree.root, tree.total, start, end);
      await time.increaseTo(start);
      await airdrop.connect(alice).claim(0n, ALICE, first.amount, first.proof);
      await expect(airdrop.connect(bob).claim(0n, BOB, second.amount, second.proof))
        .to.be.revertedWithCustomError(airdrop, "RoundExhausted")
        .withArgs(second.amount, second.amount - 1n);
      expect(await airdrop.isClaimed(0n, BOB)).to.equal(false);

      await airdrop.openRound(tree.root, second.amount, start, end);
      await airdrop.connect(bob).claim(2n, BOB, second.amount, second.proof);
      expect((await airdrop.roundOf(2n)).remaining).to.equal(0n);
      expect(await cos.balanceOf(bob)).to.equal(second.amount);
    });

    it("pays the caller, once for each index", async function () {
      const fixture = await loadFixture(opened);
      const { airdrop, cos, tree } = fixture;
      for (const [signer, index] of [
        [fixture.alice, ALICE],
        [fixture.bob, BOB],
        [fixture.carol, CAROL],
      ] as const) {
        const { amount, proof } = entry(fixture, index);
        expect(await airdrop.isClaimed(0n, index)).to.equal(false);
        const { remaining } = await airdrop.roundOf(0n);
        const claim = airdrop.connect(signer).claim(0n, index, amount, proof);
        await expect(claim).to.emit(airdrop, "AirdropClaimed").withArgs(0n, index, signer, amount);
        await expect(claim).to.changeTokenBalances(cos, [airdrop, signer], [-amount, amount]);
        expect(await airdrop.isClaimed(0n, index)).to.equal(true);
        expect(await airdrop.isClaimed(1n, index)).to.equal(false);
        expect((await airdrop.roundOf(0n)).remaining).to.equal(remaining - amount);
      }
      expect((await airdrop.roundOf(1n)).remaining).to.equal(tree.total);
    });

    it("reverts where the token calls back for a second claim", async function () {
      const { manager, treasurer, start, end } = await loadFixture(deploy);
      const token = await ethers.deployContract("HostileERC20Mock");
      const airdrop = await ethers.deployContract("MerkleAirdrop", [manager, token, treasurer]);
      await restrict(manager, airdrop, ["openRound"]);
      await token.mint(treasurer, 100n);
      await token.connect(treasurer).approve(airdrop, 100n);
      const list = [
        { account: treasurer.address, amount: 40n },
        { account: await token.getAddress(), amount: 40n },
      ];
      const { root, proofs } = airdropTree(list);
      await airdrop.connect(treasurer).openRound(root, 100n, start, end);
      await time.increaseTo(start);
      const reaction = airdrop.interface.encodeFunctionData("claim", [0n, 1n, 40n, [...proofs[1]!]]);
      await token.setReaction(airdrop, reaction);
      await airdrop.connect(treasurer).claim(0n, 0n, 40n, [...proofs[0]!]);
      expect(await token.reacted()).to.equal(false);
      expect(airdrop.interface.parseError(await token.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
      expect((await airdrop.roundOf(0n)).remaining).to.equal(60n);
    });
  });

  describe("claimFor", function () {
    async function signed() {
      const fixture = await opened();
      const { amount, proof } = entry(fixture, ALICE);
      const value = { round: 0n, index: ALICE, account: fixture.alice.address, amount };
      return { ...fixture, amount, proof, value, signature: await sign(fixture.airdrop, fixture.alice, value) };
    }

    it("reverts with a signature of another account, and for an account that did not sign", async function () {
      const { airdrop, alice, bob, amount, proof, value, signature, ...fixture } = await loadFixture(signed);
      const forged = await sign(airdrop, bob, value);
      await expect(airdrop.claimFor(0n, ALICE, alice, amount, proof, forged))
        .to.be.revertedWithCustomError(airdrop, "ClaimNotSigned")
        .withArgs(alice);
      const other = entry({ ...fixture, airdrop, alice, bob }, BOB);
      await expect(airdrop.claimFor(0n, BOB, bob, other.amount, other.proof, signature))
        .to.be.revertedWithCustomError(airdrop, "ClaimNotSigned")
        .withArgs(bob);
      await expect(airdrop.claimFor(0n, ALICE, ZeroAddress, amount, proof, signature))
        .to.be.revertedWithCustomError(airdrop, "ClaimNotSigned")
        .withArgs(ZeroAddress);
    });

    it("reverts with a signature for another round, index or amount", async function () {
      const { airdrop, alice, amount, proof, value, signature } = await loadFixture(signed);
      await expect(airdrop.claimFor(1n, ALICE, alice, amount, proof, signature))
        .to.be.revertedWithCustomError(airdrop, "ClaimNotSigned")
        .withArgs(alice);
      for (const change of [{ round: 1n }, { index: 1n }, { amount: amount + 1n }]) {
        await expect(
          airdrop.claimFor(0n, ALICE, alice, amount, proof, await sign(airdrop, alice, { ...value, ...change })),
        )
          .to.be.revertedWithCustomError(airdrop, "ClaimNotSigned")
          .withArgs(alice);
      }
    });

    it("reverts with a signature for another chain or another airdrop", async function () {
      const { airdrop, alice, bob, amount, proof, value } = await loadFixture(signed);
      for (const change of [{ chainId: 56n }, { verifyingContract: bob.address }, { version: "2" }]) {
        await expect(
          airdrop.claimFor(0n, ALICE, alice, amount, proof, await sign(airdrop, alice, value, change)),
        ).to.be.revertedWithCustomError(airdrop, "ClaimNotSigned");
      }
    });

    it("reverts with a true signature and a wrong proof", async function () {
      const { airdrop, alice, amount, proof, signature } = await loadFixture(signed);
      await expect(airdrop.claimFor(0n, ALICE, alice, amount, proof.slice(1), signature)).to.be.revertedWithCustomError(
        airdrop,
        "ProofMismatch",
      );
    });

    it("reverts a second time, also after the account claimed itself", async function () {
      const { airdrop, alice, bob, amount, proof, signature } = await loadFixture(signed);
      await airdrop.connect(alice).claim(0n, ALICE, amount, proof);
      await expect(airdrop.connect(bob).claimFor(0n, ALICE, alice, amount, proof, signature))
        .to.be.revertedWithCustomError(airdrop, "AlreadyClaimed")
        .withArgs(0n, ALICE);
    });

    it("pays the account that signed, whoever sends", async function () {
      const { airdrop, cos, alice, bob, amount, proof, value, signature } = await loadFixture(signed);
      expect(await airdrop.claimDigest(0n, ALICE, alice, amount)).to.equal(
        ethers.TypedDataEncoder.hash(
          { name: "MerkleAirdrop", version: "1", chainId: 31_337n, verifyingContract: await airdrop.getAddress() },
          CLAIM,
          value,
        ),
      );
      const claim = airdrop.connect(bob).claimFor(0n, ALICE, alice, amount, proof, signature);
      await expect(claim).to.emit(airdrop, "AirdropClaimed").withArgs(0n, ALICE, alice, amount);
      await expect(claim).to.changeTokenBalances(cos, [airdrop, alice, bob], [-amount, amount, 0n]);
    });

    it("takes the word of a contract account (ERC-1271)", async function () {
      const { airdrop, cos, alice, bob, start, end } = await loadFixture(signed);
      const wallet = await ethers.deployContract("SignatureWalletMock", [alice]);
      const account = await wallet.getAddress();
      const { root, proofs } = airdropTree([
        { account: bob.address, amount: 1n },
        { account, amount: 50n },
      ]);
      await airdrop.openRound(root, 51n, start, end);
      const value = { round: 2n, index: 1n, account, amount: 50n };
      const proof = [...proofs[1]!];
      await expect(airdrop.claimFor(2n, 1n, account, 50n, proof, await sign(airdrop, bob, value)))
        .to.be.revertedWithCustomError(airdrop, "ClaimNotSigned")
        .withArgs(account);
      await airdrop.claimFor(2n, 1n, account, 50n, proof, await sign(airdrop, alice, value));
      expect(await cos.balanceOf(wallet)).to.equal(50n);
    });

    it("reverts where the token calls back", async function () {
      const { manager, treasurer, alice, start, end } = await loadFixture(deploy);
      const token = await ethers.deployContract("HostileERC20Mock");
      const airdrop = await ethers.deployContract("MerkleAirdrop", [manager, token, treasurer]);
      await restrict(manager, airdrop, ["openRound"]);
      await token.mint(treasurer, 40n);
      await token.connect(treasurer).approve(airdrop, 40n);
      const { root } = airdropTree([{ account: alice.address, amount: 40n }]);
      await airdrop.connect(treasurer).openRound(root, 40n, start, end);
      await time.increaseTo(start);
      const value = { round: 0n, index: 0n, account: alice.address, amount: 40n };
      const signature = await sign(airdrop, alice, value);
      for (const reaction of [
        airdrop.interface.encodeFunctionData("claimFor", [0n, 0n, alice.address, 40n, [], signature]),
        airdrop.interface.encodeFunctionData("sweep", [0n]),
        airdrop.interface.encodeFunctionData("openRound", [root, 1n, start, end]),
      ]) {
        const before = await ethers.provider.send("evm_snapshot", []);
        await manager.grantRole(8n, token, 0);
        await token.setReaction(airdrop, reaction);
        await airdrop.claimFor(0n, 0n, alice, 40n, [], signature);
        expect(airdrop.interface.parseError(await token.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
        await ethers.provider.send("evm_revert", [before]);
      }
    });
  });

  describe("sweep", function () {
    it("reverts for a round that does not exist", async function () {
      const { airdrop } = await loadFixture(opened);
      await expect(airdrop.sweep(2n)).to.be.revertedWithCustomError(airdrop, "UnknownRound").withArgs(2n, 2n);
    });

    it("reverts in the round's last second", async function () {
      const { airdrop, end } = await loadFixture(opened);
      await time.setNextBlockTimestamp(end - 1n);
      await expect(airdrop.sweep(0n))
        .to.be.revertedWithCustomError(airdrop, "RoundNotEnded")
        .withArgs(end - 1n, end);
    });

    it("returns to the vault at the end what nobody claimed, whoever calls, once", async function () {
      const fixture = await loadFixture(opened);
      const { airdrop, cos, vault, alice, bob, tree, end } = fixture;
      const { amount, proof } = entry(fixture, ALICE);
      await airdrop.connect(alice).claim(0n, ALICE, amount, proof);
      await time.setNextBlockTimestamp(end);
      const sweep = airdrop.connect(bob).sweep(0n);
      const left = tree.total - amount;
      await expect(sweep).to.emit(airdrop, "RoundSwept").withArgs(0n, left);
      await expect(sweep).to.changeTokenBalances(cos, [airdrop, vault], [-left, left]);
      await expect(airdrop.sweep(0n)).to.be.revertedWithCustomError(airdrop, "NothingLeft").withArgs(0n);
      expect(await cos.balanceOf(airdrop)).to.equal(tree.total);
    });

    for (const first of ["claim", "sweep"] as const) {
      it(`shares a block with a claim, ${first} first: before the end the claim is done, at the end the sweep`, async function () {
        for (const before of [1n, 0n]) {
          const fixture = await loadFixture(opened);
          const { airdrop, alice, bob, tree, end } = fixture;
          const { amount, proof } = entry(fixture, ALICE);
          const send = {
            claim: (options: object) => airdrop.connect(alice).claim(0n, ALICE, amount, proof, options),
            sweep: (options: object) => airdrop.connect(bob).sweep(0n, options),
          };
          await network.provider.send("evm_setAutomine", [false]);
          await time.setNextBlockTimestamp(end - before);
          const gas = (name: keyof typeof send) => ({
            gasLimit: 200_000n,
            gasPrice: name === first ? 10n ** 11n : 10n ** 10n,
          });
          const claim = await send.claim(gas("claim"));
          const sweep = await send.sweep(gas("sweep"));
          await mine();
          await network.provider.send("evm_setAutomine", [true]);
          const [claimed, swept] = await Promise.all(
            [claim, sweep].map(({ hash }) => ethers.provider.getTransactionReceipt(hash)),
          );
          expect(claimed?.blockNumber).to.equal(swept?.blockNumber);
          expect((claimed?.index ?? 0) < (swept?.index ?? 0)).to.equal(first === "claim");
          expect([claimed?.status, swept?.status]).to.deep.equal(before === 1n ? [1, 0] : [0, 1]);
          const { remaining } = await airdrop.roundOf(0n);
          expect(remaining).to.equal(before === 1n ? tree.total - amount : 0n);
        }
      });
    }
  });

  describe("roundOf", function () {
    it("reverts for a round that does not exist", async function () {
      const { airdrop } = await loadFixture(deploy);
      await expect(airdrop.roundOf(0n)).to.be.revertedWithCustomError(airdrop, "UnknownRound").withArgs(0n, 0n);
    });
  });

  it("knows its token and its vault", async function () {
    const { airdrop, cos, vault } = await loadFixture(deploy);
    expect(await airdrop.TOKEN()).to.equal(cos);
    expect(await airdrop.VAULT()).to.equal(vault);
  });
});
