import { task } from "hardhat/config";
import { readAssetId } from "../../protocol/assetId";
import { Refusal } from "../refusal";
import { openSession, parseAccount, parseWhole, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openMarket } from "../market/market";

interface MintArgs extends CommonArgs {
  readonly item: string;
  readonly amount: string;
  readonly to?: string;
}

/** Ids of what was minted. */
export interface Minted {
  readonly firstId: bigint;
  /** Of a unique item the serials up to here; else the same. */
  readonly lastId: bigint;
}

withCommonParams(task("asset:mint", "Mints pieces of an item, for who speaks for its game"))
  .addParam("item", "Id of the item")
  .addOptionalParam("amount", "How many pieces", "1")
  .addOptionalParam("to", "Who receives them; default: the account that sends")
  .setAction(async (args: MintArgs, hre): Promise<Minted> => {
    const session = await openSession(hre, args);
    const itemId = parseWhole("item", args.item);
    const amount = parseWhole("amount", args.amount);
    const { address } = await session.signer();
    const to = args.to === undefined ? address : parseAccount("to", args.to);
    const parts = readAssetId(itemId);
    if (parts === undefined || parts.serial !== 0n) throw new Refusal(`--item ${args.item}: not the id of an item`);
    const { assets } = await openMarket(session);

    const data = assets.interface.encodeFunctionData("mint", [to, itemId, amount]);
    const what = `Mint ${amount} of item ${parts.number} (${parts.kind}) of game ${parts.gameId} to ${to}`;
    const contract = await assets.getAddress();
    const receipt = await submit(session, what, { to: contract, data });
    const minted = receipt.logs
      .filter((log) => log.address === contract)
      .map((log) => assets.interface.parseLog(log))
      .flatMap((event) => {
        if (event?.name === "TransferSingle") return [event.args.id as bigint];
        return event?.name === "TransferBatch" ? [...(event.args.ids as readonly bigint[])] : [];
      });
    const [firstId, lastId] = [minted[0] ?? itemId, minted[minted.length - 1] ?? itemId];
    session.say(firstId === lastId ? `  id ${firstId}` : `  ids ${firstId} to ${lastId}`);
    session.say(`  ${await assets.supplyOf(itemId)} are there, of at most ${(await assets.itemOf(itemId)).cap}`);
    return { firstId, lastId };
  });
