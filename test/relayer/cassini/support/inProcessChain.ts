import { ZeroHash, isCallException, type Wallet } from "ethers";
import { ethers } from "hardhat";
import { ContractRevert } from "../../../../relayer/errors";
import type { ChainReader, TransactionSender, VerifiedBlock } from "../../../../relayer/ports";

const not = (): Promise<never> => Promise.reject(new Error("nobody asks for it"));

/** Hardhat's chain in this process as a relayer sees it: every block is final, a call is mined when it is sent. */
export class InProcessChain implements ChainReader {
  readonly chainId = 31_337n;

  block = not;
  laneState = not;
  logs = not;

  call(to: string, data: string): Promise<string> {
    return ethers.provider.call({ to, data });
  }

  async estimateGas(transaction: { readonly from: string; readonly to: string; readonly data: string }) {
    try {
      return await ethers.provider.estimateGas(transaction);
    } catch (error) {
      const data = isCallException(error) ? error.data : (error as { readonly data?: string }).data;
      if (typeof data !== "string") throw error;
      throw new ContractRevert(data, "refused");
    }
  }

  async finalized(): Promise<VerifiedBlock> {
    const block = await ethers.provider.getBlock("latest");
    if (block === null) throw new Error("no block");
    const { number, timestamp } = block;
    return {
      number: BigInt(number),
      timestamp: BigInt(timestamp),
      hash: ZeroHash,
      parentHash: ZeroHash,
      stateRoot: ZeroHash,
    };
  }

  sender(wallet: Wallet): TransactionSender {
    const account = wallet.connect(ethers.provider);
    return {
      address: wallet.address,
      recover: () => Promise.resolve(),
      submit: async ({ to, data, gasLimit }) => {
        const receipt = await (await account.sendTransaction({ to, data, gasLimit })).wait();
        if (receipt === null) throw new Error("not mined");
        return {
          hash: receipt.hash,
          succeeded: receipt.status === 1,
          blockNumber: BigInt(receipt.blockNumber),
          gasUsed: receipt.gasUsed,
        };
      },
    };
  }
}
