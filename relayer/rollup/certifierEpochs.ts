import type { StateReader, VerifiedBlock } from "../ports";
import { GATEWAY } from "../cassini/gatewayInterface";

/** A set that certifies: its members, and until when. */
export interface CertifierSet {
  readonly epoch: bigint;
  /** Unix seconds. */
  readonly validUntil: bigint;
  /** Ascending. */
  readonly signers: readonly string[];
}

/** Sets of a gateway by epoch, as a quorum of endpoints tells them. An epoch's set never changes. */
export class CertifierEpochs {
  private readonly known = new Map<bigint, CertifierSet>();

  constructor(
    private readonly gateway: string,
    private readonly reader: StateReader,
  ) {}

  async current(block: VerifiedBlock, signal: AbortSignal): Promise<CertifierSet> {
    const epoch = await this.read<bigint>("currentEpoch", [], block, signal);
    return this.of(epoch, block, signal);
  }

  /** Without signers where there is no such epoch. */
  async of(epoch: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<CertifierSet> {
    const known = this.known.get(epoch);
    if (known !== undefined) return known;
    const [signers, validUntil] = await Promise.all([
      this.read<readonly string[]>("signersOf", [epoch], block, signal),
      this.read<bigint>("epochValidUntil", [epoch], block, signal),
    ]);
    const set = { epoch, validUntil, signers: [...signers] };
    if (set.signers.length > 0) this.known.set(epoch, set);
    return set;
  }

  private async read<Value>(
    name: string,
    args: readonly unknown[],
    block: VerifiedBlock,
    signal: AbortSignal,
  ): Promise<Value> {
    const answer = await this.reader.callAt(this.gateway, GATEWAY.encodeFunctionData(name, args), block, signal);
    return GATEWAY.decodeFunctionResult(name, answer)[0] as Value;
  }
}
