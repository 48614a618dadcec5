import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams, type BuildArgs, type Session } from "../session";
import { submit } from "../submit";
import { openGames, parseBps } from "./room";

interface RegisterArgs extends BuildArgs {
  readonly rules?: string;
  readonly contract?: string;
  readonly rake: string;
  readonly uri: string;
}

export interface RegisteredGame {
  readonly gameId: bigint;
  /** The copy that decides from now on. */
  readonly rules: string;
}

withCommonParams(task("game:register", "Registers a game; who sends becomes its developer"))
  .addOptionalParam("rules", "Address of its rules, deployed already")
  .addOptionalParam("contract", "Name of a compiled contract, to deploy and register")
  .addOptionalParam("rake", "Percent of each pot that is the game's revenue, for good; at most 10", "0")
  .addOptionalParam("uri", "Where its description is", "")
  .addFlag("noCompile", "Use the build as it is")
  .setAction(async (args: RegisterArgs, hre): Promise<RegisteredGame> => {
    if ((args.rules === undefined) === (args.contract === undefined)) {
      throw new Refusal("name --rules or --contract: what decides the game?");
    }
    if (args.contract !== undefined && args.noCompile !== true) await hre.run("compile", { quiet: true });
    const session = await openSession(hre, args);
    const { registry } = await openGames(session);
    const rakeBps = parseBps("rake", args.rake, await registry.MAX_RAKE_BPS());
    const rules = await rulesOf(session, args);
    const what = `Register the game at ${rules}, with a rake of ${args.rake} %`;
    const data = registry.interface.encodeFunctionData("registerGame", [rules, rakeBps, args.uri]);
    const to = await registry.getAddress();
    const receipt = await submit(session, what, { to, data });
    const event = receipt.logs
      .filter(({ address }) => address === to)
      .map((log) => registry.interface.parseLog(log))
      .find((parsed) => parsed?.name === "GameRegistered");
    if (event == null) throw new Refusal(`the transaction ${receipt.hash} registered no game`);
    const [gameId, copy] = [event.args.gameId as bigint, event.args.rules as string];
    session.say(`  game ${gameId}, decided by ${copy}`);
    return { gameId, rules: copy };
  });

async function rulesOf(session: Session, args: RegisterArgs): Promise<string> {
  if (args.rules !== undefined) return parseAccount("rules", args.rules);
  const name = args.contract ?? "";
  const artifact = await session.hre.artifacts.readArtifact(name).catch((cause: unknown) => {
    throw new Refusal(`--contract ${name}: there is no compiled contract of this name`, cause);
  });
  const signer = await session.signer();
  await session.confirm(`Deploy ${name}\n  as ${signer.address} on ${session.network} (chain ${session.chainId})`);
  const deployed = await new session.hre.ethers.ContractFactory(artifact.abi, artifact.bytecode, signer).deploy();
  await deployed.waitForDeployment();
  return deployed.getAddress();
}
