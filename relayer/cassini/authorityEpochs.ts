import type { Rotation, Target } from "../../protocol/header";
import type { ChainReader, EpochReader } from "../ports";
import { GATEWAY } from "./gatewayInterface";
import { REGISTRY } from "./registryInterface";
import type { SignerSets } from "./signerSets";

/** Epochs back that a gateway may stand at whose set still holds: rotations are hours apart, a set holds for days. */
export const EPOCHS_BACK = 32n;

/** The gateway whose epochs all others follow, and the registry that publishes them there. */
export interface Authority extends Target {
  /** Absent: epochs come there by other ways, and only the current one can be carried to other chains. */
  readonly registry?: string;
  /** Absent: nobody shows who attends. */
  readonly liveness?: string;
}

/** The epochs of the authority, as the rotations that bring other gateways there. */
export class AuthorityEpochs {
  private proven: Rotation | undefined;

  constructor(
    private readonly authority: Authority,
    private readonly reader: ChainReader & EpochReader,
    private readonly sets: SignerSets,
  ) {}

  /**
   * Its current epoch at the latest finalized block, from storage and code hash: what may be signed. Proven again only
   * where a call tells of another one: an epoch of one number never changes.
   */
  async current(signal: AbortSignal): Promise<Rotation> {
    const { gateway } = this.authority;
    const data = await this.reader.call(gateway, GATEWAY.encodeFunctionData("currentEpoch"), signal);
    const [epoch] = GATEWAY.decodeFunctionResult("currentEpoch", data) as unknown as [bigint];
    if (this.proven?.epoch === epoch) return this.proven;
    const rotation = await this.reader.currentEpoch(gateway, await this.reader.finalized(signal), signal);
    this.proven = rotation;
    return rotation;
  }

  /**
   * The rotation to an epoch: the current one as it was proven, an earlier one by call, as the registry recorded it: it
   * is delivered only with a quorum's signatures, each of which was made when the epoch was the current one. Undefined
   * where it is not known.
   */
  async rotation(epoch: bigint, signal: AbortSignal): Promise<Rotation | undefined> {
    const current = await this.current(signal);
    if (epoch === current.epoch) return current;
    const { registry } = this.authority;
    if (registry === undefined || epoch > current.epoch) return undefined;
    const data = await this.reader.call(registry, REGISTRY.encodeFunctionData("epochRecord", [epoch]), signal);
    const [validUntil, signers] = REGISTRY.decodeFunctionResult("epochRecord", data) as unknown as [bigint, string[]];
    return validUntil === 0n ? undefined : { epoch, validUntil, signers: [...signers] };
  }

  /** By call: the set of an epoch, empty where there is none. */
  signers(epoch: bigint, signal: AbortSignal): Promise<readonly string[]> {
    return this.sets.of(this.authority, epoch, signal);
  }
}
