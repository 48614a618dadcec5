import type { StateReader, VerifiedBlock } from "../ports";
import { GATEWAY } from "../cassini/gatewayInterface";
import { ContractView } from "./contractView";

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

  private readonly gateway: ContractView;

  constructor(gateway: string, reader: StateReader) {
    this.gateway = new ContractView(GATEWAY, gateway, reader);
  }

  async current(block: VerifiedBlock, signal: AbortSignal): Promise<CertifierSet> {
    const epoch = await this.gateway.read<bigint>("currentEpoch", [], block, signal);
    return this.of(epoch, block, signal);
  }

  /** Without signers where there is no such epoch. */
  async of(epoch: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<CertifierSet> {
    const known = this.known.get(epoch);
    if (known !== undefined) return known;
    const [signers, validUntil] = await Promise.all([
      this.gateway.read<readonly string[]>("signersOf", [epoch], block, signal),
      this.gateway.read<bigint>("epochValidUntil", [epoch], block, signal),
    ]);
    const set = { epoch, validUntil, signers: [...signers] };
    if (set.signers.length > 0) this.known.set(epoch, set);
    return set;
  }
}
