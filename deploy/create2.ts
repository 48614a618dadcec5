import {
  Transaction,
  concat,
  getCreate2Address,
  keccak256,
  parseEther,
  toUtf8Bytes,
  type Provider,
  type Signer,
} from "ethers";
import { DeploymentError } from "./deploymentError";

/**
 * The usual deterministic deployment proxy, at the same address on every public chain. Salt and creation code decide
 * the address, so that a deployment which was interrupted at any instruction finds what it has created.
 */
export const CREATE2_PROXY = "0x4e59b44847b379578588920cA78FbF26c0B4956C";

/** The only transaction of its creator, whose key nobody has. */
const PROXY_CREATION =
  "0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffff" +
  "ffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba0222222222222222222" +
  "2222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222";

/**
 * Two uses of the same code with the same arguments are two contracts, and so are those of two deployers: what somebody else
 * has created is never taken for one's own.
 */
export function saltOf(deployment: string, deployer: string, name: string): string {
  return keccak256(concat([deployment, deployer, toUtf8Bytes(name)]));
}

export function create2Address(salt: string, initCode: string): string {
  return getCreate2Address(CREATE2_PROXY, salt, keccak256(initCode));
}

export function create2Call(salt: string, initCode: string): { readonly to: string; readonly data: string } {
  return { to: CREATE2_PROXY, data: concat([salt, initCode]) };
}

/** Makes sure that the chain has the proxy; a local one gets it. */
export async function ensureCreate2Proxy(signer: Signer, provider: Provider, live: boolean): Promise<void> {
  if ((await provider.getCode(CREATE2_PROXY)) !== "0x") return;
  const creator = Transaction.from(PROXY_CREATION).from;
  if (live) {
    throw new DeploymentError(
      `this chain has no deterministic deployment proxy at ${CREATE2_PROXY}: create it with the transaction published ` +
        `for it (its creator ${creator} needs 0.01 native coin), then run again`,
    );
  }
  const funding = await signer.sendTransaction({ to: creator, value: parseEther("0.01") });
  await funding.wait();
  const creation = await provider.broadcastTransaction(PROXY_CREATION);
  await creation.wait();
}
