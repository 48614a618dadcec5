import { SigningKey, Wallet, id } from "ethers";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { LaneEnds } from "../../../../protocol/hashChain";
import { headerDigest, rotationDigest, type Rotation } from "../../../../protocol/header";
import { sortSigners } from "../../../../protocol/quorum";
import type { CassiniEvent } from "../../../../relayer/cassini/events";
import { runCassini, type CassiniChain, type CassiniDeps, type CassiniOptions } from "../../../../relayer/cassini/run";
import type { Attestation, AttestationPeer, AttestationSigner, Clock } from "../../../../relayer/ports";
import { Store } from "../../../../relayer/store/store";

export function walletOf(name: string): Wallet {
  return new Wallet(id(`cassini test ${name}`));
}

export function attestationSigner(name: string): AttestationSigner {
  const { address, privateKey } = walletOf(name);
  const key = new SigningKey(privateKey);
  return {
    address,
    signHeader: (header, target) => key.sign(headerDigest(header, target)).compactSerialized,
    signRotation: (rotation, target) => key.sign(rotationDigest(rotation, target)).compactSerialized,
  };
}

export function epochOf(epoch: bigint, names: readonly string[], validUntil = 2_000_000_000n): Rotation {
  return { epoch, validUntil, signers: sortSigners(names.map((name) => walletOf(name).address)) };
}

export const realClock: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, signal) {
    await delay(milliseconds, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  },
};

/** Serves a store as the attestation endpoint does; offline while `down`. */
export class StorePeer implements AttestationPeer {
  down = false;

  constructor(
    readonly endpoint: string,
    private readonly lanes: readonly LaneEnds[],
    private readonly store: () => Store,
  ) {}

  async attestations(query: Parameters<AttestationPeer["attestations"]>[0], signal: AbortSignal) {
    const lane = this.lanes.find(
      (each) => each.sourceChainId === query.source && each.targetChainId === query.target,
    ) as LaneEnds;
    const until = Date.now() + Math.min(query.waitMs, 2_000);
    for (;;) {
      if (this.down) throw new Error(`${this.endpoint} is down`);
      const found = await this.store().attestations.bySigner(lane, query.signer, query.after, 100);
      if (found.length > 0 || Date.now() >= until || signal.aborted) return found;
      await this.attested(until - Date.now(), signal);
    }
  }

  private async attested(milliseconds: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const forget = this.store().onAttested(() => stop.abort());
    await delay(milliseconds, undefined, { signal: AbortSignal.any([signal, stop.signal]) }).catch(() => undefined);
    forget();
  }

  async rotations(query: Parameters<AttestationPeer["rotations"]>[0]) {
    if (this.down) throw new Error(`${this.endpoint} is down`);
    return this.store().attestations.rotations(query.target, query.afterEpoch, { own: true, limit: 100 });
  }
}

/** One operator in this process: a store of its own, a key, and a relayer that can be stopped and started. */
export class Operator {
  readonly events: CassiniEvent[] = [];
  readonly signer: AttestationSigner;
  private readonly folder = mkdtempSync(join(tmpdir(), "cassini-"));
  private opened: Store | undefined;
  private running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  constructor(
    readonly name: string,
    key = name,
  ) {
    this.signer = attestationSigner(key);
  }

  get store(): Store {
    if (this.opened === undefined) throw new Error(`${this.name} is not open`);
    return this.opened;
  }

  get database(): string {
    return join(this.folder, "relayer.sqlite");
  }

  async open(): Promise<Store> {
    this.opened ??= await Store.open({ sqlite: this.database });
    return this.opened;
  }

  async start(
    deps: Pick<CassiniDeps, "lanes" | "chains" | "peers"> & Pick<Partial<CassiniDeps>, "authority">,
    options: Partial<CassiniOptions> = {},
  ): Promise<void> {
    const store = await this.open();
    const stop = new AbortController();
    const emit = (event: CassiniEvent): void => void this.events.push(event);
    const done = runCassini(
      {
        ...deps,
        store,
        signer: this.signer,
        clock: realClock,
        emit,
        options: { staggerMs: 100, ackDelayMs: 0, rotationMs: 50, maxBackoffMs: 200, patienceMs: 2_000, ...options },
      },
      stop.signal,
    );
    this.running = { stop, done };
  }

  async stop(): Promise<void> {
    this.running?.stop.abort();
    await this.running?.done;
    this.running = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.opened?.close();
    this.opened = undefined;
    rmSync(this.folder, { recursive: true, force: true });
  }

  count(kind: CassiniEvent["kind"]): number {
    return this.events.filter((event) => event.kind === kind).length;
  }
}

export type Chains = ReadonlyMap<bigint, CassiniChain>;

/** Waits until `condition` holds; throws with `explain` where it does not in time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  explain: () => string,
  timeoutMs = 240_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(explain());
    await delay(10);
  }
}

export type { Attestation };
