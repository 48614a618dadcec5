import { task } from "hardhat/config";
import { parseNumber } from "../game/room";
import { Refusal } from "../refusal";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openAsset, openRollup } from "./layer2";

interface ListGameArgs extends CommonArgs {
  readonly game: string;
  readonly asset: string;
}

withCommonParams(task("l2:list-game", "Brings a registered game to layer 2, played in one asset"))
  .addParam("game", "Number of the game")
  .addOptionalParam("asset", "What is staked: BNB, COS, the symbol of a QSC, or an address", "BNB")
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
    const event = receipt.logs
      .filter(({ address }) => address === to)
      .map((log) => vault.interface.parseLog(log))
      .find((parsed) => parsed?.name === "GameListed");
    if (event == null) throw new Refusal(`the transaction ${receipt.hash} listed nothing`);
    session.say(`  entry ${event.args.entry} of the queue: the next batch takes it`);
    return event.args.entry as bigint;
  });
