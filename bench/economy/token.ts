import { time } from "@nomicfoundation/hardhat-network-helpers";
import { parseEther, toBeHex } from "ethers";
import { ethers } from "hardhat";
import { airdropTree } from "../../protocol/airdrop";
import { DAY, deployVault, restrict } from "../../test/token/support";
import { CURVE, gasOf, type EconomyGas } from "./receipts";

const AMOUNT = parseEther("123.456");

/**
 * A claim by an account that holds no COS yet, from a list of each size: the proof grows with the logarithm, nothing else
 * does. 255 of 256 claims find their word of the bitmap written by an earlier one; the first beside it.
 */
export async function tokenGas(): Promise<EconomyGas> {
  const { manager, vault, cos, treasurer } = await deployVault();
  const airdrop = await ethers.deployContract("MerkleAirdrop", [manager, cos, vault]);
  await restrict(manager, airdrop, ["openRound"]);
  await vault.approve(cos, airdrop, AMOUNT * 100_000n);
  const claimants = (await ethers.getSigners()).slice(5, 14);
  const byEntries: Record<string, number> = {};
  const inNewWord: Record<string, number> = {};
  const signed: Record<string, number> = {};
  for (const [round, size] of CURVE.entries()) {
    const [first, second, third] = claimants.slice(3 * round, 3 * round + 3);
    if (!first || !second || !third) throw new Error("too few accounts");
    // The last even place with a full path, and two beside it in one word of the bitmap.
    const at = Math.floor(size / 2) - 2;
    const entries = Array.from({ length: size }, (_, index) => ({ account: toBeHex(index + 1, 20), amount: AMOUNT }));
    for (const [offset, { address }] of [first, second, third].entries()) {
      entries[at + offset] = { account: address, amount: AMOUNT };
    }
    const { root, proofs, total } = airdropTree(entries);
    const start = BigInt(await time.latest()) + 10n;
    await airdrop.connect(treasurer).openRound(root, total, start, start + 30n * DAY);
    await time.increaseTo(start);
    const proof = (offset: number): string[] => [...(proofs[at + offset] ?? [])];

    inNewWord[size] = await gasOf(airdrop.connect(first).claim(round, at, AMOUNT, proof(0)));
    byEntries[size] = await gasOf(airdrop.connect(second).claim(round, at + 1, AMOUNT, proof(1)));
    const { name, version, chainId, verifyingContract } = await airdrop.eip712Domain();
    const value = { round, index: at + 2, account: third.address, amount: AMOUNT };
    const types = {
      Claim: [
        { name: "round", type: "uint256" },
        { name: "index", type: "uint256" },
        { name: "account", type: "address" },
        { name: "amount", type: "uint256" },
      ],
    };
    const signature = await third.signTypedData({ name, version, chainId, verifyingContract }, types, value);
    signed[size] = await gasOf(airdrop.claimFor(round, at + 2, third, AMOUNT, proof(2), signature));
  }
  return {
    airdropClaim: byEntries[CURVE[CURVE.length - 1] ?? 0] ?? 0,
    airdropClaimByEntries: byEntries,
    airdropClaimInNewWord: inNewWord,
    airdropClaimSigned: signed,
  };
}
