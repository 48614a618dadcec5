import { concat } from "ethers";
import type { LaneEnds } from "../../protocol/hashChain";
import type { Target } from "../../protocol/header";
import { quorumOf, type QuorumProof } from "../../protocol/quorum";
import { ContractRevert } from "../errors";
import type { ChainReader, Clock, TransactionSender } from "../ports";
import type { AttestedHeader } from "../store/attestations";
import type { Store } from "../store/store";
import { attempted } from "./attempts";
import type { Emit, LivenessCall } from "./events";
import { GATEWAY } from "./gatewayInterface";
import { LIVENESS, livenessRefusal } from "./livenessInterface";
import { turnOf } from "./plan";
import type { SignerSets } from "./signerSets";

/** Key by which operators take turns. */
const LIVENESS_TURN = "0x6c6976656e657373";
/** The contract takes 256 blocks: what is older than this may be too old when it is mined. */
const FRESH_BLOCKS = 192n;
/** Headers of a lane that are looked at for a sample. */
const HEADERS_PER_LANE = 32;
/** What this operator spends in a slot at most, whatever goes wrong. */
const TRANSACTIONS_PER_SLOT = 4;

interface Sample {
  readonly digest: string;
  readonly epoch: bigint;
  readonly signed: bigint;
}

interface Shown {
  readonly lane: LaneEnds;
  readonly attested: AttestedHeader;
  readonly proof: QuorumProof;
  readonly count: number;
}

/**
 * Shows the registry who attends: opens a sample per slot, adds this operator's signature where it is missing, closes
 * periods. Everything is read from the chain in each step; what is kept in memory only saves questions and gas.
 */
export class LivenessKeeper {
  /** Slots in which this operator has nothing to add any more. */
  private readonly settled = new Set<bigint>();
  /** When each thing that is due was first seen to be. */
  private due = new Map<string, number>();
  private spent: { readonly slot: bigint; readonly keys: Set<string> } = { slot: -1n, keys: new Set() };
  private slots: bigint | undefined;
  private refused = "";

  constructor(
    private readonly target: Target & { readonly liveness: string },
    /** Those that start at the target's gateway. */
    private readonly lanes: readonly LaneEnds[],
    private readonly deps: {
      readonly reader: ChainReader;
      readonly sender: TransactionSender;
      readonly store: Store;
      readonly sets: SignerSets;
      readonly clock: Clock;
      readonly emit: Emit;
      /** Address by which this operator takes its turn. */
      readonly operator: string;
      /** Its attestation key; absent: it has nothing to show. */
      readonly signer?: string;
      readonly staggerMs: number;
    },
  ) {}

  async step(signal: AbortSignal): Promise<void> {
    this.slots ??= await this.number("SLOTS", signal);
    const slot = await this.number("currentSlot", signal);
    const period = await this.number("openPeriod", signal);
    if (this.spent.slot !== slot) this.spent = { slot, keys: new Set() };
    const before = this.due;
    this.due = new Map();
    const { gateway } = this.target;
    const data = await this.deps.reader.call(gateway, GATEWAY.encodeFunctionData("currentEpoch"), signal);
    const [epoch] = GATEWAY.decodeFunctionResult("currentEpoch", data) as unknown as [bigint];
    const set = await this.deps.sets.of(this.target, epoch, signal);

    /** All wait in one line for each thing, from when they see that it is due. */
    const isTurn = (what: LivenessCall, subject: bigint, places = 0): boolean => {
      const { clock, operator, staggerMs } = this.deps;
      const key = `${what}:${subject}`;
      const since = before.get(key) ?? clock.now();
      this.due.set(key, since);
      const turn = turnOf(LIVENESS_TURN, { inSeq: this.target.chainId, ackSeq: subject }, set, operator);
      return clock.now() >= since + (turn + places) * staggerMs;
    };
    await this.addMissing(period * this.slots, slot, isTurn, signal);
    await this.open(slot, epoch, set, isTurn, signal);
    if ((await this.isClosable(signal)) && isTurn("closePeriod", period)) {
      await this.send("closePeriod", [], period, `${period}`, signal);
    }
  }

  private async view<T>(name: string, args: readonly unknown[], signal: AbortSignal): Promise<T> {
    const data = LIVENESS.encodeFunctionData(name, args);
    return LIVENESS.decodeFunctionResult(name, await this.deps.reader.call(this.target.liveness, data, signal))[0] as T;
  }

  private number(name: string, signal: AbortSignal): Promise<bigint> {
    return this.view<bigint>(name, [], signal);
  }

  /** By this clock or the chain's, whichever is ahead: a local chain makes blocks when it is used. The contract decides. */
  private async isClosable(signal: AbortSignal): Promise<boolean> {
    const from = await this.number("closableAt", signal);
    if (BigInt(Math.floor(this.deps.clock.now() / 1_000)) >= from) return true;
    return (await this.deps.reader.finalized(signal)).timestamp >= from;
  }

