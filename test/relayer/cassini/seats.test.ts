import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Wallet, ZeroAddress, id, parseEther } from "ethers";
import { sortSigners } from "../../../protocol/quorum";
import { EpochPublisher } from "../../../relayer/cassini/epochPublisher";
import type { CassiniEvent } from "../../../relayer/cassini/events";
import { SignerSets } from "../../../relayer/cassini/signerSets";
import {
  RENEW_AFTER,
  STATUS,
  admit,
  deployFull,
  setBond,
  type Member,
  type RegistryFixture,
} from "../../validators/support";
import { HandClock } from "./support/fakeHome";
import { InProcessChain } from "./support/inProcessChain";
import { Operator } from "./support/operators";

const STAGGER = 1_000;

/** 21 seats of bonds 100, 99, … 80, a published epoch that may be renewed, and two operators on standby. */
async function deployContested(): Promise<RegistryFixture & { readonly first: Member; readonly second: Member }> {
  const fixture = await deployFull();
  const [first, second] = fixture.others as [Member, Member];
  for (const other of [first, second]) await admit(fixture, other);
  await time.increase(RENEW_AFTER);
  return { ...fixture, first, second };
}

describe("seats that a relayer gives at the registry", () => {
  const operators: Operator[] = [];
  let clock: HandClock;
  let events: CassiniEvent[];

  beforeEach(() => {
    clock = new HandClock();
    events = [];
  });

  afterEach(async () => {
    for (const operator of operators.splice(0)) await operator.close();
  });

  /** The relayer of a seated member, which pays from an account of its own. */
  async function publisherOf({ registry, gateway }: RegistryFixture, member: Member): Promise<EpochPublisher> {
    const operator = new Operator(member.address);
    operators.push(operator);
    const payer = new Wallet(id(`payer ${member.address}`));
    await setBalance(payer.address, parseEther("100"));
    const chain = new InProcessChain();
    const authority = {
      chainId: chain.chainId,
      gateway: await gateway.getAddress(),
      registry: await registry.getAddress(),
    };
    return new EpochPublisher(authority, {
      reader: chain,
      sender: chain.sender(payer),
      store: await operator.open(),
      sets: new SignerSets(new Map([[chain.chainId, chain]]), clock),
      clock,
      emit: (event) => events.push(event),
      operator: member.key.address,
      staggerMs: STAGGER,
      patienceMs: 1_000_000,
    });
  }

  /** Three members' relayers, side by side, until each had its turn several times. */
  async function relay(fixture: RegistryFixture): Promise<void> {
    const publishers = await Promise.all(fixture.members.slice(0, 3).map((member) => publisherOf(fixture, member)));
    for (let turn = 0; turn < 70; ++turn) {
      for (const publisher of publishers) await publisher.step(AbortSignal.timeout(240_000));
      clock.time += STAGGER;
    }
  }

  const told = (): readonly unknown[] =>
    events.map((event) => (event.kind === "seat_taken" ? [event.kind, event.operator] : [event.kind]));

  async function statusOf({ registry }: RegistryFixture, { address }: Member): Promise<bigint> {
    return (await registry.operatorOf(address)).status;
  }

  it("go to the greatest bonds on standby, from the weakest incumbents, before the set is published", async () => {
    const fixture = await loadFixture(deployContested);
    const { registry, gateway, members, first, second } = fixture;
    await setBond(fixture, first, 85n);
    await setBond(fixture, second, 90n);
    await relay(fixture);

    expect(told()).to.deep.equal([["seat_taken", second.address], ["seat_taken", first.address], ["epoch_published"]]);
    const seated = [...members.slice(0, 19), first, second];
    expect(await registry.latestEpoch()).to.equal(2);
    expect(await gateway.signersOf(2)).to.deep.equal(sortSigners(seated.map(({ key }) => key.address)));
    for (const member of seated) expect(await statusOf(fixture, member)).to.equal(STATUS.active);
    for (const member of members.slice(19)) expect(await statusOf(fixture, member)).to.equal(STATUS.standby);
  });

  it("stay with the incumbents where nobody outranks them", async () => {
    const fixture = await loadFixture(deployContested);
    const { registry, gateway, members, first, second } = fixture;
    await setBond(fixture, first, 80n);
    await setBond(fixture, second, 79n);
    await relay(fixture);

    expect(told()).to.deep.equal([["epoch_published"]]);
    expect(await gateway.signersOf(2)).to.deep.equal(sortSigners(members.map(({ key }) => key.address)));
    expect(await registry.nextToSeat()).to.equal(ZeroAddress);
  });

  it("are taken where they are free, by the greater bond first", async () => {
    const fixture = await loadFixture(deployContested);
    const { registry, gateway, members, first, second } = fixture;
    await setBond(fixture, first, 1n);
    await setBond(fixture, second, 2n);
    await registry.connect(members[4]!.account).revoke();
    await relay(fixture);

    expect(told()).to.deep.equal([["seat_taken", second.address], ["epoch_published"]]);
    const seated = [...members.filter((member) => member !== members[4]), second];
    expect(await gateway.signersOf(2)).to.deep.equal(sortSigners(seated.map(({ key }) => key.address)));
    expect(await statusOf(fixture, first)).to.equal(STATUS.standby);
  });
});
