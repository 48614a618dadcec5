import { formatEther, isHexString } from "ethers";
import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openCOS, openSession, parseAccount, parseWhole, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { loadTree } from "./treeFile";

interface ClaimArgs extends CommonArgs {
  readonly tree: string;
  readonly round: string;
  readonly account?: string;
  readonly signature?: string;
}

const CLAIM = {
  Claim: [
    { name: "round", type: "uint256" },
    { name: "index", type: "uint256" },
    { name: "account", type: "address" },
    { name: "amount", type: "uint256" },
  ],
};

withCommonParams(task("airdrop:claim", "Claims what a round holds for an account"))
  .addParam("tree", "The round's published tree")
  .addParam("round", "Number of the round")
  .addOptionalParam("account", "The account that is paid; default: the sender")
  .addOptionalParam("signature", "Its agreement, where another account sends; without it the data to sign is printed")
  .setAction(async (args: ClaimArgs, hre): Promise<{ readonly account: string; readonly amount: bigint }> => {
    const session = await openSession(hre, args);
    const sender = (await session.signer()).address;
    const account = args.account === undefined ? sender : parseAccount("account", args.account);
    const round = parseWhole("round", args.round);
    const { root, entries } = await loadTree(args.tree);
    const { cos, airdrop } = await openCOS(session);

    const count = await airdrop.roundCount();
    if (round >= count) throw new Refusal(`--round ${round}: ${count} rounds were opened, from 0 on`);
    const open = await airdrop.roundOf(round);
    if (open.root !== root) throw new Refusal(`--tree ${args.tree}: has root ${root}, round ${round} has ${open.root}`);
    const entry = entries.find((each) => each.account === account);
    if (entry === undefined) throw new Refusal(`${account} is not on the list of round ${round}`);
    const { index, proof } = entry;
    const amount = BigInt(entry.amount);
    if (await airdrop.isClaimed(round, index)) throw new Refusal(`${account} was paid in round ${round} already`);
    const now = await session.time();
    if (now < open.start) throw new Refusal(`round ${round} opens at ${timeInWords(open.start)}`);
    if (now >= open.end) throw new Refusal(`round ${round} ended at ${timeInWords(open.end)}`);

    const to = await airdrop.getAddress();
    let data: string;
    if (account === sender) {
      data = airdrop.interface.encodeFunctionData("claim", [round, index, amount, [...proof]]);
    } else {
      if (args.signature === undefined) {
        const domain = { name: "MerkleAirdrop", version: "1", chainId: session.chainId, verifyingContract: to };
        const payload = hre.ethers.TypedDataEncoder.getPayload(domain, CLAIM, { round, index, account, amount });
        throw new Refusal(
          `${account} has to agree: let it sign this (EIP-712) for --signature\n${JSON.stringify(payload)}`,
        );
      }
      if (!isHexString(args.signature)) throw new Refusal(`--signature ${args.signature}: not hexadecimal`);
      data = airdrop.interface.encodeFunctionData("claimFor", [
        round,
        index,
        account,
        amount,
        [...proof],
        args.signature,
      ]);
    }
    await submit(session, `Claim ${formatEther(amount)} COS of round ${round} for ${account}`, { to, data });
    session.say(`  ${account} has ${formatEther(await cos.balanceOf(account))} COS`);
    return { account, amount };
  });