  /**
   * Adds this operator's signature to the samples that lack it, with those of others that lack theirs. Where nobody closed
   * for long, the two oldest open periods come first: what comes after them is looked at when they are closed.
   */
  private async addMissing(first: bigint, current: bigint, isTurn: IsTurn, signal: AbortSignal): Promise<void> {
    const { signer } = this.deps;
    if (signer === undefined) return;
    const end = first + 2n * (this.slots as bigint);
    for (const slot of this.settled) if (slot < first) this.settled.delete(slot);
    for (let slot = first; slot <= current && slot < end; slot++) {
      if (this.settled.has(slot)) continue;
      const sample = await this.view<Sample>("sampleOf", [slot], signal);
      if (sample.epoch === 0n) {
        // A slot that is over gets no sample any more.
        if (slot < current) this.settled.add(slot);
        continue;
      }
      const set = await this.deps.sets.of(this.target, sample.epoch, signal);
      const index = set.indexOf(signer);
      if (set.length > 0 && (index < 0 || has(sample.signed, index))) {
        this.settled.add(slot);
        continue;
      }
      const known = await this.signaturesOf(sample.digest);
      if (!known.has(signer) || !isTurn("addSignatures", slot)) continue;
      const { signers, signatures } = proofOf(set, known, sample.signed);
      await this.send("addSignatures", [slot, signers, signatures], slot, sample.digest, signal);
    }
  }

  private async signaturesOf(digest: string): Promise<ReadonlyMap<string, string>> {
    for (const lane of this.lanes) {
      const known = await this.deps.store.attestations.signaturesOf(lane, digest);
      if (known.size > 0) return known;
    }
    return new Map();
  }

  private async open(
    slot: bigint,
    epoch: bigint,
    set: readonly string[],
    isTurn: IsTurn,
    signal: AbortSignal,
  ): Promise<void> {
    if ((await this.view<Sample>("sampleOf", [slot], signal)).epoch !== 0n) return;
    const best = await this.bestShown(epoch, set, signal);
    // Whose signature is missing has one turn's time to make it known: cheaper than a transaction of its own.
    if (best === undefined || !isTurn("openSample", slot, best.count < set.length ? 1 : 0)) return;
    const { lane, attested, proof } = best;
    const args = [lane.targetChainId, attested.header, proof.signers, proof.signatures];
    await this.send("openSample", args, slot, `${slot}`, signal);
  }

  /** The fresh header that most of the present set is known to have signed; the newest of equals. */
  private async bestShown(epoch: bigint, set: readonly string[], signal: AbortSignal): Promise<Shown | undefined> {
    const last = await this.number("lastSampledBlock", signal);
    const { number } = await this.deps.reader.finalized(signal);
    const after = number - FRESH_BLOCKS > last ? number - FRESH_BLOCKS : last;
    const least = quorumOf(set.length);
    let best: Shown | undefined;
    for (const lane of this.lanes) {
      for (const attested of await this.deps.store.attestations.attested(lane, after, HEADERS_PER_LANE)) {
        const { header, signatures } = attested;
        const count = set.filter((signer) => signatures.has(signer)).length;
        if (header.epoch !== epoch || count === 0 || count < least) continue;
        const newer = best !== undefined && header.sourceBlock > best.attested.header.sourceBlock;
        if (best !== undefined && (count < best.count || (count === best.count && !newer))) continue;
        best = { lane, attested, proof: proofOf(set, signatures, 0n), count };
      }
    }
    return best;
  }

  /** Sends what would not revert now, once in a slot: what another operator did first ends here. */
  private async send(
    call: LivenessCall,
    args: readonly unknown[],
    subject: bigint,
    content: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { reader, sender, store, emit } = this.deps;
    const { chainId, liveness: to } = this.target;
    const key = `${call}:${to.toLowerCase()}:${content}`;
    const { keys } = this.spent;
    if (keys.has(key) || keys.size >= TRANSACTIONS_PER_SLOT) return;
    const data = LIVENESS.encodeFunctionData(call, args);
    let gas: bigint;
    try {
      gas = await reader.estimateGas({ from: sender.address, to, data }, signal);
    } catch (error) {
      if (!(error instanceof ContractRevert)) throw error;
      const reason = livenessRefusal(error.data);
      if (reason !== undefined) this.refuse(call, subject, reason);
      return;
    }
    keys.add(key);
    const outcome = await attempted(store, sender, { chainId, key, to, data, gasLimit: gas + gas / 4n }, signal);
    if (!outcome.succeeded) return;
    emit({ kind: "liveness_called", target: this.target, call, subject, transactionHash: outcome.hash });
  }

  /** Said once for each subject and reason. */
  private refuse(call: LivenessCall, subject: bigint, reason: string): void {
    if (this.refused === `${call}:${subject}:${reason}`) return;
    this.refused = `${call}:${subject}:${reason}`;
    this.deps.emit({ kind: "liveness_refused", target: this.target, call, subject, reason });
  }
}

type IsTurn = (what: LivenessCall, subject: bigint, places?: number) => boolean;

const has = (bits: bigint, index: number): boolean => ((bits >> BigInt(index)) & 1n) === 1n;

/** All known signatures of the set but those that `shown` has already. */
function proofOf(set: readonly string[], known: ReadonlyMap<string, string>, shown: bigint): QuorumProof {
  let signers = 0n;
  const signatures: string[] = [];
  for (const [index, member] of set.entries()) {
    const signature = known.get(member);
    if (signature === undefined || has(shown, index)) continue;
    signers |= 1n << BigInt(index);
    signatures.push(signature);
  }
  return { signers, signatures: concat(signatures) };
}
