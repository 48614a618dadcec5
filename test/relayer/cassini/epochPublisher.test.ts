import { expect } from "chai";
import { getAddress } from "ethers";
import { EpochPublisher } from "../../../relayer/cassini/epochPublisher";
import type { CassiniEvent } from "../../../relayer/cassini/events";
import { SignerSets } from "../../../relayer/cassini/signerSets";
import { FakeHome, HandClock } from "./support/fakeHome";
import { Operator, epochOf, walletOf } from "./support/operators";

const NAMES = ["alice", "bob", "carol", "dave"];
const STAGGER = 1_000;
const GATEWAY_ADDRESS = "0x00000000000000000000000000000000000a11ce";
const REGISTRY_ADDRESS = "0x00000000000000000000000000000000000011fe";
const [FIRST, SECOND] = [`0x${"11".repeat(20)}`, `0x${"22".repeat(20)}`].map(getAddress) as [string, string];

describe("seats before an epoch is published", () => {
  let home: FakeHome;
  let clock: HandClock;
  let operators: Operator[];
  let events: CassiniEvent[];

  beforeEach(() => {
    home = new FakeHome(epochOf(7n, NAMES));
    clock = new HandClock();
    operators = [];
    events = [];
  });

  afterEach(async () => {
    for (const operator of operators) await operator.close();
  });

  async function publisherOf(name: string): Promise<EpochPublisher> {
    const operator = new Operator(name);
    operators.push(operator);
    const { address } = walletOf(name);
    const authority = { chainId: 31_337n, gateway: GATEWAY_ADDRESS, registry: REGISTRY_ADDRESS };
    return new EpochPublisher(authority, {
      reader: home,
      sender: home.sender(address),
      store: await operator.open(),
      sets: new SignerSets(new Map([[31_337n, home]]), clock),
      clock,
      emit: (event) => events.push(event),
      operator: address,
      staggerMs: STAGGER,
      patienceMs: 1_000_000,
    });
  }

  async function turns(all: readonly EpochPublisher[], count = 12): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      for (const publisher of all) await publisher.step(AbortSignal.timeout(240_000));
      clock.time += STAGGER;
    }
  }

  const publishers = (): Promise<EpochPublisher[]> => Promise.all(NAMES.map(publisherOf));
  const calls = (): readonly unknown[] => home.sent.map(({ name, args }) => [name, ...args]);

  it("gives no seat while nothing is to be published", async () => {
    home.standby = [FIRST];
    await turns(await publishers());
    expect(calls()).to.deep.equal([]);
  });

  it("gives every seat that is due, once, then publishes, once", async () => {
    home.publishableFrom = 0n;
    home.standby = [FIRST, SECOND];
    home.apply = ({ name }) => {
      if (name === "takeSeat") home.standby.shift();
      else {
        home.epoch = epochOf(8n, NAMES);
        home.publishableFrom = 2_000_000_000n;
      }
      return true;
    };
    await turns(await publishers());
    expect(calls()).to.deep.equal([["takeSeat", FIRST], ["takeSeat", SECOND], ["publishEpoch"]]);
    expect(events.map(({ kind }) => kind)).to.deep.equal(["seat_taken", "seat_taken", "epoch_published"]);
  });

  it("starts the line anew after each seat: whoever is first goes on alone", async () => {
    for (const reversed of [false, true]) {
      home = new FakeHome(epochOf(7n, NAMES));
      home.publishableFrom = 0n;
      home.standby = [FIRST, SECOND];
      home.apply = ({ name }) => {
        if (name === "takeSeat") home.standby.shift();
        else home.publishableFrom = 2_000_000_000n;
        return true;
      };
      const all = await publishers();
      await turns(reversed ? all.reverse() : all);
      expect(home.sent).to.have.length(3);
      expect(new Set(home.sent.map(({ from }) => from)).size).to.equal(1);
    }
  });

  it("publishes without an operator whose seat it tried in vain", async () => {
    home.publishableFrom = 0n;
    home.standby = [FIRST];
    home.apply = ({ name }) => name !== "takeSeat";
    await turns([await publisherOf("alice")]);
    expect(calls()).to.deep.equal([["takeSeat", FIRST], ["publishEpoch"]]);
    expect(events.map(({ kind }) => kind)).to.deep.equal(["epoch_published"]);
  });
});
