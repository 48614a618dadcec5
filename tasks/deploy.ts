import { task } from "hardhat/config";
import { formatEther } from "ethers";
import { deploy, type DeploymentEvent } from "../deploy/deployment";
import { cautionsOf } from "../deploy/parameters";
import { fileRecorder, memoryRecorder, type DeploymentRecord } from "../deploy/record";
import { networkParameters } from "./networkParameters";
import { compileUnlessTold, inWords, openSession, withCommonParams, type BuildArgs } from "./session";

withCommonParams(
  task("deploy", "Deploys every contract, opens the lanes, hands all roles over; goes on where it stopped"),
)
  .addFlag("noCompile", "Take the contracts as they were compiled last")
  .setAction(async (args: BuildArgs, hre): Promise<DeploymentRecord> => {
    await compileUnlessTold(hre, args);
    const session = await openSession(hre, args);
    const signer = await session.signer();
    const parameters = await networkParameters(session);
    // The in-process chain ends with this command: a file would outlive it.
    const forgotten = session.network === "hardhat" && args.deployment === undefined;
    const recorder = forgotten ? memoryRecorder() : fileRecorder(session.recordFile);
    for (const caution of cautionsOf(parameters)) session.say(`  caution: ${caution}`);
    await session.confirm(
      `Deploy on ${session.network} (chain ${session.chainId}) as ${signer.address}, which holds ` +
        `${formatEther(await session.provider.getBalance(signer.address))} coins; roles go to ${parameters.multisig} ` +
        `and ${parameters.guardian}`,
    );
    const observe = (event: DeploymentEvent): void => {
      if (event.phase === "done") session.say(`  ${event.step}: done before`);
      if (event.phase === "mined") session.say(`  ${event.step}: ${event.gasUsed} gas, ${event.transaction}`);
    };
    const { artifacts } = session;
    const { record } = await inWords(session, () => deploy({ signer, parameters, recorder, artifacts, observe }));
    for (const [name, { address }] of Object.entries(record.contracts)) session.say(`${name.padEnd(18)} ${address}`);
    session.say(forgotten ? "not recorded: this chain ends now" : `recorded in ${session.recordFile}`);
    return record;
  });
