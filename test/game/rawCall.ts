import { network } from "hardhat";
import { toBeHex, type Interface } from "ethers";

const GAS = "0x2dc6c0";

/** Sends without looking anything up before; the error's name, by the first interface that knows it, where it reverts. */
export async function send(
  from: string,
  to: string,
  coders: readonly Interface[],
  data: string,
  value = 0n,
): Promise<string | undefined> {
  try {
    await network.provider.send("eth_sendTransaction", [{ from, to, data, gas: GAS, value: toBeHex(value) }]);
    return undefined;
  } catch (cause) {
    const { data: thrown } = cause as { readonly data?: string | { readonly data?: string } };
    const bytes = typeof thrown === "string" ? thrown : thrown?.data;
    for (const coder of coders) {
      const error = typeof bytes === "string" ? coder.parseError(bytes) : null;
      if (error !== null) return error.name;
    }
    throw cause;
  }
}

export async function view(to: string, data: string): Promise<string> {
  return (await network.provider.send("eth_call", [{ to, data }])) as string;
}
