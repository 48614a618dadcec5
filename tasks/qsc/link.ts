import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import {
  openSession,
  openToken,
  parseAccount,
  parseChainId,
  parseWhole,
  withCommonParams,
  type CommonArgs,
} from "../session";
import { requireTokenRole, submit } from "../submit";
import { unitOf } from "./amount";

interface LinkArgs extends CommonArgs {
  readonly token: string;
  readonly chain: string;
  readonly counterpart: string;
  readonly limit: string;
  readonly window: string;
}

withCommonParams(task("qsc:link", "Names a token's counterpart on another chain, for good; needed on both chains"))
  .addParam("token", "The token: its address, or its symbol")
  .addParam("chain", "Chain id of the counterpart")
  .addParam("counterpart", "The token on that chain")
  .addParam("limit", "How much that chain may release here per window, such as 1000")
  .addOptionalParam("window", "Seconds", "86400")
  .setAction(async (args: LinkArgs, hre): Promise<{ readonly transaction: string }> => {
    const session = await openSession(hre, args);
    const chainId = parseChainId("chain", args.chain);
    if (chainId === session.chainId) throw new Refusal(`--chain ${chainId}: this is that chain`);
    const counterpart = parseAccount("counterpart", args.counterpart);
    const token = await openToken(session, args.token);
    const unit = await unitOf(token);
    const inbound = { capacity: unit.parse("limit", args.limit), window: parseWhole("window", args.window) };
    const call = {
      to: await token.getAddress(),
      data: token.interface.encodeFunctionData("link", [chainId, counterpart, inbound]),
    };
    await requireTokenRole(session, token, { name: "LINKER_ROLE", id: await token.LINKER_ROLE() }, call);
    const limit = `${unit.show(inbound.capacity)} per ${inbound.window} s`;
    const what = `Link ${await token.symbol()} to ${counterpart} on chain ${chainId}, for good; it may release ${limit}`;
    const receipt = await submit(session, what, call);
    const { from } = await token.inboundLimit(chainId);
    if (from !== 0n) session.say(`  it releases from ${timeInWords(from)} on`);
    return { transaction: receipt.hash };
  });
