import type { Rotation, Target } from "../../protocol/header";
import type { AttestationSigner } from "../ports";
import type { Store } from "../store/store";
import { EPOCHS_BACK, type AuthorityEpochs } from "./authorityEpochs";
import type { Emit } from "./events";

/**
 * Signs each epoch of the authority for all other gateways as soon as it is final, whether or not they can be reached:
 * one that cannot now will need the signatures of those who were members meanwhile, and they may be gone by then.
 */
export class RotationAttestor {
  private signed = 0n;

  constructor(
    private readonly targets: readonly Target[],
    private readonly deps: {
      readonly epochs: AuthorityEpochs;
      readonly store: Store;
      readonly signer: AttestationSigner;
      readonly emit: Emit;
    },
  ) {}

  async step(signal: AbortSignal): Promise<void> {
    const rotation = await this.deps.epochs.current(signal);
    if (rotation.epoch === this.signed) return;
    // A gateway counts the members of the set that it has: of any epoch before this one.
    if (!(await this.wasMemberBefore(rotation.epoch, signal))) return;
    for (const target of this.targets) await this.sign(rotation, target);
    this.signed = rotation.epoch;
  }

  private async wasMemberBefore(epoch: bigint, signal: AbortSignal): Promise<boolean> {
    const { epochs, signer } = this.deps;
    const oldest = epoch > EPOCHS_BACK ? epoch - EPOCHS_BACK : 1n;
    for (let before = epoch - 1n; before >= oldest; before--) {
      if ((await epochs.signers(before, signal)).includes(signer.address)) return true;
    }
    return false;
  }

  private async sign(rotation: Rotation, target: Target): Promise<void> {
    const { signer, store, emit } = this.deps;
    const own = await store.attestations.rotations(target.chainId, rotation.epoch - 1n, { own: true, limit: 64 });
    if (own.some((known) => known.rotation.epoch === rotation.epoch && known.signer === signer.address)) return;
    await store.attestations.signRotation(target, rotation, signer);
    emit({ kind: "rotation_signed", target, rotation });
  }
}
