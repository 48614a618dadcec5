import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { isCallException, parseEther, type Interface } from "ethers";
import { ethers } from "hardhat";
import type { AccessManager, COSToken, Vault } from "../../typechain-types";
import type {} from "../../typechain-types/hardhat";

export const DAY = 86_400n;
export const SUPPLY = parseEther("1000000000");

export interface Actors {
  readonly admin: HardhatEthersSigner;
  readonly treasurer: HardhatEthersSigner;
  readonly alice: HardhatEthersSigner;
  readonly bob: HardhatEthersSigner;
  readonly carol: HardhatEthersSigner;
}

export interface TokenFixture extends Actors {
  readonly manager: AccessManager;
  readonly vault: Vault;
  readonly cos: COSToken;
}

const TREASURER_ROLE = 8n;

export async function actors(): Promise<Actors> {
  const [admin, treasurer, alice, bob, carol] = await ethers.getSigners();
  if (!admin || !treasurer || !alice || !bob || !carol) throw new Error("5 accounts");
  return { admin, treasurer, alice, bob, carol };
}

/** A vault that has the whole supply, and a treasurer without delay. */
export async function deployVault(): Promise<TokenFixture> {
  const of = await actors();
  const manager = await ethers.deployContract("AccessManager", [of.admin], of.admin);
  const vault = await ethers.deployContract("Vault", [manager], of.admin);
  const cos = await deployCOS(await vault.getAddress());
  await manager.grantRole(TREASURER_ROLE, of.treasurer, 0);
  await restrict(manager, vault, ["approve", "fund", "transfer"]);
  return { ...of, manager, vault: vault.connect(of.treasurer), cos };
}

/** The token, all of it in one account. */
export async function deployCOS(holder: string): Promise<COSToken> {
  const nothing = { vault: holder, amount: 0n };
  return ethers.deployContract("COSToken", [[{ vault: holder, amount: SUPPLY }, nothing, nothing, nothing, nothing]]);
}

/** Leaves the named functions of `target` to the treasurer. */
export async function restrict(
  manager: AccessManager,
  target: {
    getAddress(): Promise<string>;
    interface: { getFunction(name: string): { readonly selector: string } | null };
  },
  functions: readonly string[],
): Promise<void> {
  const selectors = functions.map((name) => {
    const found = target.interface.getFunction(name);
    if (found === null) throw new Error(`no function ${name}`);
    return found.selector;
  });
  await manager.setTargetFunctionRole(await target.getAddress(), selectors, TREASURER_ROLE);
}

/** Name of the error that `call` ends with, by the first interface that knows it; undefined where it succeeds. */
export async function errorOf(
  interfaces: readonly Interface[],
  call: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    await call();
    return undefined;
  } catch (cause) {
    const data = isCallException(cause) ? cause.data : (cause as { readonly data?: string }).data;
    for (const known of interfaces) {
      const error = typeof data === "string" ? known.parseError(data) : null;
      if (error !== null) return error.name;
    }
    throw cause;
  }
}
