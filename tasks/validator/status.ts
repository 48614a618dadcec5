import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams, type CommonArgs, type Session } from "../session";
import { showCOS } from "./bonds";
import { ABSENCE_WORDS, openRegistry, STATUS, STATUS_WORDS, type Validators } from "./registry";

interface StatusArgs extends CommonArgs {
  readonly validator?: string;
}

export interface ValidatorStatus {
  readonly operator: string;
  readonly status: string;
  readonly signer: string;
  /** COS wei: own, and own plus delegated. */
  readonly ownBond: bigint;
  readonly bond: bigint;
  /** Wei of the core node behind it. */
  readonly deposit: bigint;
  readonly commissionBps: bigint;
  /** Of the last 10,000 attestations. */
  readonly missed: bigint;
}

withCommonParams(task("validator:status", "Shows the validators with what stands behind them, or one of them"))
  .addOptionalParam("validator", "One validator's account; without it: all")
  .setAction(async (args: StatusArgs, hre): Promise<readonly ValidatorStatus[]> => {
    const session = await openSession(hre, args);
    const validators = await openRegistry(session);
    const accounts =
      args.validator === undefined
        ? await validators.registry.operators()
        : [parseAccount("validator", args.validator)];
    const all: ValidatorStatus[] = [];
    for (const account of accounts) all.push(await show(session, validators, account));
    if (args.validator === undefined) await showElection(session, validators, all);
    return all;
  });

async function show(session: Session, validators: Validators, account: string): Promise<ValidatorStatus> {
  const { registry, delegation, nodes, liveness } = validators;
  const operator = await registry.operatorOf(account);
  if (operator.status === STATUS.none) throw new Refusal(`${account} never registered`);
  const position = await nodes.boundPosition(account);
  const [pool, own] = [await delegation.poolOf(account), await delegation.positionOf(account, account)];
  const found: ValidatorStatus = {
    operator: account,
    status: STATUS_WORDS[Number(operator.status)] ?? "unknown",
    signer: operator.signer,
    ownBond: own.bond,
    bond: pool.bond,
    deposit: position === 0n ? 0n : await nodes.principalOf(position),
    commissionBps: pool.commissionBps,
    missed: await liveness.missedOf(account),
  };
  session.say(`${account}: ${found.status}${await reason(session, validators, account)}`);
  session.say(
    `  deposit ${formatEther(found.deposit)} coins, bond ${showCOS(found.bond)}, ${showCOS(found.ownBond)} its own`,
  );
  session.say(`  commission ${Number(found.commissionBps) / 100} %, missed ${found.missed} of the last 10,000`);
  session.say(`  signs with ${found.signer}, answers at ${operator.endpoint}`);
  return found;
}

async function reason(session: Session, { registry }: Validators, account: string): Promise<string> {
  const { status, absence, inactiveSince } = await registry.operatorOf(account);
  if (status === STATUS.candidate) {
    const { expiresAt } = await registry.proposalOf(account);
    const [votes, members] = [await registry.presentVotes(account), await registry.members()];
    const until = (await session.time()) < expiresAt ? `until ${timeInWords(expiresAt)}` : "expired";
    return `, ${votes} of ${members} members said yes, ${until}`;
  }
  if (status !== STATUS.inactive) return "";
  const closableAt = await registry.closableAt(account);
  return ` since ${timeInWords(inactiveSince)}: ${ABSENCE_WORDS[Number(absence)]}; closable from ${timeInWords(closableAt)} on`;
}

async function showElection(
  session: Session,
  { registry }: Validators,
  all: readonly ValidatorStatus[],
): Promise<void> {
  const seated = all.filter(({ status }) => status === "active").length;
  const [next, due] = [await registry.nextToSeat(), await registry.publishableFrom()];
  session.say(`${seated} of 21 seats taken, ${await registry.members()} members`);
  if (BigInt(next) !== 0n) session.say(`${next} is next to take a seat`);
  session.say(`epoch ${await registry.latestEpoch()}; the next ${due === 0n ? "now" : `from ${timeInWords(due)} on`}`);
}
