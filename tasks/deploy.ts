import { task } from "hardhat/config";
import { formatEther, formatUnits } from "ethers";
import { buildCompilations } from "../deploy/compilation";
import { deploy, type DeploymentEvent } from "../deploy/deployment";
import { networkSettings } from "../deploy/networkFile";
import { buildOrigin } from "../deploy/origin";
import { cautionsOf } from "../deploy/parameters";
import { preflight } from "../deploy/preflight";
import { fileRecorder, memoryRecorder, type DeploymentRecord } from "../deploy/record";
import { readRoleTable } from "../deploy/roleTable";
import { networkParameters } from "./networkParameters";
import { Refusal } from "./refusal";
import { compileUnlessTold, inWords, openSession, withCommonParams, type BuildArgs } from "./session";

withCommonParams(
  task("deploy", "Deploys every contract, opens the lanes, hands all roles over; goes on where it stopped"),
)
  .addFlag("noCompile", "Take the contracts as they were compiled last")
  .setAction(async (args: BuildArgs, hre): Promise<DeploymentRecord> => {
    await compileUnlessTold(hre, args);
    const session = await openSession(hre, args);
    const { artifacts, provider, say } = session;
    const signer = await session.signer();
    const parameters = await networkParameters(session);
    // The in-process chain ends with this command: a file would outlive it.
    const forgotten = session.network === "hardhat" && args.deployment === undefined;
    const recorder = forgotten ? memoryRecorder() : fileRecorder(session.recordFile);
    const { file, overridden } = await inWords(session, () =>
      Promise.resolve(networkSettings(session.network, process.env)),
    );
    if (file !== undefined) say(`parameters of ${file}`);
    for (const key of overridden) say(`  caution: the environment sets another ${key} than that file`);
    for (const caution of cautionsOf(parameters)) say(`  caution: ${caution}`);
    const { missing, present, gas, gasPrice, cost, balance } = await inWords(session, () =>
      preflight({ deployer: signer.address, provider, parameters, artifacts }),
    );
    say(`  ${missing.length} contracts to create, ${present.length} exist`);
    say(`  at most ${gas} gas at ${formatUnits(gasPrice, "gwei")} gwei: ${formatEther(cost)} coins`);
    await session.confirm(
      `Deploy on ${session.network} (chain ${session.chainId}) as ${signer.address}, which holds ` +
        `${formatEther(balance)} coins; roles go to ${parameters.multisig} and ${parameters.guardian}`,
    );
    let used = 0n;
    const observe = (event: DeploymentEvent): void => {
      used += event.gasUsed ?? 0n;
      if (event.phase === "done") say(`  ${event.step}: done before`);
      if (event.phase === "mined") say(`  ${event.step}: ${event.gasUsed} gas, ${event.transaction}`);
    };
    const origin = buildOrigin(buildCompilations(hre.config.paths.artifacts));
    const { record } = await inWords(session, () =>
      deploy({ signer, parameters, recorder, artifacts, observe, origin }),
    );
    for (const [name, { address }] of Object.entries(record.contracts)) say(`${name.padEnd(18)} ${address}`);
    const left = await inWords(session, () => readRoleTable({ provider, parameters, record, artifacts }));
    const own = left.rows.filter(({ account }) => account === record.deployer);
    if (own.length > 0) {
      const list = own.map(({ role, ability }) => `${role}: ${ability}`);
      throw new Refusal(`the deployer ${record.deployer} still holds\n${list.join("\n")}`);
    }
    say(`${used} gas used; the deployer ${record.deployer} holds no role`);
    say(forgotten ? "not recorded: this chain ends now" : `recorded in ${session.recordFile}`);
    return record;
  });
