import type { TransactionReceipt } from "ethers";
import { connect } from "../deploy/contracts";
import { withRoom } from "../deploy/gasRoom";
import { Refusal } from "./refusal";
import { inWords, loadRecord, type Session, type TaskSigner } from "./session";
import { timeInWords } from "./explain";

export interface Call {
  readonly to: string;
  readonly data: string;
  /** Wei. */
  readonly value?: bigint;
  /** Where an estimate would not do; default: what is estimated, and room. */
  readonly gasLimit?: bigint;
}

/** Tries a call, asks where that is due, sends it and waits until it is mined. Errors come in words. */
export async function submit(session: Session, what: string, call: Call): Promise<TransactionReceipt> {
  const signer = await session.signer();
  await rehearse(session, signer, call);
  await session.confirm(`${what}\n  as ${signer.address} on ${session.network} (chain ${session.chainId})`);
  return inWords(session, async () => {
    const { gasLimit = await estimated(signer, call) } = call;
    const sent = await signer.sendTransaction({ ...call, gasLimit });
    const receipt = await sent.wait();
    if (receipt === null) throw new Refusal(`the transaction ${sent.hash} was not mined`);
    session.say(`  mined in block ${receipt.blockNumber}, ${receipt.gasUsed} gas: ${receipt.hash}`);
    return receipt;
  });
}

async function estimated(signer: TaskSigner, call: Call): Promise<bigint> {
  return withRoom(await signer.estimateGas(call));
}

/** At the time of the block that comes next: a local node without traffic still stands at that of its latest block. */
async function rehearse(session: Session, signer: TaskSigner, call: Call): Promise<void> {
  const blockTag = session.live ? "latest" : "pending";
  await inWords(session, () => session.provider.call({ from: signer.address, ...call, blockTag }));
}

/** What became of a call that needs a role of the access manager. */
export type RestrictedOutcome =
  | { readonly outcome: "executed"; readonly receipt: TransactionReceipt }
  | { readonly outcome: "scheduled"; readonly readyAt: bigint }
  | { readonly outcome: "calldata"; readonly calls: readonly Call[] };

/**
 * Makes a restricted call in the way the caller's role allows: at once; scheduled now and executed by the same task
 * after the delay; or, without the role, not at all, and the calls that the holder has to make are printed.
 */
export async function submitRestricted(
  session: Session,
  what: string,
  call: Call,
  holder: string,
): Promise<RestrictedOutcome> {
  const signer = await session.signer();
  const record = await loadRecord(session);
  const address = record.contracts.AccessManager?.address;
  if (address === undefined) throw new Refusal("the record names no AccessManager: deploy first");
  const manager = await connect("AccessManager", address, session.provider, session.artifacts);
  const [immediate, delay] = await manager.canCall(signer.address, call.to, call.data.slice(0, 10));
  if (immediate) return { outcome: "executed", receipt: await submit(session, what, call) };

  const execute = { to: address, data: manager.interface.encodeFunctionData("execute", [call.to, call.data]) };
  const schedule = {
    to: address,
    data: manager.interface.encodeFunctionData("schedule", [call.to, call.data, 0]),
  };
  if (delay === 0n) {
    const [role] = [await manager.getTargetFunctionRole(call.to, call.data.slice(0, 10))];
    session.say(`${what}`);
    session.say(`  ${signer.address} lacks role ${role} (${holder}). Its holder makes these calls, in this order:`);
    session.say("  if its role has no delay:");
    session.say(`    to ${call.to}\n    data ${call.data}`);
    session.say("  otherwise schedule, and execute after the delay:");
    session.say(`    to ${schedule.to}\n    data ${schedule.data}`);
    session.say(`    to ${execute.to}\n    data ${execute.data}`);
    return { outcome: "calldata", calls: [call, schedule, execute] };
  }

  const operation = await manager.hashOperation(signer.address, call.to, call.data);
  const scheduled = await manager.getSchedule(operation);
  if (scheduled === 0n) {
    await submit(session, `Schedule, ${delay} s ahead: ${what}`, schedule);
    const readyAt = await manager.getSchedule(operation);
    session.say(`  run this again from ${timeInWords(readyAt)} on, to execute it`);
    return { outcome: "scheduled", readyAt };
  }
  const now = await session.time();
  if (now < scheduled) {
    session.say(`${what}\n  is scheduled: run this again from ${timeInWords(scheduled)} on`);
    return { outcome: "scheduled", readyAt: scheduled };
  }
  return { outcome: "executed", receipt: await submit(session, `Execute what was scheduled: ${what}`, execute) };
}

/** Refuses before sending where a token's role is missing, and says who can help. */
export async function requireTokenRole(
  session: Session,
  token: {
    hasRole(role: string, account: string): Promise<boolean>;
    defaultAdmin(): Promise<string>;
    getAddress(): Promise<string>;
  },
  role: { readonly name: string; readonly id: string },
  call: Call,
): Promise<void> {
  const signer = await session.signer();
  if (await token.hasRole(role.id, signer.address)) return;
  throw new Refusal(
    `${signer.address} lacks ${role.name} on the token ${await token.getAddress()}: its admin ` +
      `${await token.defaultAdmin()} can grant it, or a holder of the role calls\n  to ${call.to}\n  data ${call.data}`,
  );
}
