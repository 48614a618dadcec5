import { parseEther, type ContractTransactionReceipt } from "ethers";
import type { ContractTypes } from "../../deploy/contracts";
import { interoperableAddress, messageIdSeq } from "../../protocol/message";
import { ACCOUNTS, type LocalChain, type LocalNetwork } from "./network";
import type { LinkedToken } from "./tokens";

/** An exchange that was sent, and what became of it as both chains tell. */
export interface Exchange {
  readonly from: LocalChain;
  readonly to: LocalChain;
  readonly symbol: string;
  readonly sendId: string;
  readonly seq: bigint;
  readonly sentAt: number;
  status: "sent" | "executed" | "failed" | "acknowledged" | "reclaimed";
  /** Milliseconds from its inclusion on the source until its delivery was seen on the target. */
  latencyMs?: number;
}

/** Fixed: an estimate in the second of the holder's last checkpoint misses the slot that the next second writes. */
const MOST_GAS = 500_000n;

/** Burns one token on `from` for alice (home) or bob (away), to be minted for the other one. */
export async function exchange(
  token: LinkedToken,
  from: LocalChain,
  to: LocalChain,
  network: LocalNetwork,
): Promise<Exchange> {
  const atHome = from === network.home;
  const holder = from.account(atHome ? ACCOUNTS.alice : ACCOUNTS.bob);
  const receiver = await to.account(atHome ? ACCOUNTS.bob : ACCOUNTS.alice).getAddress();
  const qsc = (atHome ? token.home : token.away).connect(holder) as ContractTypes["QSC"];
  const recipient = interoperableAddress(BigInt(to.node.chainId), receiver);
  const sent = await qsc.qcpExchange(recipient, parseEther("1"), { gasLimit: MOST_GAS });
  const receipt = await sent.wait();
  const sendId = sendIdOf(qsc, receipt);
  return { from, to, symbol: token.symbol, sendId, seq: messageIdSeq(sendId), sentAt: Date.now(), status: "sent" };
}

/** Takes back on the source what a failed exchange burned there. Anyone may; here the issuer does. */
export async function reclaim(token: LinkedToken, failed: Exchange, network: LocalNetwork): Promise<void> {
  const qsc = failed.from === network.home ? token.home : token.away;
  const sent = await qsc.qcpReclaim(failed.sendId, { gasLimit: MOST_GAS });
  await sent.wait();
  failed.status = "reclaimed";
}

function sendIdOf(qsc: ContractTypes["QSC"], receipt: ContractTransactionReceipt | null): string {
  for (const log of receipt?.logs ?? []) {
    const parsed = qsc.interface.parseLog(log);
    if (parsed?.name === "Exchanged") return parsed.args.sendId as string;
  }
  throw new Error("the exchange left no event");
}
