import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { interoperableAddress, messageIdSeq } from "../../protocol/message";
import { Refusal } from "../refusal";
import {
  inWords,
  openSession,
  openToken,
  parseAccount,
  parseChainId,
  parseWhole,
  withCommonParams,
  type CommonArgs,
} from "../session";
import { submit } from "../submit";
import { unitOf } from "./amount";

interface ExchangeArgs extends CommonArgs {
  readonly token: string;
  readonly chain: string;
  readonly to: string;
  readonly amount: string;
  readonly deadline?: string;
}

export interface ExchangeSent {
  readonly id: string;
  readonly seq: bigint;
  /** Wei that it cost beside its gas. */
  readonly fee: bigint;
  readonly transaction: string;
}

withCommonParams(task("qsc:exchange", "Moves tokens to another chain: burned here, minted there"))
  .addParam("token", "The token: its address, or its symbol")
  .addParam("chain", "Chain id to move them to")
  .addParam("to", "Who receives them there")
  .addParam("amount", "How much, such as 12.5")
  .addOptionalParam("deadline", "Unix seconds, or +seconds from now, after which it fails and can be reclaimed")
  .setAction(async (args: ExchangeArgs, hre): Promise<ExchangeSent> => {
    const session = await openSession(hre, args);
    const chainId = parseChainId("chain", args.chain);
    const to = interoperableAddress(chainId, parseAccount("to", args.to));
    const token = await openToken(session, args.token);
    const unit = await unitOf(token);
    const amount = unit.parse("amount", args.amount);
    const sender = (await session.signer()).address;
    const spendable = await token.spendable(sender);
    if (amount > spendable) {
      throw new Refusal(`--amount: ${sender} can spend ${unit.show(spendable)}, not ${unit.show(amount)}`);
    }
    let data: string;
    if (args.deadline === undefined) {
      data = token.interface.encodeFunctionData("qcpExchange", [to, amount]);
    } else {
      const relative = args.deadline.startsWith("+");
      const now = await session.time();
      const seconds = parseWhole("deadline", relative ? args.deadline.slice(1) : args.deadline);
      data = token.interface.encodeFunctionData("qcpExchangeUntil", [to, amount, relative ? now + seconds : seconds]);
    }
    const value = await inWords(session, () => token.qcpFee(chainId));
    const what = `Move ${unit.show(amount)} to ${args.to} on chain ${chainId}, for a fee of ${formatEther(value)}`;
    const receipt = await submit(session, what, { to: await token.getAddress(), data, value });
    const sent = receipt.logs.map((log) => token.interface.parseLog(log)).find((log) => log?.name === "Exchanged");
    if (sent == null) throw new Refusal(`the transaction ${receipt.hash} moved nothing`);
    const id = sent.args["sendId"] as string;
    session.say(`  message ${id}, sequence ${messageIdSeq(id)}`);
    session.say(`  follow it: npx hardhat qcp:status --network ${session.network} --id ${id}`);
    return { id, seq: messageIdSeq(id), fee: value, transaction: receipt.hash };
  });
