import { expect } from "chai";
import { recoverAddress } from "ethers";
import { rotationDigest, type Rotation, type Target } from "../../../protocol/header";
import { AuthorityEpochs, EPOCHS_BACK } from "../../../relayer/cassini/authorityEpochs";
import type { CassiniEvent } from "../../../relayer/cassini/events";
import { RotationAttestor } from "../../../relayer/cassini/rotationAttestor";
import { SignerSets } from "../../../relayer/cassini/signerSets";
import { FakeHome, HandClock } from "./support/fakeHome";
import { Operator, epochOf, walletOf } from "./support/operators";

const NAMES = ["alice", "bob", "carol", "dave"];
const AUTHORITY = { chainId: 31_337n, gateway: "0x00000000000000000000000000000000000A11cE" };
const TARGETS: readonly Target[] = [
  { chainId: 31_338n, gateway: "0x00000000000000000000000000000000000B0b01" },
  { chainId: 31_339n, gateway: "0x00000000000000000000000000000000000B0B02" },
];
const signersOf = (names: readonly string[]): readonly string[] => epochOf(0n, names).signers;

describe("rotations that an operator signs", () => {
  let home: FakeHome;
  let operator: Operator;
  let events: CassiniEvent[];

  beforeEach(() => {
    home = new FakeHome(epochOf(7n, NAMES));
    home.earlier.set(6n, signersOf(NAMES));
    operator = new Operator("alice");
    events = [];
  });

  afterEach(() => operator.close());

  /** As it is after each start of the relayer. */
  async function attestor(): Promise<RotationAttestor> {
    const sets = new SignerSets(new Map([[AUTHORITY.chainId, home]]), new HandClock());
    return new RotationAttestor(TARGETS, {
      epochs: new AuthorityEpochs(AUTHORITY, home, sets),
      store: await operator.open(),
      signer: operator.signer,
      emit: (event) => events.push(event),
    });
  }

  const step = (started: RotationAttestor): Promise<void> => started.step(AbortSignal.timeout(240_000));

  async function signed({ chainId }: Target): Promise<readonly Rotation[]> {
    const own = await operator.store.attestations.rotations(chainId, 0n, { own: true, limit: 100 });
    return own.map(({ rotation }) => rotation);
  }

  it("are of the epoch that is the present one when it starts, for every other gateway", async () => {
    await step(await attestor());
    for (const target of TARGETS) {
      const [own] = await operator.store.attestations.rotations(target.chainId, 0n, { own: true, limit: 100 });
      expect(own?.rotation).to.deep.equal(home.epoch);
      expect(own?.signer).to.equal(walletOf("alice").address);
      const digest = rotationDigest(home.epoch, target);
      expect(recoverAddress(digest, own?.signature ?? "0x")).to.equal(walletOf("alice").address);
    }
    expect(events).to.deep.equal(TARGETS.map((target) => ({ kind: "rotation_signed", target, rotation: home.epoch })));
  });

  it("are of each later epoch as soon as it is the present one", async () => {
    const started = await attestor();
    await step(started);
    const first = home.epoch;
    home.earlier.set(7n, first.signers);
    home.epoch = epochOf(8n, ["bob", "carol", "dave", "erin"]);
    await step(started);
    for (const target of TARGETS) expect(await signed(target)).to.deep.equal([first, home.epoch]);
  });

  it("are signed once, after a restart as well", async () => {
    const started = await attestor();
    for (const again of [started, started, await attestor()]) await step(again);
    for (const target of TARGETS) expect(await signed(target)).to.have.length(1);
    expect(events).to.have.length(TARGETS.length);
  });

  it("are none of an epoch before which it was in no set, whether or not it is in this one", async () => {
    home.earlier.set(6n, signersOf(["bob", "carol", "dave"]));
    await step(await attestor());
    for (const target of TARGETS) expect(await signed(target)).to.deep.equal([]);
    expect(events).to.deep.equal([]);
  });

  it("count as far back as a gateway may stand, and no further", async () => {
    const away = ["bob", "carol", "dave", "erin"];
    home.epoch = epochOf(100n, away);
    home.earlier.set(100n - EPOCHS_BACK - 1n, signersOf(NAMES));
    const started = await attestor();
    await step(started);
    expect(events).to.deep.equal([]);
    home.earlier.set(100n - EPOCHS_BACK, signersOf(NAMES));
    await step(started);
    for (const target of TARGETS) expect(await signed(target)).to.deep.equal([home.epoch]);
  });
});
