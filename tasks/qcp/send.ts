import { AbiCoder, concat, formatEther, id as hashOf, isHexString } from "ethers";
import { task } from "hardhat/config";
import {
  DEFAULT_GAS_LIMIT,
  interoperableAddress,
  messageIdSeq,
  parseInteroperableAddress,
} from "../../protocol/message";
import { Refusal } from "../refusal";
import {
  inWords,
  openDeployment,
  openSession,
  parseAccount,
  parseChainId,
  parseWhole,
  withCommonParams,
  type CommonArgs,
} from "../session";
import { submit } from "../submit";

interface SendArgs extends CommonArgs {
  readonly recipient?: string;
  readonly chain?: string;
  readonly to?: string;
  readonly payload: string;
  readonly gasLimit?: string;
  readonly deadline?: string;
  readonly reclaimable: boolean;
}

export interface SentMessage {
  readonly id: string;
  readonly seq: bigint;
  /** Wei that it cost beside its gas. */
  readonly fee: bigint;
  readonly transaction: string;
  readonly block: number;
}

withCommonParams(task("qcp:send", "Sends a message to a contract on another chain"))
  .addOptionalParam("recipient", "Recipient as an ERC-7930 address; or give --chain and --to")
  .addOptionalParam("chain", "Chain id of the recipient")
  .addOptionalParam("to", "Recipient on that chain")
  .addOptionalParam("payload", "Bytes for the recipient, 0x-prefixed", "0x")
  .addOptionalParam("gasLimit", "Gas for the recipient; default 200,000")
  .addOptionalParam("deadline", "Unix seconds, or +seconds from now, after which it fails unexecuted; default: never")
  .addFlag("reclaimable", "Final once failed, so that the sender can take back what it stood for")
  .setAction(async (args: SendArgs, hre): Promise<SentMessage> => {
    const session = await openSession(hre, args);
    const { chainId, account } = recipientOf(args);
    if (!isHexString(args.payload) || args.payload.length % 2 !== 0) {
      throw new Refusal(`--payload ${args.payload}: give whole bytes in hex, 0x-prefixed`);
    }
    const attributes: string[] = [];
    const gasLimit = args.gasLimit === undefined ? DEFAULT_GAS_LIMIT : parseWhole("gas-limit", args.gasLimit);
    if (args.gasLimit !== undefined) attributes.push(attribute("gasLimit(uint256)", "uint256", gasLimit));
    if (args.deadline !== undefined) {
      const relative = args.deadline.startsWith("+");
      const now = await session.time();
      const seconds = parseWhole("deadline", relative ? args.deadline.slice(1) : args.deadline);
      attributes.push(attribute("deadline(uint256)", "uint256", relative ? now + seconds : seconds));
    }
    if (args.reclaimable) attributes.push(attribute("reclaimable(bool)", "bool", true));

    const { gateway } = await openDeployment(session);
    const data = gateway.interface.encodeFunctionData("sendMessage", [
      interoperableAddress(chainId, account),
      args.payload,
      attributes,
    ]);
    const bytes = (args.payload.length - 2) / 2;
    const value = await inWords(session, () => gateway.quote(chainId, bytes, gasLimit));
    const what = `Send ${bytes} bytes to ${account} on chain ${chainId}, for a fee of ${formatEther(value)}`;
    const receipt = await submit(session, what, { to: await gateway.getAddress(), data, value });
    const sent = receipt.logs.map((log) => gateway.interface.parseLog(log)).find((log) => log?.name === "MessageSent");
    if (sent == null) throw new Refusal(`the transaction ${receipt.hash} sent no message`);
    const id = sent.args["sendId"] as string;
    session.say(`  message ${id}, sequence ${messageIdSeq(id)}`);
    session.say(`  follow it: npx hardhat qcp:status --network ${session.network} --id ${id}`);
    return { id, seq: messageIdSeq(id), fee: value, transaction: receipt.hash, block: receipt.blockNumber };
  });

function recipientOf(args: SendArgs): { readonly chainId: bigint; readonly account: string } {
  if (args.recipient === undefined) {
    if (args.chain === undefined || args.to === undefined) {
      throw new Refusal("name the recipient: --recipient, or --chain and --to");
    }
    return { chainId: parseChainId("chain", args.chain), account: parseAccount("to", args.to) };
  }
  if (args.chain !== undefined || args.to !== undefined) {
    throw new Refusal("name the recipient once: --recipient, or --chain and --to");
  }
  try {
    return parseInteroperableAddress(args.recipient);
  } catch (cause) {
    throw new Refusal(`--recipient ${args.recipient}: not an ERC-7930 address of an EVM account`, cause);
  }
}

function attribute(signature: string, type: string, value: unknown): string {
  return concat([hashOf(signature).slice(0, 10), AbiCoder.defaultAbiCoder().encode([type], [value])]);
}
