import { Interface, hexlify } from "ethers";
import type { ChainReader, Clock } from "../../ports";
import { addressKey } from "./ownerIndex";
import type { StakeSource } from "./ports";

const STAKING = new Interface(["function stakedOf(address account) view returns (uint256)"]);

/** How long an answer counts. */
const KEPT_MS = 60_000;
/** Owners that are remembered at most; the longest known one is forgotten first. */
const MAX_OWNERS = 100_000;

interface Known {
  readonly stake: bigint;
  readonly at: number;
}

/** Stakes as `COSStaking` has them, read once a minute at most: a quota hurts nobody that is a minute old. */
export class ChainStakes implements StakeSource {
  private readonly known = new Map<string, Known>();
  private readonly asked = new Map<string, Promise<bigint>>();

  constructor(
    private readonly staking: string,
    private readonly reader: Pick<ChainReader, "call">,
    private readonly clock: Pick<Clock, "now">,
  ) {}

  stakeOf(owner: Uint8Array): Promise<bigint> {
    const key = addressKey(owner);
    const known = this.known.get(key);
    if (known !== undefined && this.clock.now() - known.at < KEPT_MS) return Promise.resolve(known.stake);
    const asked = this.asked.get(key) ?? this.ask(key, owner).finally(() => this.asked.delete(key));
    this.asked.set(key, asked);
    // Whoever was known before does not wait for what is new.
    return known === undefined ? asked : Promise.resolve(known.stake);
  }

  private async ask(key: string, owner: Uint8Array): Promise<bigint> {
    const data = STAKING.encodeFunctionData("stakedOf", [hexlify(owner)]);
    const answer = await this.reader.call(this.staking, data, AbortSignal.timeout(5_000)).catch(() => undefined);
    const stake = answer === undefined ? 0n : (STAKING.decodeFunctionResult("stakedOf", answer)[0] as bigint);
    this.known.delete(key);
    const oldest = this.known.keys().next();
    if (this.known.size >= MAX_OWNERS && oldest.done === false) this.known.delete(oldest.value);
    this.known.set(key, { stake, at: this.clock.now() });
    return stake;
  }
}

/** Where nobody reads stakes. */
export const NO_STAKES: StakeSource = { stakeOf: async () => 0n };
