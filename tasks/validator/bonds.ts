import { formatEther } from "ethers";
import type { ContractTypes } from "../../deploy/contracts";
import { Refusal } from "../refusal";
import { openDeployment, parseAccount, type Session } from "../session";

/** The validators' bonds and the token that they are in. */
export interface Bonds {
  readonly delegation: ContractTypes["Delegation"];
  readonly cos: ContractTypes["COSToken"];
  readonly address: string;
}

export async function openBonds(session: Session): Promise<Bonds> {
  const { delegation, token } = await openDeployment(session);
  if (delegation === undefined || token === undefined) {
    throw new Refusal("this chain has no validators: bonds are on the home chain");
  }
  return { delegation, cos: token.cos, address: await delegation.getAddress() };
}

export function parseValidator(value: string): string {
  return parseAccount("validator", value);
}

export function showCOS(amount: bigint): string {
  return `${formatEther(amount)} COS`;
}
