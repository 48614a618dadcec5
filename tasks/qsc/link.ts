import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openSession, openToken, parseAccount, parseChainId, withCommonParams, type CommonArgs } from "../session";
import { requireTokenRole, submit } from "../submit";

interface LinkArgs extends CommonArgs {
  readonly token: string;
  readonly chain: string;
  readonly counterpart: string;
}

withCommonParams(task("qsc:link", "Names a token's counterpart on another chain, for good; needed on both chains"))
  .addParam("token", "The token: its address, or its symbol")
  .addParam("chain", "Chain id of the counterpart")
  .addParam("counterpart", "The token on that chain")
  .setAction(async (args: LinkArgs, hre): Promise<{ readonly transaction: string }> => {
    const session = await openSession(hre, args);
    const chainId = parseChainId("chain", args.chain);
    if (chainId === session.chainId) throw new Refusal(`--chain ${chainId}: this is that chain`);
    const counterpart = parseAccount("counterpart", args.counterpart);
    const token = await openToken(session, args.token);
    const call = {
      to: await token.getAddress(),
      data: token.interface.encodeFunctionData("link", [chainId, counterpart]),
    };
    await requireTokenRole(session, token, { name: "LINKER_ROLE", id: await token.LINKER_ROLE() }, call);
    const what = `Link ${await token.symbol()} to ${counterpart} on chain ${chainId}, for good`;
    return { transaction: (await submit(session, what, call)).hash };
  });
