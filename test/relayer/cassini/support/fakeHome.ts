import { ZeroAddress, ZeroHash } from "ethers";
import type { Rotation } from "../../../../protocol/header";
import { GATEWAY } from "../../../../relayer/cassini/gatewayInterface";
import { LIVENESS } from "../../../../relayer/cassini/livenessInterface";
import { REGISTRY } from "../../../../relayer/cassini/registryInterface";
import { ContractRevert } from "../../../../relayer/errors";
import type { ChainReader, Clock, EpochReader, TransactionSender, VerifiedBlock } from "../../../../relayer/ports";

const not = (): Promise<never> => Promise.reject(new Error("nobody asks for it"));

/** A clock that is moved by hand. */
export class HandClock implements Clock {
  time = 1_000_000;
  now(): number {
    return this.time;
  }
  sleep = not;
}

/** One call that was sent, by name. */
export interface Sent {
  readonly from: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** The home chain as a caller of its contracts sees it; everything is set by hand. A call is mined when it is sent. */
export class FakeHome implements ChainReader, EpochReader {
  readonly chainId = 31_337n;
  readonly sent: Sent[] = [];
  slot = 13n;
  period = 2n;
  closableAt = 2_000_000_000n;
  lastSampledBlock = 0n;
  readonly samples = new Map<bigint, { readonly digest: string; readonly epoch: bigint; readonly signed: bigint }>();
  finalizedBlock = 1_000n;
  timestamp = 1_000n;
  publishableFrom = 2_000_000_000n;
  standby: string[] = [];
  /** Revert data of every estimate, where there is any. */
  refusal: string | undefined;
  /** What becomes of a call that is sent: false, where it fails on chain. */
  apply: (sent: Sent) => boolean = () => true;

  /** Sets of epochs before the present one. */
  readonly earlier = new Map<bigint, readonly string[]>();

  constructor(public epoch: Rotation) {}

  currentEpoch(): Promise<Rotation> {
    return Promise.resolve(this.epoch);
  }

  call(_to: string, data: string): Promise<string> {
    for (const contract of [GATEWAY, LIVENESS, REGISTRY]) {
      const call = contract.parseTransaction({ data });
      if (call === null) continue;
      const argument = call.args.length > 0 ? (call.args[0] as bigint) : 0n;
      return Promise.resolve(contract.encodeFunctionResult(call.name, [this.answer(call.name, argument)]));
    }
    throw new Error("unknown call");
  }

  private answer(name: string, argument: bigint): unknown {
    switch (name) {
      case "currentEpoch":
      case "latestEpoch":
        return this.epoch.epoch;
      case "signersOf":
        return argument === this.epoch.epoch ? this.epoch.signers : (this.earlier.get(argument) ?? []);
      case "SLOTS":
        return 6n;
      case "currentSlot":
        return this.slot;
      case "openPeriod":
        return this.period;
      case "closableAt":
        return this.closableAt;
      case "lastSampledBlock":
        return this.lastSampledBlock;
      case "sampleOf":
        return this.samples.get(argument) ?? { digest: ZeroHash, epoch: 0n, signed: 0n };
      case "publishableFrom":
        return this.publishableFrom;
      case "nextToSeat":
        return this.standby[0] ?? ZeroAddress;
      default:
        throw new Error(`no answer to ${name}`);
    }
  }

  estimateGas(): Promise<bigint> {
    return this.refusal === undefined
      ? Promise.resolve(100_000n)
      : Promise.reject(new ContractRevert(this.refusal, "refused"));
  }

  sender(address: string): TransactionSender {
    const mined = new Map<string, boolean>();
    return {
      address,
      recover: () => Promise.resolve(),
      submit: ({ key, data }) => {
        const call = LIVENESS.parseTransaction({ data }) ?? REGISTRY.parseTransaction({ data });
        if (call === null) throw new Error("unknown call");
        if (!mined.has(key)) {
          const sent = { from: address, name: call.name, args: [...call.args] as unknown[] };
          this.sent.push(sent);
          mined.set(key, this.apply(sent));
        }
        const succeeded = mined.get(key) === true;
        return Promise.resolve({ hash: `0x${"01".repeat(32)}`, succeeded, blockNumber: 1n, gasUsed: 1n });
      },
    };
  }

  finalized(): Promise<VerifiedBlock> {
    const [number, timestamp] = [this.finalizedBlock, this.timestamp];
    return Promise.resolve({ number, timestamp, hash: ZeroHash, parentHash: ZeroHash, stateRoot: ZeroHash });
  }

  block = not;
  laneState = not;
  logs = not;
}
