import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { VESTING_GROUPS } from "../../deploy/parameters/token";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openCOS, openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";

interface ReleaseArgs extends CommonArgs {
  readonly group: string;
}

withCommonParams(task("vesting:release", "Pays a group's beneficiary what has vested"))
  .addParam("group", `One of ${VESTING_GROUPS.join(", ")}`)
  .setAction(async (args: ReleaseArgs, hre): Promise<{ readonly beneficiary: string; readonly amount: bigint }> => {
    const session = await openSession(hre, args);
    const group = VESTING_GROUPS.find((each) => each === args.group);
    if (group === undefined) throw new Refusal(`--group ${args.group}: not one of ${VESTING_GROUPS.join(", ")}`);
    const { cos, vesting } = await openCOS(session);
    const wallet = vesting[group];
    const [token, beneficiary] = [await cos.getAddress(), await wallet.owner()];
    const cliff = await wallet.cliff();
    if ((await session.time()) < cliff) throw new Refusal(`nothing is released before ${timeInWords(cliff)}`);
    const before = await cos.balanceOf(beneficiary);
    const held = await cos.balanceOf(wallet);
    const due = await wallet["releasable(address)"](token);
    if (due === 0n) {
      throw new Refusal(held === 0n ? "everything was released already" : "nothing has vested since the last release");
    }
    const data = wallet.interface.encodeFunctionData("release(address)", [token]);
    const what = `Release ${formatEther(due)} COS, and what the next seconds add, to ${beneficiary}`;
    await submit(session, what, { to: await wallet.getAddress(), data });
    const amount = (await cos.balanceOf(beneficiary)) - before;
    session.say(
      `  ${formatEther(amount)} COS released to the ${group}, ${formatEther(await cos.balanceOf(wallet))} left`,
    );
    return { beneficiary, amount };
  });
