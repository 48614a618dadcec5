import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openCOS, openSession, parseTime, withCommonParams, type CommonArgs } from "../session";
import { submitRestricted, type RestrictedOutcome } from "../submit";
import { loadTree } from "./treeFile";

interface OpenArgs extends CommonArgs {
  readonly tree: string;
  readonly start: string;
  readonly end: string;
}

/** The vault's approval, unless it is there already, and the opening that draws on it. */
export interface OpenResult {
  readonly approval: RestrictedOutcome | undefined;
  readonly opening: RestrictedOutcome;
}

withCommonParams(task("airdrop:open", "Opens an airdrop round, funded with what its tree sums to"))
  .addParam("tree", "File of airdrop:build")
  .addParam("start", "First second of claims: Unix seconds, or a time such as 2027-01-31T12:00:00Z")
  .addParam("end", "First second without claims, likewise; from then on the rest goes back to the vault")
  .setAction(async (args: OpenArgs, hre): Promise<OpenResult> => {
    const session = await openSession(hre, args);
    const [start, end] = [parseTime("start", args.start), parseTime("end", args.end)];
    if (start >= end) throw new Refusal(`--end ${args.end}: not after the start`);
    if (end <= (await session.time())) throw new Refusal(`--end ${args.end}: is over`);
    const { root, total, entries } = await loadTree(args.tree);
    const { cos, airdrop, airdropVault } = await openCOS(session);
    const held = await cos.balanceOf(airdropVault);
    if (held < BigInt(total)) {
      throw new Refusal(`the list sums to ${formatEther(total)} COS, the airdrop's vault holds ${formatEther(held)}`);
    }

    let approval: RestrictedOutcome | undefined;
    if ((await cos.allowance(airdropVault, airdrop)) < BigInt(total)) {
      const spender = await airdrop.getAddress();
      approval = await submitRestricted(
        session,
        `Let the airdrop take ${formatEther(total)} COS from its vault`,
        {
          to: await airdropVault.getAddress(),
          data: airdropVault.interface.encodeFunctionData("approve", [await cos.getAddress(), spender, total]),
        },
        "TREASURER",
      );
    }
    const opening = await submitRestricted(
      session,
      `Open round ${await airdrop.roundCount()} for ${entries.length} accounts, ${formatEther(total)} COS, from ` +
        `${timeInWords(start)} to ${timeInWords(end)}, root ${root}`,
      {
        to: await airdrop.getAddress(),
        data: airdrop.interface.encodeFunctionData("openRound", [root, total, start, end]),
      },
      "TREASURER",
    );
    if (opening.outcome === "executed") {
      session.say(`  round ${(await airdrop.roundCount()) - 1n} is open`);
    }
    return { approval, opening };
  });
