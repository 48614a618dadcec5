import { setCode } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { gasOf, type EconomyGas } from "../economy/receipts";

const MAX_CODE_BYTES = 24_576;
const CODE_AT = "0x0000000000000000000000000000000000001001";

/**
 * Of the largest contract, whose every byte is an instruction: the most that a check can cost. The copy that the registry
 * makes of it comes on top.
 */
export async function purityGas(): Promise<EconomyGas> {
  const checker = await ethers.deployContract("PurityCheckerMock");
  await setCode(CODE_AT, `0x${"5b".repeat(MAX_CODE_BYTES)}`);
  return {
    purityCheckMax: await gasOf(checker.check(CODE_AT)),
    purityCopyMax: await gasOf(checker.copyOf(CODE_AT)),
  };
}
