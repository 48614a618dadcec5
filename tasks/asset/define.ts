import { ZeroAddress } from "ethers";
import { task } from "hardhat/config";
import { KIND, type KindName } from "../../protocol/assetId";
import { parseBps } from "../game/room";
import { openMarket } from "../market/market";
import { Refusal } from "../refusal";
import { openSession, parseAccount, parseWhole, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";

interface DefineArgs extends CommonArgs {
  readonly game: string;
  readonly kind: string;
  readonly cap: string;
  readonly unique?: boolean;
  readonly bound?: boolean;
  readonly royalty: string;
  readonly royaltyTo?: string;
  readonly uri: string;
}

export interface DefinedItem {
  readonly itemId: bigint;
}

withCommonParams(task("asset:define", "Defines an item of a game, for who speaks for it; then asset:mint makes pieces"))
  .addParam("game", "Number of the game")
  .addParam("kind", "character, item or equipment")
  .addParam("cap", "Most pieces that are ever minted, for good")
  .addFlag("unique", "Each piece has an id of its own; a character always does")
  .addFlag("bound", "Never changes hands")
  .addOptionalParam("royalty", "Percent of each sale, at most 10; from then on it can only fall", "0")
  .addOptionalParam("royaltyTo", "Who gets it; default: the account that sends")
  .addOptionalParam("uri", "Where its metadata are", "")
  .setAction(async (args: DefineArgs, hre): Promise<DefinedItem> => {
    if (!(args.kind in KIND)) throw new Refusal(`--kind ${args.kind}: character, item or equipment`);
    const kind = args.kind as KindName;
    const session = await openSession(hre, args);
    const gameId = parseWhole("game", args.game);
    const { assets } = await openMarket(session);
    const royaltyBps = parseBps("royalty", args.royalty, await assets.MAX_ROYALTY_BPS());
    const { address } = await session.signer();
    const receiver = args.royaltyTo === undefined ? address : parseAccount("royalty-to", args.royaltyTo);
    const item = {
      kind: KIND[kind],
      unique: kind === "character" || args.unique === true,
      bound: args.bound === true,
      cap: parseWhole("cap", args.cap),
      royaltyReceiver: royaltyBps === 0n ? ZeroAddress : receiver,
      royaltyBps,
      uri: args.uri,
    };

    const traits = [...(item.unique ? ["unique"] : []), ...(item.bound ? ["bound"] : []), kind].join(" ");
    const what = `Define in game ${gameId}: ${traits}, at most ${item.cap} pieces, royalty ${args.royalty} %`;
    const contract = await assets.getAddress();
    const data = assets.interface.encodeFunctionData("defineItem", [gameId, item]);
    const receipt = await submit(session, what, { to: contract, data });
    const event = receipt.logs
      .filter((log) => log.address === contract)
      .map((log) => assets.interface.parseLog(log))
      .find((parsed) => parsed?.name === "ItemDefined");
    if (event == null) throw new Refusal(`the transaction ${receipt.hash} defined no item`);
    const itemId = event.args.itemId as bigint;
    session.say(`  item ${itemId}`);
    return { itemId };
  });
