import { BrowserProvider, type JsonRpcSigner } from "ethers";
import { network } from "hardhat";
import { SdkError } from "../../sdk/errors";

/** Hardhat's chain as any program sees it, with ethers' own errors. */
export function browserProvider(): BrowserProvider {
  const provider = new BrowserProvider(network.provider, undefined, { cacheTimeout: -1 });
  provider.pollingInterval = 5;
  return provider;
}

export function signerOf(provider: BrowserProvider, address: string): Promise<JsonRpcSigner> {
  return provider.getSigner(address);
}

/** Code of the error, and the contract's error where it is one. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    return error.code === "CHAIN_REVERTED" ? error.context.error : error.code;
  }
  return "done";
}
