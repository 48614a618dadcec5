import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openRegistry, STATUS, STATUS_WORDS } from "./registry";

interface VoteArgs extends CommonArgs {
  readonly candidate: string;
}

const BPS = 10_000n;
/** A vote is counted as if there were at least so many members. */
const MIN_ELECTORATE = 4n;

withCommonParams(
  task("validator:vote", "Says yes to a candidate as a member; asks again as the candidate; admits whoever has enough"),
)
  .addParam("candidate", "The candidate's account")
  .setAction(async (args: VoteArgs, hre): Promise<{ readonly votes: bigint; readonly status: string }> => {
    const session = await openSession(hre, args);
    const { registry, address } = await openRegistry(session);
    const candidate = parseAccount("candidate", args.candidate);
    const { address: caller } = await session.signer();
    const { status: present } = await registry.operatorOf(candidate);
    if (present !== STATUS.candidate) throw new Refusal(`${candidate} is ${STATUS_WORDS[Number(present)]}`);

    const proposal = await registry.proposalOf(candidate);
    const { interface: calls } = registry;
    const send = (what: string, data: string) => submit(session, what, { to: address, data });
    if (caller === candidate) {
      await send("Ask the members for admission again", calls.encodeFunctionData("propose"));
    } else {
      const { status: own } = await registry.operatorOf(caller);
      const member = own === STATUS.active || own === STATUS.standby;
      if (member && !proposal.voters.includes(caller)) {
        const what = `Say yes to ${candidate}, until ${timeInWords(proposal.expiresAt)}`;
        await send(what, calls.encodeFunctionData("vote", [candidate]));
      } else if (!(await enough())) {
        throw new Refusal(
          member ? `${caller} has said yes to ${candidate} already` : `${caller} is no member: members vote`,
        );
      }
    }
    if (await enough())
      await send(
        `Admit ${candidate}: it has more than its share of the members`,
        calls.encodeFunctionData("admit", [candidate]),
      );
    const votes = await registry.presentVotes(candidate);
    const status = STATUS_WORDS[Number((await registry.operatorOf(candidate)).status)] ?? "unknown";
    session.say(`  ${votes} of ${await registry.members()} members said yes; ${candidate} is ${status}`);
    return { votes, status };

    async function enough(): Promise<boolean> {
      const [votes, members] = [await registry.presentVotes(candidate), await registry.members()];
      const electorate = members > MIN_ELECTORATE ? members : MIN_ELECTORATE;
      return votes * BPS > (await registry.ADMISSION_BPS()) * electorate;
    }
  });
