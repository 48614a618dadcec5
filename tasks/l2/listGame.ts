import { task } from "hardhat/config";
import { parseNumber } from "../game/room";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openAsset, openRollup, vaultEvent, withAsset } from "./layer2";

interface ListGameArgs extends CommonArgs {
  readonly game: string;
  readonly asset: string;
}

withAsset(withCommonParams(task("l2:list-game", "Brings a registered game to layer 2, played in one asset")))
  .addParam("game", "Number of the game")
  .setAction(async (args: ListGameArgs, hre): Promise<bigint> => {
    const session = await openSession(hre, args);
    const contracts = await openRollup(session);
    const { rollup, vault } = contracts;
    const gameId = parseNumber("game", args.game);
    const asset = await openAsset(session, contracts, args.asset);
    const to = await vault.getAddress();
    const data = vault.interface.encodeFunctionData("listGame", [gameId, asset.number]);
    const value = await rollup.depositPrice();
    const receipt = await submit(session, `Bring game ${gameId} to layer 2, played in ${args.asset}`, {
      to,
      data,
      value,
    });
    const entry = vaultEvent(vault, receipt, "GameListed").args.entry as bigint;
    session.say(`  entry ${entry} of the queue: the next batch takes it`);
    return entry;
  });
