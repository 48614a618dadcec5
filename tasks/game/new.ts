import { access, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { gameSource, testSource } from "./scaffold";

interface NewArgs {
  readonly name: string;
  readonly quiet?: boolean;
}

/** What was written, from the root of the repository. */
export interface NewGame {
  readonly contract: string;
  readonly test: string;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

task("game:new", "Writes a small game with its test, to be changed into another")
  .addParam("name", "The contract's name, such as ConnectFour")
  .addFlag("quiet", "Print nothing but errors")
  .setAction(async (args: NewArgs, hre): Promise<NewGame> => {
    if (!/^[A-Z][A-Za-z0-9]{1,63}$/.test(args.name)) {
      throw new Refusal(`--name ${args.name}: a contract's name is letters and digits, a capital first`);
    }
    if (await hre.artifacts.artifactExists(args.name)) {
      throw new Refusal(`--name ${args.name}: this build has a contract of that name`);
    }
    const game = { contract: `contracts/games/${args.name}.sol`, test: `test/games/${args.name}.test.ts` };
    const root = hre.config.paths.root;
    for (const path of Object.values(game)) {
      if (await exists(join(root, path))) throw new Refusal(`${path} exists: nothing was written`);
    }
    const write = async (path: string, text: string): Promise<void> => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text, { flag: "wx" });
    };
    await write(game.contract, gameSource(args.name));
    await write(game.test, testSource(args.name));
    if (args.quiet !== true) {
      console.log(`${game.contract}: the rules; hardhat.config.ts compiles this folder without metadata`);
      console.log(`${game.test}: npx hardhat test ${game.test}`);
      console.log(`how to go on: contracts/game/WRITING.md; what the registry says: game:check --rules ${args.name}`);
    }
    return game;
  });
