import {
  AbiCoder,
  Interface,
  JsonRpcProvider,
  Network,
  dataSlice,
  id as hashOf,
  isHexString,
  type Provider,
} from "ethers";
import { task } from "hardhat/config";
import {
  DEFAULT_GAS_LIMIT,
  decodeMessage,
  encodeMessage,
  messageId,
  messageIdSeq,
  parseInteroperableAddress,
  type Message,
} from "../../protocol/message";
import { Refusal } from "../refusal";
import { openDeployment, openSession, parseChainId, withCommonParams, type CommonArgs, type Session } from "../session";
import { submit } from "../submit";

interface RetryArgs extends CommonArgs {
  readonly id?: string;
  readonly source?: string;
  readonly transaction?: string;
  readonly message?: string;
  readonly chain?: string;
}

/** Public endpoints answer for this many blocks at a time. */
const LOG_WINDOW = 5_000;
const MAX_LOG_WINDOWS = 200;

withCommonParams(task("qcp:retry", "Executes a message that failed here, once its recipient would take it"))
  .addOptionalParam("id", "Id of the message, with --source; or give --message and --chain")
  .addOptionalParam("source", "The chain that sent it: a network of hardhat.config.ts, or the URL of an endpoint")
  .addOptionalParam("transaction", "Transaction that sent it; spares a search through the logs")
  .addOptionalParam("message", "The packed message itself")
  .addOptionalParam("chain", "Chain id that sent it, with --message")
  .setAction(async (args: RetryArgs, hre): Promise<{ readonly transaction: string }> => {
    const session = await openSession(hre, args);
    const { gateway } = await openDeployment(session);
    const { chainId, packed } = await messageOf(session, args, async (source) => {
      if (!(await gateway.laneChainIds()).includes(source)) {
        throw new Refusal(`no lane leads from chain ${source} to here`);
      }
      return (await gateway.laneState(source)).remoteGateway;
    });
    const seq = decodeMessage(packed).seq;
    const data = gateway.interface.encodeFunctionData("retry", [chainId, packed]);
    const what = `Retry message ${seq} from chain ${chainId}`;
    const receipt = await submit(session, what, { to: await gateway.getAddress(), data });
    session.say("  executed");
    return { transaction: receipt.hash };
  });

async function messageOf(
  session: Session,
  args: RetryArgs,
  gatewayOf: (chainId: bigint) => Promise<string>,
): Promise<{ readonly chainId: bigint; readonly packed: string }> {
  if (args.message !== undefined) {
    if (args.chain === undefined) throw new Refusal("--chain is missing: name the chain that sent the message");
    const chainId = parseChainId("chain", args.chain);
    await gatewayOf(chainId);
    try {
      decodeMessage(args.message);
    } catch (cause) {
      throw new Refusal(`--message: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
    }
    return { chainId, packed: args.message };
  }
  if (args.id === undefined || args.source === undefined) {
    throw new Refusal("name the message: --id and --source, or --message and --chain");
  }
  if (!isHexString(args.id, 32)) throw new Refusal(`--id ${args.id}: a message id has 32 bytes`);
  const [chainId, target] = [BigInt(dataSlice(args.id, 0, 8)), BigInt(dataSlice(args.id, 8, 16))];
  if (target !== session.chainId) {
    throw new Refusal(`--id ${args.id}: is executed on chain ${target}; this is chain ${session.chainId}`);
  }
  const sourceGateway = await gatewayOf(chainId);
  const seq = messageIdSeq(args.id);
  if (messageId({ sourceChainId: chainId, targetChainId: target, sourceGateway, seq }) !== args.id) {
    throw new Refusal(`--id ${args.id}: is not of the gateway ${sourceGateway}, where this lane leads`);
  }
  const provider = sourceProvider(session, args.source, chainId);
  try {
    const { abi } = await session.artifacts("Gateway");
    return {
      chainId,
      packed: await sentMessage(provider, new Interface(abi), sourceGateway, args.id, args.transaction),
    };
  } finally {
    provider.destroy();
  }
}

function sourceProvider(session: Session, source: string, chainId: bigint): JsonRpcProvider {
  const configured = session.hre.config.networks[source];
  const url = configured !== undefined && "url" in configured ? configured.url : source;
  if (url === undefined || !/^https?:\/\//.test(url)) {
    throw new Refusal(`--source ${source}: neither a network of hardhat.config.ts nor an http URL`);
  }
  return new JsonRpcProvider(url, Network.from(chainId), { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 });
}

/** The message as its source logged it. */
async function sentMessage(
  provider: Provider,
  gateway: Interface,
  address: string,
  id: string,
  transaction: string | undefined,
): Promise<string> {
  const topic = gateway.getEvent("MessageSent")?.topicHash ?? "";
  const isIt = (log: { address: string; topics: readonly string[] }): boolean =>
    log.address === address && log.topics[0] === topic && log.topics[1] === id;
  const unpack = (log: { topics: readonly string[]; data: string }): string => {
    const args = gateway.parseLog(log)?.args;
    if (args === undefined) throw new Refusal(`the log of message ${id} cannot be read`);
    return encodeMessage(rebuild(id, args["sender"], args["recipient"], args["payload"], [...args["attributes"]]));
  };
  if (transaction !== undefined) {
    const receipt = await provider.getTransactionReceipt(transaction);
    const found = receipt?.logs.find(isIt);
    if (found === undefined) throw new Refusal(`--transaction ${transaction}: did not send message ${id}`);
    return unpack(found);
  }
  let to = await provider.getBlockNumber();
  for (let window = 0; window < MAX_LOG_WINDOWS && to >= 0; ++window) {
    const from = Math.max(0, to - LOG_WINDOW + 1);
    const [found] = await provider.getLogs({ address, topics: [topic, id], fromBlock: from, toBlock: to });
    if (found !== undefined) return unpack(found);
    to = from - 1;
  }
  throw new Refusal(`the source chain shows no message ${id}: name the transaction that sent it with --transaction`);
}

function rebuild(
  id: string,
  sender: string,
  recipient: string,
  payload: string,
  attributes: readonly string[],
): Message {
  const value = (signature: string): bigint | undefined => {
    const found = attributes.find((attribute) => attribute.startsWith(hashOf(signature).slice(0, 10)));
    return found === undefined
      ? undefined
      : (AbiCoder.defaultAbiCoder().decode(["uint256"], dataSlice(found, 4))[0] as bigint);
  };
  return {
    seq: messageIdSeq(id),
    sender: parseInteroperableAddress(sender).account,
    recipient: parseInteroperableAddress(recipient).account,
    gasLimit: value("gasLimit(uint256)") ?? DEFAULT_GAS_LIMIT,
    deadline: value("deadline(uint256)") ?? 0n,
    reclaimable: value("reclaimable(bool)") === 1n,
    payload,
  };
}
