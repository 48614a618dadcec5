import { formatEther } from "ethers";
import { decodeMessage, messageId, type Message } from "../protocol/message";
import type { LaneEnds } from "../protocol/hashChain";
import { quorumOf } from "../protocol/quorum";
import { ChainAccess } from "./chainAccess";
import type { ChainConfig, RelayerConfig } from "./config";
import { isoTime } from "./doctor";
import type { Store } from "./store/store";

/** Headers of a lane that are looked through for who signed lately. */
const LATELY = 20;

const accessOf = (config: RelayerConfig): ReadonlyMap<bigint, ChainAccess> =>
  new Map(config.chains.map((chain) => [chain.chainId, new ChainAccess(chain)]));

const chainOf = (config: RelayerConfig, chainId: bigint): ChainConfig =>
  config.chains.find((chain) => chain.chainId === chainId) as ChainConfig;

const nameOf = (config: RelayerConfig, lane: LaneEnds): string =>
  `${chainOf(config, lane.sourceChainId).name} → ${chainOf(config, lane.targetChainId).name}`;

const told = (error: unknown): string => `unknown (${error instanceof Error ? error.message : String(error)})`;

/** Lines on every lane, the signers of the current epochs and the sender's balances. */
export async function describeStatus(
  config: RelayerConfig,
  store: Store,
  sender: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const access = accessOf(config);
  const lines: string[] = [];
  for (const lane of config.lanes) {
    try {
      const source = await (access.get(lane.sourceChainId) as ChainAccess).lane(lane.targetChainId, signal);
      const target = await (access.get(lane.targetChainId) as ChainAccess).lane(lane.sourceChainId, signal);
      const paused = [...(source.paused ? ["source"] : []), ...(target.paused ? ["target"] : [])];
      lines.push(
        `${nameOf(config, lane)}: sent ${source.outSeq}, executed ${target.inSeq}, acknowledged ${source.ackSeq}, ` +
          `backlog ${source.outSeq - target.inSeq}${paused.length === 0 ? "" : `, paused on ${paused.join(" and ")}`}`,
      );
    } catch (error) {
      lines.push(`${nameOf(config, lane)}: ${told(error)}`);
    }
    const headers = await store.attestations.attested(lane, 0n, LATELY);
    const read = (await store.lanes.cursor(lane)) ?? 0n;
    const counts = new Map<string, number>();
    for (const { signatures } of headers) {
      for (const signer of signatures.keys()) counts.set(signer, (counts.get(signer) ?? 0) + 1);
    }
    const signed = [...counts].map(([signer, count]) => `${signer} ${count}`).join(", ");
    lines.push(`  read up to block ${read}; of the last ${headers.length} headers signed: ${signed || "none"}`);
  }
  for (const chain of config.chains) {
    const here = access.get(chain.chainId) as ChainAccess;
    try {
      const { epoch, validUntil, signers } = await here.currentEpoch(signal);
      const quorum = `quorum ${quorumOf(signers.length)} of ${signers.length}`;
      lines.push(`${chain.name}: epoch ${epoch}, ${quorum}, valid until ${isoTime(validUntil)}`);
      const open = await here.publishableFrom(signal);
      if (open !== undefined) lines.push(`  the registry takes the next epoch from ${isoTime(open)} on`);
      lines.push(...signers.map((signer) => `  ${signer}`));
    } catch (error) {
      lines.push(`${chain.name}: epoch ${told(error)}`);
    }
    if (chain.stateChannels !== undefined) {
      const contract = { chainId: chain.chainId, channels: chain.stateChannels };
      lines.push(`${chain.name}: watches over ${await store.channels.count(contract)} channels`);
    }
    if (sender === undefined) continue;
    const balance = await here.balance(sender, signal).then(formatEther, told);
    lines.push(`${chain.name}: sender ${sender} has ${balance}`);
  }
  return lines;
}

const opposite = (lane: LaneEnds): LaneEnds => ({
  sourceChainId: lane.targetChainId,
  sourceGateway: lane.targetGateway,
  targetChainId: lane.sourceChainId,
  targetGateway: lane.sourceGateway,
});

/** Lane and sequence that `words` name: a message id, or source and target (names or chain ids) and a sequence. */
export function findMessage(
  config: RelayerConfig,
  words: readonly string[],
): { readonly lane: LaneEnds; readonly seq: bigint } | undefined {
  const [first, second, third] = words;
  if (first !== undefined && second === undefined && /^0x[0-9a-fA-F]{64}$/.test(first)) {
    const seq = BigInt(`0x${first.slice(50)}`);
    const lane = config.lanes.find((each) => messageId({ ...each, seq }) === first.toLowerCase());
    return lane && { lane, seq };
  }
  if (third === undefined || !/^[0-9]{1,18}$/.test(third)) return undefined;
  const named = (word: string | undefined, chainId: bigint): boolean =>
    word === chainId.toString() || word === chainOf(config, chainId).name;
  const lane = config.lanes.find((each) => named(first, each.sourceChainId) && named(second, each.targetChainId));
  return lane && { lane, seq: BigInt(third) };
}

function describeContent(message: Message): readonly string[] {
  return [
    `sender      ${message.sender}`,
    `recipient   ${message.recipient}`,
    `gas limit   ${message.gasLimit}`,
    `deadline    ${message.deadline === 0n ? "never" : new Date(Number(message.deadline) * 1000).toISOString()}`,
    `reclaimable ${message.reclaimable ? "yes" : "no"}`,
    `payload     ${message.payload}`,
  ];
}

/** Everything that the store knows of one message. */
export async function describeMessage(
  config: RelayerConfig,
  store: Store,
  lane: LaneEnds,
  seq: bigint,
): Promise<readonly string[]> {
  const id = messageId({ ...lane, seq });
  const lines = [`message     ${id}`, `lane        ${nameOf(config, lane)}, sequence ${seq}`];
  const [message] = await store.blocks.messages(lane, seq, seq);
  if (message === undefined) return [...lines, "status      not seen in a finalized block of the source"];
  lines.push(...describeContent(decodeMessage(message.packed)));
  lines.push(`sent        block ${message.block}, transaction ${message.transactionHash}`);

  const header = await store.blocks.headerOfMessage(lane, seq);
  if (header === undefined) return [...lines, "status      no header yet"];
  lines.push(`header      block ${header.header.sourceBlock}, epoch ${header.header.epoch}, digest ${header.digest}`);
  for (const signer of (await store.attestations.signaturesOf(lane, header.digest)).keys())
    lines.push(`  signed by ${signer}`);
  for (const delivery of await store.deliveries.ofMessage(lane, seq)) {
    lines.push(`own delivery ${delivery.status}, transaction ${delivery.transactionHash ?? "none"}`);
  }
  const result = await store.blocks.resultOf(opposite(lane), seq);
  if (result === undefined) return [...lines, "status      no result in a finalized block of the target yet"];
  const failed = ((result.failures >> (seq - result.first)) & 1n) === 1n;
  lines.push(`delivered   block ${result.block}, transaction ${result.transactionHash}, paid to ${result.payout}`);
  return [...lines, `status      ${failed ? "failed" : "executed"}`];
}
