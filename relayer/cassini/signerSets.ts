import type { Target } from "../../protocol/header";
import type { ChainReader, Clock } from "../ports";
import { GATEWAY } from "./gatewayInterface";

/** How long a set that one endpoint told is believed. */
const BELIEVED_MS = 30_000;

/**
 * Signer sets by epoch, read by call: an endpoint that lies about them makes signatures that are useless or ignored,
 * never a wrong delivery, which the contract checks. What was told is asked for again after a while.
 */
export class SignerSets {
  private readonly known = new Map<string, { readonly signers: readonly string[]; readonly until: number }>();

  constructor(
    private readonly readers: ReadonlyMap<bigint, ChainReader>,
    private readonly clock: Clock,
  ) {}

  /** Ascending set of `epoch` on a gateway; empty if it has none. */
  async of(gateway: Target, epoch: bigint, signal: AbortSignal): Promise<readonly string[]> {
    const key = `${gateway.chainId}:${gateway.gateway}:${epoch}`;
    const known = this.known.get(key);
    if (known !== undefined && known.until > this.clock.now()) return known.signers;
    const reader = this.readers.get(gateway.chainId);
    if (reader === undefined) return [];
    const data = await reader.call(gateway.gateway, GATEWAY.encodeFunctionData("signersOf", [epoch]), signal);
    const signers = [...(GATEWAY.decodeFunctionResult("signersOf", data)[0] as readonly string[])];
    if (signers.length > 0) this.known.set(key, { signers, until: this.clock.now() + BELIEVED_MS });
    return signers;
  }

  /** The set of `epoch` on the first of `gateways` that has one. */
  async ofAny(gateways: readonly Target[], epoch: bigint, signal: AbortSignal): Promise<readonly string[]> {
    for (const gateway of gateways) {
      const signers = await this.of(gateway, epoch, signal);
      if (signers.length > 0) return signers;
    }
    return [];
  }

  /** Asks again next time: what was told did not hold. */
  forget(gateway: Target, epoch: bigint): void {
    this.known.delete(`${gateway.chainId}:${gateway.gateway}:${epoch}`);
  }
}
