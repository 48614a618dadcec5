import { dataSlice, isHexString } from "ethers";
import { task } from "hardhat/config";
import { messageId, messageIdSeq } from "../../protocol/message";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openDeployment, openSession, withCommonParams, type CommonArgs, type Session } from "../session";
import type { DeployedContracts } from "../../deploy/deployment";

interface StatusArgs extends CommonArgs {
  readonly id?: string;
}

/** A lane as this chain sees it. */
export interface LaneStatus {
  readonly chainId: bigint;
  readonly gateway: string;
  readonly sent: bigint;
  readonly acknowledged: bigint;
  readonly received: bigint;
  readonly paused: boolean;
}

export interface MessageStatus {
  readonly id: string;
  /** Where this chain stands: it sent the message, or is to execute it. */
  readonly side: "source" | "target";
  readonly status: string;
}

/** By the contract's `Status`. */
const SOURCE_STATUS = [
  "unknown: this gateway never sent it",
  "pending: sent, not acknowledged yet",
  "succeeded",
  "failed: anyone may retry it on the target (qcp:retry)",
  "failed for good: its sender may reclaim (qcp:reclaim for a token)",
] as const;

withCommonParams(task("qcp:status", "Shows what became of a message, or all lanes"))
  .addOptionalParam("id", "Id of a message, sent from or to this chain; without it: all lanes")
  .setAction(async (args: StatusArgs, hre): Promise<MessageStatus | readonly LaneStatus[]> => {
    const session = await openSession(hre, args);
    const deployment = await openDeployment(session);
    return args.id === undefined ? lanes(session, deployment) : message(session, deployment, args.id);
  });

async function message(session: Session, { gateway }: DeployedContracts, id: string): Promise<MessageStatus> {
  if (!isHexString(id, 32)) throw new Refusal(`--id ${id}: a message id has 32 bytes`);
  const [source, target, seq] = [BigInt(dataSlice(id, 0, 8)), BigInt(dataSlice(id, 8, 16)), messageIdSeq(id)];
  if (source === session.chainId) {
    const status = SOURCE_STATUS[Number(await gateway.statusOf(id))] ?? "unknown";
    session.say(`message ${seq} from here to chain ${target}: ${status}`);
    return { id, side: "source", status };
  }
  if (target !== session.chainId) {
    throw new Refusal(`--id ${id}: goes from chain ${source} to chain ${target}; this is chain ${session.chainId}`);
  }
  if (!(await gateway.laneChainIds()).includes(source)) throw new Refusal(`no lane leads from chain ${source} to here`);
  const lane = await gateway.laneState(source);
  const sourceGateway = lane.remoteGateway;
  if (messageId({ sourceChainId: source, targetChainId: target, sourceGateway, seq }) !== id) {
    throw new Refusal(`--id ${id}: is not of the gateway ${sourceGateway}, where this lane leads`);
  }
  const retriable = BigInt(await gateway.retriable(source, seq)) !== 0n;
  const status =
    seq > lane.inSeq
      ? "not delivered yet"
      : retriable
        ? "failed: anyone may retry it (qcp:retry)"
        : "delivered: it succeeded, or failed for good (its source knows)";
  session.say(`message ${seq} from chain ${source} to here: ${status}`);
  return { id, side: "target", status };
}

async function lanes(
  session: Session,
  { gateway, validatorRegistry }: DeployedContracts,
): Promise<readonly LaneStatus[]> {
  const epoch = await gateway.currentEpoch();
  const [validUntil, signers] = [await gateway.epochValidUntil(epoch), await gateway.signersOf(epoch)];
  session.say(`chain ${session.chainId}, gateway ${await gateway.getAddress()}`);
  if (epoch === 0n) {
    session.say("no signer set yet: it is published once the operators have registered (qcp:rotate)");
  } else {
    session.say(`epoch ${epoch}, valid until ${timeInWords(validUntil)} (${validUntil}), ${signers.length} signers`);
    session.say(`  ${signers.join(",")}`);
  }
  if (validatorRegistry !== undefined) {
    const due = await validatorRegistry.publishableFrom();
    session.say(
      `home of the validators: the next epoch can be published ${due === 0n ? "now" : `from ${timeInWords(due)} on`}`,
    );
  }
  const all: LaneStatus[] = [];
  for (const chainId of await gateway.laneChainIds()) {
    const lane = await gateway.laneState(chainId);
    const { remoteGateway, outSeq, ackSeq, inSeq, paused, cadence, maxGas, maxBytes } = lane;
    all.push({ chainId, gateway: remoteGateway, sent: outSeq, acknowledged: ackSeq, received: inSeq, paused });
    session.say(`lane to ${remoteGateway} on chain ${chainId}${paused ? ", PAUSED" : ""}`);
    session.say(`  sent ${outSeq}, acknowledged ${ackSeq}, in flight ${outSeq - ackSeq}; received ${inSeq}`);
    session.say(`  a message takes up to ${maxBytes} bytes and ${maxGas} gas; cadence ${cadence}`);
  }
  if (all.length === 0) session.say("no lane is open: qcp:add-lane opens one");
  return all;
}
